/* SPDX-License-Identifier: Apache-2.0 */
/* Probes: periods, thresholds, and what each kind is for. */
#include <monopod/health.h>

#include <base/attr.h>
#include <base/num.h>

static const int64_t first_pause_ns = 100 * NS_PER_MS;

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The first multiple of the period after now. */
static int64_t tick_after(const struct health_probe *p, int64_t now_ns)
{
	int64_t n = (now_ns - p->tick_ns) / p->spec->period_ns + 1;

	return p->tick_ns + n * p->spec->period_ns;
}

static void begin(struct health *h, enum probe_kind kind, int64_t now_ns)
{
	struct health_probe *p = &h->probes[kind];
	int64_t first_ns;

	if (!p->spec)
		return;
	first_ns = h->started_ns + p->spec->initial_delay_ns;
	p->next_ns = p->tick_ns = first_ns > now_ns ? first_ns : now_ns;
}

/* The startup probe has succeeded, or there is none. */
static enum health_news set_started(struct health *h, int64_t now_ns)
{
	begin(h, PROBE_READINESS, now_ns);
	begin(h, PROBE_LIVENESS, now_ns);
	if (h->probes[PROBE_READINESS].spec)
		return HEALTH_SAME;
	h->is_ready = h->was_ready = true;
	return HEALTH_READY;
}

void health_start(
	struct health *h, const struct launch_health *l, int64_t started_ns, int64_t now_ns)
{
	*h = (struct health){.started_ns = started_ns};
	for (size_t i = 0; i < PROBE_KIND_N; i++) {
		struct health_probe *p = &h->probes[i];

		*p = (struct health_probe){.next_ns = INT64_MAX, .pause_ns = first_pause_ns};
		if (l && l->probes[i].handler.kind != HANDLER_NONE)
			p->spec = &l->probes[i];
	}
	if (h->probes[PROBE_STARTUP].spec)
		begin(h, PROBE_STARTUP, now_ns);
	else
		(void)set_started(h, now_ns);
}

int64_t health_deadline_ns(const struct health *h)
{
	int64_t at_ns = INT64_MAX;

	for (size_t i = 0; i < PROBE_KIND_N; i++)
		if (h->probes[i].spec && !h->probes[i].is_asking)
			at_ns = least(at_ns, h->probes[i].next_ns);
	return at_ns;
}

bool health_next(struct health *h, int64_t now_ns, enum probe_kind *ret)
{
	for (size_t i = 0; i < PROBE_KIND_N; i++) {
		struct health_probe *p = &h->probes[i];

		if (!p->spec || p->is_asking || p->next_ns > now_ns)
			continue;
		p->is_asking = true;
		p->counts = now_ns >= p->tick_ns;
		if (p->counts)
			p->tick_ns = tick_after(p, now_ns);
		*ret = (enum probe_kind)i;
		return true;
	}
	return false;
}

static bool is_awaited(const struct health *h, enum probe_kind kind)
{
	return kind != PROBE_LIVENESS && !h->was_ready && !h->probes[kind].is_success;
}

/* A period that passed while it was asked is made up for at once, as by a ticker. */
static void plan_next(struct health *h, enum probe_kind kind, int64_t now_ns)
{
	struct health_probe *p = &h->probes[kind];

	p->next_ns = p->tick_ns > now_ns ? p->tick_ns : now_ns;
	if (!is_awaited(h, kind))
		return;
	p->next_ns = least(p->next_ns, now_ns + p->pause_ns);
	p->pause_ns = least(2 * p->pause_ns, p->spec->period_ns);
}

/* Whether the answer is one of as many alike as are asked for. */
static bool is_enough(struct health_probe *p, bool is_success)
{
	if (p->is_success != is_success)
		p->n_alike = 0;
	p->is_success = is_success;
	p->n_alike++;
	return p->n_alike >=
	       (is_success ? p->spec->success_threshold : p->spec->failure_threshold);
}

static enum health_news set_ready(struct health *h, bool is_ready)
{
	if (h->is_ready == is_ready)
		return HEALTH_SAME;
	h->is_ready = is_ready;
	h->was_ready |= is_ready;
	return is_ready ? HEALTH_READY : HEALTH_UNREADY;
}

static enum health_news judge(
	struct health *h, enum probe_kind kind, bool is_success, int64_t now_ns)
{
	switch (kind) {
	case PROBE_STARTUP:
		if (!is_success)
			break;
		h->probes[PROBE_STARTUP].spec = NULL;
		return set_started(h, now_ns);
	case PROBE_READINESS:
		return set_ready(h, is_success);
	case PROBE_LIVENESS:
		if (is_success)
			return HEALTH_SAME;
		break;
	}
	health_stop(h);
	return HEALTH_FAILED;
}

enum health_news health_answer(
	struct health *h, enum probe_kind kind, enum probe_answer a, int64_t now_ns)
{
	struct health_probe *p = &h->probes[kind];
	enum health_news news = HEALTH_SAME;

	if (!p->spec)
		return HEALTH_SAME;
	BUG_ON(!p->is_asking);
	p->is_asking = false;
	if (a == ANSWER_SUCCESS || (a == ANSWER_FAILURE && p->counts)) {
		if (is_enough(p, a == ANSWER_SUCCESS))
			news = judge(h, kind, a == ANSWER_SUCCESS, now_ns);
	}
	if (p->spec)
		plan_next(h, kind, now_ns);
	return news;
}

void health_stop(struct health *h)
{
	for (size_t i = 0; i < PROBE_KIND_N; i++)
		h->probes[i].spec = NULL;
}
