/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of a run, from what Kubernetes says of its pod, the termination message, and,
 * when there is one, its run.json. Nothing that is not known is called a success.
 */
#ifndef ENTRYPOINT_COLLECT_H
#define ENTRYPOINT_COLLECT_H

#include "kube_pod.h"
#include "termination_read.h"

#include <base/buf.h>
#include <monopod/agent.h>

struct collected {
	const struct kube_pod *pod;
	const struct kube_end *end; /* the one that is spoken of */
	struct told told;           /* all empty without a usable message */
	bool has_told;
	bool is_over;     /* nothing of the run happens any more */
	bool is_own_word; /* the condition is the run's own, not concluded */
	struct condition condition;
	enum exit_code code; /* what `run` would have ended with; 4: not known, or not over */
	int64_t started_ns, ended_ns; /* wall clock; 0: not known */
	const struct json *run_json;  /* the List; NULL: not given, or not believed */
	const struct json *run;       /* the run object in it that its condition is of */
};

/* Decides. The pod outlives *ret; texts are in the arena. */
void collect_judge(struct arena *a, const struct kube_pod *pod, struct collected *ret);

/*
 * Adds a run.json to what is known. proven: its digest is the one that the message names. One
 * that is not is believed as to a run of this name; an end that it tells counts then.
 * ERR_SPEC when it is no List of runs, or of another run.
 */
int collect_add_run_json(
	struct arena *a, struct collected *c, struct str text, bool is_proven, struct err *err);

/* The v1 List of the run object and its TaskRuns. */
void collect_json(struct arena *a, const struct collected *c, struct buf *out);

#endif
