/* SPDX-License-Identifier: Apache-2.0 */
/* Pod templates, resources, and what a pod knows of itself. */
#include "pod.h"

#include "join.h"
#include "name.h"
#include <arpa/inet.h>
#include <base/bounds.h>
#include <base/buf.h>
#include <base/num.h>
#include <monopod/name.h>
#include <stdlib.h>

/* --- the template: env and volumes by name, all else whole (section 3.4) */

static void merge_template(
	struct arena *a, struct pod_template *t, const struct pod_template *over)
{
	if (!over->pos.line)
		return;
	/* what is given over the base comes first, as Tekton's mergeByName has it: a value with
	 * $(NAME) sees the variables before it */
	t->env = join_by_name(
		a, JOINED(struct env_var, over->env, over->n_env, t->env, t->n_env), &t->n_env);
	t->volumes = join_by_name(a,
		JOINED(struct volume, over->volumes, over->n_volumes, t->volumes, t->n_volumes),
		&t->n_volumes);
	t->pos = over->pos;
	for (size_t i = 0; i < POD_INERT_N; i++)
		if (text_given(over->inert[i]))
			t->inert[i] = over->inert[i];
	if (over->security_context.pos.line)
		t->security_context = over->security_context;
	if (over->n_host_aliases) {
		t->host_aliases = over->host_aliases;
		t->n_host_aliases = over->n_host_aliases;
	}
	if (over->dns_policy.s.n)
		t->dns_policy = over->dns_policy;
	if (over->dns_config.pos.line)
		t->dns_config = over->dns_config;
}

static void merge_settings(
	struct arena *a, struct pod_settings *p, const struct pod_settings *over)
{
	merge_template(a, &p->pod_template, &over->pod_template);
	if (over->n_step_specs) {
		p->step_specs = over->step_specs;
		p->n_step_specs = over->n_step_specs;
	}
	if (over->n_sidecar_specs) {
		p->sidecar_specs = over->sidecar_specs;
		p->n_sidecar_specs = over->n_sidecar_specs;
	}
	if (over->resources.pos.line)
		p->resources = over->resources;
}

/* The plan of the run, with the entries of one of its tasks over it. */
static const struct pod_settings *task_pod_plan(
	const struct plan_context *c, const struct pod_settings *all, struct str name)
{
	const struct pipeline_run *pr = c->run->pipeline_run;
	struct pod_settings *own = NULL;

	for (size_t i = 0; pr && i < pr->n_task_run_specs; i++) {
		if (!str_eq(pr->task_run_specs[i].pipeline_task_name.s, name))
			continue;
		if (!own) {
			own = arena_new_object(c->arena, struct pod_settings);
			*own = *all;
		}
		merge_settings(c->arena, own, &pr->task_run_specs[i].pod);
	}
	return own ? own : all;
}

void pod_plan(const struct plan_context *c)
{
	const struct pipeline_run *pr = c->run->pipeline_run;
	const struct task_run *tr = c->run->task_run;
	struct pod_settings *all = arena_new_object(c->arena, struct pod_settings);

	if (tr)
		*all = tr->pod;
	else
		all->pod_template = pr->pod_template;
	for (size_t i = 0; i < c->plan->n_tasks; i++) {
		struct plan_task *t = &c->plan->tasks[i];

		t->pod = task_pod_plan(c, all, t->written ? t->written->name.s : STR_NONE);
	}
}

/* --- resources */

struct list { /* limits or requests */
	struct resource *p;
	size_t n;
};

static const struct resource *find(const struct resource *r, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(r[i].name.s, name))
			return &r[i];
	return NULL;
}

static struct list join(struct arena *a, struct list first, struct list second)
{
	struct list all;

	all.p = join_by_name(
		a, JOINED(struct resource, first.p, first.n, second.p, second.n), &all.n);
	return all;
}

static struct list limits_of(const struct resources *r)
{
	return (struct list){r->limits, r->n_limits};
}

static struct list requests_of(const struct resources *r)
{
	return (struct list){r->requests, r->n_requests};
}

/* Requests of the whole task are shared evenly. */
static struct list divide(struct arena *a, struct list all, size_t n_steps)
{
	struct list out = {.p = arena_new_array(a, struct resource, all.n), .n = all.n};
	int64_t milli;

