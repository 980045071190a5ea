/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting, asking, following. */
#include "dial.h"

#include "http_response.h"

#include <arpa/inet.h>
#include <base/arena.h>
#include <base/bounds.h>
#include <base/buf.h>
#include <base/fd.h>
#include <base/num.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HOSTS_MAX = 3,
	REDIRECTS_MAX = 10, /* as Go's client */
	PORT_HTTP = 80,
	PORT_MAX = 65535,
	REQUEST_BYTES = MIB,
	READ_BYTES = 4 * KIB,
};

struct dial {
	struct dial_config c;
	struct arena *arena;
	struct str hosts[HOSTS_MAX]; /* addresses to try, in this order */
	size_t n_hosts, host;
	struct dial_place place;
	size_t n_redirects;
	int fd;
	struct watch *watch;
	struct buf request;
	size_t n_sent;
	struct http_response response;
};

/* --- texts ------------------------------------------------------------------------------- */

static bool is_hex(char c)
{
	return isxdigit((unsigned char)c);
}

struct str dial_target(struct arena *a, struct str path)
{
	static const char hex[] = "0123456789ABCDEF";
	struct buf b cleanup_buf = {0};
	ptrdiff_t fragment = str_chr(path, '#');

	if (fragment >= 0)
		path.n = (size_t)fragment;
	buf_init(&b, REQUEST_BYTES);
	if (!path.n || path.p[0] != '/')
		buf_addc(&b, '/');
	for (size_t i = 0; i < path.n; i++) {
		const unsigned char c = (unsigned char)path.p[i];
		const bool is_escape = c == '%' && i + 2 < path.n && is_hex(path.p[i + 1]) &&
				       is_hex(path.p[i + 2]);

		if (c > ' ' && c < 0x7f && !strchr("\"<>\\^`{|}", c) &&
			(c != '%' || is_escape)) {
			buf_addc(&b, (char)c);
			continue;
		}
		buf_addc(&b, '%');
		buf_addc(&b, hex[c >> 4]);
		buf_addc(&b, hex[c & 15]);
	}
	return arena_str(a, buf_str(&b));
}

/* HOST, HOST:PORT, [ADDRESS]:PORT. */
static bool parse_authority(struct str text, struct str *ret_host, uint16_t *ret_port)
{
	ptrdiff_t at = str_rchr(text, '@'), colon;
	struct str port = STR_NONE;
	uint64_t number = PORT_HTTP;

	text = str_slice(text, (size_t)(at + 1), text.n);
	if (text.n && text.p[0] == '[') {
		ptrdiff_t close = str_chr(text, ']');

		if (close < 0)
			return false;
		*ret_host = str_slice(text, 1, (size_t)close);
		text = str_slice(text, (size_t)close + 1, text.n);
		colon = text.n ? 0 : -1;
		if (text.n && text.p[0] != ':')
			return false;
	} else {
		colon = str_rchr(text, ':');
		*ret_host = colon < 0 ? text : str_slice(text, 0, (size_t)colon);
	}
	if (colon >= 0)
		port = str_slice(text, (size_t)colon + 1, text.n);
	if (!ret_host->n || (port.n && (num_u64(port, PORT_MAX, &number, NULL) || !number)))
		return false;
	*ret_port = (uint16_t)number;
	return true;
}

/* What comes before a query, up to its last slash. */
static struct str directory_of(struct str target)
{
	ptrdiff_t query = str_chr(target, '?'), slash;

	if (query >= 0)
		target.n = (size_t)query;
	slash = str_rchr(target, '/');
	return str_slice(target, 0, (size_t)(slash + 1));
}

static struct str relative(struct arena *a, struct str from, struct str to)
{
	ptrdiff_t query = str_chr(from, '?');

