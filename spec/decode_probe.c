/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports, probes and lifecycle hooks of sidecars, with the rules of Kubernetes' validateProbe,
 * validateLifecycle and validateContainerPorts. Tekton replaces no variables in them.
 */
#include "decode.h"

#include <arpa/inet.h>
#include <base/attr.h>
#include <base/map.h>
#include <base/num.h>
#include <string.h>

enum { PORT_MAX = 65535, PORT_NAME_MAX = 15, POD_GRACE_SECONDS = 30 };

static const char *const probe_kind_names[] = {
	[PROBE_STARTUP] = "startup",
	[PROBE_READINESS] = "readiness",
	[PROBE_LIVENESS] = "liveness",
};
_Static_assert(ARRAY_SIZE(probe_kind_names) == PROBE_KIND_N, "a name for every kind");

const char *probe_kind_name(enum probe_kind k)
{
	return probe_kind_names[k];
}

/* Where a member is; the map itself when it is spelled in another way. */
static const struct yaml_node *member(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *n = yaml_get(map, key);

	return n ? n : map;
}

static void fail_member(struct decode *d, const struct yaml_node *map, const char *key,
	const char *code, struct str message)
{
	size_t mark = path_enter(d, str_z(key));

	(void)decode_fail(d, code, member(map, key), STR_FMT, STR_ARG(message));
	path_leave(d, mark);
}

/* --- ports ------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

/* Kubernetes' IsValidPortName; NULL: it is one. */
static const char *port_name_problem(struct str name)
{
	bool has_letter = false;

	if (name.n > PORT_NAME_MAX)
		return "must be no more than 15 characters";
	for (size_t i = 0; i < name.n; i++) {
		has_letter |= is_letter(name.p[i]);
		if (!is_letter(name.p[i]) && name.p[i] != '-' &&
			!(name.p[i] >= '0' && name.p[i] <= '9'))
			return "must contain only alpha-numeric characters (a-z, 0-9), and "
			       "hyphens (-)";
	}
	if (!has_letter)
		return "must contain at least one letter (a-z)";
	if (str_has(name, STR("--")))
		return "must not contain consecutive hyphens";
	if (name.p[0] == '-' || name.p[name.n - 1] == '-')
		return "must not begin or end with a hyphen";
	return NULL;
}

static void finish_port(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct container_port *p = base;
	const char *problem = p->name.s.n ? port_name_problem(p->name.s) : NULL;

	if (problem)
		fail_member(d, n, "name", "bad-value",
			arena_printf(d->arena, "Invalid value: \"" STR_FMT "\": %s",
				STR_ARG(p->name.s), problem));
	if (n->type == YAML_MAP && !d->broken && !p->port.pos.line)
		(void)decode_fail(d, "required", n, "containerPort: Required value");
	if (p->protocol.s.n && !str_eqz(p->protocol.s, "TCP") &&
		!str_eqz(p->protocol.s, "UDP") && !str_eqz(p->protocol.s, "SCTP"))
		fail_member(d, n, "protocol", "bad-value",
			arena_printf(d->arena,
				"Unsupported value: \"" STR_FMT
				"\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
				STR_ARG(p->protocol.s)));
}

static const struct field port_fields[] = {
	{FIELD_TEXT_OF(struct container_port, "name", name)},
	{FIELD_OF(struct container_port, "containerPort", FIELD_INT, port), .min = 1,
		.max = PORT_MAX},
	{FIELD_TEXT_OF(struct container_port, "protocol", protocol)},
	{REFUSED("hostPort", "what a sidecar listens on is reached by its task alone")},
	{REFUSED("hostIP", "what a sidecar listens on is reached by its task alone")},
};
const struct schema schema_port = {
	.what = "port",
	.size = sizeof(struct container_port),
	.at_pos = offsetof(struct container_port, pos),
	.fields = port_fields,
	.n_fields = ARRAY_SIZE(port_fields),
	.finish = finish_port,
};

/* A number, or the name of a port. */
static void decode_port(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct handler *h = base;
	const char *problem;

	if (n->type == YAML_NULL)
		return;
	if (n->type == YAML_NUMBER) {
		decode_int(d, f, n, &h->port);
		return;
	}
	decode_text(d, n, &h->port_name);
	if (!text_given(h->port_name))
		return;
	problem = port_name_problem(h->port_name.s);
	if (problem)
		(void)decode_fail(d, "bad-value", n, "Invalid value: \"" STR_FMT "\": %s",
			STR_ARG(h->port_name.s), problem);
}

