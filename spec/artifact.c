/* SPDX-License-Identifier: Apache-2.0 */
/* Artifacts as JSON: read, joined, written. */
#include <monopod/artifact.h>

#include <base/bounds.h>
#include <base/map.h>
#include <base/vec.h>
#include <stdlib.h>

/* --- reading */

struct reading {
	struct arena *arena;
	size_t n_values; /* of the whole file */
	struct err *err;
};

/* The last one of the name, as Go matches it; NULL also for null. */
static const struct json *member(const struct json *object, const char *name)
{
	const struct json *found = NULL;

	json_foreach (it, object)
		if (str_ieq(it->key, str_z(name)))
			found = it;
	return found && found->kind != JSON_NULL ? found : NULL;
}

static int complain(const struct reading *r, const char *what, const char *expected)
{
	return err_set(r->err, ERR_SPEC, "'%s' is not %s", what, expected);
}

static int read_text(
	const struct reading *r, const struct json *object, const char *name, struct str *ret)
{
	const struct json *v = member(object, name);

	if (!v)
		return 0;
	if (v->kind != JSON_STRING)
		return complain(r, name, "a string");
	*ret = arena_str(r->arena, v->text);
	return 0;
}

static int by_algorithm(const void *a, const void *b)
{
	return str_cmp(((const struct artifact_digest *)a)->algorithm,
		((const struct artifact_digest *)b)->algorithm);
}

static int read_digests(
	const struct reading *r, const struct json *value, struct artifact_value *ret)
{
	const struct json *digest = member(value, "digest");

	if (!digest)
		return 0;
	if (digest->kind != JSON_OBJECT)
		return complain(r, "digest", "an object");
	ret->digests = arena_new_array(r->arena, struct artifact_digest, digest->n_children);
	json_foreach (it, digest) {
		if (it->kind != JSON_STRING && it->kind != JSON_NULL)
			return complain(r, "digest", "an object of strings");
		ret->digests[ret->n_digests++] =
			(struct artifact_digest){.algorithm = arena_str(r->arena, it->key),
				.hex = arena_str(r->arena, it->text)};
	}
	if (ret->n_digests)
		qsort(ret->digests, ret->n_digests, sizeof(*ret->digests), by_algorithm);
	return 0;
}

/* The list that a member is; NULL and 0: it is not there. */
static int read_list(const struct reading *r, const struct json *object, const char *name,
	const struct json **ret)
{
	*ret = member(object, name);
	if (!*ret)
		return 0;
	if ((*ret)->kind != JSON_ARRAY)
		return complain(r, name, "a list");
	json_foreach (it, *ret)
		if (it->kind != JSON_OBJECT && it->kind != JSON_NULL)
			return complain(r, name, "a list of objects");
	return 0;
}

static int read_values(struct reading *r, const struct json *object, struct artifact *ret)
{
	const struct json *list;

	if (read_list(r, object, "values", &list))
		return -1;
	if (!list)
		return 0;
	r->n_values += list->n_children;
	if (r->n_values > BOUND_ARTIFACT_VALUES)
		return err_set(r->err, ERR_LIMIT, "there are more than %d values",
			BOUND_ARTIFACT_VALUES);
	ret->values = arena_new_array(r->arena, struct artifact_value, list->n_children);
	json_foreach (it, list) {
		struct artifact_value *v = &ret->values[ret->n_values++];

		if (read_text(r, it, "uri", &v->uri) || read_digests(r, it, v))
			return -1;
	}
	return 0;
}

static int read_artifact(struct reading *r, const struct json *object, struct artifact *ret)
{
	const struct json *build_output = member(object, "buildOutput");

	if (build_output && build_output->kind != JSON_BOOL)
		return complain(r, "buildOutput", "true or false");
	ret->build_output = build_output && build_output->boolean;
	return read_text(r, object, "name", &ret->name) || read_values(r, object, ret) ? -1 : 0;
}

static int read_artifacts(struct reading *r, const struct json *object, const char *name,
	struct artifact_list *ret)
{
	const struct json *list;

	if (read_list(r, object, name, &list))
		return -1;
	if (!list)
		return 0;
	ret->items = arena_new_array(r->arena, struct artifact, list->n_children);
	json_foreach (it, list)
		if (read_artifact(r, it, &ret->items[ret->n++]))
			return err_wrap(r->err, "%s[%zu]", name, ret->n - 1);
	return 0;
}

int artifacts_parse(struct arena *a, struct str text, struct artifacts *ret, struct err *err)
{
	struct arena *scratch cleanup_arena = arena_new();
	struct reading r = {.arena = a, .err = err};
	struct artifacts set = {0};
	struct json *top;

	if (json_parse(scratch, text, BOUND_ARTIFACT_BYTES, &top, err))
		return -1;
	if (top->kind != JSON_OBJECT && top->kind != JSON_NULL)
		return err_set(err, ERR_SPEC, "it is not an object");
	if (read_artifacts(&r, top, "inputs", &set.inputs) ||
		read_artifacts(&r, top, "outputs", &set.outputs))
		return -1;
	*ret = set;
	return 0;
}

/* --- writing */

/*
 * What a step calls things is as foreign as what it says of them: an editor sees none of it as
 * one of the words of the document.
 */
