/* SPDX-License-Identifier: Apache-2.0 */
/* Reasons and messages of conditions, in Tekton's words (tekton-semantics 27): one place. */
#ifndef AGENT_CONDITION_H
#define AGENT_CONDITION_H

#include "state.h"

struct condition condition_make(
	enum condition_status status, const char *reason, struct str message);

/* --- task runs */
struct condition condition_step_failed(struct arena *a, const struct step_view *step);
/* A step failed, and this sidecar is to blame. */
struct condition condition_sidecar_failed(struct arena *a, const struct step_view *sidecar);
struct condition condition_step_timeout(struct arena *a, const struct step_view *step);
struct condition condition_result_too_large(struct arena *a, const struct execution *t);
struct condition condition_task_timeout(struct arena *a, const struct execution *t);
struct condition condition_task_cancelled(
	struct arena *a, struct str name, enum stop_cause cause, struct str why);
/* The agent ended while an attempt went on. */
struct condition condition_task_interrupted(struct arena *a, struct str name);
struct condition condition_task_invalid(struct str message); /* adds "[User error] " */
/* A volume or image problem of a step that never ran. */
struct condition condition_start_failed(struct arena *a, const char *reason, struct str step,
	struct str task_run, struct str problem);
/* The same condition, for a task whose failure the pipeline ignores. */
struct condition condition_ignored(struct condition c);

/* --- pipeline runs */
struct condition condition_run_progress(const struct agent *a, struct arena *arena);
struct condition condition_run_verdict(const struct agent *a, struct arena *arena);
struct condition condition_run_cancelled(struct arena *arena, struct str name);
struct condition condition_run_pending(const struct agent *a, struct arena *arena);

#endif
