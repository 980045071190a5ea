/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to a spec: documents are told apart by kind and apiVersion, decoded by their
 * tables, named, indexed, and then checked as a whole. An object of which parts could not be
 * decoded is left out of the spec, so that checks do not complain about what is missing there.
 */
#include "decode.h"
#include "validate.h"

#include <base/bounds.h>
#include <base/vec.h>
#include <string.h>

enum { API_VERSIONS_MAX = 2, NAME_GENERATED_MAX = 58 };
/* What is longer is cut in messages; a name is at most 63 bytes long. */
enum { PATH_TEXT_MAX = 4096, RUN_TEXT_MAX = 65536 };

struct kind {
	const char *name;
	const char *api_versions[API_VERSIONS_MAX];
	const struct schema *schema;
};

static const struct kind kinds[OBJECT_KIND_N] = {
	[OBJECT_TASK] = {"Task", {"tekton.dev/v1", "tekton.dev/v1beta1"}, &schema_task_object},
	[OBJECT_PIPELINE] = {"Pipeline", {"tekton.dev/v1", "tekton.dev/v1beta1"},
		&schema_pipeline_object},
	[OBJECT_TASK_RUN] = {"TaskRun", {"tekton.dev/v1", "tekton.dev/v1beta1"},
		&schema_task_run_object},
	[OBJECT_PIPELINE_RUN] = {"PipelineRun", {"tekton.dev/v1", "tekton.dev/v1beta1"},
		&schema_pipeline_run_object},
	[OBJECT_CONFIG_MAP] = {"ConfigMap", {"v1"}, &schema_config_map},
	[OBJECT_SECRET] = {"Secret", {"v1"}, &schema_secret},
	[OBJECT_CLAIM] = {"PersistentVolumeClaim", {"v1"}, &schema_claim},
	[OBJECT_SERVICE_ACCOUNT] = {"ServiceAccount", {"v1"}, &schema_service_account},
	[OBJECT_LIMIT_RANGE] = {"LimitRange", {"v1"}, &schema_limit_range},
	[OBJECT_STEP_ACTION] = {"StepAction", {"tekton.dev/v1beta1", "tekton.dev/v1alpha1"},
		&schema_step_action_object},
};

const char *object_kind_name(enum object_kind k)
{
	return kinds[k].name;
}

struct loader {
	struct spec *spec;
	const struct spec_options *opts;
	struct decode decode;
	struct arena *trees; /* gone when everything is decoded and checked */
	VEC(void *) objects[OBJECT_KIND_N];
	VEC(struct run_ref) runs;
	struct map first; /* "Kind/name" → struct pos of its name */
	size_t n_objects;
	size_t n_generated;
};

static const struct yaml_node *text_member(
	struct decode *d, const struct yaml_node *root, const char *key)
{
	const struct yaml_node *n = yaml_get(root, key);
	if (!n || node_is_empty(n)) {
		(void)decode_fail(
			d, "missing-field", n ? n : root, "missing field(s): %s", key);
		return NULL;
	}
	return decode_expect(d, n, YAML_STRING, "string") ? n : NULL;
}

/* Tekton's own kinds that mean nothing in one pod. */
static const struct {
	const char *name, *why;
} foreign_kinds[] = {
	{"ClusterTask", WHY_CLUSTER_TASK},
	{"CustomRun", WHY_CUSTOM},
	{"Run", WHY_CUSTOM},
	{"PipelineResource", WHY_PIPELINE_RESOURCES},
	{"Condition", "Conditions are gone from Tekton: use 'when'"},
	{"VerificationPolicy",
		"signatures of Tasks are verified where they come from: nothing is "
		"fetched here"},
};

