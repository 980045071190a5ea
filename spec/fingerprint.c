/* SPDX-License-Identifier: Apache-2.0 */
/* The input as digests, in the shape it was written in; and two inputs compared by them. */
#include "yaml.h"

#include <base/json.h>
#include <monopod/spec.h>

enum { SHOWN_MAX = 10 };

struct printer {
	const struct spec_digest *d;
	struct arena *arena; /* for one object */
};

/* --- objects ----------------------------------------------------------------------------- */

typedef void object_fn(void *arg, enum object_kind kind, const struct object_meta *meta);

static void run_each(const struct run_ref *r, object_fn *fn, void *arg)
{
	fn(arg, r->kind,
		r->kind == OBJECT_PIPELINE_RUN ? &r->pipeline_run->meta : &r->task_run->meta);
}

static void objects_each(const struct spec *s, object_fn *fn, void *arg)
{
	for (size_t i = 0; i < s->n_tasks; i++)
		fn(arg, OBJECT_TASK, &s->tasks[i].meta);
	for (size_t i = 0; i < s->n_pipelines; i++)
		fn(arg, OBJECT_PIPELINE, &s->pipelines[i].meta);
	for (size_t i = 0; i < s->n_runs; i++)
		run_each(&s->runs[i], fn, arg);
	for (size_t i = 0; i < s->n_data_objects; i++)
		fn(arg, s->data_objects[i].is_secret ? OBJECT_SECRET : OBJECT_CONFIG_MAP,
			&s->data_objects[i].meta);
	for (size_t i = 0; i < s->n_claims; i++)
		fn(arg, OBJECT_CLAIM, &s->claims[i].meta);
}

static struct str object_id(
	struct arena *a, enum object_kind kind, const struct object_meta *meta)
{
	return arena_printf(a, "%s/" STR_FMT "%s" STR_FMT, object_kind_name(kind),
		STR_ARG(meta->ns.s), meta->ns.s.n ? "/" : "", STR_ARG(meta->name.s));
}

/* --- writing ----------------------------------------------------------------------------- */

/* Type and characters: "1" and 1 are not the same. */
static struct str typed_digest(
	const struct spec_digest *d, struct arena *a, enum yaml_type type, struct str text)
{
	return d->digest(d->arg, a, arena_printf(a, "%d:" STR_FMT, (int)type, STR_ARG(text)));
}

static struct str leaf_digest(const struct printer *p, const struct yaml_node *n)
{
	return typed_digest(
		p->d, p->arena, n->type, n->type == YAML_STRING ? n->text : n->json);
}

static enum yaml_type token_type(struct str token)
{
	switch (token.p[0]) {
	case '"':
		return YAML_STRING;
	case 'n':
		return YAML_NULL;
	case 't':
	case 'f':
		return YAML_BOOL;
	default:
		return YAML_NUMBER;
	}
}

/* The characters that a string stands for. */
static struct str token_text(struct arena *a, struct str token)
{
	struct json *string;
	if (str_chr(token, '\\') < 0)
		return str_slice(token, 1, token.n - 1);
	BUG_ON(json_parse(a, token, token.n, &string, NULL));
	return json_str(string);
}

struct put_arg {
	const struct spec_digest *d;
	struct json_writer *w;
};

static void token_put(const struct put_arg *put, struct str token, bool is_key)
{
	struct arena *a cleanup_arena = arena_new();
	enum yaml_type type = token_type(token);
	struct str text = type == YAML_STRING ? token_text(a, token) : token;

	if (is_key) {
		json_key_as(put->w, text, STR_NONE); /* the text goes */
	} else {
		json_put_str(put->w, typed_digest(put->d, a, type, text));
	}
}

/* The document as it was kept: a tree of it is not needed. */
static void text_put(const struct put_arg *put, struct str text)
{
	while (text.n) {
		size_t n = json_token(text);
		struct str token = str_slice(text, 0, n);

		text = str_slice(text, n, text.n);
		if (token.p[0] == '{' || token.p[0] == '[')
			json_open(put->w, token.p[0]);
		else if (token.p[0] == '}' || token.p[0] == ']')
			json_close(put->w, token.p[0]);
		else if (token.p[0] != ',' && token.p[0] != ':')
			token_put(put, token, str_starts(text, STR(":")));
	}
}

static void object_put(void *arg, enum object_kind kind, const struct object_meta *meta)
{
	const struct put_arg *put = arg;
	struct arena *a cleanup_arena = arena_new();

	json_keys(put->w, object_id(a, kind, meta));
	if (meta->json.n)
		text_put(put, meta->json);
	else
		json_put_null(put->w);
}

void spec_fingerprint(const struct spec *s, const struct spec_digest *d, struct json_writer *w)
{
	struct put_arg arg = {d, w};

	json_open(w, '{');
	objects_each(s, object_put, &arg);
	json_close(w, '}');
}

/* --- comparing --------------------------------------------------------------------------- */

struct compare {
	struct printer p;
	struct diags *diags;
	struct str object; /* Kind/name */
	size_t n;
};

static void differs(
	struct compare *c, struct pos pos, struct str path, const char *how, struct str what)
{
	struct diag *d;

	if (++c->n > SHOWN_MAX)
		return;
	d = diag_add(c->diags, DIAG_ERROR, "resume-changed", pos,
		STR_FMT "%s" STR_FMT " %s" STR_FMT, STR_ARG(c->object), path.n ? " " : "",
		STR_ARG(path), how, STR_ARG(what));
	d->path = arena_str(c->diags->arena, path);
	d->no_excerpt = str_starts(c->object, STR("Secret/"));
}