static void check_port(struct decode *d, const struct yaml_node *n, const struct handler *h)
{
	if (n->type == YAML_MAP && !d->broken && !h->port.pos.line && !text_given(h->port_name))
		(void)decode_fail(d, "required", n,
			"port: Invalid value: 0: must be between 1 and 65535, inclusive");
}

/* The agent asks nobody for names: only what is an address already can be connected to. */
static void check_host(struct decode *d, const struct yaml_node *n, const struct handler *h)
{
	struct in6_addr ip;
	size_t mark;

	if (!h->host.s.n || str_eqz(h->host.s, "localhost") ||
		inet_pton(AF_INET, str_c(h->host.s), &ip) == 1 ||
		inet_pton(AF_INET6, str_c(h->host.s), &ip) == 1)
		return;
	mark = path_enter(d, STR("host"));
	decode_refuse_for(d, member(n, "host"), "names are not looked up; give an address",
		"host \"" STR_FMT "\"", STR_ARG(h->host.s));
	path_leave(d, mark);
}

/* --- handlers ---------------------------------------------------------------------------- */

static void finish_exec(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct handler *h = base;

	if (!h->n_command && !d->broken)
		(void)decode_fail(d, "required", n, "command: Required value");
}

static const struct field exec_fields[] = {
	{FIELD_TEXTS_OF(struct handler, "command", command)},
};

static bool is_header_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_letter((char)(s.p[i] | 0x20)) && s.p[i] != '-' &&
			!(s.p[i] >= '0' && s.p[i] <= '9'))
			return false;
	return s.n > 0;
}

static bool has_line_end(struct str s)
{
	return s.n && (memchr(s.p, '\n', s.n) || memchr(s.p, '\r', s.n));
}

static void finish_header(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct http_header *h = base;

	if (!is_header_name(h->name.s))
		(void)decode_fail(d, "bad-value", member(n, "name"),
			"Invalid value: \"" STR_FMT
			"\": a valid HTTP header must consist of alphanumeric characters or "
			"'-'",
			STR_ARG(h->name.s));
	if (has_line_end(h->value.s))
		(void)decode_fail(d, "bad-value", member(n, "value"),
			"the value of a header is one line");
}

static const struct field header_fields[] = {
	{FIELD_TEXT_OF(struct http_header, "name", name)},
	{FIELD_TEXT_OF(struct http_header, "value", value)},
};
static const struct schema schema_header = {
	.what = "HTTP header",
	.size = sizeof(struct http_header),
	.fields = header_fields,
	.n_fields = ARRAY_SIZE(header_fields),
	.finish = finish_header,
};

static void finish_http_get(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct handler *h = base;
	size_t mark;

	check_port(d, n, h);
	check_host(d, n, h);
	mark = path_enter(d, STR("scheme"));
	if (str_eqz(h->scheme.s, "HTTPS"))
		decode_refuse_for(d, member(n, "scheme"),
			"the agent speaks no TLS with what runs in a sidecar; a tcpSocket or "
			"an "
			"exec probe can take its place",
			"scheme HTTPS");
	else if (h->scheme.s.n && !str_eqz(h->scheme.s, "HTTP"))
		(void)decode_fail(d, "bad-value", member(n, "scheme"),
			"Unsupported value: \"" STR_FMT
			"\": supported values: \"HTTP\", \"HTTPS\"",
			STR_ARG(h->scheme.s));
	path_leave(d, mark);
}

static const struct field http_get_fields[] = {
	{FIELD_TEXT_OF(struct handler, "path", path)},
	{.key = "port", .kind = FIELD_CALL, .call = decode_port, .min = 1, .max = PORT_MAX},
	{FIELD_TEXT_OF(struct handler, "host", host)},
	{FIELD_TEXT_OF(struct handler, "scheme", scheme)},
	{FIELD_LIST_OF(struct handler, "httpHeaders", headers, &schema_header)},
};

static void finish_tcp_socket(struct decode *d, const struct yaml_node *n, void *base)
{
	check_port(d, n, base);
	check_host(d, n, base);
}

static const struct field tcp_socket_fields[] = {
	{.key = "port", .kind = FIELD_CALL, .call = decode_port, .min = 1, .max = PORT_MAX},
	{FIELD_TEXT_OF(struct handler, "host", host)},
};

