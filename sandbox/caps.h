/* SPDX-License-Identifier: Apache-2.0 */
/* Capability sets of steps. */
#ifndef SANDBOX_CAPS_H
#define SANDBOX_CAPS_H

#include <monopod/sandbox.h>

/*
 * What uid 0 of a step has, inside the step's own user namespace: the container default without
 * MKNOD, NET_RAW and AUDIT_WRITE.
 */
uint64_t caps_step_default(void);
/* What a step has: the default, then as container runtimes do it ALL before names. */
uint64_t caps_of_step(const struct sandbox_security *s);
/* Whether some of a set count for more than the step's own files and processes, when they are
 * held in the user namespace that owns its mounts and step-init. */
bool caps_need_nest(uint64_t set);
/*
 * After setfsuid(2) took the power over other users' files from this process: takes
 * CAP_DAC_OVERRIDE back. One who never had it stays as he is.
 */
void caps_pass_permissions(void);
/* The highest capability of the running kernel. */
uint32_t caps_last(void);

#endif
