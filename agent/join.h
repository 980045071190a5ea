/* SPDX-License-Identifier: Apache-2.0 */
/* Lists whose elements have a name, one put together with another. */
#ifndef AGENT_JOIN_H
#define AGENT_JOIN_H

#include <base/arena.h>
#include <stddef.h>

struct joined {
	const void *first;
	size_t n_first;
	const void *second;
	size_t n_second;
	size_t size;    /* of an element */
	size_t at_name; /* of its struct text */
};
#define JOINED(type, list, n_list, other, n_other)                                             \
	&(struct joined)                                                                       \
	{                                                                                      \
		.first = (list), .n_first = (n_list), .second = (other),                       \
		.n_second = (n_other), .size = sizeof(type), .at_name = offsetof(type, name)   \
	}
/* All of the first list, then of the second what the first has no element of the same name as.
 * A copy in the arena. */
void *join_by_name(struct arena *a, const struct joined *j, size_t *ret_n);

#endif
