/* SPDX-License-Identifier: Apache-2.0 */
/* A tree is given to a group. */
#ifndef SANDBOX_GROUP_H
#define SANDBOX_GROUP_H

#include <monopod/sandbox.h>

/* All directories of g; gid is one of the namespace that the caller is in. */
int group_give(const struct sandbox_group *g, uint32_t gid, struct err *err);

#endif
