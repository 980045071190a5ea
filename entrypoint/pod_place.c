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
#include <monopod/name.h>
#include <string.h>

enum { SPEC_BYTES = 16 * MIB, KEY_SHOWN = 63 };

/* --- shapes ------------------------------------------------------------------------------ */

enum form {
	FORM_TEXT,
	FORM_NAME,   /* of an object; "" is one, too */
	FORM_KEY,    /* of a label */
	FORM_WORD,   /* one of words */
	FORM_INT,    /* from min on */
	FORM_TEXTS,  /* a list */
	FORM_MAP,    /* texts by name */
	FORM_LABELS, /* texts that are labels */
	FORM_NOTES,  /* texts that are annotations */
	FORM_OBJECT, /* with no other members than these */
	FORM_OBJECTS,
};
struct shape {
	const char *key; /* NULL: the end */
	enum form form;
	const struct shape *members;
	bool is_required; /* and not empty */
	const char *const *words;
	int64_t min;
	int64_t max;
	bool (*rule)(const struct json *v); /* OBJECTS: of the list; in members: of the end */
};

static struct str text_in(const struct json *object, const char *key)
{
	return json_str(json_get(object, key));
}

static bool all_are(const struct json *list, bool (*is)(struct str s))
{
	json_foreach (it, list)
		if (!is(json_str(it)))
			return false;
	return true;
}

static bool is_number(struct str s)
{
	int64_t n;

	return num_i64(s, 0, INT64_MAX, &n, NULL) == 0;
}

/* What is compared with a set needs one, and what asks for being there must have none. No
 * label has another value than one that is a label's, and the scheduler compares integers. */
static bool requirement_fits(const struct json *r)
{
	struct str operator= text_in(r, "operator");
	const struct json *values = json_get(r, "values");
	size_t n = values ? values->n_children : 0;

	if (str_eqz(operator, "In") || str_eqz(operator, "NotIn"))
		return n > 0 && all_are(values, name_is_label_value);
	if (str_eqz(operator, "Gt") || str_eqz(operator, "Lt"))
		return n == 1 && all_are(values, is_number);
	return n == 0;
}

/* Of a node only the name can be asked for. */
static bool field_fits(const struct json *f)
{
	const struct json *values = json_get(f, "values");

	return str_eqz(text_in(f, "key"), "metadata.name") && values &&
	       values->n_children == 1 && all_are(values, name_is_dns_subdomain);
}

static bool has_text(const struct json *list, struct str s)
{
	json_foreach (it, list)
		if (str_eq(json_str(it), s))
			return true;
	return false;
}

static bool selects_by(const struct json *selector, struct str key)
{
	json_foreach (it, json_get(selector, "matchLabels"))
		if (str_eq(it->key, key))
			return true;
	json_foreach (it, json_get(selector, "matchExpressions"))
		if (str_eq(text_in(it, "key"), key))
			return true;
	return false;
}

/* Keys whose values are the pod's own add to a selector, and contradict neither it nor each
 * other. */
static bool label_keys_fit(const struct json *term)
{
	const struct json *match = json_get(term, "matchLabelKeys");
	const struct json *mismatch = json_get(term, "mismatchLabelKeys");
	const struct json *selector = json_get(term, "labelSelector");
	const bool any = (match && match->n_children) || (mismatch && mismatch->n_children);

	json_foreach (it, match)
		if (has_text(mismatch, json_str(it)) || selects_by(selector, json_str(it)))
			return false;
	return (selector || !any) && all_are(match, name_is_qualified) &&
	       all_are(mismatch, name_is_qualified);
}

static bool pod_term_fits(const struct json *t)
{
	return all_are(json_get(t, "namespaces"), name_is_dns_label) && label_keys_fit(t);
}

static bool toleration_fits(const struct json *t)
{
	bool is_exists = str_eqz(text_in(t, "operator"), "Exists");

	if (!name_is_label_value(text_in(t, "value")))
		return false;
	if (json_get(t, "tolerationSeconds") && !str_eqz(text_in(t, "effect"), "NoExecute"))
		return false;
	return is_exists ? !text_in(t, "value").n : text_in(t, "key").n > 0;
}

