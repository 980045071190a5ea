/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of a ServiceAccount as files. The formats are those that Tekton writes. */
#include "credential.h"

#include <base/base64.h>
#include <base/bounds.h>
#include <base/json.h>
#include <base/vec.h>
#include <stdlib.h>
#include <string.h>

enum { MODE_SECRET = 0444, FILE_BYTES = 16 * MIB };

#define HOME  LAUNCH_HOME_FILES "/"
#define CREDS LAUNCH_CREDS

typedef VEC(struct str) str_vec;

struct login { /* one Secret for one URL, host or registry */
	const struct data_object *secret;
	struct str url;
};
typedef VEC(struct login) login_vec;
struct registry {
	struct str name;
	const struct json *entry;        /* of a docker configuration, or */
	const struct data_object *login; /* a user and a password */
};

struct creds {
	struct arena *arena;
	login_vec git; /* basic-auth */
	login_vec ssh; /* ssh-auth */
	VEC(struct registry) registries;
	VEC(struct launch_file) files;
};

static struct str key_of(const struct data_object *o, const char *key)
{
	for (size_t i = 0; i < o->n_data; i++) {
		if (str_eqz(o->data[i].key, key))
			return o->data[i].value;
	}
	return STR_NONE;
}

static void file_add(struct creds *c, struct str path, struct str value)
{
	vec_push(&c->files,
		((struct launch_file){
			.path = path, .value = value, .mode = MODE_SECRET, .is_secret = true}));
}

/* --- what matches ------------------------------------------------------------------------ */

static int str_compare(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The values of the annotations PREFIXn, in their own order. */
static void annotations_of(const struct data_object *o, const char *prefix, str_vec *ret)
{
	const struct labels *l = &o->meta.annotations;

	for (size_t i = 0; i < l->n; i++) {
		if (str_starts(l->keys[i].s, str_z(prefix)))
			vec_push(ret, l->values[i].s);
	}
	if (ret->n)
		qsort(ret->p, ret->n, sizeof(*ret->p), str_compare);
}

static bool logins_add(const struct data_object *o, const char *prefix, login_vec *ret)
{
	str_vec urls = {0};
	size_t n;

	annotations_of(o, prefix, &urls);
	for (size_t i = 0; i < urls.n; i++)
		vec_push(ret, ((struct login){.secret = o, .url = urls.p[i]}));
	n = urls.n;
	vec_release(&urls);
	return n > 0;
}

/* A later one of the same name takes the place of the earlier. */
static void registry_put(struct creds *c, struct registry r)
{
	struct registry *old;

	vec_foreach (old, &c->registries) {
		if (str_eq(old->name, r.name)) {
			*old = r;
			return;
		}
	}
	vec_push(&c->registries, r);
}

static void docker_config_add(struct creds *c, struct str text, const char *member)
{
	struct err passed = {0};
	const struct json *auths;
	struct json *v;

	if (json_parse(c->arena, text, BOUND_JSON_BYTES, &v, &passed))
		return;
	auths = member ? json_get(v, member) : v;
	json_foreach (entry, auths)
		registry_put(c, (struct registry){.name = entry->key, .entry = entry});
}

static bool docker_logins_add(struct creds *c, const struct data_object *o)
{
	login_vec logins = {0};
	bool any = logins_add(o, "tekton.dev/docker-", &logins);

	for (size_t i = 0; i < logins.n; i++)
		registry_put(c, (struct registry){.name = logins.p[i].url, .login = o});
	vec_release(&logins);
	return any;
}

/* True: the Secret is of use. */
static bool secret_match(struct creds *c, const struct data_object *o)
{
	struct str type = o->type.s;

	if (str_eqz(type, "kubernetes.io/basic-auth")) {
		bool is_git = logins_add(o, "tekton.dev/git-", &c->git);

		return docker_logins_add(c, o) || is_git;
	}
	if (str_eqz(type, "kubernetes.io/ssh-auth"))
		return logins_add(o, "tekton.dev/git-", &c->ssh);
	if (str_eqz(type, "kubernetes.io/dockerconfigjson"))
		docker_config_add(c, key_of(o, ".dockerconfigjson"), "auths");
	else if (str_eqz(type, "kubernetes.io/dockercfg"))
		docker_config_add(c, key_of(o, ".dockercfg"), NULL);
	else
		return false;
	return true;
}

static void secret_add(struct creds *c, const struct data_object *o)
{
	if (!secret_match(c, o))
		return;
	for (size_t i = 0; i < o->n_data; i++)
		file_add(c,
			arena_printf(c->arena, STR_FMT "/" STR_FMT, STR_ARG(o->meta.name.s),
				STR_ARG(o->data[i].key)),
			o->data[i].value);
}

/* --- git over http ----------------------------------------------------------------------- */

/* As Go writes a user or password in a URL. */
static void url_escape(struct buf *b, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char ch = (unsigned char)s.p[i];
		bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
			     (ch >= '0' && ch <= '9') || (ch && strchr("-_.~$&+,;=", ch));

		if (plain) {
			buf_addc(b, s.p[i]);
			continue;
		}
		buf_addc(b, '%');
		buf_addc(b, hex[ch >> 4]);
		buf_addc(b, hex[ch & 15]);
	}
}

