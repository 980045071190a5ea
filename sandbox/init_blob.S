/* SPDX-License-Identifier: Apache-2.0 */
/* The step's PID 1 as bytes of the program; see sandbox/init/. */
	.section .rodata
	.balign 16
	.globl step_init_blob
	.globl step_init_blob_end
step_init_blob:
	.incbin "step-init"
step_init_blob_end:
	.byte 0
	.section .note.GNU-stack,"",@progbits