static bool spread_fits(const struct json *s)
{
	return label_keys_fit(s) &&
	       (!json_get(s, "minDomains") ||
		       str_eqz(text_in(s, "whenUnsatisfiable"), "DoNotSchedule"));
}

/* No two of one key and one word. */
static bool spreads_differ(const struct json *list)
{
	json_foreach (x, list)
		json_foreach (y, list) {
			if (x == y)
				break;
			if (str_eq(text_in(x, "topologyKey"), text_in(y, "topologyKey")) &&
				str_eq(text_in(x, "whenUnsatisfiable"),
					text_in(y, "whenUnsatisfiable")))
				return false;
		}
	return true;
}

static const char *const set_words[] = {"In", "NotIn", "Exists", "DoesNotExist", NULL};
static const char *const node_words[] = {
	"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", NULL};
static const char *const field_words[] = {"In", "NotIn", NULL};
static const char *const toleration_words[] = {"Equal", "Exists", NULL};
static const char *const effect_words[] = {"NoSchedule", "PreferNoSchedule", "NoExecute", NULL};
static const char *const spread_words[] = {"DoNotSchedule", "ScheduleAnyway", NULL};
static const char *const policy_words[] = {"Honor", "Ignore", NULL};

static const struct shape requirement[] = {
	{.key = "key", .form = FORM_KEY, .is_required = true},
	{.key = "operator", .form = FORM_WORD, .is_required = true, .words = set_words},
	{.key = "values", .form = FORM_TEXTS}, {.rule = requirement_fits}};
static const struct shape node_requirement[] = {
	{.key = "key", .form = FORM_KEY, .is_required = true},
	{.key = "operator", .form = FORM_WORD, .is_required = true, .words = node_words},
	{.key = "values", .form = FORM_TEXTS}, {.rule = requirement_fits}};
static const struct shape node_field[] = {
	{.key = "key", .form = FORM_TEXT, .is_required = true},
	{.key = "operator", .form = FORM_WORD, .is_required = true, .words = field_words},
	{.key = "values", .form = FORM_TEXTS, .is_required = true}, {.rule = field_fits}};
static const struct shape label_selector[] = {{.key = "matchLabels", .form = FORM_LABELS},
	{.key = "matchExpressions", .form = FORM_OBJECTS, .members = requirement}, {0}};
static const struct shape node_term[] = {
	{.key = "matchExpressions", .form = FORM_OBJECTS, .members = node_requirement},
	{.key = "matchFields", .form = FORM_OBJECTS, .members = node_field}, {0}};
static const struct shape node_required[] = {{.key = "nodeSelectorTerms",
						     .form = FORM_OBJECTS,
						     .members = node_term,
						     .is_required = true},
	{0}};
static const struct shape node_preferred[] = {
	{.key = "weight", .form = FORM_INT, .is_required = true, .min = 1, .max = 100},
	{.key = "preference", .form = FORM_OBJECT, .members = node_term, .is_required = true},
	{0}};
#define REQUIRED  "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution"
static const struct shape node_affinity[] = {
	{.key = REQUIRED, .form = FORM_OBJECT, .members = node_required},
	{.key = PREFERRED, .form = FORM_OBJECTS, .members = node_preferred}, {0}};
static const struct shape pod_term[] = {
	{.key = "labelSelector", .form = FORM_OBJECT, .members = label_selector},
	{.key = "namespaceSelector", .form = FORM_OBJECT, .members = label_selector},
	{.key = "namespaces", .form = FORM_TEXTS},
	{.key = "topologyKey", .form = FORM_KEY, .is_required = true},
	{.key = "matchLabelKeys", .form = FORM_TEXTS},
	{.key = "mismatchLabelKeys", .form = FORM_TEXTS}, {.rule = pod_term_fits}};
