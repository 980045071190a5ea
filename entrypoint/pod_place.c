/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What podTemplates say of the pod itself. In Tekton each task has a pod; here one has them
 * all, so what adds up is added up (selectors, tolerations, pull secrets) and what cannot be
 * two things at once must be the same. Only shapes that the API server takes are let through.
 */
#include "pod.h"

#include <base/bounds.h>
#include <base/map.h>
#include <base/num.h>
#include <string.h>

enum { SPEC_BYTES = 16 * MIB };

/* --- shapes ------------------------------------------------------------------------------ */

enum form { FORM_TEXT, FORM_INT, FORM_TEXTS, FORM_MAP, FORM_OBJECT, FORM_OBJECTS };
struct shape {
	const char *key; /* NULL: the end */
	enum form form;
	const struct shape *members;
};

static const struct shape requirement[] = {{"key", FORM_TEXT, NULL},
	{"operator", FORM_TEXT, NULL}, {"values", FORM_TEXTS, NULL}, {0}};
static const struct shape label_selector[] = {
	{"matchLabels", FORM_MAP, NULL}, {"matchExpressions", FORM_OBJECTS, requirement}, {0}};
static const struct shape node_term[] = {{"matchExpressions", FORM_OBJECTS, requirement},
	{"matchFields", FORM_OBJECTS, requirement}, {0}};
static const struct shape node_required[] = {
	{"nodeSelectorTerms", FORM_OBJECTS, node_term}, {0}};
static const struct shape node_preferred[] = {
	{"weight", FORM_INT, NULL}, {"preference", FORM_OBJECT, node_term}, {0}};
#define REQUIRED  "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution"
static const struct shape node_affinity[] = {
	{REQUIRED, FORM_OBJECT, node_required}, {PREFERRED, FORM_OBJECTS, node_preferred}, {0}};
static const struct shape pod_term[] = {{"labelSelector", FORM_OBJECT, label_selector},
	{"namespaceSelector", FORM_OBJECT, label_selector}, {"namespaces", FORM_TEXTS, NULL},
	{"topologyKey", FORM_TEXT, NULL}, {"matchLabelKeys", FORM_TEXTS, NULL},
	{"mismatchLabelKeys", FORM_TEXTS, NULL}, {0}};
static const struct shape pod_preferred[] = {
	{"weight", FORM_INT, NULL}, {"podAffinityTerm", FORM_OBJECT, pod_term}, {0}};
static const struct shape pod_affinity[] = {
	{REQUIRED, FORM_OBJECTS, pod_term}, {PREFERRED, FORM_OBJECTS, pod_preferred}, {0}};
static const struct shape affinity[] = {{"nodeAffinity", FORM_OBJECT, node_affinity},
	{"podAffinity", FORM_OBJECT, pod_affinity},
	{"podAntiAffinity", FORM_OBJECT, pod_affinity}, {0}};
static const struct shape toleration[] = {{"key", FORM_TEXT, NULL},
	{"operator", FORM_TEXT, NULL}, {"value", FORM_TEXT, NULL}, {"effect", FORM_TEXT, NULL},
	{"tolerationSeconds", FORM_INT, NULL}, {0}};
static const struct shape spread[] = {{"maxSkew", FORM_INT, NULL},
	{"topologyKey", FORM_TEXT, NULL}, {"whenUnsatisfiable", FORM_TEXT, NULL},
	{"labelSelector", FORM_OBJECT, label_selector}, {"minDomains", FORM_INT, NULL},
	{"nodeAffinityPolicy", FORM_TEXT, NULL}, {"nodeTaintsPolicy", FORM_TEXT, NULL},
	{"matchLabelKeys", FORM_TEXTS, NULL}, {0}};
static const struct shape named[] = {{"name", FORM_TEXT, NULL}, {0}};
static const struct shape resource_lists[] = {
	{"limits", FORM_MAP, NULL}, {"requests", FORM_MAP, NULL}, {0}};
static const struct shape claim_spec[] = {{"accessModes", FORM_TEXTS, NULL},
	{"resources", FORM_OBJECT, resource_lists}, {"storageClassName", FORM_TEXT, NULL},
	{"volumeName", FORM_TEXT, NULL}, {"volumeMode", FORM_TEXT, NULL},
	{"volumeAttributesClassName", FORM_TEXT, NULL},
	{"selector", FORM_OBJECT, label_selector}, {0}};

