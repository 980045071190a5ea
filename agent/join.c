/* SPDX-License-Identifier: Apache-2.0 */
#include "join.h"

#include <monopod/text.h>
#include <string.h>

static struct str name_of(const struct joined *j, const void *list, size_t i)
{
	const char *at = (const char *)list + i * j->size + j->at_name;

	return ((const struct text *)(const void *)at)->s;
}

static bool is_first(const struct joined *j, struct str name)
{
	for (size_t i = 0; i < j->n_first; i++)
		if (str_eq(name_of(j, j->first, i), name))
			return true;
	return false;
}

void *join_by_name(struct arena *a, const struct joined *j, size_t *ret_n)
{
	char *all = arena_array(a, j->n_first + j->n_second, j->size);
	size_t n = j->n_first;

	if (n)
		memcpy(all, j->first, n * j->size);
	for (size_t i = 0; i < j->n_second; i++)
		if (!is_first(j, name_of(j, j->second, i)))
			memcpy(all + n++ * j->size, (const char *)j->second + i * j->size,
				j->size);
	*ret_n = n;
	return all;
}
