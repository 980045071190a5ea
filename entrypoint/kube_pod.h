/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Kubernetes says of the pod that a run was in: one Pod, or of a List (the pods of a Job)
 * the newest. Read from JSON of a cluster, which is not trusted: what has another kind than it
 * should is as if it were not there.
 */
#ifndef ENTRYPOINT_KUBE_POD_H
#define ENTRYPOINT_KUBE_POD_H

#include <base/arena.h>
#include <base/err.h>
#include <base/json.h>
#include <base/str.h>
#include <stdint.h>

enum kube_phase { KUBE_PENDING, KUBE_RUNNING, KUBE_SUCCEEDED, KUBE_FAILED, KUBE_UNKNOWN };
enum { KUBE_PHASE_N = KUBE_UNKNOWN + 1 };

struct kube_end { /* a container's `terminated` */
	bool is_there;
	int exit_code;      /* 0 to 255; -1: not told */
	struct str reason;  /* Completed, Error, OOMKilled, ContainerStatusUnknown … */
	struct str message; /* what was in the termination file */
	int64_t started_ns, ended_ns; /* wall clock; 0: not told */
};

struct kube_pod {
	struct str name, ns, uid;
	struct str run_name; /* of the labels, else the Job's or the pod's own */
	bool has_run_label;
	bool is_task_run;          /* the labels name a TaskRun and no PipelineRun */
	struct str pipeline;       /* the label tekton.dev/pipeline; empty: none */
	const struct json *labels; /* NULL: none */
	const struct json
		*object; /* the run object, as `monopod pod` annotates it; NULL: none */
	const struct json *tasks; /* the annotation monopod/tasks (pod_tasks.h); NULL: none */
	int64_t created_ns;
	enum kube_phase phase;
	struct str reason,
		message; /* why the pod as a whole ended: Evicted, DeadlineExceeded … */
	struct str unscheduled; /* why no node takes it; empty: one did, or is looked for */
	bool is_deleted;        /* it is being deleted */
	bool may_restart;       /* its container is started again when it fails */

	/* the container */
	bool is_running, is_waiting;
	struct str wait_reason, wait_message;
	struct kube_end end;  /* how it ended */
	struct kube_end last; /* how it did the time before */
	int64_t n_restarts;
	int64_t started_ns; /* of the first one, as far as that is told; 0: it was not started
			     */
};

/*
 * ERR_SPEC when the text is no Pod or List of pods of one run, or it cannot be said which of
 * several containers is ours (that called "monopod", else the only one); ERR_NOT_FOUND when the
 * List is empty.
 */
int kube_pod_read(struct arena *a, struct str text, struct kube_pod *ret, struct err *err);

/* It has ended, and nothing of it is started again. */
bool kube_pod_is_over(const struct kube_pod *p);

#endif