static void fail_kind(struct decode *d, const struct yaml_node *kind, struct str api_version)
{
	struct str names[OBJECT_KIND_N];
	struct buf list cleanup_buf;
	buf_init(&list, KIB);
	for (size_t i = 0; i < OBJECT_KIND_N; i++) {
		names[i] = str_z(kinds[i].name);
		buf_addf(&list, "%s%s", i ? ", " : "", kinds[i].name);
	}
	struct diag *one = decode_fail(d, "unknown-kind", kind,
		"unknown kind '" STR_FMT "' of apiVersion '" STR_FMT "', known are " STR_FMT,
		STR_ARG(kind->text), STR_ARG(api_version), STR_ARG(buf_str(&list)));
	diag_suggest(d->diags, one, kind->text, names, OBJECT_KIND_N);
	for (size_t i = 0;
		i < ARRAY_SIZE(foreign_kinds) && str_starts(api_version, STR("tekton.dev/"));
		i++)
		if (str_eqz(kind->text, foreign_kinds[i].name))
			diag_hint(d->diags, one, "%s", foreign_kinds[i].why);
}

/* Finds the kind of a document; false after an error. */
static bool find_kind(struct decode *d, const struct yaml_node *kind,
	const struct yaml_node *version, enum object_kind *ret)
{
	for (int k = 0; k < OBJECT_KIND_N; k++) {
		if (!str_eqz(kind->text, kinds[k].name))
			continue;
		*ret = (enum object_kind)k;
		for (size_t i = 0; i < API_VERSIONS_MAX; i++)
			if (kinds[k].api_versions[i] &&
				str_eqz(version->text, kinds[k].api_versions[i]))
				return true;
		struct diag *one = decode_fail(d, "unknown-kind", version,
			"unknown apiVersion '" STR_FMT "' of kind '%s'", STR_ARG(version->text),
			kinds[k].name);
		diag_hint(d->diags, one, "use %s", kinds[k].api_versions[0]);
		return false;
	}
	fail_kind(d, kind, version->text);
	return false;
}

/* generateName gets five characters behind at most 58, as the API server does it. */
static void resolve_name(struct loader *l, struct object_meta *meta)
{
	struct decode *d = &l->decode;
	if (meta->name.s.n)
		return;
	if (!meta->generate_name.s.n) {
		const struct yaml_node *at = yaml_get(meta->tree, "metadata");
		const struct yaml_node *name = yaml_get(at, "name");
		d->broken = true;
		if (name && !node_is_empty(name))
			return; /* of a wrong type, which was told */
		(void)decode_fail(d, "missing-field", at ? at : meta->tree,
			"expected exactly one, got neither: metadata.generateName, "
			"metadata.name");
		return;
	}
	size_t i = l->n_generated++;
	struct str suffix = l->opts && l->opts->suffix
				    ? l->opts->suffix(l->opts->suffix_arg, d->arena, i)
				    : arena_printf(d->arena, "%05zu", i % 100000);
	struct str base = str_slice(meta->generate_name.s, 0, NAME_GENERATED_MAX);
	meta->name.s = arena_printf(d->arena, STR_FMT STR_FMT, STR_ARG(base), STR_ARG(suffix));
	meta->name.pos = meta->generate_name.pos;
}

static void check_unique(struct loader *l, enum object_kind k, const struct object_meta *meta)
{
	struct decode *d = &l->decode;
	struct str key =
		arena_printf(d->arena, "%s/" STR_FMT, kinds[k].name, STR_ARG(meta->name.s));
	const struct pos *first = map_get(&l->first, key);
	if (!first) {
		struct pos *pos = arena_new_object(d->arena, struct pos);
		*pos = meta->name.pos;
		(void)map_set(&l->first, key, pos);
		return;
	}
	d->broken = true;
	const struct source *src = sources_get(l->spec->sources, first->source);
	struct diag *one = diag_add(d->diags, DIAG_ERROR, "duplicate-object", meta->name.pos,
		"%s '" STR_FMT "' is defined twice, first in " STR_FMT ":%u:%u", kinds[k].name,
		STR_ARG(meta->name.s), STR_ARG(src ? src->name : STR("")), first->line,
		first->col);
	one->path = STR("metadata.name");
}

static void keep(struct loader *l, enum object_kind k, void *object)
{
	vec_push(&l->objects[k], object);
	struct run_ref run = {.kind = k};
	if (k == OBJECT_PIPELINE_RUN)
		run.pipeline_run = object;
	else if (k == OBJECT_TASK_RUN)
		run.task_run = object;
	else
		return;
	vec_push(&l->runs, run);
}