	for (size_t i = 0; i < all.n; i++) {
		out.p[i] = all.p[i];
		if (num_quantity_milli(all.p[i].quantity.s, &milli, NULL) == 0)
			out.p[i].quantity.s =
				arena_printf(a, "%lldm", (long long)(milli / (int64_t)n_steps));
	}
	return out;
}

static const struct resources *find_specs(
	const struct container_resources *specs, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(specs[i].name.s, name))
			return &specs[i].resources;
	return NULL;
}

/* Of a step's own request and limit; those of a template are its step's, too. */
static struct str request_problem(
	struct arena *a, const struct resources *own, const struct resources *template)
{
	for (size_t i = 0; i < own->n_requests; i++) {
		const struct resource *r = &own->requests[i];
		const struct resource *most = find(own->limits, own->n_limits, r->name.s);
		int64_t asked, allowed;

		if (!most)
			most = find(template->limits, template->n_limits, r->name.s);
		if (most && num_quantity_milli(r->quantity.s, &asked, NULL) == 0 &&
			num_quantity_milli(most->quantity.s, &allowed, NULL) == 0 &&
			asked > allowed)
			return arena_printf(a,
				"invalid request resource value: " STR_FMT
				" must be less or equal to limit " STR_FMT,
				STR_ARG(r->quantity.s), STR_ARG(most->quantity.s));
	}
	return STR_NONE;
}

static bool has_step(const struct task_spec *ts, struct str name)
{
	for (size_t i = 0; i < ts->n_steps; i++)
		if (str_eq(ts->steps[i].name.s, name))
			return true;
	return false;
}

static bool has_sidecar(const struct task_spec *ts, struct str name)
{
	for (size_t i = 0; i < ts->n_sidecars; i++)
		if (str_eq(ts->sidecars[i].container.name.s, name))
			return true;
	return false;
}

struct str pod_problem(
	struct arena *a, const struct pod_settings *plan, const struct task_spec *ts)
{
	const struct resources none = {0};
	const struct resources *template =
		ts->step_template ? &ts->step_template->resources : &none;

	for (size_t i = 0; i < ts->n_steps; i++) {
		struct str bad = request_problem(a, &ts->steps[i].resources, template);

		if (bad.n)
			return bad;
	}
	for (size_t i = 0; i < plan->n_step_specs; i++) {
		struct str name = plan->step_specs[i].name.s;

		if (!has_step(ts, name))
			return arena_printf(a, "invalid StepOverride: No Step named " STR_FMT,
				STR_ARG(name));
	}
	for (size_t i = 0; i < plan->n_sidecar_specs; i++) {
		struct str name = plan->sidecar_specs[i].name.s;

		if (!has_sidecar(ts, name))
			return arena_printf(a,
				"invalid SidecarOverride: No Sidecar named " STR_FMT,
				STR_ARG(name));
	}
	return STR_NONE;
}

/* What the LimitRanges of a namespace say of containers. */
struct ranges {
	const struct limit_item **items;
	size_t n;
};

static struct ranges ranges_of(struct arena *a, const struct spec *s, struct str ns)
{
	struct ranges all = {0};
	size_t n = 0;

	for (size_t i = 0; i < s->n_limit_ranges; i++)
		n += s->limit_ranges[i].n_items;
	all.items = arena_new_array(a, const struct limit_item *, n);
	for (size_t i = 0; i < s->n_limit_ranges; i++) {
		const struct limit_range *r = &s->limit_ranges[i];
		struct str own = r->meta.ns.s.n ? r->meta.ns.s : STR("default");

		for (size_t k = 0; k < r->n_items && str_eq(ns, own); k++)
			if (r->items[k].is_container)
				all.items[all.n++] = &r->items[k];
	}
	return all;
}

static struct list join_quantities(
	struct arena *a, struct list first, const struct quantities *second)
{
	return join(a, first, (struct list){second->items, second->n});
}

static int64_t milli_of(const struct quantities *q, struct str name)
{
	const struct resource *r = find(q->items, q->n, name);
	int64_t milli;

	return r && num_quantity_milli(r->quantity.s, &milli, NULL) == 0 ? milli : 0;
}

/*
 * What Tekton gives a step as its request before anything else fills it in: the default
 * request divided among the steps, but not under the minimum; of several LimitRanges the least
 * default and the greatest minimum (its computeresources.NewTransformer).
 */
