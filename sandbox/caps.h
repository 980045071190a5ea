/* SPDX-License-Identifier: Apache-2.0 */
/* Capability sets of steps. */
#ifndef SANDBOX_CAPS_H
#define SANDBOX_CAPS_H

#include <stdint.h>

/*
 * What uid 0 of a step has, inside the step's own user namespace: the container default without
 * MKNOD, NET_RAW and AUDIT_WRITE.
 */
uint64_t caps_step_default(void);
/* The highest capability of the running kernel. */
uint32_t caps_last(void);

#endif
