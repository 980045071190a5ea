/* SPDX-License-Identifier: Apache-2.0 */
/* Results and the status variables of finished tasks. */
#include "result.h"

#include "late.h"

#include <base/vec.h>
#include <string.h>

/* --- of an attempt */

static char first_byte(enum value_type t)
{
	return t == VALUE_ARRAY ? '[' : '{';
}

struct value result_typed(struct arena *a, struct str raw, enum value_type want)
{
	struct value v = {.type = VALUE_STRING, .string = {.s = raw}};

	if (want != VALUE_STRING && raw.n && raw.p[0] == first_byte(want))
		v = value_from_json(a, raw);
	return v;
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct str joined(struct arena *a, struct str *items, size_t n, const char *between)
{
	struct str all = STR_NONE;

	if (n)
		qsort(items, n, sizeof(*items), by_text);
	for (size_t i = 0; i < n; i++)
		all = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(all), i ? between : "",
			STR_ARG(items[i]));
	return all;
}

static struct str mistyped_text(
	struct arena *a, const struct result_want *w, enum value_type got)
{
	return arena_printf(a,
		" \"" STR_FMT "\": task result is expected to be \"%s\" type but was "
		"initialized to a different type \"%s\"",
		STR_ARG(w->name), value_type_name(w->type), value_type_name(got));
}

static bool has_key(const struct value *v, struct str key)
{
	for (size_t i = 0; i < v->n_object; i++)
		if (str_eq(v->object[i].key.s, key))
			return true;
	return false;
}

/* Of all declarations of the name. "o:[j j]": inline specs are looked at twice by Tekton, and
 * its message shows it. */
static struct str missing_keys(struct arena *a, const struct task_spec *ts, struct str name,
	const struct value *v, bool is_inline)
{
	VEC(struct str) keys = {0};
	struct str list = STR_NONE;

	for (size_t i = 0; i < ts->n_results; i++) {
		const struct result_spec *s = &ts->results[i];

		for (size_t k = 0; str_eq(s->name.s, name) && k < s->n_properties; k++)
			if (!has_key(v, s->properties[k].name.s))
				vec_push(&keys, s->properties[k].name.s);
	}
	if (keys.n) {
		list = joined(a, keys.p, keys.n, " ");
		if (is_inline)
			list = arena_printf(
				a, STR_FMT " " STR_FMT, STR_ARG(list), STR_ARG(list));
		list = arena_printf(a, STR_FMT ":[" STR_FMT "]", STR_ARG(name), STR_ARG(list));
	}
	vec_release(&keys);
	return list;
}

struct collection {
	struct named_value *values;
	size_t n_values;
	struct str *mistyped;
	size_t n_mistyped;
	struct str *missing;
	size_t n_missing;
};

/* $(steps.S.results.R), the only thing that a task result may be made of. */
struct lift {
	const struct attempt_view *at;
	const struct value *found;
};

static void lift_ref(void *arg, const struct ref *ref)
{
	struct lift *l = arg;

	if (ref->kind == REF_STEP_RESULT)
		l->found = late_find(l->at, ref->object, ref->name);
}

static const struct value *lifted(const struct attempt_view *at, const struct result_spec *s)
{
	struct lift l = {.at = at};

	ref_each(s->value.string.s, lift_ref, &l);
	return l.found;
}

/* Of the declarations of one name the last that has a value, as on Tekton. */
static bool value_of(struct agent *a, const struct execution *t, size_t i, struct value *ret)
{
	const struct result_want *w = &t->launch->results[i];
	const struct attempt_view *at = attempt_of(t);

	for (size_t k = at->spec->n_results; k-- > 0;) {
		const struct result_spec *s = &at->spec->results[k];
		const struct value *found;

		if (!str_eq(s->name.s, w->name))
			continue;
		found = lifted(at, s);
		if (found)
			*ret = *found;
		else if (!s->value.string.s.n && t->has_raw[i])
			*ret = result_typed(a->arena, arena_str(a->arena, t->raw[i]), w->type);
		else
			continue;
		return true;
	}
	return false;
}

static void collect_one(
	struct agent *a, const struct execution *t, size_t i, struct collection *c)
{
	const struct result_want *w = &t->launch->results[i];
	struct value v;
	struct str keys = STR_NONE;

	if (!value_of(a, t, i, &v))
		return;
	if (v.type != w->type) {
		c->mistyped[c->n_mistyped++] = mistyped_text(a->arena, w, v.type);
		return;
	}
	if (v.type == VALUE_OBJECT)
		keys = missing_keys(a->arena, attempt_of(t)->spec, w->name, &v, !t->referenced);
	if (keys.n)
		c->missing[c->n_missing++] = keys;
	c->values[c->n_values++] = (struct named_value){.name = w->name, .value = v};
}

