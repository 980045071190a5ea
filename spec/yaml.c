/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml events become a tree. What libyaml leaves to its caller is done here: types,
 * duplicate keys, aliases and merge keys, and the bounds that keep hostile text cheap (depth is
 * counted before libyaml can become quadratic, expansion before anybody walks it).
 */
#include "spec/yaml.h"

#include "yaml_scalar.h"
#include <base/bounds.h>
#include <base/map.h>
#include <base/vec.h>
#include <string.h>
#include <yaml.h>

struct reader {
	struct arena *arena;
	struct arena *texts;
	struct diags *diags;
	uint32_t source;
	struct str text;
	yaml_parser_t parser;
	yaml_event_t event;
	bool have_event;
	struct map anchors; /* of this document */
	struct map keys;    /* text → struct str: a key is kept once */
	bool is_key;        /* what is read next */
	uint64_t n_decoded; /* of this document, aliases expanded */
	uint64_t n_aliased;
	uint64_t n_total; /* of the file */
};

typedef VEC(void *) node_vec; /* of struct yaml_node */
typedef VEC(struct yaml_pair) pair_vec;

static struct pos pos_of(const struct reader *r, yaml_mark_t m)
{
	return (struct pos){.source = r->source,
		.line = (uint32_t)m.line + 1,
		.col = (uint32_t)m.column + 1};
}

/* Line and column of a byte, for problems that libyaml reports by offset only. */
static struct pos pos_of_offset(const struct reader *r, size_t offset)
{
	struct pos pos = {.source = r->source, .line = 1, .col = 1};
	for (size_t i = 0; i < offset && i < r->text.n; i++) {
		if (r->text.p[i] == '\n') {
			pos.line++;
			pos.col = 1;
		} else if (((unsigned char)r->text.p[i] & 0xc0) != 0x80) {
			pos.col++;
		}
	}
	return pos;
}

static int fail_at(struct reader *r, const char *code, struct pos pos, const char *text)
{
	(void)diag_add(r->diags, DIAG_ERROR, code, pos, "%s", text);
	return -1;
}

static int fail_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "not valid YAML";
	if (p->error == YAML_READER_ERROR)
		return fail_at(r, "yaml-syntax", pos_of_offset(r, p->problem_offset), problem);
	struct pos pos = pos_of(r, p->problem_mark);
	if (!p->context) {
		(void)diag_add(r->diags, DIAG_ERROR, "yaml-syntax", pos, "%s", problem);
		return -1;
	}
	(void)diag_add(r->diags, DIAG_ERROR, "yaml-syntax", pos,
		"%s (%s that starts in line %zu)", problem, p->context,
		p->context_mark.line + 1);
	return -1;
}

static int next_event(struct reader *r)
{
	if (r->have_event)
		yaml_event_delete(&r->event);
	r->have_event = false;
	if (!yaml_parser_parse(&r->parser, &r->event))
		return fail_syntax(r);
	r->have_event = true;
	return 0;
}

/* go-yaml: 99 % of a small document may come from aliases, 10 % of one of four million nodes.
 */
static bool too_many_aliases(uint64_t n_aliased, uint64_t n_decoded)
{
	const uint64_t low = 400000;
	const uint64_t high = 4000000;
	if (n_aliased <= 100 || n_decoded <= 1000)
		return false;
	uint64_t permille = 990;
	if (n_decoded >= high)
		permille = 100;
	else if (n_decoded > low)
		permille -= 890 * (n_decoded - low) / (high - low);
	return n_aliased * 1000 > n_decoded * permille;
}

/* Counts nodes that a decoder will meet and refuses documents that only alias expansion makes
 * large. */
static int count_nodes(struct reader *r, uint64_t n, uint64_t n_aliased, struct pos pos)
{
	r->n_decoded += n;
	r->n_total += n;
	r->n_aliased += n_aliased;
	if (too_many_aliases(r->n_aliased, r->n_decoded))
		return fail_at(r, "yaml-alias", pos, "document contains excessive aliasing");
	if (r->n_total > BOUND_YAML_NODES)
		return fail_at(r, "limit", pos, "more than 4000000 values in one file");
	return 0;
}

static struct yaml_node *node_new(struct reader *r, const char *anchor)
{
	struct yaml_node *n = arena_new_object(r->arena, struct yaml_node);
	n->pos = pos_of(r, r->event.start_mark);
	n->end = pos_of(r, r->event.end_mark);
	n->height = 1;
	n->n_decoded = 1;
	if (anchor)
		(void)map_set(&r->anchors, str_z(anchor), n);
	return n;
}

