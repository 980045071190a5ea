/* SPDX-License-Identifier: Apache-2.0 */
/* `plan --resources`. */
#include "peak.h"

#include <base/json.h>

struct str peak_quantity(struct arena *a, struct str resource, int64_t amount)
{
	static const struct {
		int shift;
		const char *suffix;
	} units[] = {{40, "Ti"}, {30, "Gi"}, {20, "Mi"}, {10, "Ki"}};

	if (str_eqz(resource, "cpu"))
		return amount % 1000 ? arena_printf(a, "%lldm", (long long)amount)
				     : arena_printf(a, "%lld", (long long)(amount / 1000));
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (amount && amount % (INT64_C(1) << units[i].shift) == 0)
			return arena_printf(a, "%lld%s", (long long)(amount >> units[i].shift),
				units[i].suffix);
	return arena_printf(a, "%lld", (long long)amount);
}

static struct str quantity(struct arena *a, const struct peak *p, size_t r, int64_t amount)
{
	return peak_quantity(a, p->names[r], amount);
}

/* --- text -------------------------------------------------------------------------------- */

static void text_task(
	struct arena *a, const struct peak *p, const struct peak_task *t, struct buf *out)
{
	const char *sep = "";

	buf_addf(out, "  " STR_FMT, STR_ARG(t->name));
	if (t->is_unknown)
		buf_addz(out, " (a fan-out whose number is known only later)");
	else if (t->n_runs != 1)
		buf_addf(out, " (%zu task runs)", t->n_runs);
	buf_addz(out, ": ");
	for (size_t r = 0; r < p->n_names; r++) {
		if (!t->amounts[r])
			continue;
		buf_addf(out, "%s" STR_FMT " " STR_FMT, sep, STR_ARG(p->names[r]),
			STR_ARG(quantity(a, p, r, t->amounts[r])));
		sep = ", ";
	}
	buf_addz(out, *sep ? "\n" : "nothing\n");
}

void peak_print_text(const struct agent *agent, struct buf *out)
{
	struct arena *a cleanup_arena = arena_new();
	struct peak p;

	agent_peak(agent, a, &p);
	buf_addz(out, "\nrequests at the peak\n");
	for (size_t r = 0; r < p.n_names; r++)
		buf_addf(out,
			"  " STR_FMT "  %s" STR_FMT "  (all task runs together: " STR_FMT ")\n",
			STR_ARG(p.names[r]), p.is_bound[r] ? "at most " : "",
			STR_ARG(quantity(a, &p, r, p.amounts[r])),
			STR_ARG(quantity(a, &p, r, p.totals[r])));
	if (!p.n_names)
		buf_addz(out, "  none: no step or sidecar requests anything\n");
	if (!p.n_names)
		return;
	buf_addz(out, "of each task run\n");
	for (size_t i = 0; i < p.n_tasks; i++)
		text_task(a, &p, &p.tasks[i], out);
}

/* --- JSON -------------------------------------------------------------------------------- */

static void json_amounts(struct arena *a, const struct peak *p, const char *key,
	const int64_t *amounts, struct json_writer *w)
{
	json_key(w, key);
	json_open(w, '{');
	for (size_t r = 0; r < p->n_names; r++) {
		json_keys(w, p->names[r]);
		json_put_str(w, quantity(a, p, r, amounts[r]));
	}
	json_close(w, '}');
}

void peak_print_json(const struct agent *agent, struct json_writer *w)
{
	struct arena *a cleanup_arena = arena_new();
	bool is_exact = true;
	struct peak p;

	agent_peak(agent, a, &p);
	for (size_t r = 0; r < p.n_names; r++)
		is_exact &= !p.is_bound[r];
	json_open(w, '{');
	json_amounts(a, &p, "peak", p.amounts, w);
	json_amounts(a, &p, "total", p.totals, w);
	json_field_bool(w, "exact", is_exact && !p.n_unknown);
	json_key(w, "tasks");
	json_open(w, '[');
	for (size_t i = 0; i < p.n_tasks; i++) {
		json_open(w, '{');
		json_field(w, "name", p.tasks[i].name);
		if (!p.tasks[i].is_unknown)
			json_field_int(w, "taskRuns", (int64_t)p.tasks[i].n_runs);
		json_amounts(a, &p, "requests", p.tasks[i].amounts, w);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_close(w, '}');
}