static void load_object(struct loader *l, const struct yaml_node *root, enum object_kind k)
{
	struct decode *d = &l->decode;
	const struct kind *kind = &kinds[k];
	const struct yaml_node *version = yaml_get(root, "apiVersion");
	d->object = root->pos;
	d->broken = false;
	d->n_json = 0;
	d->secret = k == OBJECT_SECRET;
	/* a StepAction has no v1 yet, so its v1beta1 is no older form */
	d->beta = k != OBJECT_STEP_ACTION && str_ends(version->text, STR("/v1beta1"));
	struct object_meta *meta = arena_alloc(d->arena, kind->schema->size);
	decode_object(d, kind->schema, root, meta);
	meta->api_version = (struct text){.s = version->text, .pos = version->pos};
	meta->pos = root->pos;
	meta->tree = root;
	if (document_keep(d->arena, meta)) {
		d->broken = true;
		(void)decode_fail(
			d, "limit", root, "larger than 64 MiB with its aliases written out");
	}
	if (d->secret)
		((struct data_object *)(void *)meta)->is_secret = true;
	d->secret = false;
	resolve_name(l, meta);
	if (meta->name.s.n)
		check_unique(l, k, meta);
	if (!d->broken)
		keep(l, k, meta);
}

static void load_document(struct loader *l, const struct yaml_node *root);

/* A v1 List, as kubectl writes it. */
static void load_list(struct loader *l, const struct yaml_node *root)
{
	static const struct field fields[] = {
		{.key = "apiVersion", .kind = FIELD_ANY},
		{.key = "kind", .kind = FIELD_ANY},
		{.key = "metadata", .kind = FIELD_ANY},
		{.key = "items", .kind = FIELD_ANY},
	};
	static const struct schema schema = {
		.what = "List", .fields = fields, .n_fields = ARRAY_SIZE(fields)};
	const struct yaml_node *items = yaml_get(root, "items");
	struct decode *d = &l->decode;
	char none = 0;

	d->object = root->pos;
	decode_object(d, &schema, root, &none);
	if (!items || items->type == YAML_NULL)
		return;
	size_t mark = path_enter(d, STR("items"));
	bool ok = decode_expect(d, items, YAML_LIST, "list");
	path_leave(d, mark);
	for (size_t i = 0; ok && i < items->n; i++)
		load_document(l, items->items[i]);
}

static void load_document(struct loader *l, const struct yaml_node *root)
{
	struct decode *d = &l->decode;
	enum object_kind k;
	if (root->type != YAML_MAP) {
		(void)decode_fail(d, "wrong-type", root,
			"a document must be an object with apiVersion and kind, not %s",
			yaml_type_name(root->type));
		return;
	}
	if (l->n_objects++ >= BOUND_OBJECTS) {
		if (l->n_objects == BOUND_OBJECTS + 1) /* told once */
			(void)decode_fail(
				d, "limit", root, "more than %d objects", BOUND_OBJECTS);
		return;
	}
	size_t mark = path_enter(d, STR("kind"));
	const struct yaml_node *kind = text_member(d, root, "kind");
	path_leave(d, mark);
	mark = path_enter(d, STR("apiVersion"));
	const struct yaml_node *version = text_member(d, root, "apiVersion");
	path_leave(d, mark);
	if (!kind || !version)
		return;
	if (str_eqz(kind->text, "List") && str_eqz(version->text, "v1")) {
		load_list(l, root);
		return;
	}
	if (find_kind(d, kind, version, &k))
		load_object(l, root, k);
}

/* Copies the objects of a kind into one array; returns how many there are. */
static size_t freeze(struct loader *l, enum object_kind k, char **ret)
{
	size_t n = l->objects[k].n;
	size_t each = kinds[k].schema->size;
	char *all = arena_array(l->spec->arena, n ? n : 1, each);
	for (size_t i = 0; i < n; i++)
		l->objects[k].p[i] = memcpy(all + i * each, l->objects[k].p[i], each);
	*ret = all;
	return n;
}