	if (to.p[0] == '/')
		return dial_target(a, to);
	if (to.p[0] == '?')
		return dial_target(a,
			arena_printf(a, STR_FMT STR_FMT,
				STR_ARG(str_slice(from, 0, query < 0 ? from.n : (size_t)query)),
				STR_ARG(to)));
	return dial_target(
		a, arena_printf(a, STR_FMT STR_FMT, STR_ARG(directory_of(from)), STR_ARG(to)));
}

static bool has_scheme(struct str s, struct str scheme)
{
	return str_ieq(str_slice(s, 0, scheme.n), scheme);
}

bool dial_redirect(struct arena *a, const struct dial_place *from, struct str location,
	struct dial_place *ret, const char **ret_why)
{
	struct str rest = location;
	bool is_https = has_scheme(location, STR("https://"));
	size_t end = 0;

	*ret_why = NULL;
	*ret = *from;
	ret->is_named = is_https || has_scheme(location, STR("http://")) ||
			str_starts(location, STR("//"));
	if (!ret->is_named) {
		ret->target = relative(a, from->target, location);
		ret->is_named = from->is_named;
		return true;
	}
	rest = str_slice(location, (size_t)str_find(location, STR("//")) + 2, location.n);
	while (end < rest.n && !strchr("/?#", rest.p[end]))
		end++;
	if (!parse_authority(str_slice(rest, 0, end), &ret->host, &ret->port)) {
		*ret_why = "the redirect leads nowhere";
		return false;
	}
	if (!str_ieq(ret->host, from->host))
		return false;
	if (is_https) {
		*ret_why = "the redirect leads to HTTPS, which the agent does not speak";
		return false;
	}
	ret->target = dial_target(a, str_slice(rest, end, rest.n));
	return true;
}

/* --- the end ----------------------------------------------------------------------------- */

static void dial_close(struct dial *d)
{
	watch_remove(d->watch);
	d->watch = NULL;
	fd_close(&d->fd);
}

static void dial_end(struct dial *d, enum probe_answer a, struct str text)
{
	dial_close(d);
	d->c.done(d->c.arg, a, text);
}

static struct str dial_host(const struct dial *d)
{
	return str_chr(d->place.host, ':') >= 0
		       ? arena_printf(d->arena, "[" STR_FMT "]", STR_ARG(d->place.host))
		       : d->place.host;
}

/* What was asked, and what came of it. */
static void dial_fail(struct dial *d, const char *why)
{
	struct str host = dial_host(d);

	if (d->c.handler->kind == HANDLER_TCP_SOCKET)
		dial_end(d, ANSWER_FAILURE,
			arena_printf(d->arena, "connect to " STR_FMT ":%u: %s", STR_ARG(host),
				d->place.port, why));
	else
		dial_end(d, ANSWER_FAILURE,
			arena_printf(d->arena, "GET http://" STR_FMT ":%u" STR_FMT ": %s",
				STR_ARG(host), d->place.port, STR_ARG(d->place.target), why));
}

static void dial_fail_sys(struct dial *d, int sys)
{
	char *why = (char *)(uintptr_t)arena_strz(d->arena, strerror(sys)).p;

	*why = (char)tolower((unsigned char)*why);
	dial_fail(d, why);
}

/* --- the answer -------------------------------------------------------------------------- */

static void dial_connect(struct dial *d);

static bool is_redirect(const struct http_response *r)
{
	static const int followed[] = {301, 302, 303, 307, 308};

	for (size_t i = 0; r->location.n && i < ARRAY_SIZE(followed); i++)
		if (r->status == followed[i])
			return true;
	return false;
}

static void dial_follow(struct dial *d)
{
	struct dial_place to;
	struct str location = arena_str(d->arena, buf_str(&d->response.location));
	const char *why;

	if (!dial_redirect(d->arena, &d->place, location, &to, &why)) {
		if (why)
			dial_fail(d, why);
		else
			dial_end(d, ANSWER_SUCCESS, STR_NONE);
		return;
	}
	if (d->n_redirects++ == REDIRECTS_MAX) {
		dial_fail(d, "stopped after 10 redirects");
		return;
	}
	d->place = to;
	d->host = 0;
	d->hosts[0] = to.host;
	d->n_hosts = 1;
	dial_close(d);
	dial_connect(d);
}