struct str result_collect(
	struct agent *a, struct execution *t, struct named_value **ret, size_t *ret_n)
{
	size_t n = t->launch->n_results;
	struct collection c = {
		.values = arena_new_array(a->arena, struct named_value, n),
		.mistyped = arena_new_array(t->arena, struct str, n),
		.missing = arena_new_array(t->arena, struct str, n),
	};

	for (size_t i = 0; i < n; i++)
		collect_one(a, t, i, &c);
	*ret = c.values;
	*ret_n = c.n_values;
	if (c.n_mistyped)
		return arena_printf(a->arena,
			"Provided results don't match declared results; may be invalid JSON or "
			"missing result declaration: " STR_FMT,
			STR_ARG(joined(t->arena, c.mistyped, c.n_mistyped, ",")));
	if (c.n_missing)
		return arena_printf(a->arena,
			"missing keys for these results which are required in TaskResult's "
			"properties map[" STR_FMT "]",
			STR_ARG(joined(t->arena, c.missing, c.n_missing, " ")));
	return t->result_problem;
}

/* --- artifacts */

struct artifacts result_artifacts(struct agent *a, const struct execution *t)
{
	const struct attempt_view *at = attempt_of(t);
	struct artifacts *sets = arena_new_array(t->arena, struct artifacts, 2 * at->n_steps);
	size_t n = 0;

	for (size_t i = 0; i < at->n_steps; i++) {
		sets[n] = t->shared_artifacts[i];
		n += artifacts_any(&sets[n]);
		sets[n] = at->steps[i].artifacts;
		n += artifacts_any(&sets[n]);
	}
	return n ? artifacts_join(a->arena, sets, n) : (struct artifacts){0};
}

bool result_artifacts_of_task(struct agent *a, size_t pt, struct str which, struct str *ret)
{
	const struct pipeline_task_view *v = &a->view.pipeline_tasks[pt];
	struct artifacts *sets, all;

	if (v->state != PT_DONE || a->pts[pt].outcome != OUTCOME_SUCCEEDED)
		return false;
	sets = arena_new_array(a->arena, struct artifacts, v->n_task_runs);
	for (size_t i = 0; i < v->n_task_runs; i++) {
		const struct task_run_view *t = a->root->runs.p[v->task_runs[i]];

		sets[i] = t->attempts[t->n_attempts - 1].artifacts;
	}
	all = artifacts_join(a->arena, sets, v->n_task_runs);
	return artifacts_values(&all, which, a->arena, ret);
}

/* --- of a pipeline task */

static const struct value *find(const struct task_run_view *t, struct str name)
{
	const struct attempt_view *at = &t->attempts[t->n_attempts - 1];

	for (size_t i = 0; i < at->n_results; i++)
		if (str_eq(at->results[i].name, name))
			return &at->results[i].value;
	return NULL;
}

struct child_text {
	struct str child;
	struct text text;
};
static int by_child(const void *a, const void *b)
{
	return str_cmp(
		((const struct child_text *)a)->child, ((const struct child_text *)b)->child);
}

/* Section 17: strings of the children, in the order of their names as text. */
static bool aggregate(struct agent *a, const struct pipeline_task_view *pt, struct str name,
	struct value *ret)
{
	struct child_text *all = arena_new_array(a->arena, struct child_text, pt->n_task_runs);
	struct text *texts;
	size_t n = 0;

	for (size_t i = 0; i < pt->n_task_runs; i++) {
		const struct task_run_view *t = a->root->runs.p[pt->task_runs[i]];
		const struct value *v = find(t, name);

		if (v && v->type == VALUE_STRING)
			all[n++] = (struct child_text){.child = t->name, .text = v->string};
	}
	if (!n)
		return false;
	qsort(all, n, sizeof(*all), by_child);
	texts = arena_new_array(a->arena, struct text, n);
	for (size_t i = 0; i < n; i++)
		texts[i] = all[i].text;
	*ret = (struct value){.type = VALUE_ARRAY, .array = texts, .n_array = n};
	return true;
}

bool result_of_task(struct agent *a, size_t pt, struct str name, struct value *ret)
{
	const struct pipeline_task_view *v = &a->view.pipeline_tasks[pt];
	const struct value *found;

	if (v->state != PT_DONE)
		return false;
	if (a->plan.tasks[pt].is_matrixed)
		return aggregate(a, v, name, ret);
	found = find(a->root->runs.p[v->task_runs[0]], name);
	if (found)
		*ret = *found;
	return found != NULL;
}

