/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalars of the input with where they were written. A text that may carry $(…) is `struct
 * text`. An absent text has pos.line == 0 (text_given is false); a text written as "" is given
 * and empty.
 */
#ifndef MONOPOD_TEXT_H
#define MONOPOD_TEXT_H

#include <base/source.h>
#include <base/str.h>
#include <stdbool.h>
#include <stdint.h>

struct text {
	struct str s;
	struct pos pos;
};
static inline bool text_given(struct text t)
{
	return t.pos.line != 0;
}

/* A Go duration as written; ns is valid when given. 0 means "no limit" for timeouts. */
struct duration {
	int64_t ns;
	struct pos pos; /* line 0: absent */
};
struct maybe_int {
	int64_t v;
	struct pos pos; /* line 0: absent */
};
struct maybe_bool {
	bool v;
	struct pos pos;
};

#endif