static void dial_judge(struct dial *d)
{
	const struct http_response *r = &d->response;

	if (r->state == HTTP_BAD)
		dial_fail(d, r->problem);
	else if (is_redirect(r))
		dial_follow(d);
	else if (d->c.any_status || (r->status >= 200 && r->status < 400))
		dial_end(d, ANSWER_SUCCESS, STR_NONE);
	else
		dial_fail(d, arena_printf(d->arena, "status %d", r->status).p);
}

static void dial_on_read(void *arg, int fd)
{
	struct dial *d = arg;
	char bytes[READ_BYTES];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	enum http_state state;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		dial_fail_sys(d, errno);
		return;
	}
	state = n ? http_response_feed(&d->response, bytes, (size_t)n)
		  : http_response_end(&d->response);
	if (state == HTTP_DONE || state == HTTP_BAD)
		dial_judge(d);
}

/* --- the request ------------------------------------------------------------------------- */

static const struct launch_header *find_header(const struct dial *d, const char *name)
{
	const struct launch_handler *h = d->c.handler;

	for (size_t i = 0; i < h->n_headers; i++)
		if (str_ieq(h->headers[i].name, str_z(name)))
			return &h->headers[i];
	return NULL;
}

static void put_header(struct buf *b, const char *name, struct str value)
{
	buf_addf(b, "%s: " STR_FMT "\r\n", name, STR_ARG(value));
}

/* As the kubelet fills in what the handler does not say. */
static void dial_write_request(struct dial *d)
{
	static const char *const own[] = {"Host", "User-Agent", "Accept", "Connection",
		"Content-Length", "Transfer-Encoding", "Trailer"};
	const struct launch_handler *h = d->c.handler;
	const struct launch_header *host = d->place.is_named ? NULL : find_header(d, "Host");
	const struct launch_header *agent = find_header(d, "User-Agent");
	const struct launch_header *accept = find_header(d, "Accept");
	struct buf *b = &d->request;

	buf_clear(b);
	d->n_sent = 0;
	buf_addf(b, "GET " STR_FMT " HTTP/1.1\r\n", STR_ARG(d->place.target));
	put_header(b, "Host",
		host && host->value.n ? host->value
				      : arena_printf(d->arena, STR_FMT ":%u",
						STR_ARG(dial_host(d)), d->place.port));
	if (!agent || agent->value.n)
		put_header(b, "User-Agent", agent ? agent->value : str_z(d->c.agent));
	if (!accept || accept->value.n)
		put_header(b, "Accept", accept ? accept->value : STR("*/*"));
	for (size_t i = 0; i < h->n_headers; i++) {
		bool is_own = false;

		for (size_t k = 0; k < ARRAY_SIZE(own); k++)
			is_own |= str_ieq(h->headers[i].name, str_z(own[k]));
		if (!is_own)
			put_header(b, str_c(h->headers[i].name), h->headers[i].value);
	}
	buf_addz(b, "Connection: close\r\n\r\n");
}

static bool dial_listen(struct dial *d, bool writes, loop_fn *fn)
{
	struct err err = {0};

	watch_remove(d->watch);
	d->watch = writes ? loop_add_write(d->c.loop, d->fd, LOOP_OUTPUT, "dial", fn, d, &err)
			  : loop_add_read(d->c.loop, d->fd, LOOP_OUTPUT, "dial", fn, d, &err);
	if (!d->watch)
		dial_end(d, ANSWER_ERROR, arena_strz(d->arena, err.msg));
	return d->watch;
}

