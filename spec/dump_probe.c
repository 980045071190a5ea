/* SPDX-License-Identifier: Apache-2.0 */
/* Probes and hooks as Kubernetes' JSON. */
#include "dump.h"

static void put_port(struct json_writer *w, const struct handler *h)
{
	put_text(w, "port", h->port_name);
	put_int(w, "port", h->port);
}

static void put_exec(struct json_writer *w, const struct handler *h)
{
	if (!json_list(w, "command", h->n_command))
		return;
	for (size_t i = 0; i < h->n_command; i++)
		json_put_str(w, h->command[i].s);
	json_close(w, ']');
}

static void put_http_get(struct json_writer *w, const struct handler *h)
{
	put_text(w, "path", h->path);
	put_port(w, h);
	put_text(w, "host", h->host);
	put_text(w, "scheme", h->scheme);
	if (!json_list(w, "httpHeaders", h->n_headers))
		return;
	for (size_t i = 0; i < h->n_headers; i++) {
		json_open(w, '{');
		json_field(w, "name", h->headers[i].name.s);
		json_field(w, "value", h->headers[i].value.s);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_tcp_socket(struct json_writer *w, const struct handler *h)
{
	put_port(w, h);
	put_text(w, "host", h->host);
}

static void put_sleep(struct json_writer *w, const struct handler *h)
{
	json_field_int(w, "seconds", h->seconds.v);
}

/* The member that says what is done, into an object that the caller opened. */
static void put_handler(struct json_writer *w, const struct handler *h)
{
	static const struct {
		const char *key;
		void (*put)(struct json_writer *w, const struct handler *h);
	} ways[HANDLER_KIND_N] = {
		[HANDLER_EXEC] = {"exec", put_exec},
		[HANDLER_HTTP_GET] = {"httpGet", put_http_get},
		[HANDLER_TCP_SOCKET] = {"tcpSocket", put_tcp_socket},
		[HANDLER_SLEEP] = {"sleep", put_sleep},
	};

	BUG_ON(!ways[h->kind].put);
	json_key(w, ways[h->kind].key);
	json_open(w, '{');
	ways[h->kind].put(w, h);
	json_close(w, '}');
}

static void put_probe(struct json_writer *w, const char *key, const struct probe *p)
{
	if (p->handler.kind == HANDLER_NONE)
		return;
	json_key(w, key);
	json_open(w, '{');
	put_handler(w, &p->handler);
	put_int(w, "initialDelaySeconds", p->initial_delay_seconds);
	put_int(w, "timeoutSeconds", p->timeout_seconds);
	put_int(w, "periodSeconds", p->period_seconds);
	put_int(w, "successThreshold", p->success_threshold);
	put_int(w, "failureThreshold", p->failure_threshold);
	put_int(w, "terminationGracePeriodSeconds", p->termination_grace_period_seconds);
	json_close(w, '}');
}

static void put_hook(struct json_writer *w, const char *key, const struct handler *h)
{
	if (h->kind == HANDLER_NONE)
		return;
	json_key(w, key);
	json_open(w, '{');
	put_handler(w, h);
	json_close(w, '}');
}

void dump_probes(struct json_writer *w, const struct sidecar *s)
{
	put_probe(w, "livenessProbe", &s->probes[PROBE_LIVENESS]);
	put_probe(w, "readinessProbe", &s->probes[PROBE_READINESS]);
	put_probe(w, "startupProbe", &s->probes[PROBE_STARTUP]);
	if (s->post_start.kind == HANDLER_NONE && s->pre_stop.kind == HANDLER_NONE)
		return;
	json_key(w, "lifecycle");
	json_open(w, '{');
	put_hook(w, "postStart", &s->post_start);
	put_hook(w, "preStop", &s->pre_stop);
	json_close(w, '}');
}
