/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod of a task run, which is not made here but has a name, labels, resources and a
 * template all the same (sections 3.4, 3.6, 23).
 */
#ifndef AGENT_POD_H
#define AGENT_POD_H

#include "plan.h"

/* Fills in plan_task.pod: the template of the run with the entries of taskRunSpecs over it. */
void pod_plan(const struct plan_context *c);

/* What its containers can ask about it. */
struct pod_facts {
	struct str name, ns, uid;
	struct str service_account;
	const struct map *labels; /* key → const struct str * */
	const struct map *annotations;
	const struct agent_options *opts;  /* address and capacity of the machine */
	const struct task_spec *spec;      /* template merged */
	const struct resources *resources; /* one per container, see pod_resources */
};

/*
 * What is wrong with the resources a task run asks for, which Tekton finds when it starts: a
 * step that the task has not, a request above its limit. Empty: nothing.
 */
struct str pod_problem(
	struct arena *a, const struct pod_settings *plan, const struct task_spec *ts);

/*
 * The resources of every step, then of every sidecar: what the task run says of the whole task,
 * else of the step, else the step itself; a limit that is still missing comes from the
 * LimitRanges of the namespace. A request that is missing is the limit.
 */
struct resources *pod_resources(struct arena *a, const struct spec *spec, struct str ns,
	const struct pod_settings *plan, const struct task_spec *ts);

/* hostAliases, dnsPolicy and dnsConfig of a template. */
void pod_names(struct arena *a, const struct pod_template *pod, struct task_launch *ret);

/*
 * What the API server finds in them when it is given the pod: addresses and names that are
 * none, which would be lines of the step's hosts and resolv.conf. Empty: nothing.
 */
struct str pod_names_problem(struct arena *a, const struct pod_template *pod);

/* The text of a field or resource. ERR_SPEC when the container is not in the pod. */
int pod_field(struct arena *a, const struct pod_facts *f, const struct field_ref *ref,
	struct str *ret);
/* step: the index of the container that asks; SIZE_MAX: a file. */
int pod_resource(struct arena *a, const struct pod_facts *f, const struct resource_ref *ref,
	size_t step, struct str *ret, struct err *err);

#endif