static const struct shape pod_preferred[] = {
	{.key = "weight", .form = FORM_INT, .is_required = true, .min = 1, .max = 100},
	{.key = "podAffinityTerm",
		.form = FORM_OBJECT,
		.members = pod_term,
		.is_required = true},
	{0}};
static const struct shape pod_affinity[] = {
	{.key = REQUIRED, .form = FORM_OBJECTS, .members = pod_term},
	{.key = PREFERRED, .form = FORM_OBJECTS, .members = pod_preferred}, {0}};
static const struct shape affinity[] = {
	{.key = "nodeAffinity", .form = FORM_OBJECT, .members = node_affinity},
	{.key = "podAffinity", .form = FORM_OBJECT, .members = pod_affinity},
	{.key = "podAntiAffinity", .form = FORM_OBJECT, .members = pod_affinity}, {0}};
static const struct shape toleration[] = {{.key = "key", .form = FORM_KEY},
	{.key = "operator", .form = FORM_WORD, .words = toleration_words},
	{.key = "value", .form = FORM_TEXT},
	{.key = "effect", .form = FORM_WORD, .words = effect_words},
	{.key = "tolerationSeconds", .form = FORM_INT, .min = INT32_MIN, .max = INT32_MAX},
	{.rule = toleration_fits}};
static const struct shape spread[] = {
	{.key = "maxSkew", .form = FORM_INT, .is_required = true, .min = 1, .max = INT32_MAX},
	{.key = "topologyKey", .form = FORM_KEY, .is_required = true},
	{.key = "whenUnsatisfiable",
		.form = FORM_WORD,
		.is_required = true,
		.words = spread_words},
	{.key = "labelSelector", .form = FORM_OBJECT, .members = label_selector},
	{.key = "minDomains", .form = FORM_INT, .min = 1, .max = INT32_MAX},
	{.key = "nodeAffinityPolicy", .form = FORM_WORD, .words = policy_words},
	{.key = "nodeTaintsPolicy", .form = FORM_WORD, .words = policy_words},
	{.key = "matchLabelKeys", .form = FORM_TEXTS}, {.rule = spread_fits}};
static const struct shape named[] = {
	{.key = "name", .form = FORM_NAME, .is_required = true}, {0}};
static const struct shape resource_lists[] = {
	{.key = "limits", .form = FORM_MAP}, {.key = "requests", .form = FORM_MAP}, {0}};
static const struct shape claim_spec[] = {{.key = "accessModes", .form = FORM_TEXTS},
	{.key = "resources", .form = FORM_OBJECT, .members = resource_lists},
	{.key = "storageClassName", .form = FORM_NAME},
	{.key = "volumeName", .form = FORM_NAME}, {.key = "volumeMode", .form = FORM_TEXT},
	{.key = "volumeAttributesClassName", .form = FORM_NAME},
	{.key = "selector", .form = FORM_OBJECT, .members = label_selector}, {0}};

/* Which part it is that does not fit, from the field on. */
struct misfit {
	struct arena *arena;
	struct str path; /* empty: the whole */
};

static bool misfit_at(struct misfit *m, struct str step)
{
	m->path = arena_printf(m->arena, STR_FMT STR_FMT, STR_ARG(step), STR_ARG(m->path));
	return false;
}

static bool misfit_in(struct misfit *m, struct str key)
{
	return misfit_at(
		m, arena_printf(m->arena, "." STR_FMT, STR_ARG(str_slice(key, 0, KEY_SHOWN))));
}

static bool fits(const struct json *v, const struct shape *s, struct misfit *why);

static bool is_empty(const struct json *v)
{
	return !v ||
	       (v->kind == JSON_STRING ? !v->text.n : v->kind == JSON_ARRAY && !v->n_children);
}