static void put_name(struct str name, struct json_writer *w)
{
	json_key_as(w, STR("name"), STR("uri"));
	json_put_str(w, name);
}

static void put_digest(const struct artifact_digest *d, struct json_writer *w)
{
	const struct str member = STR("digest");

	json_key_as(
		w, w->edit ? w->edit(w->edit_arg, member, d->algorithm) : d->algorithm, member);
	json_put_str(w, d->hex);
}

static void put_value(const struct artifact_value *v, struct json_writer *w)
{
	json_open(w, '{');
	if (v->n_digests) {
		json_key(w, "digest");
		json_open(w, '{');
		for (size_t i = 0; i < v->n_digests; i++)
			put_digest(&v->digests[i], w);
		json_close(w, '}');
	}
	json_field_given(w, "uri", v->uri);
	json_close(w, '}');
}

static void put_values(const struct artifact *artifact, struct json_writer *w)
{
	json_open(w, '[');
	for (size_t i = 0; i < artifact->n_values; i++)
		put_value(&artifact->values[i], w);
	json_close(w, ']');
}

static void put_list(const char *key, const struct artifact_list *list, struct json_writer *w)
{
	if (!json_list(w, key, list->n))
		return;
	for (size_t i = 0; i < list->n; i++) {
		const struct artifact *artifact = &list->items[i];

		json_open(w, '{');
		if (artifact->build_output)
			json_field_bool(w, "buildOutput", true);
		if (artifact->name.n)
			put_name(artifact->name, w);
		if (artifact->n_values) {
			json_key(w, "values");
			put_values(artifact, w);
		}
		json_close(w, '}');
	}
	json_close(w, ']');
}

void artifacts_put(const struct artifacts *set, struct json_writer *w)
{
	put_list("inputs", &set->inputs, w);
	put_list("outputs", &set->outputs, w);
}

/* --- by name */

static const struct artifact *find(const struct artifact_list *list, struct str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->items[i].name, name))
			return &list->items[i];
	return NULL;
}

static const struct artifact *find_which(const struct artifacts *set, struct str which)
{
	const struct artifact_list *list = NULL;
	struct str side, name;
	bool is_named = str_cut(which, '.', &side, &name);

	if (!is_named)
		side = which;
	if (str_eqz(side, "inputs"))
		list = &set->inputs;
	else if (str_eqz(side, "outputs"))
		list = &set->outputs;
	if (!list)
		return NULL;
	if (!is_named)
		return list->n ? &list->items[0] : NULL;
	return find(list, name);
}

/* As Go's encoder has it: that is what Tekton puts into texts. */
static struct str values_text(const struct artifact *artifact, struct arena *a)
{
	struct buf out cleanup_buf = {0};
	struct json_writer w;

	/* what is cut here is too long to be put anywhere */
	buf_init(&out, 2 * (size_t)BOUND_SUBST_BYTES);
	json_writer_init(&w, &out, 0);
	w.go_escapes = true;
	put_values(artifact, &w);
	return arena_str(a, buf_str(&out));
}

bool artifacts_values(
	const struct artifacts *set, struct str which, struct arena *a, struct str *ret)
{
	const struct artifact *found = find_which(set, which);

	if (found)
		*ret = values_text(found, a);
	return found != NULL;
}

/* --- joining */

struct gathering { /* one name */
	struct artifact artifact;
	struct map seen; /* its values, as JSON */
	VEC(struct artifact_value) values;
};

static bool is_new(struct gathering *g, const struct artifact_value *v, struct arena *scratch)
{
	struct artifact_value copy = *v;
	const struct artifact one = {.values = &copy, .n_values = 1};

	return map_set(&g->seen, values_text(&one, scratch), g);
}

static void gather(struct map *names, const struct artifact *from)
{
	struct gathering *g = map_get(names, from->name);

	if (!g) {
		g = arena_new_object(names->arena, struct gathering);
		g->artifact.name = from->name;
		map_init(&g->seen, names->arena);
		map_set(names, from->name, g);
	}
	g->artifact.build_output |= from->build_output;
	for (size_t i = 0; i < from->n_values; i++)
		if (is_new(g, &from->values[i], names->arena))
			vec_push(&g->values, from->values[i]);
}

static struct artifact_list gathered(const struct map *names, struct arena *a)
{
	struct artifact_list ret = {.items = arena_new_array(a, struct artifact, names->n)};

	map_foreach (it, names) {
		struct gathering *g = it->value;

		g->artifact.values = vec_freeze(&g->values, a);
		g->artifact.n_values = g->values.n;
		vec_release(&g->values);
		ret.items[ret.n++] = g->artifact;
	}
	return ret;
}

struct artifacts artifacts_join(struct arena *a, const struct artifacts *sets, size_t n)
{
	struct arena *scratch cleanup_arena = arena_new();
	struct artifacts ret;
	struct map inputs, outputs;

	map_init(&inputs, scratch);
	map_init(&outputs, scratch);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < sets[i].inputs.n; k++)
			gather(&inputs, &sets[i].inputs.items[k]);
		for (size_t k = 0; k < sets[i].outputs.n; k++)
			gather(&outputs, &sets[i].outputs.items[k]);
	}
	ret.inputs = gathered(&inputs, a);
	ret.outputs = gathered(&outputs, a);
	return ret;
}