static void finish_sleep(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct handler *h = base;

	if (h->seconds.v < 0 || h->seconds.v > POD_GRACE_SECONDS)
		(void)decode_fail(d, "out-of-range", member(n, "seconds"),
			"Invalid value: %lld: must be non-negative and less than "
			"terminationGracePeriodSeconds (%d)",
			(long long)h->seconds.v, POD_GRACE_SECONDS);
}

static const struct field sleep_fields[] = {
	{FIELD_OF(struct handler, "seconds", FIELD_INT, seconds)},
};

#define HANDLER_SCHEMA(name, fields_, finish_)                                                 \
	{                                                                                      \
		.what = (name), .size = sizeof(struct handler),                                \
		.at_pos = offsetof(struct handler, pos), .fields = (fields_),                  \
		.n_fields = ARRAY_SIZE(fields_), .finish = (finish_)                           \
	}
static const struct schema handler_schemas[HANDLER_KIND_N] = {
	[HANDLER_EXEC] = HANDLER_SCHEMA("exec", exec_fields, finish_exec),
	[HANDLER_HTTP_GET] = HANDLER_SCHEMA("httpGet", http_get_fields, finish_http_get),
	[HANDLER_TCP_SOCKET] =
		HANDLER_SCHEMA("tcpSocket", tcp_socket_fields, finish_tcp_socket),
	[HANDLER_SLEEP] = HANDLER_SCHEMA("sleep", sleep_fields, finish_sleep),
};

/* One of the ways; arg is the kind, base a struct handler or what begins with one. */
static void decode_handler(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct handler *h = base;

	if (n->type == YAML_NULL)
		return;
	if (h->kind != HANDLER_NONE) {
		(void)decode_fail(d, "excluded-field", n,
			"Forbidden: may not specify more than 1 handler type");
		return;
	}
	h->kind = (enum handler_kind)f->arg;
	decode_object(d, &handler_schemas[h->kind], n, h);
}

static void finish_handler(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct handler *h = base;

	if (n->type == YAML_MAP && h->kind == HANDLER_NONE && !yaml_get(n, "grpc"))
		(void)decode_fail(
			d, "required", n, "Required value: must specify a handler type");
}

static const struct field handler_fields[] = {
	{.key = "exec", .kind = FIELD_CALL, .call = decode_handler, .arg = HANDLER_EXEC},
	{.key = "httpGet", .kind = FIELD_CALL, .call = decode_handler, .arg = HANDLER_HTTP_GET},
	{.key = "tcpSocket",
		.kind = FIELD_CALL,
		.call = decode_handler,
		.arg = HANDLER_TCP_SOCKET},
};
static const struct schema schema_handler = {
	.what = "handler",
	.size = sizeof(struct handler),
	.fields = handler_fields,
	.n_fields = ARRAY_SIZE(handler_fields),
};

/* --- hooks ------------------------------------------------------------------------------- */

static const struct field hook_fields[] = {
	{.key = "sleep", .kind = FIELD_CALL, .call = decode_handler, .arg = HANDLER_SLEEP},
};
static const struct schema schema_hook = {
	.what = "lifecycle handler",
	.size = sizeof(struct handler),
	.base = &schema_handler,
	.fields = hook_fields,
	.n_fields = ARRAY_SIZE(hook_fields),
	.finish = finish_handler,
};

static void decode_hook(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	if (n->type != YAML_NULL)
		decode_object(d, &schema_hook, n, (char *)base + f->at);
}

static const struct field lifecycle_fields[] = {
	{FIELD_OF(struct sidecar, "postStart", FIELD_CALL, post_start), .call = decode_hook},
	{FIELD_OF(struct sidecar, "preStop", FIELD_CALL, pre_stop), .call = decode_hook},
	{REFUSED("stopSignal", "it needs spec.os.name, which no pod of Tekton's has")},
};
static const struct schema schema_lifecycle = {
	.what = "lifecycle",
	.size = sizeof(struct sidecar),
	.fields = lifecycle_fields,
	.n_fields = ARRAY_SIZE(lifecycle_fields),
};

void decode_lifecycle(struct decode *d, const struct field *f attr_unused,
	const struct yaml_node *n, void *base)
{
	if (n->type != YAML_NULL)
		decode_object(d, &schema_lifecycle, n, base);
}

/* --- probes ------------------------------------------------------------------------------ */

#define SECONDS_OF(name, member, least)                                                        \
	FIELD_OF(struct probe, name, FIELD_INT, member), .min = (least), .max = INT32_MAX