static void freeze_data(struct loader *l)
{
	struct spec *s = l->spec;
	char *maps;
	char *secrets;
	size_t n_maps = freeze(l, OBJECT_CONFIG_MAP, &maps);
	size_t n_secrets = freeze(l, OBJECT_SECRET, &secrets);
	s->n_data_objects = n_maps + n_secrets;
	s->data_objects = arena_new_array(s->arena, struct data_object, s->n_data_objects + 1);
	memcpy(s->data_objects, maps, n_maps * sizeof(struct data_object));
	memcpy(s->data_objects + n_maps, secrets, n_secrets * sizeof(struct data_object));
	for (size_t i = 0; i < s->n_data_objects; i++) {
		struct data_object *o = &s->data_objects[i];
		struct map *m = o->is_secret ? &s->secret_by_name : &s->config_map_by_name;
		(void)map_set(m, o->meta.name.s, o);
	}
}

static void freeze_all(struct loader *l)
{
	struct spec *s = l->spec;
	char *p;
	s->n_tasks = freeze(l, OBJECT_TASK, &p);
	s->tasks = (struct task *)(void *)p;
	for (size_t i = 0; i < s->n_tasks; i++)
		(void)map_set(&s->task_by_name, s->tasks[i].meta.name.s, &s->tasks[i]);
	s->n_pipelines = freeze(l, OBJECT_PIPELINE, &p);
	s->pipelines = (struct pipeline *)(void *)p;
	for (size_t i = 0; i < s->n_pipelines; i++)
		(void)map_set(
			&s->pipeline_by_name, s->pipelines[i].meta.name.s, &s->pipelines[i]);
	s->n_service_accounts = freeze(l, OBJECT_SERVICE_ACCOUNT, &p);
	s->service_accounts = (struct service_account *)(void *)p;
	for (size_t i = 0; i < s->n_service_accounts; i++)
		(void)map_set(&s->service_account_by_name, s->service_accounts[i].meta.name.s,
			&s->service_accounts[i]);
	s->n_step_actions = freeze(l, OBJECT_STEP_ACTION, &p);
	s->step_actions = (struct step_action *)(void *)p;
	for (size_t i = 0; i < s->n_step_actions; i++)
		(void)map_set(&s->step_action_by_name, s->step_actions[i].meta.name.s,
			&s->step_actions[i]);
	s->n_claims = freeze(l, OBJECT_CLAIM, &p);
	s->claims = (struct claim *)(void *)p;
	for (size_t i = 0; i < s->n_claims; i++)
		(void)map_set(&s->claim_by_name, s->claims[i].meta.name.s, &s->claims[i]);
	s->n_limit_ranges = freeze(l, OBJECT_LIMIT_RANGE, &p);
	s->limit_ranges = (struct limit_range *)(void *)p;
	freeze_data(l);
	s->runs = vec_freeze(&l->runs, s->arena);
	s->n_runs = l->runs.n;
}

static void loader_init(struct loader *l, struct spec *s, const struct spec_options *opts)
{
	*l = (struct loader){.spec = s, .opts = opts};
	l->decode.arena = s->arena;
	l->decode.diags = s->diags;
	l->decode.profiles = &s->profiles;
	l->decode.may_lack_data = opts && opts->secrets_may_lack_data;
	buf_init(&l->decode.path, PATH_TEXT_MAX);
	map_init(&l->first, s->arena);
	l->trees = arena_new();
}

/* Data objects are copied once more. */
static void forget_trees(struct loader *l)
{
	for (size_t k = 0; k < OBJECT_KIND_N; k++)
		for (size_t i = 0; i < l->objects[k].n; i++)
			((struct object_meta *)l->objects[k].p[i])->tree = NULL;
	for (size_t i = 0; i < l->spec->n_data_objects; i++)
		l->spec->data_objects[i].meta.tree = NULL;
}

static void loader_release(struct loader *l)
{
	forget_trees(l);
	arena_free(l->trees);
	buf_release(&l->decode.path);
	vec_release(&l->runs);
	for (size_t k = 0; k < OBJECT_KIND_N; k++)
		vec_release(&l->objects[k]);
}