static enum yaml_style style_of(yaml_scalar_style_t s)
{
	if (s == YAML_LITERAL_SCALAR_STYLE || s == YAML_FOLDED_SCALAR_STYLE)
		return YAML_BLOCK;
	return s == YAML_PLAIN_SCALAR_STYLE ? YAML_PLAIN : YAML_QUOTED;
}

/* The same few keys are in each of many tasks. */
static struct str key_once(struct reader *r, struct str text)
{
	struct str *once = map_get(&r->keys, text);
	if (once)
		return *once;
	once = arena_new_object(r->arena, struct str);
	*once = arena_str(r->texts, text);
	(void)map_set(&r->keys, *once, once);
	return *once;
}

static int read_scalar(struct reader *r, struct yaml_node **ret)
{
	struct yaml_node *n = node_new(r, (const char *)r->event.data.scalar.anchor);
	const struct str text = {.p = (const char *)r->event.data.scalar.value,
		.n = r->event.data.scalar.length};
	n->style = style_of(r->event.data.scalar.style);
	n->text = r->is_key ? key_once(r, text) : arena_str(r->texts, text);
	r->is_key = false;
	n->complete = true;
	if (r->event.data.scalar.tag)
		n->tag = arena_strz(r->arena, (const char *)r->event.data.scalar.tag);
	*ret = n;
	struct err err = {0};
	if (yaml_scalar_resolve(r->texts, n, &err))
		return fail_at(r, "yaml-scalar", n->pos, err.msg);
	if (n->text.n && memchr(n->text.p, 0, n->text.n))
		return fail_at(r, "yaml-scalar", n->pos, "text contains a NUL character");
	return count_nodes(r, 1, 0, n->pos);
}

static int read_alias(struct reader *r, size_t depth, struct yaml_node **ret)
{
	const char *name = (const char *)r->event.data.alias.anchor;
	struct pos pos = pos_of(r, r->event.start_mark);
	struct yaml_node *n = map_get(&r->anchors, str_z(name));
	if (!n) {
		(void)diag_add(r->diags, DIAG_ERROR, "yaml-alias", pos,
			"unknown anchor '%s' referenced", name);
		return -1;
	}
	if (!n->complete) {
		(void)diag_add(r->diags, DIAG_ERROR, "yaml-alias", pos,
			"anchor '%s' value contains itself", name);
		return -1;
	}
	if (depth + n->height > BOUND_YAML_DEPTH)
		return fail_at(r, "limit", pos, "nested more than 100 levels deep");
	*ret = n;
	return count_nodes(r, n->n_decoded + 1, n->n_decoded, pos);
}

static int read_node(struct reader *r, size_t depth, struct yaml_node **ret);

/* Adds a finished child to the sums of its parent. */
static void account(struct yaml_node *parent, const struct yaml_node *child)
{
	parent->n_decoded += child->n_decoded;
	if (child->height >= parent->height)
		parent->height = child->height + 1;
}

static int read_list(struct reader *r, size_t depth, struct yaml_node **ret)
{
	struct yaml_node *n = node_new(r, (const char *)r->event.data.sequence_start.anchor);
	n->type = YAML_LIST;
	*ret = n;
	node_vec items = {0};
	int rc = count_nodes(r, 1, 0, n->pos);
	while (!rc) {
		rc = next_event(r);
		if (rc || r->event.type == YAML_SEQUENCE_END_EVENT)
			break;
		struct yaml_node *item = NULL;
		rc = read_node(r, depth + 1, &item);
		if (rc)
			break;
		vec_push(&items, item);
		account(n, item);
	}
	if (!rc)
		n->end = pos_of(r, r->event.end_mark);
	n->items = vec_freeze(&items, r->arena);
	n->n = items.n;
	n->complete = true;
	vec_release(&items);
	return rc;
}

/* A key as the text it has in JSON; Go's converter refuses null, lists and maps. */
static int key_text(struct reader *r, const struct yaml_node *key, struct str *ret)
{
	switch (key->type) {
	case YAML_STRING:
		*ret = key->text;
		return 0;
	case YAML_BOOL:
	case YAML_NUMBER:
		*ret = key->json;
		return 0;
	case YAML_NULL:
	case YAML_LIST:
	case YAML_MAP:
	default:
		(void)diag_add(r->diags, DIAG_ERROR, "yaml-key", key->pos,
			"a key must be text, not %s", yaml_type_name(key->type));
		return -1;
	}
}

