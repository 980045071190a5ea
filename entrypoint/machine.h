/* SPDX-License-Identifier: Apache-2.0 */
/* What the downward API tells of the machine or pod. */
#ifndef ENTRYPOINT_MACHINE_H
#define ENTRYPOINT_MACHINE_H

#include <base/arena.h>
#include <monopod/agent.h>

/* Fills in pod_ip, cpu_milli, memory_bytes and storage_bytes. What cannot be found out is
 * loopback or 0. */
void machine_describe(struct arena *a, struct agent_options *o);

#endif