static void load_input(struct loader *l, const struct spec_input *in)
{
	struct spec *s = l->spec;
	const struct yaml_arenas to = {.nodes = l->trees, .texts = s->arena};
	struct yaml_docs docs;
	uint32_t number = sources_add(s->sources, in->name, in->text);
	(void)yaml_read(&to, number, in->text, s->diags, &docs); /* told in diags */
	for (size_t i = 0; i < docs.n; i++)
		load_document(l, docs.roots[i]);
}

static struct spec *spec_new(struct arena *a)
{
	struct spec *s = arena_new_object(a, struct spec);
	s->arena = a;
	s->sources = arena_new_object(a, struct sources);
	s->diags = arena_new_object(a, struct diags);
	sources_init(s->sources, a);
	diags_init(s->diags, a, s->sources);
	map_init(&s->task_by_name, a);
	map_init(&s->pipeline_by_name, a);
	map_init(&s->step_action_by_name, a);
	map_init(&s->config_map_by_name, a);
	map_init(&s->secret_by_name, a);
	map_init(&s->claim_by_name, a);
	map_init(&s->service_account_by_name, a);
	return s;
}

struct spec *spec_load(struct arena *a, const struct spec_input *inputs, size_t n_inputs,
	const struct spec_options *opts)
{
	struct spec *s = spec_new(a);
	struct loader l;
	loader_init(&l, s, opts);
	if (n_inputs > BOUND_INPUT_FILES)
		(void)diag_add(s->diags, DIAG_ERROR, "limit", (struct pos){0},
			"more than %d input files", BOUND_INPUT_FILES);
	else
		for (size_t i = 0; i < n_inputs; i++)
			load_input(&l, &inputs[i]);
	freeze_all(&l);
	validate_spec(s);
	loader_release(&l);
	followup_drop(s->diags);
	diags_sort(s->diags);
	return s;
}

bool spec_ok(const struct spec *s)
{
	return s->diags->n_errors == 0;
}

struct fixed_suffix {
	struct str text;
};

static struct str suffix_fixed(void *arg, struct arena *a, size_t i)
{
	(void)a;
	(void)i;
	return ((struct fixed_suffix *)arg)->text;
}

/* The document a user would have written to run this object. */
static struct str run_text(struct arena *a, struct str name, bool pipeline)
{
	struct buf out cleanup_buf;
	buf_init(&out, RUN_TEXT_MAX);
	struct json_writer w;
	json_writer_init(&w, &out, 0);
	json_open(&w, '{');
	json_fieldz(&w, "apiVersion", "tekton.dev/v1");
	json_fieldz(&w, "kind", pipeline ? "PipelineRun" : "TaskRun");
	json_key(&w, "metadata");
	json_open(&w, '{');
	json_field(&w, "generateName", arena_printf(a, STR_FMT "-", STR_ARG(name)));
	json_close(&w, '}');
	json_key(&w, "spec");
	json_open(&w, '{');
	json_key(&w, pipeline ? "pipelineRef" : "taskRef");
	json_open(&w, '{');
	json_field(&w, "name", name);
	json_close(&w, '}');
	json_close(&w, '}');
	json_close(&w, '}');
	return arena_str(a, buf_str(&out));
}

const struct run_ref *spec_make_run(struct spec *s, struct str name, struct str suffix)
{
	bool pipeline = map_has(&s->pipeline_by_name, name);
	if (!pipeline && !map_has(&s->task_by_name, name))
		return NULL;
	struct fixed_suffix fixed = {.text = arena_str(s->arena, suffix)};
	struct spec_options opts = {.suffix = suffix_fixed, .suffix_arg = &fixed};
	struct spec_input in = {.name = STR("<start by name>")};
	in.text = run_text(s->arena, name, pipeline);
	struct loader l;
	loader_init(&l, s, &opts);
	load_input(&l, &in);
	struct run_ref *ret = vec_freeze(&l.runs, s->arena);
	size_t n = l.runs.n;
	loader_release(&l);
	BUG_ON(n != 1);
	struct run_ref *runs = arena_new_array(s->arena, struct run_ref, s->n_runs + 1);
	for (size_t i = 0; i < s->n_runs; i++)
		runs[i] = s->runs[i];
	runs[s->n_runs++] = *ret;
	s->runs = runs;
	return &runs[s->n_runs - 1];
}
