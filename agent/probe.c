/* SPDX-License-Identifier: Apache-2.0 */
/* Kubernetes' defaults, names of ports, $(VAR) in commands. */
#include "probe.h"

#include "expand.h"
#include <base/num.h>

enum {
	TIMEOUT_SECONDS = 1,
	PERIOD_SECONDS = 10,
	SUCCESSES = 1,
	FAILURES = 3,
	PORT_MAX = 65535,
};

/* What the kubelet finds for $(VAR) in a probe: the values as written, none of valueFrom. */
static struct env_entry *static_env(struct arena *a, const struct step *c)
{
	struct env_entry *env = arena_new_array(a, struct env_entry, c->n_env);

	for (size_t i = 0; i < c->n_env; i++)
		env[i] = (struct env_entry){
			.name = c->env[i].name.s, .value = c->env[i].value.s};
	return env;
}

/* A name, or else a number that was written as text. */
static void find_port(struct arena *a, const struct sidecar *s, const struct handler *h,
	struct launch_handler *ret)
{
	uint64_t number;

	ret->port = (uint16_t)h->port.v;
	if (!text_given(h->port_name))
		return;
	for (size_t i = 0; i < s->n_ports; i++)
		if (str_eq(s->ports[i].name.s, h->port_name.s)) {
			ret->port = (uint16_t)s->ports[i].port.v;
			return;
		}
	if (num_u64(h->port_name.s, PORT_MAX, &number, NULL) == 0 && number)
		ret->port = (uint16_t)number;
	else
		ret->problem = arena_printf(a, "no port of the sidecar is called '" STR_FMT "'",
			STR_ARG(h->port_name.s));
}

static void copy_headers(struct arena *a, const struct handler *h, struct launch_handler *ret)
{
	ret->headers = arena_new_array(a, struct launch_header, h->n_headers);
	ret->n_headers = h->n_headers;
	for (size_t i = 0; i < h->n_headers; i++)
		ret->headers[i] = (struct launch_header){
			.name = h->headers[i].name.s, .value = h->headers[i].value.s};
}

static void make_handler(struct arena *a, const struct sidecar *s, const struct handler *h,
	struct launch_handler *ret)
{
	*ret = (struct launch_handler){.kind = h->kind,
		.host = h->host.s,
		.path = h->path.s.n ? h->path.s : STR("/"),
		.sleep_ns = h->seconds.v * NS_PER_S};
	ret->command = arena_new_array(a, struct str, h->n_command);
	ret->n_command = h->n_command;
	for (size_t i = 0; i < h->n_command; i++)
		ret->command[i] = h->command[i].s;
	copy_headers(a, h, ret);
	if (h->kind == HANDLER_HTTP_GET || h->kind == HANDLER_TCP_SOCKET)
		find_port(a, s, h, ret);
}

/* Unlike a probe's, the command of a hook is taken as it is. */
static void make_hook(struct arena *a, const struct sidecar *s, const struct handler *h,
	struct launch_handler *ret)
{
	make_handler(a, s, h, ret);
	if (h->kind == HANDLER_TCP_SOCKET)
		ret->problem = STR("no kubelet carries out a hook of type tcpSocket");
}

static int64_t or_default(struct maybe_int given, int64_t value)
{
	return given.v ? given.v : value;
}

static void make_probe(struct arena *a, const struct sidecar *s, const struct probe *p,
	struct launch_probe *ret)
{
	const struct env_entry *env = static_env(a, &s->container);

	*ret = (struct launch_probe){
		.initial_delay_ns = p->initial_delay_seconds.v * NS_PER_S,
		.period_ns = or_default(p->period_seconds, PERIOD_SECONDS) * NS_PER_S,
		.timeout_ns = or_default(p->timeout_seconds, TIMEOUT_SECONDS) * NS_PER_S,
		.success_threshold = or_default(p->success_threshold, SUCCESSES),
		.failure_threshold = or_default(p->failure_threshold, FAILURES),
		.grace_ns = p->termination_grace_period_seconds.v * NS_PER_S,
	};
	make_handler(a, s, &p->handler, &ret->handler);
	for (size_t i = 0; i < ret->handler.n_command; i++)
		ret->handler.command[i] =
			expand_text(a, ret->handler.command[i], env, s->container.n_env);
}

const struct launch_health *probe_launch(struct arena *a, const struct sidecar *s)
{
	bool has_some = s->post_start.kind != HANDLER_NONE || s->pre_stop.kind != HANDLER_NONE;
	struct launch_health *h;

	for (size_t i = 0; i < PROBE_KIND_N; i++)
		has_some |= s->probes[i].handler.kind != HANDLER_NONE;
	if (!has_some)
		return NULL;
	h = arena_new_object(a, struct launch_health);
	for (size_t i = 0; i < PROBE_KIND_N; i++)
		if (s->probes[i].handler.kind != HANDLER_NONE)
			make_probe(a, s, &s->probes[i], &h->probes[i]);
	make_hook(a, s, &s->post_start, &h->post_start);
	make_hook(a, s, &s->pre_stop, &h->pre_stop);
	return h;
}