static const struct field probe_fields[] = {
	{REFUSED("grpc", "the agent speaks no HTTP/2; a tcpSocket or an exec probe can "
			 "take its place")},
	{SECONDS_OF("initialDelaySeconds", initial_delay_seconds, 0)},
	{SECONDS_OF("timeoutSeconds", timeout_seconds, 0)},
	{SECONDS_OF("periodSeconds", period_seconds, 0)},
	{SECONDS_OF("successThreshold", success_threshold, 0)},
	{SECONDS_OF("failureThreshold", failure_threshold, 0)},
	{SECONDS_OF("terminationGracePeriodSeconds", termination_grace_period_seconds, 1)},
};
static const struct schema schema_probe = {
	.what = "probe",
	.size = sizeof(struct probe),
	.base = &schema_handler,
	.fields = probe_fields,
	.n_fields = ARRAY_SIZE(probe_fields),
	.finish = finish_handler,
};
_Static_assert(offsetof(struct probe, handler) == 0, "its fields are those of a handler");

void decode_probe(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct sidecar *s = base;
	struct probe *p = &s->probes[f->arg];

	if (n->type == YAML_NULL)
		return;
	decode_object(d, &schema_probe, n, p);
	if (f->arg != PROBE_READINESS && p->success_threshold.v > 1)
		fail_member(d, n, "successThreshold", "bad-value",
			arena_printf(d->arena, "Invalid value: %lld: must be 1",
				(long long)p->success_threshold.v));
	if (f->arg == PROBE_READINESS && p->termination_grace_period_seconds.pos.line)
		fail_member(d, n, "terminationGracePeriodSeconds", "bad-value",
			arena_printf(d->arena,
				"Invalid value: %lld: must not be set for readinessProbes",
				(long long)p->termination_grace_period_seconds.v));
}

/* --- what belongs together --------------------------------------------------------------- */

static bool has_port(const struct sidecar *s, struct str name)
{
	for (size_t i = 0; i < s->n_ports; i++)
		if (str_eq(s->ports[i].name.s, name))
			return true;
	return false;
}

/* As on a node it can never be carried out: no error there, but hardly meant. */
static void warn_port(struct decode *d, const struct sidecar *s, const struct handler *h,
	const struct yaml_node *owner, const char *key)
{
	static const char *const ways[HANDLER_KIND_N] = {
		[HANDLER_HTTP_GET] = "httpGet", [HANDLER_TCP_SOCKET] = "tcpSocket"};
	const struct yaml_node *n;
	size_t mark;

	if (!text_given(h->port_name) || has_port(s, h->port_name.s))
		return;
	n = member(member(member(owner, key), ways[h->kind]), "port");
	mark = path_enter(d, str_z(key));
	(void)decode_warn(d, "unknown-port", n,
		"no port of this sidecar is called \"" STR_FMT "\": it will never succeed",
		STR_ARG(h->port_name.s));
	path_leave(d, mark);
}

static void check_port_names(
	struct decode *d, const struct yaml_node *ports, const struct sidecar *s)
{
	size_t mark = path_enter(d, STR("ports"));
	struct map names;

	map_init(&names, d->arena);
	for (size_t i = 0; i < s->n_ports; i++) {
		struct str name = s->ports[i].name.s;

		if (name.n && !map_set(&names, name, d))
			(void)decode_fail(d, "duplicate",
				ports->type == YAML_LIST && i < ports->n
					? member(ports->items[i], "name")
					: ports,
				"[%zu].name: Duplicate value: \"" STR_FMT "\"", i,
				STR_ARG(name));
	}
	path_leave(d, mark);
}

void finish_sidecar(struct decode *d, const struct yaml_node *n, void *base)
{
	static const char *const keys[PROBE_KIND_N] = {[PROBE_STARTUP] = "startupProbe",
		[PROBE_READINESS] = "readinessProbe",
		[PROBE_LIVENESS] = "livenessProbe"};
	const struct sidecar *s = base;

	check_port_names(d, member(n, "ports"), s);
	if (d->broken || n->type != YAML_MAP)
		return;
	for (size_t i = 0; i < PROBE_KIND_N; i++)
		warn_port(d, s, &s->probes[i].handler, n, keys[i]);
	if (yaml_get(n, "lifecycle")) {
		warn_port(d, s, &s->post_start, yaml_get(n, "lifecycle"), "postStart");
		warn_port(d, s, &s->pre_stop, yaml_get(n, "lifecycle"), "preStop");
	}
}
