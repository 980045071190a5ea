/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image map. A pattern is compared with a reference as it is written and as it is
 * normalised; of those that match, the one with the most literal characters wins, and of equals
 * the one that was added last. A target is never looked up in the map again.
 */
#include <base/path.h>
#include <base/vec.h>
#include <monopod/images.h>

struct map_rule {
	struct str pattern;
	size_t n_literal;
	struct image_target target;
};

struct image_map {
	struct arena *arena;
	struct map_rule *rules;
	size_t n, cap;
};

struct image_map *image_map_new(struct arena *a)
{
	struct image_map *m = arena_new_object(a, struct image_map);

	m->arena = a;
	return m;
}

static struct map_rule *map_add_rule(struct image_map *m)
{
	if (m->n == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 16;
		struct map_rule *rules = arena_new_array(m->arena, struct map_rule, cap);

		for (size_t i = 0; i < m->n; i++)
			rules[i] = m->rules[i];
		m->rules = rules;
		m->cap = cap;
	}
	return &m->rules[m->n++];
}

static int target_parse(
	struct arena *a, struct str text, struct image_target *ret, struct err *err)
{
	struct image_ref r;

	if (str_eqz(text, "host")) {
		*ret = (struct image_target){.kind = TARGET_HOST};
		return 0;
	}
	if (str_starts(text, STR("dir:"))) {
		struct str path = str_slice(text, 4, text.n);

		if (!path.n)
			return err_set(err, ERR_USAGE, "'dir:' without a path");
		ret->kind = TARGET_DIR;
		return path_absolute(a, path, &ret->value, err);
	}
	if (image_ref_parse(a, text, &r, err) < 0)
		return -1;
	*ret = (struct image_target){.kind = TARGET_REF, .value = arena_str(a, text)};
	return 0;
}

/* A pattern that can match nothing is a mistake; without '*' it must be a reference. */
static int pattern_check(struct arena *a, struct str pattern, struct err *err)
{
	struct image_ref r;

	if (!pattern.n)
		return err_set(err, ERR_USAGE, "the reference is empty");
	for (size_t i = 0; i < pattern.n; i++)
		if (pattern.p[i] <= ' ' || pattern.p[i] == 0x7f)
			return err_set(err, ERR_USAGE, "the reference holds a blank");
	if (str_chr(pattern, '*') >= 0)
		return 0;
	return image_ref_parse(a, pattern, &r, err);
}

static int rule_parse(struct arena *a, struct str text, struct map_rule *ret, struct err *err)
{
	struct str pattern, target;

	if (!str_cut(text, '=', &pattern, &target))
		return err_set(err, ERR_USAGE, "'" STR_FMT "': expected REF=TARGET",
			(int)(text.n < 200 ? text.n : 200), text.n ? text.p : "");
	if (pattern_check(a, pattern, err) < 0 ||
		target_parse(a, target, &ret->target, err) < 0)
		return err_wrap_as(err, ERR_USAGE, "'" STR_FMT "'",
			(int)(text.n < 200 ? text.n : 200), text.p);
	ret->pattern = arena_str(a, pattern);
	for (size_t i = 0; i < pattern.n; i++)
		ret->n_literal += pattern.p[i] != '*';
	return 0;
}

int image_map_add(struct image_map *m, struct str ref_equals_target, struct err *err)
{
	struct map_rule rule = {0};

	if (rule_parse(m->arena, ref_equals_target, &rule, err) < 0)
		return err_wrap(err, "image map");
	*map_add_rule(m) = rule;
	return 0;
}

/* A '#' begins a comment at the start of a line or after a blank. */
static struct str line_without_comment(struct str line)
{
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] == '#' &&
			(i == 0 || line.p[i - 1] == ' ' || line.p[i - 1] == '\t'))
			return str_trim(str_slice(line, 0, i));
	return str_trim(line);
}

int image_map_add_file(struct image_map *m, struct str name, struct str text, struct err *err)
{
	unsigned int number = 0;

	while (text.n) {
		struct map_rule rule = {0};
		struct str line;

		number++;
		if (!str_cut(text, '\n', &line, &text)) {
			line = text;
			text = STR_NONE;
		}
		line = line_without_comment(line);
		if (!line.n)
			continue;
		if (rule_parse(m->arena, line, &rule, err) < 0)
			return err_wrap(err, STR_FMT ":%u", STR_ARG(name), number);
		*map_add_rule(m) = rule;
	}
	return 0;
}

/* '*' matches any text, the empty one too. */
static bool pattern_matches(struct str pattern, struct str text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = t;
		} else if (p < pattern.n && pattern.p[p] == text.p[t]) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

bool image_map_find(const struct image_map *m, struct str ref, struct image_target *ret)
{
	cleanup_arena struct arena *a = arena_new();
	const struct map_rule *best = NULL;
	struct str normal = ref;
	struct image_ref r;

	if (image_ref_parse(a, ref, &r, NULL) == 0)
		normal = image_ref_text(a, &r);
	for (size_t i = 0; i < m->n; i++) {
		const struct map_rule *rule = &m->rules[i];

		if (best && rule->n_literal < best->n_literal)
			continue;
		if (pattern_matches(rule->pattern, ref) ||
			pattern_matches(rule->pattern, normal))
			best = rule;
	}
	if (best)
		*ret = best->target;
	return best != NULL;
}
