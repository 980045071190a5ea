/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credential files of git and ssh. The formats are those that Tekton writes. URLs, user names
 * and hosts come from the input and end up as lines of configuration: what could begin another
 * line or word there is refused or quoted.
 */
#include "credential_git.h"

#include <base/buf.h>
#include <base/num.h>
#include <string.h>

#define HOME LAUNCH_HOME_FILES "/"

static bool is_alnum(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
}

static bool is_of(char ch, const char *others)
{
	return is_alnum(ch) || (ch && strchr(others, ch));
}

static bool all_of(struct str s, const char *others)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_of(s.p[i], others))
			return false;
	}
	return true;
}

/* As Go's net/url writes what is neither a letter, a digit nor one of these. */
static void escape(struct buf *b, struct str s, const char *plain)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char ch = (unsigned char)s.p[i];

		if (is_of(s.p[i], plain)) {
			buf_addc(b, s.p[i]);
			continue;
		}
		buf_addc(b, '%');
		buf_addc(b, hex[ch >> 4]);
		buf_addc(b, hex[ch & 15]);
	}
}

static int bad_url(const struct login *l, const char *what, struct err *err)
{
	char shown[128];
	size_t n = l->url.n < sizeof(shown) ? l->url.n : sizeof(shown);

	for (size_t i = 0; i < n; i++)
		shown[i] = l->url.p[i] > ' ' && l->url.p[i] < 127 ? l->url.p[i] : '?';
	return err_set(err, ERR_NOT_FOUND,
		"secret \"" STR_FMT "\": annotation \"%.*s\": expected %s",
		STR_ARG(l->secret->meta.name.s), (int)n, shown, what);
}

/* --- git over http ----------------------------------------------------------------------- */

struct url {               /* the parts that Go's net/url takes out and puts together again */
	struct str scheme; /* empty: none */
	struct str host;   /* with its port, without a user */
	struct str path;   /* and all behind it */
	bool is_opaque;    /* scheme:path */
};

static struct str scheme_of(struct str url)
{
	size_t i = 0;

	while (i < url.n && is_of(url.p[i], "+-."))
		i++;
	if (!i || i == url.n || url.p[i] != ':' || strchr("+-.0123456789", url.p[0]))
		return STR_NONE;
	return str_slice(url, 0, i);
}

/* Names, addresses in brackets, what is not ASCII; digits behind the last colon. */
static bool is_url_host(struct str host)
{
	ptrdiff_t colon = str_rchr(host, ':');
	ptrdiff_t bracket = str_rchr(host, ']');

	for (size_t i = 0; i < host.n; i++) {
		if ((unsigned char)host.p[i] < 0x80 && !is_of(host.p[i], "-._~:[]"))
			return false;
	}
	for (size_t i = (size_t)(colon + 1); colon > bracket && i < host.n; i++) {
		if (host.p[i] < '0' || host.p[i] > '9')
			return false;
	}
	return true;
}

static bool is_hex(char ch)
{
	return (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'f') || (ch >= 'A' && ch <= 'F');
}

static bool is_url_path(struct str path)
{
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] == '%' &&
			(i + 2 >= path.n || !is_hex(path.p[i + 1]) || !is_hex(path.p[i + 2])))
			return false;
	}
	return true;
}

/* False: Tekton refuses it. '=' ends the URL in its entrypoint's options. */
static bool url_parse(struct str s, struct url *ret)
{
	struct str rest = s;
	struct str host;
	ptrdiff_t at;

	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127 || s.p[i] == '=')
			return false;
	}
	*ret = (struct url){.scheme = scheme_of(s)};
	if (ret->scheme.n)
		rest = str_slice(s, ret->scheme.n + 1, s.n);
	ret->path = rest;
	if (!str_starts(rest, STR("/"))) {
		at = str_chr(rest, '/');
		host = str_slice(rest, 0, at < 0 ? rest.n : (size_t)at);
		ret->is_opaque = ret->scheme.n > 0;
		return ret->is_opaque ||
		       (rest.n && str_chr(host, ':') < 0 && is_url_path(rest));
	}
	if (str_starts(rest, STR("//"))) {
		rest = str_slice(rest, 2, rest.n);
		at = str_chr(rest, '/');
		host = str_slice(rest, 0, at < 0 ? rest.n : (size_t)at);
		ret->path = str_slice(rest, host.n, rest.n);
		at = str_rchr(host, '@');
		ret->host = str_slice(host, (size_t)(at + 1), host.n);
	}
	return is_url_host(ret->host) && is_url_path(ret->path);
}

static bool has_path(const struct login *l)
{
	struct url u;

	return url_parse(l->url, &u) && !u.is_opaque && u.host.n && u.path.n > 1;
}

/* Inside quotes, for a name of a section and for a value. */
static void git_quoted(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n') {
			buf_addz(b, "\\n");
			continue;
		}
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, s.p[i]);
	}
}