static bool fits(const struct json *v, const struct shape *s);

static bool fits_members(const struct json *v, const struct shape *members)
{
	if (v->kind != JSON_OBJECT)
		return false;
	json_foreach (it, v) {
		const struct shape *m = members;

		while (m->key && !str_eqz(it->key, m->key))
			m++;
		if (!m->key || !fits(it, m))
			return false;
	}
	return true;
}

static bool fits_texts(const struct json *v, enum json_kind kind)
{
	if (v->kind != kind)
		return false;
	json_foreach (it, v)
		if (it->kind != JSON_STRING)
			return false;
	return true;
}

static bool fits(const struct json *v, const struct shape *s)
{
	int64_t n;

	switch (s->form) {
	case FORM_TEXT:
		return v->kind == JSON_STRING;
	case FORM_INT:
		return v->kind == JSON_NUMBER && json_int(v, 0, INT32_MAX, &n, NULL) == 0;
	case FORM_TEXTS:
		return fits_texts(v, JSON_ARRAY);
	case FORM_MAP:
		return fits_texts(v, JSON_OBJECT);
	case FORM_OBJECT:
		return fits_members(v, s->members);
	case FORM_OBJECTS:
		break;
	}
	if (v->kind != JSON_ARRAY)
		return false;
	json_foreach (it, v)
		if (!fits_members(it, s->members))
			return false;
	return true;
}

/* --- fields ------------------------------------------------------------------------------ */

enum joining { JOIN_SAME, JOIN_MEMBERS, JOIN_ITEMS };
static const struct place_field {
	struct shape shape;
	enum joining joining;
	size_t offset; /* of the text in pod_placement */
} fields[] = {
	{{"nodeSelector", FORM_MAP, NULL}, JOIN_MEMBERS,
		offsetof(struct pod_placement, node_selector)},
	{{"tolerations", FORM_OBJECTS, toleration}, JOIN_ITEMS,
		offsetof(struct pod_placement, tolerations)},
	{{"affinity", FORM_OBJECT, affinity}, JOIN_SAME,
		offsetof(struct pod_placement, affinity)},
	{{"topologySpreadConstraints", FORM_OBJECTS, spread}, JOIN_SAME,
		offsetof(struct pod_placement, spread)},
	{{"priorityClassName", FORM_TEXT, NULL}, JOIN_SAME,
		offsetof(struct pod_placement, priority_class)},
	{{"schedulerName", FORM_TEXT, NULL}, JOIN_SAME,
		offsetof(struct pod_placement, scheduler)},
	{{"runtimeClassName", FORM_TEXT, NULL}, JOIN_SAME,
		offsetof(struct pod_placement, runtime_class)},
	{{"imagePullSecrets", FORM_OBJECTS, named}, JOIN_ITEMS,
		offsetof(struct pod_placement, pull_secrets)},
};

struct placing {
	struct arena *arena;
	struct diags *diags;
	struct json *so_far[ARRAY_SIZE(fields)]; /* merged; NULL: absent */
};

static struct str text_of(struct arena *a, const struct json *v)
{
	struct buf out cleanup_buf = {0};

	buf_init(&out, SPEC_BYTES);
	json_print(v, false, &out);
	return arena_str(a, buf_str(&out));
}

static bool is_same(const struct placing *p, const struct json *x, const struct json *y)
{
	return str_eq(text_of(p->arena, x), text_of(p->arena, y));
}

static struct json *copy_of(struct arena *a, const struct json *v)
{
	struct json *c = arena_new_object(a, struct json);

	*c = *v;
	c->next = NULL;
	return c;
}

static void append(struct placing *p, struct json *list, const struct json *one)
{
	struct json *c = copy_of(p->arena, one);
	struct json **at = &list->child;

	while (*at)
		at = &(*at)->next;
	*at = c;
	list->n_children++;
}

/* A list with copies of its elements, which can be added to. */
static struct json *open_list(struct placing *p, const struct json *v)
{
	struct json *c = copy_of(p->arena, v);

	c->child = NULL;
	c->n_children = 0;
	json_foreach (it, v)
		append(p, c, it);
	return c;
}