static struct list shared_requests(struct arena *a, const struct ranges *all, size_t n_steps)
{
	static const struct str names[] = {
		STR_INIT("cpu"), STR_INIT("memory"), STR_INIT("ephemeral-storage")};
	struct list out = {.p = arena_new_array(a, struct resource, ARRAY_SIZE(names))};

	if (!all->n)
		return out;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int64_t request = 0, least = 0;

		for (size_t k = 0; k < all->n; k++) {
			int64_t one = milli_of(&all->items[k]->requests, names[i]);
			int64_t bound = milli_of(&all->items[k]->least, names[i]);

			request = request && request < one ? request : one;
			least = least > bound ? least : bound;
		}
		request /= (int64_t)n_steps;
		request = request > least ? request : least;
		if (request)
			out.p[out.n++] = (struct resource){.name = {.s = names[i]},
				.quantity = {
					.s = arena_printf(a, "%lldm", (long long)request)}};
	}
	return out;
}

struct resources *pod_resources(struct arena *a, const struct spec *spec, struct str ns,
	const struct pod_settings *plan, const struct task_spec *ts)
{
	struct resources *all =
		arena_new_array(a, struct resources, ts->n_steps + ts->n_sidecars);
	const struct ranges ranges = ranges_of(a, spec, ns);
	const struct list shared = shared_requests(a, &ranges, ts->n_steps);

	for (size_t i = 0; i < ts->n_steps + ts->n_sidecars; i++) {
		bool is_step = i < ts->n_steps;
		bool whole =
			is_step && (plan->resources.n_limits || plan->resources.n_requests);
		const struct step *s =
			is_step ? &ts->steps[i] : &ts->sidecars[i - ts->n_steps].container;
		const struct resources *own = &s->resources;
		const struct resources *over =
			whole     ? NULL
			: is_step ? find_specs(plan->step_specs, plan->n_step_specs, s->name.s)
				  : find_specs(plan->sidecar_specs, plan->n_sidecar_specs,
					    s->name.s);
		struct list limits = limits_of(whole ? &plan->resources : own);
		struct list requests =
			whole ? divide(a, requests_of(&plan->resources), ts->n_steps)
			      : requests_of(own);

		if (over) {
			limits = join(a, limits_of(over), limits);
			requests = join(a, requests_of(over), requests);
		}
		if (is_step)
			requests = join(a, requests, shared);
		requests = join(a, requests, limits);
		for (size_t k = 0; k < ranges.n; k++) {
			limits = join_quantities(a, limits, &ranges.items[k]->defaults);
			requests = join_quantities(a, requests, &ranges.items[k]->requests);
		}
		all[i] = (struct resources){.limits = limits.p,
			.n_limits = limits.n,
			.requests = requests.p,
			.n_requests = requests.n};
	}
	return all;
}

/* --- how names are found in it */

static struct str *list_of(struct arena *a, const struct text *in, size_t n)
{
	struct str *out = arena_new_array(a, struct str, n);

	for (size_t i = 0; i < n; i++)
		out[i] = in[i].s;
	return out;
}

static struct launch_dns dns_of(struct arena *a, const struct pod_template *pod)
{
	const struct dns_config *d = &pod->dns_config;
	struct launch_dns dns = {.own_only = str_eqz(pod->dns_policy.s, "None"),
		.nameservers = list_of(a, d->nameservers, d->n_nameservers),
		.n_nameservers = d->n_nameservers,
		.searches = list_of(a, d->searches, d->n_searches),
		.n_searches = d->n_searches,
		.options = arena_new_array(a, struct launch_option, d->n_options),
		.n_options = d->n_options};

	for (size_t i = 0; i < d->n_options; i++)
		dns.options[i] = (struct launch_option){
			.name = d->options[i].name.s, .value = d->options[i].value.s};
	return dns;
}

void pod_names(struct arena *a, const struct pod_template *pod, struct task_launch *ret)
{
	ret->hosts = arena_new_array(a, struct launch_host, pod->n_host_aliases);
	for (size_t i = 0; i < pod->n_host_aliases; i++) {
		const struct host_alias *h = &pod->host_aliases[i];

		ret->hosts[ret->n_hosts++] = (struct launch_host){.ip = h->ip.s,
			.names = list_of(a, h->hostnames, h->n_hostnames),
			.n_names = h->n_hostnames};
	}
	ret->dns = dns_of(a, pod);
}

