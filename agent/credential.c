/* SPDX-License-Identifier: Apache-2.0 */
/* Which Secrets of a ServiceAccount become credentials, and those of docker. */
#include "credential.h"

#include "credential_git.h"
#include <base/base64.h>
#include <base/bounds.h>
#include <base/json.h>
#include <stdlib.h>

enum { MODE_SECRET = 0444 };

/* Of docker configurations; a later kind takes the place of an earlier, a login that of both.
 */
enum registry_kind { REGISTRY_CFG, REGISTRY_CONFIG };

struct registry {
	struct str name;
	const struct json *entry;        /* of a docker configuration, or */
	const struct data_object *login; /* a user and a password */
};
typedef VEC(struct registry) registry_vec;

struct str credential_key(const struct data_object *o, const char *key)
{
	const struct data_entry *e = data_find(o, str_z(key));

	if (!e)
		return STR_NONE;
	return e->value.n ? e->value : STR("");
}

void credential_file(struct creds *c, struct str path, struct str value)
{
	vec_push(&c->files,
		((struct launch_file){
			.path = path, .value = value, .mode = MODE_SECRET, .is_secret = true}));
}

/* --- what matches ------------------------------------------------------------------------ */

static int url_compare(const void *a, const void *b)
{
	return str_cmp(((const struct login *)a)->url, ((const struct login *)b)->url);
}

/* One login for each annotation PREFIXn; what n is does not count, the values order them. */
static bool logins_add(const struct data_object *o, const char *prefix, login_vec *ret)
{
	const struct labels *l = &o->meta.annotations;
	size_t first = ret->n;

	for (size_t i = 0; i < l->n; i++) {
		if (str_starts(l->keys[i].s, str_z(prefix)))
			vec_push(ret, ((struct login){.secret = o, .url = l->values[i].s}));
	}
	if (ret->n > first)
		qsort(&ret->p[first], ret->n - first, sizeof(*ret->p), url_compare);
	return ret->n > first;
}

/* True: the Secret is of use. */
static bool secret_match(struct creds *c, const struct data_object *o)
{
	struct str type = o->type.s;

	if (str_eqz(type, "kubernetes.io/basic-auth")) {
		bool is_git = logins_add(o, "tekton.dev/git-", &c->git);

		return logins_add(o, "tekton.dev/docker-", &c->docker) || is_git;
	}
	if (str_eqz(type, "kubernetes.io/ssh-auth"))
		return logins_add(o, "tekton.dev/git-", &c->ssh);
	return str_eqz(type, "kubernetes.io/dockerconfigjson") ||
	       str_eqz(type, "kubernetes.io/dockercfg");
}

static void secret_add(struct creds *c, const struct data_object *o)
{
	if (!secret_match(c, o))
		return;
	for (size_t i = 0; i < o->n_data; i++)
		credential_file(c,
			arena_printf(c->arena, STR_FMT "/" STR_FMT, STR_ARG(o->meta.name.s),
				STR_ARG(o->data[i].key)),
			o->data[i].value);
}

/*
 * Tekton's entrypoint ends with 2 before the step runs when a user or a password is missing, or
 * a URL comes twice.
 */
static int logins_check(const login_vec *v, struct err *err)
{
	static const char *const keys[] = {"username", "password"};

	for (size_t i = 0; i < v->n; i++) {
		struct str name = v->p[i].secret->meta.name.s;

		for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
			if (!credential_key(v->p[i].secret, keys[k]).p)
				return err_set(err, ERR_NOT_FOUND,
					"couldn't find key %s in secret \"" STR_FMT
					"\", which is to be a credential",
					keys[k], STR_ARG(name));
		}
		for (size_t k = 0; k < i; k++) {
			if (str_eq(v->p[k].url, v->p[i].url))
				return err_set(err, ERR_NOT_FOUND,
					"secrets \"" STR_FMT "\" and \"" STR_FMT
					"\" are both annotated for \"%.*s\"",
					STR_ARG(v->p[k].secret->meta.name.s), STR_ARG(name),
					(int)(v->p[i].url.n < 128 ? v->p[i].url.n : 128),
					v->p[i].url.p);
		}
	}
	return 0;
}