size_t result_count(const struct agent *a, size_t pt, struct str name)
{
	const struct pipeline_task_view *v = &a->view.pipeline_tasks[pt];
	size_t n = 0;

	for (size_t i = 0; v->state == PT_DONE && i < v->n_task_runs; i++)
		n += find(a->root->runs.p[v->task_runs[i]], name) != NULL;
	return n;
}

/* --- status variables */

const char *status_of_task(const struct agent *a, size_t pt)
{
	if (a->view.pipeline_tasks[pt].state != PT_DONE)
		return "None";
	return a->pts[pt].outcome == OUTCOME_SUCCEEDED ? "Succeeded" : "Failed";
}

struct str reason_of_task(const struct agent *a, size_t pt)
{
	const struct pipeline_task_view *v = &a->view.pipeline_tasks[pt];

	for (size_t i = 0; i < v->n_task_runs; i++) {
		const struct task_run_view *t = a->root->runs.p[v->task_runs[i]];

		if (t->condition.status != CONDITION_TRUE)
			return t->condition.reason;
	}
	return v->n_task_runs ? a->root->runs.p[v->task_runs[0]]->condition.reason : STR_NONE;
}

const char *status_of_tasks(const struct agent *a)
{
	bool skipped = false;

	for (size_t i = 0; i < a->plan.n_dag; i++) {
		const struct pipeline_task_view *v = &a->view.pipeline_tasks[i];

		if (v->state == PT_WAITING || v->state == PT_STARTED)
			return "None";
		if (v->state == PT_DONE && a->pts[i].outcome != OUTCOME_SUCCEEDED)
			return "Failed";
		skipped |= v->state == PT_SKIPPED;
	}
	return skipped ? "Completed" : "Succeeded";
}

/* --- of the pipeline */

enum readiness { READY, UNAVAILABLE, BROKEN };
struct making {
	struct agent *a;
	struct subst set;
	enum readiness state;
};

static bool index_fits(const struct ref *ref, const struct value *v)
{
	if (ref->index >= 0)
		return v->type == VALUE_ARRAY && (uint64_t)ref->index < v->n_array;
	if (ref->key.n)
		return v->type == VALUE_OBJECT && has_key(v, ref->key);
	return true;
}

static void make_ref(void *arg, const struct ref *ref)
{
	struct making *m = arg;
	struct agent *a = m->a;
	const struct plan_task *t;
	struct value v;
	size_t pt;

	if (ref->kind != REF_TASK_RESULT && ref->kind != REF_FINALLY_RESULT)
		return;
	t = plan_find(&a->plan, ref->object);
	if (!t) {
		m->state = BROKEN;
		return;
	}
	pt = plan_index(&a->plan, t);
	if (result_of_task(a, pt, ref->name, &v) && index_fits(ref, &v)) {
		subst_add_result(&m->set,
			arena_printf(a->arena, "%s." STR_FMT ".results",
				ref->kind == REF_TASK_RESULT ? "tasks" : "finally",
				STR_ARG(ref->object)),
			ref->name, &v);
		return;
	}
	if (a->view.pipeline_tasks[pt].state == PT_DONE &&
		a->pts[pt].outcome == OUTCOME_SUCCEEDED)
		m->state = BROKEN;
	else if (m->state == READY)
		m->state = UNAVAILABLE;
}

static enum readiness make_one(struct agent *a, const struct result_spec *s, struct value *ret)
{
	const struct value *v = &s->value;
	struct making m = {.a = a};

	subst_init(&m.set, a->arena);
	ref_each(v->string.s, make_ref, &m);
	for (size_t i = 0; i < v->n_array; i++)
		ref_each(v->array[i].s, make_ref, &m);
	for (size_t i = 0; i < v->n_object; i++)
		ref_each(v->object[i].value.s, make_ref, &m);
	if (m.state != READY)
		return m.state;
	*ret = subst_value(&m.set, a->arena, v);
	return subst_too_long(&m.set) ? BROKEN : READY;
}

struct str result_of_pipeline(struct agent *a, struct named_value **ret, size_t *ret_n)
{
	const struct pipeline_spec *ps = a->plan.pipeline;
	struct named_value *all = arena_new_array(a->arena, struct named_value, ps->n_results);
	struct str invalid = STR_NONE;
	size_t n = 0;

	for (size_t i = 0; i < ps->n_results; i++) {
		struct named_value *one = &all[n];

		one->name = ps->results[i].name.s;
		switch (make_one(a, &ps->results[i], &one->value)) {
		case READY:
			n++;
			break;
		case BROKEN:
			invalid = arena_printf(a->arena, STR_FMT "%s" STR_FMT, STR_ARG(invalid),
				invalid.n ? " " : "", STR_ARG(one->name));
			break;
		case UNAVAILABLE:
			break;
		}
	}
	*ret = all;
	*ret_n = n;
	return invalid;
}
