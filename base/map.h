/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map from text to a pointer that keeps insertion order. Keys are copied into the arena;
 * values are borrowed. There is no removal: a map lives as long as its arena.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <base/arena.h>
#include <base/str.h>
#include <stdint.h>

struct map_entry {
	struct str key;
	void *value;
};

struct map {
	struct arena *arena;
	struct map_entry *entries; /* in insertion order */
	size_t n;
	size_t cap;
	uint32_t *slots; /* open addressing; index + 1 into entries */
	size_t n_slots;
};

void map_init(struct map *m, struct arena *a);
void *map_get(const struct map *m, struct str key); /* NULL when absent */
bool map_has(const struct map *m, struct str key);
/* Sets or replaces; returns true when the key is new. */
bool map_set(struct map *m, struct str key, void *value);
#define map_foreach(it, m)                                                                     \
	for (struct map_entry *it = (m)->entries; it && it < (m)->entries + (m)->n; it++)

#endif