static bool fits_members(const struct json *v, const struct shape *members, struct misfit *why)
{
	const struct shape *m;

	if (v->kind != JSON_OBJECT)
		return false;
	json_foreach (it, v) {
		for (m = members; m->key && !str_eqz(it->key, m->key);)
			m++;
		if (!m->key || !fits(it, m, why))
			return misfit_in(why, it->key);
	}
	for (m = members; m->key; m++)
		if (m->is_required && is_empty(json_get(v, m->key)))
			return misfit_in(why, str_z(m->key));
	return !m->rule || m->rule(v);
}

static bool fits_word(struct str s, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (str_eqz(s, words[i]))
			return true;
	return !s.n;
}

static bool fits_text(struct str s, const struct shape *shape)
{
	if (shape->form == FORM_WORD)
		return fits_word(s, shape->words);
	if (shape->form == FORM_KEY)
		return !s.n || name_is_qualified(s);
	return shape->form != FORM_NAME || !s.n || name_is_dns_subdomain(s);
}

static bool fits_labels(const struct json *v)
{
	json_foreach (it, v)
		if (!name_is_qualified(it->key) || !name_is_label_value(it->text))
			return false;
	return true;
}

static bool fits_notes(const struct json *v)
{
	json_foreach (it, v)
		if (!name_is_annotation(it->key))
			return false;
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

static bool fits(const struct json *v, const struct shape *s, struct misfit *why)
{
	size_t i = 0;
	int64_t n;

	switch (s->form) {
	case FORM_TEXT:
	case FORM_NAME:
	case FORM_KEY:
	case FORM_WORD:
		return v->kind == JSON_STRING && fits_text(v->text, s);
	case FORM_INT:
		return v->kind == JSON_NUMBER && json_int(v, s->min, s->max, &n, NULL) == 0;
	case FORM_TEXTS:
		return fits_texts(v, JSON_ARRAY);
	case FORM_MAP:
		return fits_texts(v, JSON_OBJECT);
	case FORM_LABELS:
		return fits_texts(v, JSON_OBJECT) && fits_labels(v);
	case FORM_NOTES:
		return fits_texts(v, JSON_OBJECT) && fits_notes(v);
	case FORM_OBJECT:
		return fits_members(v, s->members, why);
	case FORM_OBJECTS:
		break;
	}
	if (v->kind != JSON_ARRAY)
		return false;
	json_foreach (it, v) {
		if (!fits_members(it, s->members, why))
			return misfit_at(why, arena_printf(why->arena, "[%zu]", i));
		i++;
	}
	return !s->rule || s->rule(v);
}

/* --- fields ------------------------------------------------------------------------------ */

enum joining { JOIN_SAME, JOIN_MEMBERS, JOIN_ITEMS };
static const struct place_field {
	enum pod_inert which;
	struct shape shape;
	enum joining joining;
} fields[] = {
	{POD_NODE_SELECTOR, {.form = FORM_LABELS}, JOIN_MEMBERS},
	{POD_TOLERATIONS, {.form = FORM_OBJECTS, .members = toleration}, JOIN_ITEMS},
	{POD_AFFINITY, {.form = FORM_OBJECT, .members = affinity}, JOIN_SAME},
	{POD_TOPOLOGY_SPREAD, {.form = FORM_OBJECTS, .members = spread, .rule = spreads_differ},
		JOIN_SAME},
	{POD_PRIORITY_CLASS_NAME, {.form = FORM_NAME}, JOIN_SAME},
	{POD_SCHEDULER_NAME, {.form = FORM_TEXT}, JOIN_SAME},
	{POD_RUNTIME_CLASS_NAME, {.form = FORM_NAME}, JOIN_SAME},
	{POD_PULL_SECRETS, {.form = FORM_OBJECTS, .members = named}, JOIN_ITEMS},
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

static bool is_given(const struct json *v)
{
	if (!v || v->kind == JSON_NULL)
		return false;
	return v->kind == JSON_STRING ? v->text.n > 0 : v->n_children || v->kind == JSON_NUMBER;
}

static void take_field(struct placing *p, size_t i, const struct text *written, struct str task)
{
	const struct place_field *f = &fields[i];
	const char *key = pod_inert_key(f->which);
	struct misfit why = {.arena = p->arena};
	struct json *v = NULL;
	bool is_json = json_parse(p->arena, written->s, SPEC_BYTES, &v, NULL) == 0;

	if (is_json && !is_given(v))
		return;
	if (!is_json || str_has(written->s, STR("$(")) || !fits(v, &f->shape, &why)) {
		(void)diag_add(p->diags, DIAG_ERROR, "pod", written->pos,
			"podTemplate.%s: not what a pod takes there%s%s" STR_FMT, key,
			why.path.n ? ": " : "", why.path.n ? key : "", STR_ARG(why.path));
		return;
	}
	if (!p->so_far[i])
		p->so_far[i] = v->kind == JSON_STRING ? v : open_list(p, v);
	else if (!join(p, f->joining, p->so_far[i], v))
		(void)diag_add(p->diags, DIAG_ERROR, "pod", written->pos,
			"podTemplate.%s of task '" STR_FMT
			"' is not what other tasks want: one pod runs them all",
			key, STR_ARG(task));
}

static void take_template(
	struct placing *p, const struct pod_template *template, struct str task)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct text *written = &template->inert[fields[i].which];

		if (text_given(*written))
			take_field(p, i, written, task);
	}
}

