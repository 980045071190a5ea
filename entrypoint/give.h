/* SPDX-License-Identifier: Apache-2.0 */
/* What of a security context a place can give: `run` and `probe` say the same. */
#ifndef ENTRYPOINT_GIVE_H
#define ENTRYPOINT_GIVE_H

#include <base/arena.h>
#include <base/buf.h>
#include <base/diag.h>
#include <monopod/agent.h>
#include <monopod/sandbox.h>

/* What a run must know of its place for these demands: enum sandbox_want. */
unsigned int give_wants(const struct demand *d, size_t n);
/* What this place lacks for a demand, as a clause; empty: nothing. */
struct str give_lack(
	struct arena *a, const struct sandbox_place *place, const struct demand *d);
/* An error for each demand that cannot be met; true: there was none. */
bool give_check(struct arena *a, const struct sandbox_place *place, const struct demand *d,
	size_t n, struct diags *diags);

/* The fields that depend on the place, for people. */
struct give_line {
	const char *field;
	bool works; /* whatever value is asked for */
	struct str text;
};
void give_lines(struct arena *a, const struct sandbox_place *place, struct give_line **ret,
	size_t *ret_n);

#endif
