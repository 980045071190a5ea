/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view of bytes that somebody else owns (an arena, a literal). Views made by arena.h, by
 * str_z and by STR are NUL-terminated, so .p can go to a system call; slices are not. An empty
 * view has n == 0; p may then be NULL.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

struct str {
	const char *p;
	size_t n;
};

/* STR in expressions, STR_INIT in the initialisers of static tables. */
#define STR(lit) ((struct str){.p = ("" lit), .n = sizeof(lit) - 1})
#define STR_INIT(lit)                                                                          \
	{                                                                                      \
		.p = ("" lit), .n = sizeof(lit) - 1                                            \
	}
#define STR_NONE   ((struct str){.p = NULL, .n = 0})
#define STR_FMT    "%.*s"
#define STR_ARG(s) (int)(s).n, (s).n ? (s).p : ""

struct str str_z(const char *z); /* NULL gives the empty view */
const char *str_c(struct str s); /* "" for the empty view; s must be NUL-terminated */
bool str_eq(struct str a, struct str b);
bool str_eqz(struct str a, const char *z);
bool str_ieq(struct str a, struct str b); /* ASCII case folded */
int str_cmp(struct str a, struct str b);  /* bytewise, as strcmp */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_has(struct str s, struct str part);
ptrdiff_t str_find(struct str s, struct str part);          /* offset or -1 */
ptrdiff_t str_chr(struct str s, char c);                    /* offset or -1 */
ptrdiff_t str_rchr(struct str s, char c);                   /* offset or -1 */
struct str str_slice(struct str s, size_t from, size_t to); /* clamped */
struct str str_trim(struct str s); /* blanks and line ends at both ends */
bool str_cut(struct str s, char sep, struct str *ret_head,
	struct str *ret_tail); /* at the first sep */
bool str_utf8_valid(struct str s);
/* Bytes of the character at the front; 0 when it is empty or not well-formed UTF-8. */
size_t str_utf8_next(struct str s);
/* Edit distance with an upper bound; used for "did you mean". */
size_t str_distance(struct str a, struct str b, size_t limit);

#endif