static void dial_on_write(void *arg, int fd)
{
	struct dial *d = arg;
	ssize_t n = send(fd, d->request.p + d->n_sent, d->request.n - d->n_sent,
		MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* whoever does not take it all may have answered already */
	if (n >= 0)
		d->n_sent += (size_t)n;
	if (n < 0 || d->n_sent == d->request.n)
		(void)dial_listen(d, false, dial_on_read);
}

/* --- the connection ---------------------------------------------------------------------- */

static void dial_connected(struct dial *d)
{
	if (d->c.handler->kind == HANDLER_TCP_SOCKET) {
		dial_end(d, ANSWER_SUCCESS, STR_NONE);
		return;
	}
	dial_write_request(d);
	if (d->request.full) {
		dial_end(d, ANSWER_ERROR, STR("the request is larger than 1 MiB"));
		return;
	}
	http_response_release(&d->response);
	http_response_init(&d->response);
	(void)dial_listen(d, true, dial_on_write);
}

/* The next address, when there is one. */
static void dial_refused(struct dial *d, int sys)
{
	if (d->host + 1 == d->n_hosts) {
		d->place.host = d->hosts[0]; /* the first is the one to tell of */
		dial_fail_sys(d, sys);
		return;
	}
	d->host++;
	dial_close(d);
	dial_connect(d);
}

static void dial_on_connect(void *arg, int fd)
{
	struct dial *d = arg;
	int sys = 0;
	socklen_t n = sizeof(sys);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys, &n))
		sys = errno;
	if (sys)
		dial_refused(d, sys);
	else
		dial_connected(d);
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool parse_address(struct str host, uint16_t port, union address *ret, socklen_t *ret_n)
{
	*ret = (union address){0};
	if (inet_pton(AF_INET, str_c(host), &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(port);
		*ret_n = sizeof(ret->v4);
		return true;
	}
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons(port);
	*ret_n = sizeof(ret->v6);
	return inet_pton(AF_INET6, str_c(host), &ret->v6.sin6_addr) == 1;
}

static void dial_connect(struct dial *d)
{
	union address to;
	socklen_t n;
	struct err err = {0};

	d->place.host = d->hosts[d->host];
	if (!parse_address(arena_str(d->arena, d->place.host), d->place.port, &to, &n)) {
		dial_end(d, ANSWER_ERROR, STR("the host is not an address"));
		return;
	}
	d->fd = sandbox_socket(d->c.ns, to.any.sa_family, SOCK_STREAM, &err);
	if (d->fd < 0) {
		dial_end(d, ANSWER_ERROR, arena_strz(d->arena, err.msg));
		return;
	}
	if (connect(d->fd, &to.any, n) == 0)
		dial_connected(d);
	else if (errno == EINPROGRESS)
		(void)dial_listen(d, true, dial_on_connect);
	else
		dial_refused(d, errno);
}

/* --- life -------------------------------------------------------------------------------- */

static void dial_find_hosts(struct dial *d)
{
	struct str host = d->c.handler->host;

	if (host.n && !str_eqz(host, "localhost")) {
		d->hosts[d->n_hosts++] = host;
		return;
	}
	d->hosts[d->n_hosts++] = STR("127.0.0.1");
	d->hosts[d->n_hosts++] = STR("::1");
	if (!host.n && d->c.own_ip.n)
		d->hosts[d->n_hosts++] = d->c.own_ip;
}

struct dial *dial_new(const struct dial_config *c)
{
	struct arena *a = arena_new();
	struct dial *d = arena_new_object(a, struct dial);

	d->c = *c;
	d->arena = a;
	d->fd = -1;
	d->place = (struct dial_place){
		.port = c->handler->port, .target = dial_target(a, c->handler->path)};
	buf_init(&d->request, REQUEST_BYTES);
	http_response_init(&d->response);
	dial_find_hosts(d);
	return d;
}

void dial_start(struct dial *d)
{
	dial_connect(d);
}

void dial_free(struct dial *d)
{
	if (!d)
		return;
	dial_close(d);
	buf_release(&d->request);
	http_response_release(&d->response);
	arena_free(d->arena);
}
