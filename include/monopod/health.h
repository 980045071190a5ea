/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The health of one container: when its probes are asked, and what their answers mean, as the
 * kubelet's prober does it. Pure: times are given, nothing is carried out. It is apart from
 * struct agent, which is made again from a journal and would have to write down every answer;
 * of a container it hears what follows: ready, not ready, ended.
 *
 *     health_start → (health_next → health_answer)* → health_stop
 *
 * One probe of a kind is under way at most. A startup probe holds the others back. Failures
 * count once a period; until the container is ready for the first time, its startup and
 * readiness probes are asked again earlier (after 0.1 s, 0.2 s, 0.4 s …), where only success
 * counts: the steps wait for it.
 */
#ifndef MONOPOD_HEALTH_H
#define MONOPOD_HEALTH_H

#include <monopod/runner.h>

enum probe_answer {
	ANSWER_SUCCESS,
	ANSWER_FAILURE,
	ANSWER_ERROR, /* it could not be asked, which means nothing */
};
enum health_news {
	HEALTH_SAME,
	HEALTH_READY,
	HEALTH_UNREADY,
	HEALTH_FAILED, /* startup or liveness: the container is to be killed; nothing more is
			  asked */
};

struct health_probe {
	const struct launch_probe *spec; /* NULL: there is none, or it is over */
	bool is_asking;
	bool counts;      /* the one under way: so does its failure */
	int64_t next_ns;  /* when it is asked; INT64_MAX: it is held back */
	int64_t tick_ns;  /* when it is asked and counts */
	int64_t pause_ns; /* until it is asked earlier */
	int64_t n_alike;  /* answers in a row … */
	bool is_success;  /* … that were this */
};
struct health {
	struct health_probe probes[PROBE_KIND_N];
	int64_t started_ns; /* of the container */
	bool is_ready, was_ready;
};

/* started_ns: of its process. l may be NULL and must outlive h. Whether it is ready at once is
 * in is_ready. */
void health_start(
	struct health *h, const struct launch_health *l, int64_t started_ns, int64_t now_ns);
/* When health_next has something; INT64_MAX: never, unless an answer comes. */
int64_t health_deadline_ns(const struct health *h);
/* A probe that is due: carry it out and give the answer. */
bool health_next(struct health *h, int64_t now_ns, enum probe_kind *ret);
enum health_news health_answer(
	struct health *h, enum probe_kind kind, enum probe_answer a, int64_t now_ns);
/* The container is told to stop: answers that still come mean nothing. */
void health_stop(struct health *h);

#endif
