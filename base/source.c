/* SPDX-License-Identifier: Apache-2.0 */
/* The list of input texts. */
#include <base/source.h>

#include <string.h>

void sources_init(struct sources *s, struct arena *a)
{
	*s = (struct sources){.arena = a};
}

uint32_t sources_add(struct sources *s, struct str name, struct str text)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 8;
		struct source *items = arena_new_array(s->arena, struct source, cap);

		if (s->n)
			memcpy(items, s->items, s->n * sizeof(*items));
		s->items = items;
		s->cap = cap;
	}
	s->items[s->n] = (struct source){
		.name = str_eqz(name, "-") ? STR("<stdin>") : arena_str(s->arena, name),
		.text = text,
	};
	s->n++;
	return (uint32_t)s->n;
}

const struct source *sources_get(const struct sources *s, uint32_t number)
{
	return number && number <= s->n ? &s->items[number - 1] : NULL;
}

/* A line ends at \n, \r\n or \r, as libyaml counts them. */
static size_t source_line_end(struct str text, size_t from)
{
	while (from < text.n && text.p[from] != '\n' && text.p[from] != '\r')
		from++;
	return from;
}

struct str source_line(const struct source *src, uint32_t line)
{
	size_t from = 0;

	if (!src || !line)
		return STR_NONE;
	for (;;) {
		size_t end = source_line_end(src->text, from);

		if (--line == 0)
			return str_slice(src->text, from, end);
		if (end >= src->text.n)
			return STR_NONE;
		from = end + 1;
		if (src->text.p[end] == '\r' && from < src->text.n && src->text.p[from] == '\n')
			from++;
	}
}