/* --- runs -------------------------------------------------------------------------------- */

void pod_place(struct arena *a, const struct run_ref *run, struct diags *diags,
	struct pod_placement *ret)
{
	struct placing p = {.arena = a, .diags = diags};
	const struct pipeline_run *pr = run->pipeline_run;
	const struct task_run *tr = run->task_run;

	*ret = (struct pod_placement){0};
	if (pr)
		take_template(&p, &pr->pod_template, STR_NONE);
	else
		take_template(&p, &tr->pod.pod_template, tr->meta.name.s);
	for (size_t i = 0; pr && i < pr->n_task_run_specs; i++)
		take_template(&p, &pr->task_run_specs[i].pod.pod_template,
			pr->task_run_specs[i].pipeline_task_name.s);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (p.so_far[i])
			ret->json[fields[i].which] = text_of(a, p.so_far[i]);
}

bool pod_check_template_meta(const struct json *meta, struct pos pos, struct diags *diags)
{
	static const struct shape shapes[] = {{.key = "labels", .form = FORM_LABELS},
		{.key = "annotations", .form = FORM_NOTES}};

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		const struct json *v = json_get(meta, shapes[i].key);
		struct misfit why = {.arena = diags->arena};

		if (!v || v->kind == JSON_NULL || fits(v, &shapes[i], &why))
			continue;
		(void)diag_add(diags, DIAG_ERROR, "pod", pos,
			"metadata.%s of the claim template: not what Kubernetes takes there",
			shapes[i].key);
		return false;
	}
	return true;
}

bool pod_check_claim(const struct json *spec, struct pos pos, struct diags *diags)
{
	const struct shape shape = {.key = "spec", .form = FORM_OBJECT, .members = claim_spec};
	const struct json *requests = json_get(json_get(spec, "resources"), "requests");
	struct str storage = json_str(json_get(requests, "storage"));
	const struct json *modes = json_get(spec, "accessModes");
	struct misfit why = {.arena = diags->arena};
	int64_t n;

	if (!spec || !fits(spec, &shape, &why))
		(void)diag_add(diags, DIAG_ERROR, "pod", pos,
			"the spec of the claim is not what the API server takes%s" STR_FMT,
			why.path.n ? ": spec" : "", STR_ARG(why.path));
	else if (modes && modes->n_children > 1 && has_text(modes, STR("ReadWriteOncePod")))
		(void)diag_add(diags, DIAG_ERROR, "pod", pos,
			"accessModes: ReadWriteOncePod stands alone");
	else if (!modes || !modes->n_children || num_quantity(storage, &n, NULL) || n <= 0)
		(void)diag_add(diags, DIAG_ERROR, "pod", pos,
			"a claim needs accessModes and resources.requests.storage");
	else
		return true;
	return false;
}
