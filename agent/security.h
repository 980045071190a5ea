/* SPDX-License-Identifier: Apache-2.0 */
/* Security contexts: templates, containers and pods in one (tekton-semantics 23). */
#ifndef AGENT_SECURITY_H
#define AGENT_SECURITY_H

#include <base/arena.h>
#include <monopod/agent.h>
#include <monopod/runner.h>

/* A container's own over its template's, member by member; lists are taken whole. */
void security_merge(struct security_context *own, const struct security_context *template);
/* Users and security of a step to start: the container's own, else the pod's. */
void security_launch(struct arena *a, const struct security_context *pod,
	const struct security_context *own, struct step_launch *ret);
/* An added capability that counts for more than a step's own files. */
bool security_needs_power(struct str capability);
/* Why the API server would not take a container with this context, once the template and the
 * StepAction are in it; NULL: it would (ValidateSecurityContext). */
const char *security_conflict(const struct security_context *merged);
/* What they come to for a container's view. */
enum step_reach security_reach(const struct launch_security *s);
/* What a pod's context says of its volumes. */
void security_volumes(const struct security_context *pod, struct task_launch *ret);

#endif