/* --- docker ------------------------------------------------------------------------------ */

static const char *const entry_members[] = {"username", "password", "auth", "email"};

static void registry_put(registry_vec *all, struct registry r)
{
	struct registry *old;

	vec_foreach (old, all) {
		if (str_eq(old->name, r.name)) {
			*old = r;
			return;
		}
	}
	vec_push(all, r);
}

/* An object of entries, null or what is not there being empty ones. */
static bool is_auths(const struct json *auths)
{
	if (!auths || auths->kind == JSON_NULL)
		return true;
	json_foreach (entry, auths) {
		for (size_t i = 0; i < ARRAY_SIZE(entry_members); i++) {
			const struct json *v = json_get(entry, entry_members[i]);

			if (v && v->kind != JSON_STRING && v->kind != JSON_NULL)
				return false;
		}
		if (entry->kind != JSON_OBJECT && entry->kind != JSON_NULL)
			return false;
	}
	return auths->kind == JSON_OBJECT;
}

static int config_add(struct creds *c, registry_vec *all, const struct data_object *o,
	enum registry_kind kind, struct err *err)
{
	const char *key = kind == REGISTRY_CFG ? ".dockercfg" : ".dockerconfigjson";
	struct str text = credential_key(o, key);
	const struct json *auths;
	struct json *v;

	if (json_parse(c->arena, text, BOUND_JSON_BYTES, &v, NULL) < 0)
		v = NULL;
	auths = kind == REGISTRY_CFG ? v : json_get(v, "auths");
	if (!v || v->kind != JSON_OBJECT || !is_auths(auths))
		return err_set(err, ERR_NOT_FOUND,
			"key %s in secret \"" STR_FMT "\": expected a docker configuration",
			key, STR_ARG(o->meta.name.s));
	json_foreach (entry, auths)
		registry_put(all, (struct registry){.name = entry->key, .entry = entry});
	return 0;
}

static void docker_login(struct creds *c, struct json_writer *w, const struct data_object *o)
{
	struct str user = credential_key(o, "username");
	struct str password = credential_key(o, "password");
	cleanup_buf struct buf auth = {0};

	buf_init(&auth, CREDENTIAL_FILE_BYTES);
	base64_add(&auth,
		arena_printf(c->arena, STR_FMT ":" STR_FMT, STR_ARG(user), STR_ARG(password)),
		true);
	json_field_given(w, "username", user);
	json_field_given(w, "password", password);
	json_field(w, "auth", buf_str(&auth));
	json_fieldz(w, "email", "not@val.id");
}

/* Only these members survive, auth also when it is missing. */
static void docker_entry(struct json_writer *w, const struct json *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(entry_members); i++) {
		struct str value = json_str(json_get(entry, entry_members[i]));

		if (value.n || str_eqz(STR("auth"), entry_members[i]))
			json_field(w, entry_members[i], value);
	}
}

static int registry_compare(const void *a, const void *b)
{
	return str_cmp(((const struct registry *)a)->name, ((const struct registry *)b)->name);
}

