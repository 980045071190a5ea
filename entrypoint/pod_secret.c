/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of the input as objects of the pod's own. */
#include "pod_secret.h"

#include <base/base64.h>
#include <base/bounds.h>
#include <monopod/name.h>

enum { SECRET_BYTES = 4 * MIB };

static const char *const pull_types[] = {
	"kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"};

void pod_secrets_init(struct pod_secrets *s)
{
	map_init(&s->own, s->arena);
}

static bool is_pull_type(struct str type)
{
	for (size_t i = 0; i < ARRAY_SIZE(pull_types); i++)
		if (str_eqz(type, pull_types[i]))
			return true;
	return false;
}

/* Nothing in the pod sees the type of a Secret; a kubelet that pulls does. */
static struct str type_of(const struct data_object *o)
{
	return is_pull_type(o->type.s) ? o->type.s : STR("Opaque");
}

static struct str data_of(struct arena *a, const struct data_object *o)
{
	struct buf out cleanup_buf = {0};
	struct json_writer w;

	buf_init(&out, SECRET_BYTES);
	json_writer_init(&w, &out, 0);
	json_open(&w, '{');
	for (size_t i = 0; i < o->n_data; i++) {
		struct buf text cleanup_buf = {0};

		buf_init(&text, SECRET_BYTES);
		base64_add(&text, o->data[i].value, true);
		json_keys(&w, o->data[i].key);
		json_put_str(&w, buf_str(&text));
	}
	json_close(&w, '}');
	return arena_str(a, buf_str(&out));
}

struct str pod_secrets_own(struct pod_secrets *s, struct str name)
{
	const struct data_object *o = map_get(&s->spec->secret_by_name, name);
	const struct str *known = map_get(&s->own, name);
	struct str *made;

	if (known || !o || !o->n_data)
		return known ? *known : STR_NONE;
	made = arena_new_object(s->arena, struct str);
	*made = arena_printf(s->arena, STR_FMT "-secret-%zu", STR_ARG(s->pod_name), s->list.n);
	vec_push(&s->list, ((struct pod_secret){*made, type_of(o), data_of(s->arena, o)}));
	(void)map_set(&s->own, name, made);
	return *made;
}

/* --- pull secrets ------------------------------------------------------------------------ */

struct pulling {
	struct pod_secrets *secrets;
	struct map seen;
	struct json_writer list; /* open from the first on */
};

static void pull_with(struct pulling *p, struct str name, struct pos pos)
{
	struct pod_secrets *s = p->secrets;
	const struct data_object *o = map_get(&s->spec->secret_by_name, name);
	struct json_writer *w = &p->list;
	struct str own;

	if (!name_is_dns_subdomain(name)) {
		(void)diag_add(s->diags, DIAG_ERROR, "pod", pos,
			"imagePullSecrets: '" STR_FMT "' is not a name that Kubernetes takes",
			STR_ARG(name));
		return;
	}
	if (!map_set(&p->seen, name, p))
		return;
	if (o && (o->n_data || o->type.s.n) && !is_pull_type(o->type.s)) {
		(void)diag_add(s->diags, DIAG_ERROR, "pod",
			text_given(o->type) ? o->type.pos : o->meta.pos,
			"Secret '" STR_FMT "' is to pull images: its type must be %s or %s",
			STR_ARG(name), pull_types[0], pull_types[1]);
		return;
	}
	own = pod_secrets_own(s, name);
	if (!w->depth)
		json_open(w, '[');
	json_open(w, '{');
	json_field(w, "name", own.n ? own : name);
	json_close(w, '}');
}

static void pull_of_account(struct pulling *p, struct str name)
{
	const struct service_account *sa =
		map_get(&p->secrets->spec->service_account_by_name, name);

	for (size_t i = 0; sa && i < sa->n_pull_secrets; i++) {
		struct text secret = sa->pull_secrets[i].name;

		pull_with(p, secret.s, text_given(secret) ? secret.pos : sa->meta.pos);
	}
}

struct str pod_secrets_pull(struct pod_secrets *s, struct str of_templates,
	const struct need *needs, size_t n_needs)
{
	struct buf out cleanup_buf = {0};
	struct pulling p = {.secrets = s};
	struct json *list = NULL;

	map_init(&p.seen, s->arena);
	buf_init(&out, MIB);
	json_writer_init(&p.list, &out, 0);
	if (of_templates.n)
		(void)json_parse(s->arena, of_templates, MIB, &list, NULL);
	json_foreach (it, list)
		pull_with(&p, json_str(json_get(it, "name")), (struct pos){0});
	for (size_t i = 0; i < n_needs; i++)
		if (needs[i].kind == NEED_ACCOUNT)
			pull_of_account(&p, needs[i].name);
	if (out.n)
		json_close(&p.list, ']');
	return arena_str(s->arena, buf_str(&out));
}