static bool join(struct placing *p, enum joining how, struct json *old, const struct json *more)
{
	if (how == JOIN_SAME)
		return is_same(p, old, more);
	json_foreach (it, more) {
		const struct json *there = NULL;

		if (how == JOIN_MEMBERS)
			there = json_get(old, str_c(it->key));
		json_foreach (e, old)
			if (how == JOIN_ITEMS && is_same(p, e, it))
				there = e;
		if (!there)
			append(p, old, it);
		else if (!is_same(p, there, it))
			return false;
	}
	return true;
}

static const struct json *member(const struct json *o, const char *name)
{
	json_foreach (it, o)
		if (o->kind == JSON_OBJECT && str_ieq(it->key, str_z(name)))
			return it;
	return NULL;
}

static bool is_given(const struct json *v)
{
	if (!v || v->kind == JSON_NULL)
		return false;
	return v->kind == JSON_STRING ? v->text.n > 0 : v->n_children || v->kind == JSON_NUMBER;
}

static void take_field(
	struct placing *p, size_t i, const struct json *v, struct pos pos, struct str task)
{
	const struct place_field *f = &fields[i];

	if (!is_given(v))
		return;
	if (str_has(text_of(p->arena, v), STR("$(")) || !fits(v, &f->shape)) {
		(void)diag_add(p->diags, DIAG_ERROR, "pod", pos,
			"podTemplate.%s: not what a pod takes there", f->shape.key);
		return;
	}
	if (!p->so_far[i])
		p->so_far[i] = v->kind == JSON_STRING ? copy_of(p->arena, v) : open_list(p, v);
	else if (!join(p, f->joining, p->so_far[i], v))
		(void)diag_add(p->diags, DIAG_ERROR, "pod", pos,
			"podTemplate.%s of task '" STR_FMT
			"' is not what other tasks want: one pod runs them all",
			f->shape.key, STR_ARG(task));
}

static void take_template(
	struct placing *p, const struct json *template, struct pos pos, struct str task)
{
	for (size_t i = 0; template && i < ARRAY_SIZE(fields); i++)
		take_field(p, i, member(template, fields[i].shape.key), pos, task);
}

/* --- runs -------------------------------------------------------------------------------- */

static void take_entries(
	struct placing *p, const struct json *spec, const struct pipeline_run *pr)
{
	const struct json *list = member(spec, "taskRunSpecs");
	size_t i = 0;

	json_foreach (it, list) {
		const struct task_run_spec_entry *e = &pr->task_run_specs[i];

		if (i++ < pr->n_task_run_specs)
			take_template(p, member(it, "podTemplate"), e->pod_template.pos,
				e->pipeline_task_name.s);
	}
}

void pod_place(struct arena *a, const struct run_ref *run, struct diags *diags,
	struct pod_placement *ret)
{
	struct placing p = {.arena = a, .diags = diags};
	const struct pipeline_run *pr = run->pipeline_run;
	const struct task_run *tr = run->task_run;
	const struct object_meta *meta = pr ? &pr->meta : &tr->meta;
	struct json *spec = NULL;

	*ret = (struct pod_placement){0};
	if (!meta->spec_json.n || json_parse(a, meta->spec_json, SPEC_BYTES, &spec, NULL))
		return;
	if (pr) {
		take_template(&p, member(member(spec, "taskRunTemplate"), "podTemplate"),
			pr->pod_template.pos, STR_NONE);
		take_entries(&p, spec, pr);
	} else {
		take_template(
			&p, member(spec, "podTemplate"), tr->pod_template.pos, tr->meta.name.s);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (p.so_far[i])
			*(struct str *)(void *)((char *)ret + fields[i].offset) =
				text_of(a, p.so_far[i]);
}

bool pod_check_claim(const struct json *spec, struct pos pos, struct diags *diags)
{
	const struct shape shape = {"spec", FORM_OBJECT, claim_spec};
	const struct json *requests = json_get(json_get(spec, "resources"), "requests");
	struct str storage = json_str(json_get(requests, "storage"));
	const struct json *modes = json_get(spec, "accessModes");
	int64_t n;

	if (!spec || !fits(spec, &shape))
		(void)diag_add(diags, DIAG_ERROR, "pod", pos,
			"the spec of the claim is not what the API server takes");
	else if (!modes || !modes->n_children || num_quantity(storage, &n, NULL) || n <= 0)
		(void)diag_add(diags, DIAG_ERROR, "pod", pos,
			"a claim needs accessModes and resources.requests.storage");
	else
		return true;
	return false;
}