/* Puts the pairs of one merged map at the end; keys that are there already win. */
static void merge_map(
	struct reader *r, pair_vec *pairs, struct map *seen, const struct yaml_node *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct yaml_pair *pair = &from->pairs[i];
		if (map_has(seen, pair->key))
			continue;
		(void)map_set(seen, pair->key, pair->key_node);
		vec_push(pairs, *pair);
	}
	(void)r;
}

static int merge_value(
	struct reader *r, pair_vec *pairs, struct map *seen, const struct yaml_node *from)
{
	bool ok = from->type == YAML_MAP || from->type == YAML_LIST;
	for (size_t i = 0; ok && from->type == YAML_LIST && i < from->n; i++)
		ok = from->items[i]->type == YAML_MAP;
	if (!ok)
		return fail_at(r, "yaml-merge", from->pos,
			"map merge requires map or sequence of maps as the value");
	if (from->type == YAML_MAP)
		merge_map(r, pairs, seen, from);
	else
		for (size_t i = 0; i < from->n; i++)
			merge_map(r, pairs, seen, from->items[i]);
	return 0;
}

static void fail_duplicate(
	struct reader *r, const struct yaml_node *key, const struct yaml_node *first)
{
	struct diag *one = diag_add(r->diags, DIAG_ERROR, "duplicate-key", key->pos,
		"key '" STR_FMT "' already set in map, in line %u, column %u",
		STR_ARG(key->text), first->pos.line, first->pos.col);
	one->end = key->end;
}

struct map_reader {
	pair_vec pairs;
	node_vec merges;
	struct map seen; /* key → its node */
};

static int read_pair(struct reader *r, size_t depth, struct yaml_node *n, struct map_reader *m)
{
	struct yaml_pair pair = {0};
	r->is_key = r->event.type == YAML_SCALAR_EVENT;
	if (read_node(r, depth + 1, &pair.key_node))
		return -1;
	bool merge = pair.key_node->type == YAML_STRING && yaml_scalar_is_merge(pair.key_node);
	if (!merge && key_text(r, pair.key_node, &pair.key))
		return -1;
	if (next_event(r) || read_node(r, depth + 1, &pair.value))
		return -1;
	account(n, pair.key_node);
	account(n, pair.value);
	if (merge) {
		vec_push(&m->merges, pair.value);
		return 0;
	}
	const struct yaml_node *first = map_get(&m->seen, pair.key);
	if (first) {
		fail_duplicate(r, pair.key_node, first);
		return 0;
	}
	(void)map_set(&m->seen, pair.key, pair.key_node);
	vec_push(&m->pairs, pair);
	return 0;
}

static int read_map(struct reader *r, size_t depth, struct yaml_node **ret)
{
	struct yaml_node *n = node_new(r, (const char *)r->event.data.mapping_start.anchor);
	n->type = YAML_MAP;
	*ret = n;
	struct map_reader m = {0};
	struct arena *scratch cleanup_arena = arena_new();
	map_init(&m.seen, scratch);
	int rc = count_nodes(r, 1, 0, n->pos);
	while (!rc) {
		rc = next_event(r);
		if (rc || r->event.type == YAML_MAPPING_END_EVENT)
			break;
		rc = read_pair(r, depth, n, &m);
	}
	if (!rc)
		n->end = pos_of(r, r->event.end_mark);
	for (size_t i = 0; !rc && i < m.merges.n; i++)
		rc = merge_value(r, &m.pairs, &m.seen, m.merges.p[i]);
	n->pairs = vec_freeze(&m.pairs, r->arena);
	n->n = m.pairs.n;
	n->complete = true;
	vec_release(&m.pairs);
	vec_release(&m.merges);
	return rc;
}

/* Reads the node that the current event starts. */
static int read_node(struct reader *r, size_t depth, struct yaml_node **ret)
{
	struct pos pos = pos_of(r, r->event.start_mark);
	if (depth > BOUND_YAML_DEPTH)
		return fail_at(r, "limit", pos, "nested more than 100 levels deep");
	if (r->event.type == YAML_SCALAR_EVENT)
		return read_scalar(r, ret);
	if (r->event.type == YAML_ALIAS_EVENT)
		return read_alias(r, depth, ret);
	if (r->event.type == YAML_SEQUENCE_START_EVENT)
		return read_list(r, depth, ret);
	if (r->event.type == YAML_MAPPING_START_EVENT)
		return read_map(r, depth, ret);
	return fail_at(r, "yaml-syntax", pos, "expected a value");
}

