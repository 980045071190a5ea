/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input bytes kept in memory, so that a diagnostic can show its line without reading anything
 * again. Sources are numbered; a position is {source, line, column}, all counted from 1,
 * columns in characters (UTF-8). Line 0 means "no position".
 */
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include <base/arena.h>
#include <base/str.h>
#include <stdint.h>

struct pos {
	uint32_t source; /* index into sources + 1; 0 means none */
	uint32_t line;
	uint32_t col;
};

struct source {
	struct str name; /* as the user gave it; "-" is shown as "<stdin>" */
	struct str text;
};

struct sources {
	struct arena *arena;
	struct source *items;
	size_t n;
	size_t cap;
};

void sources_init(struct sources *s, struct arena *a);
/* Borrows text (which must live as long as the arena); returns the number for struct pos. */
uint32_t sources_add(struct sources *s, struct str name, struct str text);
const struct source *sources_get(const struct sources *s, uint32_t number); /* NULL for 0 */
/* The text of a line without its end; empty when there is none. */
struct str source_line(const struct source *src, uint32_t line);

#endif