/* Behind "://"; all of it when there is none. */
static struct str url_rest(struct str url)
{
	ptrdiff_t at = str_find(url, STR("://"));

	return at < 0 ? url : str_slice(url, (size_t)at + 3, url.n);
}

static bool url_has_path(struct str url)
{
	struct str rest = url_rest(url);
	ptrdiff_t slash = str_chr(rest, '/');

	return slash >= 0 && (size_t)slash + 1 < rest.n;
}

static void git_section(struct buf *b, const struct login *l)
{
	struct str user = key_of(l->secret, "username");

	buf_addz(b, "[credential \"");
	for (size_t i = 0; i < l->url.n; i++) {
		if (l->url.p[i] == '"' || l->url.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, l->url.p[i]);
	}
	buf_addz(b, "\"]\n\tusername = ");
	for (size_t i = 0; i < user.n; i++) {
		if (user.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, user.p[i]);
	}
	buf_addc(b, '\n');
	if (url_has_path(l->url))
		buf_addz(b, "\tuseHttpPath = true\n");
}

static void git_line(struct buf *b, const struct login *l)
{
	struct str rest = url_rest(l->url);

	buf_adds(b, str_slice(l->url, 0, l->url.n - rest.n));
	url_escape(b, key_of(l->secret, "username"));
	buf_addc(b, ':');
	url_escape(b, key_of(l->secret, "password"));
	buf_addc(b, '@');
	buf_adds(b, rest);
	buf_addc(b, '\n');
}

static void git_files(struct creds *c)
{
	cleanup_buf struct buf config = {0};
	cleanup_buf struct buf lines = {0};

	if (!c->git.n)
		return;
	buf_init(&config, FILE_BYTES);
	buf_init(&lines, FILE_BYTES);
	buf_addz(&config, "[credential]\n\thelper = store\n");
	for (size_t i = 0; i < c->git.n; i++)
		git_section(&config, &c->git.p[i]);
	for (int with_path = 0; with_path < 2;
		with_path++) { /* git takes the first that fits */
		for (size_t i = 0; i < c->git.n; i++) {
			if (url_has_path(c->git.p[i].url) == (with_path == 1))
				git_line(&lines, &c->git.p[i]);
		}
	}
	file_add(c, STR(HOME ".gitconfig"), arena_str(c->arena, buf_str(&config)));
	file_add(c, STR(HOME ".git-credentials"), arena_str(c->arena, buf_str(&lines)));
}

/* --- git over ssh ------------------------------------------------------------------------ */

/* "host:port", "[address]:port" or a host alone. */
static void host_split(struct str url, struct str *ret_host, struct str *ret_port)
{
	ptrdiff_t colon = str_rchr(url, ':');
	struct str host = str_slice(url, 0, colon < 0 ? url.n : (size_t)colon);
	bool is_address = str_starts(host, STR("[")) && str_ends(host, STR("]"));

	*ret_host = url;
	*ret_port = STR("22");
	if (colon < 0 || (!is_address && str_chr(host, ':') >= 0))
		return;
	*ret_host = is_address ? str_slice(host, 1, host.n - 1) : host;
	*ret_port = str_slice(url, (size_t)colon + 1, url.n);
}

/* The Host block of login i, with the keys of all that are for the same host. */
static void ssh_host(const struct creds *c, size_t i, struct buf *config)
{
	bool is_known = false;
	struct str host;
	struct str port;

	host_split(c->ssh.p[i].url, &host, &port);
	buf_addf(config, "Host " STR_FMT "\n    HostName " STR_FMT "\n    Port " STR_FMT "\n",
		STR_ARG(host), STR_ARG(host), STR_ARG(port));
	for (size_t k = i; k < c->ssh.n; k++) {
		const struct data_object *o = c->ssh.p[k].secret;

		if (!str_eq(c->ssh.p[k].url, c->ssh.p[i].url))
			continue;
		buf_addf(config, "    IdentityFile " CREDS "/.ssh/id_" STR_FMT "\n",
			STR_ARG(o->meta.name.s));
		is_known = is_known || key_of(o, "known_hosts").n;
	}
	if (!is_known)
		buf_addz(config, "    StrictHostKeyChecking accept-new\n");
}