static int read_documents(struct reader *r, node_vec *roots)
{
	for (;;) {
		if (next_event(r))
			return -1;
		if (r->event.type == YAML_STREAM_END_EVENT)
			return 0;
		if (r->event.type != YAML_DOCUMENT_START_EVENT)
			continue;
		map_init(&r->anchors, r->arena);
		r->n_decoded = 0;
		r->n_aliased = 0;
		struct yaml_node *root = NULL;
		if (next_event(r) || read_node(r, 1, &root))
			return -1;
		if (root->type != YAML_NULL)
			vec_push(roots, root);
	}
}

/* What libyaml would say late, or about the wrong place. */
static int check_bytes(struct reader *r)
{
	if (r->text.n > BOUND_YAML_BYTES)
		return fail_at(r, "limit", pos_of_offset(r, 0), "larger than 32 MiB");
	if (r->text.n && memchr(r->text.p, 0, r->text.n)) {
		const char *at = memchr(r->text.p, 0, r->text.n);
		return fail_at(r, "yaml-syntax", pos_of_offset(r, (size_t)(at - r->text.p)),
			"NUL characters are not allowed");
	}
	return 0;
}

int yaml_read(const struct yaml_arenas *to, uint32_t source, struct str text, struct diags *d,
	struct yaml_docs *ret)
{
	struct arena *a = to->nodes;
	struct reader r = {
		.arena = a, .texts = to->texts, .diags = d, .source = source, .text = text};
	*ret = (struct yaml_docs){0};
	if (check_bytes(&r))
		return -1;
	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_slice(text, 3, text.n);
	text = yaml_utf16_pairs(a, text);
	r.text = text;
	map_init(&r.keys, a);
	BUG_ON(!yaml_parser_initialize(&r.parser));
	/* UTF-16 would be taken by its byte order mark; nobody else reads it */
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&r.parser, (const unsigned char *)(text.n ? text.p : ""), text.n);
	size_t n_errors = d->n_errors;
	node_vec roots = {0};
	(void)read_documents(&r, &roots); /* its problems are in d */
	if (r.have_event)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	ret->roots = vec_freeze(&roots, a);
	ret->n = roots.n;
	vec_release(&roots);
	return d->n_errors == n_errors ? 0 : -1;
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map && map->type == YAML_MAP && i < map->n; i++)
		if (str_eqz(map->pairs[i].key, key))
			return map->pairs[i].value;
	return NULL;
}

static const char *const type_names[YAML_TYPE_N] = {
	[YAML_NULL] = "null",
	[YAML_BOOL] = "bool",
	[YAML_NUMBER] = "number",
	[YAML_STRING] = "string",
	[YAML_LIST] = "array",
	[YAML_MAP] = "object",
};

const char *yaml_type_name(enum yaml_type t)
{
	return type_names[t];
}

static int pair_cmp(const void *a, const void *b)
{
	return str_cmp(((const struct yaml_pair *)a)->key, ((const struct yaml_pair *)b)->key);
}

static void map_json(
	const struct yaml_node *n, enum yaml_json_order order, struct json_writer *w)
{
	pair_vec pairs = {0};
	for (size_t i = 0; i < n->n; i++)
		vec_push(&pairs, n->pairs[i]);
	if (order == YAML_SORTED && pairs.n)
		qsort(pairs.p, pairs.n, sizeof(*pairs.p), pair_cmp);
	json_open(w, '{');
	for (size_t i = 0; i < pairs.n; i++) {
		json_keys(w, pairs.p[i].key);
		yaml_json(pairs.p[i].value, order, w);
	}
	json_close(w, '}');
	vec_release(&pairs);
}

void yaml_json(const struct yaml_node *n, enum yaml_json_order order, struct json_writer *w)
{
	switch (n->type) {
	case YAML_NULL:
		json_put_null(w);
		break;
	case YAML_BOOL:
	case YAML_NUMBER:
		json_put_raw(w, n->json);
		break;
	case YAML_STRING:
		json_put_str(w, n->text);
		break;
	case YAML_LIST:
		json_open(w, '[');
		for (size_t i = 0; i < n->n; i++)
			yaml_json(n->items[i], order, w);
		json_close(w, ']');
		break;
	case YAML_MAP:
	default:
		map_json(n, order, w);
		break;
	}
}