enum { NAMESERVERS_MAX = 3, SEARCHES_MAX = 32, SHOWN_MAX = 253 };

static bool is_address(struct arena *a, struct str s)
{
	struct in6_addr address;
	const char *z = str_c(arena_str(a, s));

	return inet_pton(AF_INET, z, &address) == 1 || inet_pton(AF_INET6, z, &address) == 1;
}

/* Without blanks and line ends: one word of resolv.conf. */
static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] == 127)
			return false;
	return true;
}

static struct str bad_name(
	struct arena *a, const char *field, size_t i, struct str value, const char *want)
{
	struct buf shown attr_cleanup(buf_release) = {0};

	buf_init(&shown, BOUND_SUBST_BYTES);
	for (size_t k = 0; k < value.n && k < SHOWN_MAX; k++)
		buf_addc(&shown, value.p[k] >= 0 && value.p[k] < ' ' ? '?' : value.p[k]);
	return arena_printf(a, "spec.%s[%zu]: Invalid value: \"" STR_FMT "\": must be %s",
		field, i, STR_ARG(buf_str(&shown)), want);
}

static struct str host_alias_problem(struct arena *a, const struct host_alias *h, size_t i)
{
	if (!is_address(a, h->ip.s))
		return bad_name(a, "hostAliases", i, h->ip.s, "valid IP address");
	for (size_t k = 0; k < h->n_hostnames; k++)
		if (!name_is_dns_subdomain(h->hostnames[k].s))
			return bad_name(a, "hostAliases", i, h->hostnames[k].s,
				"a lowercase RFC 1123 subdomain");
	return STR_NONE;
}

static struct str dns_problem(struct arena *a, const struct dns_config *c)
{
	if (c->n_nameservers > NAMESERVERS_MAX || c->n_searches > SEARCHES_MAX)
		return arena_printf(a,
			"spec.dnsConfig: Invalid value: must not have more than %d "
			"nameservers and %d search paths",
			NAMESERVERS_MAX, SEARCHES_MAX);
	for (size_t i = 0; i < c->n_nameservers; i++)
		if (!is_address(a, c->nameservers[i].s))
			return bad_name(a, "dnsConfig.nameservers", i, c->nameservers[i].s,
				"valid IP address");
	for (size_t i = 0; i < c->n_searches; i++) {
		struct str s = c->searches[i].s;

		if (str_ends(s, STR(".")))
			s.n--;
		if (s.n ? !name_is_dns_subdomain(s) : !c->searches[i].s.n)
			return bad_name(a, "dnsConfig.searches", i, c->searches[i].s,
				"a lowercase RFC 1123 subdomain");
	}
	for (size_t i = 0; i < c->n_options; i++)
		if (!c->options[i].name.s.n || !is_word(c->options[i].name.s) ||
			!is_word(c->options[i].value.s))
			return bad_name(a, "dnsConfig.options", i, c->options[i].name.s,
				"a name and a value without blanks");
	return STR_NONE;
}

struct str pod_names_problem(struct arena *a, const struct pod_template *pod)
{
	struct str problem = dns_problem(a, &pod->dns_config);

	for (size_t i = 0; i < pod->n_host_aliases && !problem.n; i++)
		problem = host_alias_problem(a, &pod->host_aliases[i], i);
	return problem;
}

/* --- what a pod knows of itself */

static struct str find_key(const struct map *m, struct str path)
{
	ptrdiff_t from = str_chr(path, '\'');
	const struct str *found =
		map_get(m, str_slice(path, (size_t)from + 1, path.n - 2)); /* KEY'] */

	return found ? *found : STR_NONE;
}