static bool ssh_is_first(const struct creds *c, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (str_eq(c->ssh.p[k].url, c->ssh.p[i].url))
			return false;
	}
	return true;
}

static bool ssh_is_new_secret(const struct creds *c, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (c->ssh.p[k].secret == c->ssh.p[i].secret)
			return false;
	}
	return true;
}

static void ssh_files(struct creds *c)
{
	cleanup_buf struct buf config = {0};
	cleanup_buf struct buf hosts = {0};

	if (!c->ssh.n)
		return;
	buf_init(&config, FILE_BYTES);
	buf_init(&hosts, FILE_BYTES);
	for (size_t i = 0; i < c->ssh.n; i++) {
		const struct data_object *o = c->ssh.p[i].secret;
		struct str known = key_of(o, "known_hosts");

		if (ssh_is_first(c, i))
			ssh_host(c, i, &config);
		if (!ssh_is_new_secret(c, i))
			continue;
		if (known.n && hosts.n)
			buf_addc(&hosts, '\n');
		buf_adds(&hosts, known);
		file_add(c,
			arena_printf(
				c->arena, HOME ".ssh/id_" STR_FMT, STR_ARG(o->meta.name.s)),
			key_of(o, "ssh-privatekey"));
	}
	file_add(c, STR(HOME ".ssh/config"), arena_str(c->arena, buf_str(&config)));
	if (hosts.n)
		file_add(c, STR(HOME ".ssh/known_hosts"), arena_str(c->arena, buf_str(&hosts)));
}

/* --- docker ------------------------------------------------------------------------------ */

static void docker_login(struct creds *c, struct json_writer *w, const struct data_object *o)
{
	struct str user = key_of(o, "username");
	struct str password = key_of(o, "password");
	cleanup_buf struct buf auth = {0};

	buf_init(&auth, FILE_BYTES);
	base64_add(&auth,
		arena_printf(c->arena, STR_FMT ":" STR_FMT, STR_ARG(user), STR_ARG(password)),
		true);
	if (user.n)
		json_field(w, "username", user);
	if (password.n)
		json_field(w, "password", password);
	json_field(w, "auth", buf_str(&auth));
	json_fieldz(w, "email", "not@val.id");
}

/* Only these members survive, auth also when it is missing. */
static void docker_entry(struct json_writer *w, const struct json *entry)
{
	static const char *const members[] = {"username", "password", "auth", "email"};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		struct str value = json_str(json_get(entry, members[i]));

		if (value.n || str_eqz(STR("auth"), members[i]))
			json_field(w, members[i], value);
	}
}

static int registry_compare(const void *a, const void *b)
{
	return str_cmp(((const struct registry *)a)->name, ((const struct registry *)b)->name);
}

static void docker_file(struct creds *c)
{
	cleanup_buf struct buf out = {0};
	struct json_writer w;
	struct registry *r;

	if (!c->registries.n)
		return;
	qsort(c->registries.p, c->registries.n, sizeof(*c->registries.p), registry_compare);
	buf_init(&out, FILE_BYTES);
	json_writer_init(&w, &out, 0);
	w.go_escapes = true;
	json_open(&w, '{');
	json_key(&w, "auths");
	json_open(&w, '{');
	vec_foreach (r, &c->registries) {
		json_keys(&w, r->name);
		json_open(&w, '{');
		if (r->login)
			docker_login(c, &w, r->login);
		else
			docker_entry(&w, r->entry);
		json_close(&w, '}');
	}
	json_close(&w, '}');
	json_close(&w, '}');
	file_add(c, STR(HOME ".docker/config.json"), arena_str(c->arena, buf_str(&out)));
}

/* --- all --------------------------------------------------------------------------------- */

bool credential_volume(
	struct arena *a, const struct spec *spec, struct str account, struct launch_volume *ret)
{
	const struct service_account *sa = map_get(&spec->service_account_by_name, account);
	struct creds c = {.arena = a};

	if (!sa)
		return false;
	for (size_t i = 0; i < sa->n_secrets; i++) {
		const struct data_object *o =
			map_get(&spec->secret_by_name, sa->secrets[i].name.s);

		if (o)
			secret_add(&c, o);
	}
	docker_file(&c);
	git_files(&c);
	ssh_files(&c);
	*ret = (struct launch_volume){.name = STR("credentials"),
		.kind = LAUNCH_FILES,
		.read_only = true,
		.is_secret = true,
		.files = vec_freeze(&c.files, a),
		.n_files = c.files.n};
	vec_release(&c.git);
	vec_release(&c.ssh);
	vec_release(&c.registries);
	vec_release(&c.files);
	return ret->n_files > 0;
}