static void docker_file(struct creds *c, registry_vec *all)
{
	cleanup_buf struct buf out = {0};
	struct json_writer w;
	struct registry *r;

	if (!all->n)
		return;
	qsort(all->p, all->n, sizeof(*all->p), registry_compare);
	buf_init(&out, CREDENTIAL_FILE_BYTES);
	json_writer_init(&w, &out, 0);
	w.go_escapes = true;
	json_open(&w, '{');
	json_key(&w, "auths");
	json_open(&w, '{');
	vec_foreach (r, all) {
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
	credential_file(c, STR(LAUNCH_HOME_FILES "/.docker/config.json"),
		arena_str(c->arena, buf_str(&out)));
}

static const struct data_object *secret_of(
	const struct spec *spec, const struct service_account *sa, size_t i)
{
	for (size_t k = 0; k < i; k++) { /* listed twice: once is enough */
		if (str_eq(sa->secrets[k].name.s, sa->secrets[i].name.s))
			return NULL;
	}
	return map_get(&spec->secret_by_name, sa->secrets[i].name.s);
}

static int docker_add(struct creds *c, const struct spec *spec,
	const struct service_account *sa, struct err *err)
{
	static const char *const types[] = {
		[REGISTRY_CFG] = "kubernetes.io/dockercfg",
		[REGISTRY_CONFIG] = "kubernetes.io/dockerconfigjson",
	};
	registry_vec all = {0};
	struct login *l;
	int r = 0;

	for (size_t kind = 0; kind < ARRAY_SIZE(types); kind++) {
		for (size_t i = 0; i < sa->n_secrets && r == 0; i++) {
			const struct data_object *o = secret_of(spec, sa, i);

			if (o && str_eqz(o->type.s, types[kind]))
				r = config_add(c, &all, o, (enum registry_kind)kind, err);
		}
	}
	vec_foreach (l, &c->docker)
		registry_put(&all, (struct registry){.name = l->url, .login = l->secret});
	if (r == 0)
		docker_file(c, &all);
	vec_release(&all);
	return r;
}

/* --- what is missing --------------------------------------------------------------------- */

static void attr_printf(3, 4)
	warn_once(struct diags *diags, struct pos at, const char *fmt, ...)
{
	struct arena *a cleanup_arena = arena_new();
	struct diag *one;
	struct str msg;
	va_list ap;

	va_start(ap, fmt);
	msg = arena_vprintf(a, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < diags->n; i++)
		if (str_eq(diags->items[i].msg, msg))
			return;
	one = diag_add(diags, DIAG_WARNING, "no-credentials", at, STR_FMT, STR_ARG(msg));
	one->stage = DIAG_RUN;
	diag_hint(diags, one, "add it to what -f names when a step needs its logins");
}

void credential_warn(const struct spec *spec, const struct text *account, struct diags *diags)
{
	const struct service_account *sa = map_get(&spec->service_account_by_name, account->s);

	if (!sa && !str_eqz(account->s, "default"))
		warn_once(diags, account->pos,
			"ServiceAccount \"" STR_FMT
			"\" is not in the input: steps get no credentials of it",
			STR_ARG(account->s));
	for (size_t i = 0; sa && i < sa->n_secrets; i++)
		if (!map_get(&spec->secret_by_name, sa->secrets[i].name.s))
			warn_once(diags, sa->secrets[i].name.pos,
				"Secret \"" STR_FMT "\" of ServiceAccount \"" STR_FMT
				"\" is not in the input: steps get no credentials of it",
				STR_ARG(sa->secrets[i].name.s), STR_ARG(account->s));
}

/* --- all --------------------------------------------------------------------------------- */

int credential_volume(struct arena *a, const struct spec *spec, struct str account,
	struct launch_volume *ret, struct err *err)
{
	const struct service_account *sa = map_get(&spec->service_account_by_name, account);
	struct creds c = {.arena = a};
	int r = -1;

	*ret = (struct launch_volume){.name = STR("credentials"),
		.kind = LAUNCH_FILES,
		.read_only = true,
		.is_secret = true};
	for (size_t i = 0; sa && i < sa->n_secrets; i++) {
		const struct data_object *o = secret_of(spec, sa, i);

		if (o)
			secret_add(&c, o);
	}
	if (!c.files.n)
		return 0;
	if (logins_check(&c.git, err) == 0 && logins_check(&c.docker, err) == 0 &&
		docker_add(&c, spec, sa, err) == 0)
		r = credential_git(&c, err);
	ret->files = vec_freeze(&c.files, a);
	ret->n_files = c.files.n;
	vec_release(&c.git);
	vec_release(&c.ssh);
	vec_release(&c.docker);
	vec_release(&c.files);
	return r;
}