/* As Tekton writes it, where git reads that as what was meant. */
static void git_value(struct buf *b, struct str s)
{
	bool is_plain = str_eq(str_trim(s), s);

	for (size_t i = 0; i < s.n; i++)
		is_plain = is_plain && (unsigned char)s.p[i] >= ' ' && !strchr("\"#;", s.p[i]);
	if (!is_plain)
		buf_addc(b, '"');
	git_quoted(b, s);
	if (!is_plain)
		buf_addc(b, '"');
}

static void git_section(struct buf *b, const struct login *l)
{
	buf_addz(b, "[credential \"");
	git_quoted(b, l->url);
	buf_addz(b, "\"]\n\tusername = ");
	git_value(b, credential_key(l->secret, "username"));
	buf_addc(b, '\n');
	if (has_path(l))
		buf_addz(b, "\tuseHttpPath = true\n");
}

static void git_line(struct buf *b, const struct login *l)
{
	struct url u;

	if (!url_parse(l->url, &u))
		return; /* it was checked before */
	for (size_t i = 0; i < u.scheme.n; i++) {
		char ch = u.scheme.p[i];

		buf_addc(b, ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch);
	}
	if (u.scheme.n)
		buf_addc(b, ':');
	if (!u.is_opaque) {
		buf_addz(b, "//");
		escape(b, credential_key(l->secret, "username"), "-_.~$&+,;=");
		buf_addc(b, ':');
		escape(b, credential_key(l->secret, "password"), "-_.~$&+,;=");
		buf_addc(b, '@');
		escape(b, u.host, "-._~:[]");
	}
	escape(b, u.path, "-_.~!$&'()*+,;:@[]/%?#");
	buf_addc(b, '\n');
}

static int git_http(struct creds *c, struct buf *config, struct err *err)
{
	cleanup_buf struct buf lines = {0};
	struct login *l;
	struct url u;

	if (!c->git.n)
		return 0;
	buf_init(&lines, CREDENTIAL_FILE_BYTES);
	vec_foreach (l, &c->git) {
		struct str user = credential_key(l->secret, "username");

		if (!url_parse(l->url, &u))
			return bad_url(l, "a URL without '='", err);
		if (user.n && memchr(user.p, 0, user.n))
			return bad_url(l, "a username without NUL", err);
	}
	buf_addz(config, "[credential]\n\thelper = store\n");
	vec_foreach (l, &c->git)
		git_section(config, l);
	for (int with_path = 0; with_path < 2; with_path++) {
		vec_foreach (l, &c->git) {
			if (has_path(l) == (with_path == 1))
				git_line(&lines, l);
		}
	}
	credential_file(c, STR(HOME ".git-credentials"), arena_str(c->arena, buf_str(&lines)));
	return 0;
}

/* --- git over ssh ------------------------------------------------------------------------ */

struct ssh_url {
	struct str host; /* no brackets */
	struct str port;
	struct str path; /* of one repository, without .git; empty: all of the host */
	struct str alias;
};

static bool is_port(struct str port)
{
	uint64_t n;

	return num_u64(port, 65535, &n, NULL) == 0 && n > 0;
}

static void split_path(struct str s, struct str *ret_host, struct str *ret_path)
{
	ptrdiff_t slash = str_chr(s, '/');

	*ret_host = str_slice(s, 0, slash < 0 ? s.n : (size_t)slash);
	*ret_path = slash < 0 ? STR_NONE : str_slice(s, (size_t)slash + 1, s.n);
	while (str_ends(*ret_path, STR("/")))
		ret_path->n--;
	if (str_ends(*ret_path, STR(".git")))
		ret_path->n -= 4;
}

/* "host", "host:port", "[address]:port", also with "ssh://" or a user before and a path behind.
 */
static bool ssh_parse(struct arena *a, struct str s, struct ssh_url *ret)
{
	struct buf alias = {0};
	struct str host;
	ptrdiff_t at;

	if (str_starts(s, STR("ssh://")))
		s = str_slice(s, 6, s.n);
	split_path(s, &host, &ret->path);
	at = str_chr(host, '@');
	host = str_slice(host, (size_t)(at + 1), host.n);
	at = str_rchr(host, ':');
	ret->host = host;
	ret->port = STR("22");
	if (at >= 0 && (host.p[0] == '[' || str_chr(host, ':') == at)) {
		ret->host = str_slice(host, 0, (size_t)at);
		ret->port = str_slice(host, (size_t)at + 1, host.n);
	}
	if (str_starts(ret->host, STR("[")) && str_ends(ret->host, STR("]")))
		ret->host = str_slice(ret->host, 1, ret->host.n - 1);
	if (!ret->host.n || ret->host.p[0] == '-' || !all_of(ret->host, "-._:") ||
		!is_port(ret->port) || !all_of(ret->path, "-._~+@/"))
		return false;
	ret->alias = ret->host;
	if (!ret->path.n)
		return true;
	buf_init(&alias, CREDENTIAL_FILE_BYTES);
	buf_addf(&alias, STR_FMT "--", STR_ARG(ret->host));
	for (size_t i = 0; i < ret->path.n; i++)
		buf_addz(&alias, ret->path.p[i] == '/' ? "--" : (char[]){ret->path.p[i], '\0'});
	ret->alias = arena_str(a, buf_str(&alias));
	buf_release(&alias);
	return true;
}