static int by_key(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* key="value", a line each, sorted (Kubernetes, fieldpath.FormatMap). */
static struct str format_map(struct arena *a, const struct map *m)
{
	struct str *keys = arena_new_array(a, struct str, m->n);
	struct str result;
	struct buf out;
	size_t n = 0;

	map_foreach (it, m) {
		keys[n++] = it->key;
	}
	if (n)
		qsort(keys, n, sizeof(*keys), by_key);
	buf_init(&out, BOUND_SUBST_BYTES);
	for (size_t i = 0; i < n; i++) {
		const struct str *value = map_get(m, keys[i]);

		buf_addf(&out, "%s" STR_FMT "=\"", i ? "\n" : "", STR_ARG(keys[i]));
		for (size_t k = 0; k < value->n; k++) {
			char c = value->p[k];

			if (c == '"' || c == '\\')
				buf_addc(&out, '\\');
			if (c == '\n')
				buf_adds(&out, STR("\\n"));
			else
				buf_addc(&out, c);
		}
		buf_addc(&out, '"');
	}
	result = arena_str(a, buf_str(&out));
	buf_release(&out);
	return result;
}

int pod_field(struct arena *a, const struct pod_facts *f, const struct field_ref *ref,
	struct str *ret)
{
	const struct {
		const char *path;
		struct str value;
	} fields[] = {
		{"metadata.name", f->name},
		{"metadata.namespace", f->ns},
		{"metadata.uid", f->uid},
		{"spec.serviceAccountName", f->service_account},
		{"status.podIP", f->opts->pod_ip},
		{"status.podIPs", f->opts->pod_ip},
	};
	struct str path = ref->path.s;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (str_eqz(path, fields[i].path)) {
			*ret = fields[i].value;
			return 0;
		}
	}
	if (str_eqz(path, "metadata.labels"))
		*ret = format_map(a, f->labels);
	else if (str_eqz(path, "metadata.annotations"))
		*ret = format_map(a, f->annotations);
	else if (str_starts(path, STR("metadata.labels[")))
		*ret = find_key(f->labels, path);
	else
		*ret = find_key(f->annotations, path);
	return 0;
}

static const struct resources *find_container(
	const struct pod_facts *f, struct str name, size_t step)
{
	if (!name.n)
		return step == SIZE_MAX ? NULL : &f->resources[step];
	for (size_t i = 0; i < f->spec->n_steps; i++) {
		struct arena *a cleanup_arena = arena_new();
		struct str own = arena_printf(
			a, "step-" STR_FMT, STR_ARG(name_step(a, f->spec->steps[i].name.s, i)));

		if (str_eq(own, name))
			return &f->resources[i];
	}
	for (size_t i = 0; i < f->spec->n_sidecars; i++)
		if (str_starts(name, STR("sidecar-")) &&
			str_eq(f->spec->sidecars[i].container.name.s,
				str_slice(name, sizeof("sidecar-") - 1, name.n)))
			return &f->resources[f->spec->n_steps + i];
	return NULL;
}

/* Thousandths, as cpu is counted; other resources in whole units. */
static int64_t amount(struct str quantity, bool is_cpu, int64_t otherwise)
{
	int64_t v;

	if (!quantity.n || (is_cpu ? num_quantity_milli(quantity, &v, NULL)
				   : num_quantity(quantity, &v, NULL)) < 0)
		return otherwise;
	return v;
}

int pod_resource(struct arena *a, const struct pod_facts *f, const struct resource_ref *ref,
	size_t step, struct str *ret, struct err *err)
{
	bool limit = str_starts(ref->resource.s, STR("limits."));
	struct str name = str_slice(ref->resource.s,
		limit ? sizeof("limits.") - 1 : sizeof("requests.") - 1, ref->resource.s.n);
	const struct resources *r = find_container(f, ref->container.s, step);
	bool is_cpu = str_eqz(name, "cpu");
	const struct resource *found;
	int64_t value = 0, divisor;

	if (!r)
		return err_set(err, ERR_SPEC, "container \"%.*s\" not found",
			STR_ARG(ref->container.s));
	found = limit ? find(r->limits, r->n_limits, name)
		      : find(r->requests, r->n_requests, name);
	/* without a limit a container may use what the machine has */
	if (limit && is_cpu)
		value = f->opts->cpu_milli;
	else if (limit && str_eqz(name, "memory"))
		value = f->opts->memory_bytes;
	else if (limit)
		value = f->opts->storage_bytes;
	value = amount(found ? found->quantity.s : STR_NONE, is_cpu, value);
	divisor = amount(ref->divisor.s, is_cpu, is_cpu ? 1000 : 1);
	if (divisor <= 0) /* "0" means 1 */
		divisor = is_cpu ? 1000 : 1;
	*ret = arena_printf(a, "%lld", (long long)(value / divisor + (value % divisor != 0)));
	return 0;
}
