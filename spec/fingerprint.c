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
static struct str leaf_digest(const struct printer *p, const struct yaml_node *n)
{
	struct str text = n->type == YAML_STRING ? n->text : n->json;
	struct str typed = arena_printf(p->arena, "%d:" STR_FMT, (int)n->type, STR_ARG(text));

	return p->d->digest(p->d->arg, p->arena, typed);
}

/* An arena for each: an input may have a hundred thousand leaves. */
static void leaf_put(
	const struct spec_digest *d, const struct yaml_node *n, struct json_writer *w)
{
	struct arena *a cleanup_arena = arena_new();
	const struct printer p = {.d = d, .arena = a};

	json_put_str(w, leaf_digest(&p, n));
}

static void node_put(const struct printer *p, const struct yaml_node *n, struct json_writer *w)
{
	if (n->type == YAML_LIST) {
		json_open(w, '[');
		for (size_t i = 0; i < n->n; i++)
			node_put(p, n->items[i], w);
		json_close(w, ']');
	} else if (n->type == YAML_MAP) {
		json_open(w, '{');
		for (size_t i = 0; i < n->n; i++) {
			json_keys(w, n->pairs[i].key);
			node_put(p, n->pairs[i].value, w);
		}
		json_close(w, '}');
	} else {
		leaf_put(p->d, n, w);
	}
}

struct put_arg {
	const struct spec_digest *d;
	struct json_writer *w;
};

static void object_put(void *arg, enum object_kind kind, const struct object_meta *meta)
{
	const struct put_arg *put = arg;
	struct arena *a cleanup_arena = arena_new();
	struct printer p = {.d = put->d, .arena = a};

	json_keys(put->w, object_id(a, kind, meta));
	if (meta->tree)
		node_put(&p, meta->tree, put->w);
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
};

static void object_compare(void *arg, enum object_kind kind, const struct object_meta *meta)
{
	struct compare_arg *x = arg;
	struct arena *a cleanup_arena = arena_new();
	struct str id = object_id(x->c.diags->arena, kind, meta);
	const struct json *old = json_get(x->old, str_c(id));

	x->c.p = (struct printer){.d = x->d, .arena = a};
	x->c.object = id;
	(void)map_set(&x->seen, id, x);
	if (!old)
		differs(&x->c, meta->pos, STR_NONE, "was not there", STR_NONE);
	else if (meta->tree)
		node_compare(&x->c, STR_NONE, meta->tree, old);
}

size_t spec_compare(const struct spec *s, const struct spec_digest *d, const struct json *old,
	struct diags *diags)
{
	struct compare_arg x = {.c = {.diags = diags}, .d = d, .old = old};

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