/* A host as it stands in a URL. */
static struct str bracketed(struct arena *a, struct str host)
{
	return str_chr(host, ':') < 0 ? host : arena_printf(a, "[" STR_FMT "]", STR_ARG(host));
}

/* The ways to write the URL of one repository, each in terms of its alias. */
static void ssh_rewrite(struct creds *c, const struct ssh_url *u, struct buf *config)
{
	static const char *const users[] = {"git@", ""};
	struct str host = bracketed(c->arena, u->host);
	struct str alias = bracketed(c->arena, u->alias);

	buf_addf(config,
		"[url \"git@" STR_FMT ":" STR_FMT ".git\"]\n\tinsteadOf = git@" STR_FMT
		":" STR_FMT ".git\n",
		STR_ARG(alias), STR_ARG(u->path), STR_ARG(host), STR_ARG(u->path));
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		buf_addf(config, "[url \"ssh://%s" STR_FMT "/" STR_FMT ".git\"]\n", users[i],
			STR_ARG(alias), STR_ARG(u->path));
		buf_addf(config, "\tinsteadOf = ssh://%s" STR_FMT "/" STR_FMT ".git\n",
			users[i], STR_ARG(host), STR_ARG(u->path));
		buf_addf(config,
			"\tinsteadOf = ssh://%s" STR_FMT ":" STR_FMT "/" STR_FMT ".git\n",
			users[i], STR_ARG(host), STR_ARG(u->port), STR_ARG(u->path));
	}
}

/* The block of login i, with the keys of all that are for the same URL. */
static void ssh_host(
	const struct creds *c, size_t i, const struct ssh_url *u, struct buf *config)
{
	buf_addf(config, "Host " STR_FMT "\n    HostName " STR_FMT "\n    Port " STR_FMT "\n",
		STR_ARG(u->alias), STR_ARG(u->host), STR_ARG(u->port));
	for (size_t k = i; k < c->ssh.n; k++) {
		if (str_eq(c->ssh.p[k].url, c->ssh.p[i].url))
			buf_addf(config,
				"    IdentityFile " LAUNCH_CREDS "/.ssh/id_" STR_FMT "\n",
				STR_ARG(c->ssh.p[k].secret->meta.name.s));
	}
}

static bool ssh_is_first(const struct creds *c, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (str_eq(c->ssh.p[k].url, c->ssh.p[i].url))
			return false;
	}
	return true;
}

/* The keys, and what is known of hosts, each Secret once. */
static void ssh_keys(struct creds *c, struct buf *hosts)
{
	for (size_t i = 0; i < c->ssh.n; i++) {
		const struct data_object *o = c->ssh.p[i].secret;
		struct str known = credential_key(o, "known_hosts");
		size_t k = 0;

		while (c->ssh.p[k].secret != o)
			k++;
		if (k < i)
			continue;
		if (known.n && hosts->n)
			buf_addc(hosts, '\n');
		buf_adds(hosts, known);
		credential_file(c,
			arena_printf(
				c->arena, HOME ".ssh/id_" STR_FMT, STR_ARG(o->meta.name.s)),
			credential_key(o, "ssh-privatekey"));
	}
}

/*
 * Nothing is said of StrictHostKeyChecking: a host that no Secret knows is not trusted, as ssh
 * has nobody to ask.
 */
static int git_ssh(struct creds *c, struct buf *git_config, struct err *err)
{
	cleanup_buf struct buf config = {0};
	cleanup_buf struct buf hosts = {0};
	struct ssh_url *urls = arena_new_array(c->arena, struct ssh_url, c->ssh.n);

	if (!c->ssh.n)
		return 0;
	for (size_t i = 0; i < c->ssh.n; i++) {
		if (!ssh_parse(c->arena, c->ssh.p[i].url, &urls[i]))
			return bad_url(&c->ssh.p[i], "host[:port][/repository]", err);
	}
	buf_init(&config, CREDENTIAL_FILE_BYTES);
	buf_init(&hosts, CREDENTIAL_FILE_BYTES);
	for (int with_path = 0; with_path < 2; with_path++) {
		for (size_t i = 0; i < c->ssh.n; i++) {
			if ((urls[i].path.n > 0) != (with_path == 1) || !ssh_is_first(c, i))
				continue;
			ssh_host(c, i, &urls[i], &config);
			if (with_path)
				ssh_rewrite(c, &urls[i], git_config);
		}
	}
	ssh_keys(c, &hosts);
	credential_file(c, STR(HOME ".ssh/config"), arena_str(c->arena, buf_str(&config)));
	if (hosts.n)
		credential_file(
			c, STR(HOME ".ssh/known_hosts"), arena_str(c->arena, buf_str(&hosts)));
	return 0;
}

int credential_git(struct creds *c, struct err *err)
{
	cleanup_buf struct buf config = {0};

	buf_init(&config, CREDENTIAL_FILE_BYTES);
	if (git_http(c, &config, err) < 0 || git_ssh(c, &config, err) < 0)
		return -1;
	if (config.n)
		credential_file(
			c, STR(HOME ".gitconfig"), arena_str(c->arena, buf_str(&config)));
	return 0;
}
