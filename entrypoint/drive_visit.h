/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Visits: a program beside a step's own, in its sandbox and with no more rights, for a person
 * (`shell`). The agent starts and reaps it; what it reads and writes is between it and the
 * client.
 */
#ifndef ENTRYPOINT_DRIVE_VISIT_H
#define ENTRYPOINT_DRIVE_VISIT_H

#include "drive_task.h"

/* The programs of a step are gone with it: kills and reaps what visits it. */
void visit_end_of(struct drive *d, const struct step_context *s);
void visit_free_all(struct drive *d);
bool visit_owns_pid(const struct drive *d, pid_t pid);

#endif