static struct str path_key(struct arena *a, struct str path, struct str key)
{
	return path.n ? arena_printf(a, STR_FMT "." STR_FMT, STR_ARG(path), STR_ARG(key))
		      : arena_str(a, key);
}

static void node_compare(
	struct compare *c, struct str path, const struct yaml_node *n, const struct json *old);

static void list_compare(
	struct compare *c, struct str path, const struct yaml_node *n, const struct json *old)
{
	const struct json *it = old->child;
	const size_t n_before = c->n;

	for (size_t i = 0; i < n->n && it; i++, it = it->next) {
		node_compare(c, arena_printf(c->p.arena, STR_FMT "[%zu]", STR_ARG(path), i),
			n->items[i], it);
		if (n->n != old->n_children && c->n > n_before)
			break; /* what follows is only moved */
	}
	if (n->n != old->n_children)
		differs(c, n->pos, path, "has another number of entries: ",
			arena_printf(c->p.arena, "%zu, not %zu", n->n, old->n_children));
}

static const struct yaml_node *member(const struct yaml_node *n, struct str key)
{
	for (size_t i = 0; i < n->n; i++)
		if (str_eq(n->pairs[i].key, key))
			return n->pairs[i].value;
	return NULL;
}

static void map_compare(
	struct compare *c, struct str path, const struct yaml_node *n, const struct json *old)
{
	for (size_t i = 0; i < n->n; i++) {
		struct str key = n->pairs[i].key;
		struct str below = path_key(c->p.arena, path, key);
		const struct json *was = json_get(old, str_c(arena_str(c->p.arena, key)));

		if (was)
			node_compare(c, below, n->pairs[i].value, was);
		else
			differs(c, n->pairs[i].key_node ? n->pairs[i].key_node->pos : n->pos,
				below, "was not there", STR_NONE);
	}
	json_foreach (it, old) {
		if (!member(n, it->key))
			differs(c, n->pos, path_key(c->p.arena, path, it->key),
				"is not there any more", STR_NONE);
	}
}

static void node_compare(
	struct compare *c, struct str path, const struct yaml_node *n, const struct json *old)
{
	if (n->type == YAML_LIST && old->kind == JSON_ARRAY)
		list_compare(c, path, n, old);
	else if (n->type == YAML_MAP && old->kind == JSON_OBJECT)
		map_compare(c, path, n, old);
	else if (n->type == YAML_LIST || n->type == YAML_MAP || old->kind != JSON_STRING ||
		 !str_eq(leaf_digest(&c->p, n), json_str(old)))
		differs(c, n->pos, path, "is not what it was", STR_NONE);
}

struct compare_arg {
	struct compare c;
	const struct spec_digest *d;
	const struct json *old;
	struct map seen;
	struct map trees; /* "source:line:column" → the document that begins there */
};

static struct str place_text(struct arena *a, struct pos pos)
{
	return arena_printf(a, "%u:%u:%u", pos.source, pos.line, pos.col);
}

static void tree_add(struct map *trees, struct arena *a, struct yaml_node *root)
{
	const struct yaml_node *items = yaml_get(root, "items");

	(void)map_set(trees, place_text(a, root->pos), root);
	for (size_t i = 0; items && items->type == YAML_LIST && i < items->n; i++)
		tree_add(trees, a, items->items[i]);
}

/* The input is read once more: its trees are wanted when a run is resumed and else not kept. */
static void trees_read(const struct spec *s, struct arena *a, struct map *trees)
{
	const struct yaml_arenas to = {a, a};
	struct yaml_docs docs;
	struct diags unheard;

	map_init(trees, a);
	diags_init(&unheard, a, s->sources);
	for (size_t i = 0; i < s->sources->n; i++) {
		(void)yaml_read(
			&to, (uint32_t)i + 1, s->sources->items[i].text, &unheard, &docs);
		for (size_t k = 0; k < docs.n; k++)
			tree_add(trees, a, docs.roots[k]);
	}
}

static void object_compare(void *arg, enum object_kind kind, const struct object_meta *meta)
{
	struct compare_arg *x = arg;
	struct arena *a cleanup_arena = arena_new();
	struct str id = object_id(x->c.diags->arena, kind, meta);
	const struct json *old = json_get(x->old, str_c(id));
	const struct yaml_node *tree = map_get(&x->trees, place_text(a, meta->pos));

	x->c.p = (struct printer){.d = x->d, .arena = a};
	x->c.object = id;
	(void)map_set(&x->seen, id, x);
	if (!old)
		differs(&x->c, meta->pos, STR_NONE, "was not there", STR_NONE);
	else if (tree)
		node_compare(&x->c, STR_NONE, tree, old);
}

size_t spec_compare(const struct spec *s, const struct spec_digest *d, const struct json *old,
	struct diags *diags)
{
	struct compare_arg x = {.c = {.diags = diags}, .d = d, .old = old};
	struct arena *trees cleanup_arena = arena_new();

	trees_read(s, trees, &x.trees);
	map_init(&x.seen, diags->arena);
	objects_each(s, object_compare, &x);
	json_foreach (it, old) {
		x.c.object = it->key;
		if (!map_has(&x.seen, it->key))
			differs(&x.c, (struct pos){0}, STR_NONE, "is not there any more",
				STR_NONE);
	}
	return x.c.n;
}
