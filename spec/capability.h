/* SPDX-License-Identifier: Apache-2.0 */
/* What a capability is worth inside the user namespace of a step. */
#ifndef SPEC_CAPABILITY_H
#define SPEC_CAPABILITY_H

#include <base/arena.h>
#include <base/str.h>

/* Why a step cannot be given this one, as a clause; NULL: it can. has_admin: it gets SYS_ADMIN,
 * too. */
const char *capability_refusal(int number, bool has_admin);
/* All names, without CAP_, for suggestions. */
struct str *capability_names(struct arena *a, size_t *ret_n);

#endif
