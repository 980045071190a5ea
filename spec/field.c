/* SPDX-License-Identifier: Apache-2.0 */
/* The one walker behind all decode_*.c tables; see field.h. */
#include "field.h"

#include <base/bounds.h>
#include <base/err.h>
#include <base/json.h>
#include <base/num.h>
#include <stdarg.h>
#include <string.h>

enum { FIELDS_MAX = 64, PATH_BYTES = 4096 };

size_t path_enter(struct decode *d, struct str key)
{
	size_t length = d->path.n;
	if (length)
		buf_addc(&d->path, '.');
	buf_adds(&d->path, key);
	return length;
}

size_t path_enter_index(struct decode *d, size_t i)
{
	size_t length = d->path.n;
	buf_addf(&d->path, "[%zu]", i);
	return length;
}

void path_leave(struct decode *d, size_t length)
{
	buf_cut(&d->path, length);
}

static struct diag *report(struct decode *d, enum diag_severity severity, const char *code,
	const struct yaml_node *n, struct str msg)
{
	struct diag *one = diag_add(d->diags, severity, code, n->pos, STR_FMT, STR_ARG(msg));
	one->path = arena_str(d->arena, buf_str(&d->path));
	one->no_excerpt = d->secret;
	one->object = d->object;
	if (n->type != YAML_MAP && n->type != YAML_LIST && n->end.line == n->pos.line)
		one->end = n->end;
	return one;
}

struct diag *decode_fail(
	struct decode *d, const char *code, const struct yaml_node *n, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct str msg = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
	return report(d, DIAG_ERROR, code, n, msg);
}

struct diag *decode_warn(
	struct decode *d, const char *code, const struct yaml_node *n, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct str msg = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
	return report(d, DIAG_WARNING, code, n, msg);
}

void decode_refuse_for(
	struct decode *d, const struct yaml_node *n, const char *why, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct str what = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
	(void)decode_fail(
		d, "not-supported", n, STR_FMT " is not supported: %s", STR_ARG(what), why);
}

bool node_is_empty(const struct yaml_node *n)
{
	switch (n->type) {
	case YAML_NULL:
		return true;
	case YAML_BOOL:
		return str_eqz(n->json, "false");
	case YAML_STRING:
		return n->text.n == 0;
	case YAML_LIST:
	case YAML_MAP:
		return n->n == 0;
	case YAML_NUMBER:
	default:
		return false;
	}
}

/* The last part of the path, which is what a message calls the value. */
static struct str path_last(const struct decode *d)
{
	struct str path = buf_str(&d->path);
	ptrdiff_t dot = str_rchr(path, '.');
	return str_slice(path, (size_t)(dot + 1), path.n);
}

bool decode_expect(
	struct decode *d, const struct yaml_node *n, enum yaml_type want, const char *what)
{
	if (n->type == want)
		return true;
	d->broken = true;
	struct str name = path_last(d);
	struct diag *one = decode_fail(d, "wrong-type", n,
		"'" STR_FMT "': cannot unmarshal %s into a value of type %s", STR_ARG(name),
		yaml_type_name(n->type), what);
	if (d->secret)
		return false;
	if (want == YAML_STRING && (n->type == YAML_BOOL || n->type == YAML_NUMBER))
		diag_hint(d->diags, one, "quote it to keep it text: \"" STR_FMT "\"",
			STR_ARG(n->text));
	else if (want == YAML_LIST)
		diag_hint(d->diags, one, "write a list: each element on a line with '- '");
	return false;
}

void decode_text(struct decode *d, const struct yaml_node *n, struct text *ret)
{
	if (n->type == YAML_NULL || !decode_expect(d, n, YAML_STRING, "string"))
		return;
	*ret = (struct text){.s = n->text, .pos = n->pos};
}

static void decode_texts(
	struct decode *d, const struct yaml_node *n, struct text **ret, size_t *ret_n)
{
	if (!decode_expect(d, n, YAML_LIST, "[]string"))
		return;
	struct text *texts = arena_new_array(d->arena, struct text, n->n ? n->n : 1);
	for (size_t i = 0; i < n->n; i++) {
		size_t mark = path_enter_index(d, i);
		texts[i].pos = n->items[i]->pos; /* Go makes "" of a null element */
		texts[i].s = STR("");
		decode_text(d, n->items[i], &texts[i]);
		path_leave(d, mark);
	}
	*ret = texts;
	*ret_n = n->n;
}

void decode_warn_changed(
	struct decode *d, const struct yaml_node *n, struct str became, const char *what)
{
	const char *code = n->type == YAML_BOOL ? "yaml-bool" : "yaml-number";
	struct diag *one;

	if ((n->type != YAML_BOOL && n->type != YAML_NUMBER) || str_eq(n->text, became))
		return;
	one = decode_warn(d, code, n,
		"YAML reads '" STR_FMT "' as a %s: the %s is '" STR_FMT "'", STR_ARG(n->text),
		yaml_type_name(n->type), what, STR_ARG(became));
	diag_hint(
		d->diags, one, "quote it to keep the text: \"" STR_FMT "\"", STR_ARG(n->text));
}

void decode_warn_keys(struct decode *d, const struct yaml_node *n)
{
	for (size_t i = 0; i < n->n; i++)
		decode_warn_changed(d, n->pairs[i].key_node, n->pairs[i].key, "key");
}

void decode_labels(struct decode *d, const struct yaml_node *n, struct labels *ret)
{
	if (n->type == YAML_NULL || !decode_expect(d, n, YAML_MAP, "map[string]string"))
		return;
	decode_warn_keys(d, n);
	ret->keys = arena_new_array(d->arena, struct text, n->n ? n->n : 1);
	ret->values = arena_new_array(d->arena, struct text, n->n ? n->n : 1);
	for (size_t i = 0; i < n->n; i++) {
		const struct yaml_pair *pair = &n->pairs[i];
		size_t mark = path_enter(d, pair->key);
		ret->keys[i] = (struct text){.s = pair->key, .pos = pair->key_node->pos};
		ret->values[i] = (struct text){.s = STR(""), .pos = pair->value->pos};
		decode_text(d, pair->value, &ret->values[i]);
		path_leave(d, mark);
	}
	ret->n = n->n;
}

static void decode_bool(struct decode *d, const struct yaml_node *n, struct maybe_bool *ret)
{
	if (!decode_expect(d, n, YAML_BOOL, "bool"))
		return;
	*ret = (struct maybe_bool){.v = str_eqz(n->json, "true"), .pos = n->pos};
}

void decode_int(struct decode *d, const struct field *f, const struct yaml_node *n,
	struct maybe_int *ret)
{
	if (!decode_expect(d, n, YAML_NUMBER, "int"))
		return;
	struct err err;
	int64_t v;
	if (num_i64(n->json, INT64_MIN, INT64_MAX, &v, &err)) {
		d->broken = true;
		(void)decode_fail(d, "wrong-type", n,
			"'%s': cannot unmarshal number " STR_FMT " into a value of type int",
			f->key, STR_ARG(n->json));
		return;
	}
	int64_t min = f->min || f->max ? f->min : INT64_MIN;
	int64_t max = f->min || f->max ? f->max : INT64_MAX;
	if (v < min || v > max) {
		d->broken = true;
		(void)decode_fail(d, "out-of-range", n,
			"'%s': " STR_FMT " is not in %lld to %lld", f->key, STR_ARG(n->json),
			(long long)min, (long long)max);
		return;
	}
	*ret = (struct maybe_int){.v = v, .pos = n->pos};
}

/* All of an object together is no more than what document_keep takes of it, which complains. */
void decode_json(struct decode *d, const struct yaml_node *n, struct text *ret)
{
	struct buf b cleanup_buf;
	struct json_writer w;

	buf_init(&b, BOUND_OBJECT_BYTES - d->n_json);
	json_writer_init(&w, &b, 0);
	yaml_json(n, YAML_AS_WRITTEN, &w);
	if (b.full) {
		d->n_json = BOUND_OBJECT_BYTES;
		return;
	}
	d->n_json += b.n;
	*ret = (struct text){.s = arena_str(d->arena, buf_str(&b)), .pos = n->pos};
}

void decode_duration(struct decode *d, const struct yaml_node *n, struct duration *ret)
{
	if (!decode_expect(d, n, YAML_STRING, "duration"))
		return;
	struct err err;
	int64_t ns;
	if (num_duration(n->text, &ns, &err)) {
		d->broken = true;
		struct diag *one = decode_fail(d, "bad-duration", n, "%s", err.msg);
		diag_hint(
			d->diags, one, "a duration is a number with a unit: 300ms, 90s, 1h30m");
		return;
	}
	*ret = (struct duration){.ns = ns, .pos = n->pos};
}

void decode_list(struct decode *d, const struct field *f, const struct schema *s,
	const struct yaml_node *n, void **ret, size_t *ret_n)
{
	if (!decode_expect(d, n, YAML_LIST, "list"))
		return;
	if (f->max && n->n > (size_t)f->max) {
		d->broken = true;
		(void)decode_fail(d, "limit", n, "'%s': %zu elements are more than %lld",
			f->key, n->n, (long long)f->max);
		return;
	}
	char *items = arena_array(d->arena, n->n ? n->n : 1, s->size);
	for (size_t i = 0; i < n->n; i++) {
		size_t mark = path_enter_index(d, i);
		decode_object(d, s, n->items[i], items + i * s->size);
		path_leave(d, mark);
	}
	*ret = items;
	*ret_n = n->n;
}

/* Fields are looked up in the table and then in its bases. */
static const struct field *field_at(const struct schema *s, size_t i)
{
	for (; s; s = s->base) {
		if (i < s->n_fields)
			return &s->fields[i];
		i -= s->n_fields;
	}
	return NULL;
}

static bool field_exists(const struct decode *d, const struct field *f)
{
	return !(f->flags & (d->beta ? (unsigned)FIELD_V1 : (unsigned)FIELD_BETA));
}

/* The field of a key: exact spelling first, then without regard to case, as Go does. */
static const struct field *field_find(
	const struct decode *d, const struct schema *s, struct str key, size_t *ret_i)
{
	const struct field *f;
	const struct field *near = NULL;
	for (size_t i = 0; (f = field_at(s, i)); i++) {
		if (!field_exists(d, f))
			continue;
		bool exact = str_eqz(key, f->key);
		if (!exact && (near || !str_ieq(key, str_z(f->key))))
			continue;
		near = f;
		*ret_i = i;
		if (exact)
			break;
	}
	return near;
}

static void fail_unknown(struct decode *d, const struct schema *s, const struct yaml_pair *pair)
{
	struct str keys[FIELDS_MAX];
	size_t n = 0;
	const struct field *f;
	for (size_t i = 0; (f = field_at(s, i)); i++)
		if (field_exists(d, f))
			keys[n++] = str_z(f->key);
	struct diag *one = decode_fail(d, "unknown-field", pair->key_node,
		"%s: unknown field \"" STR_FMT "\"", s->what, STR_ARG(pair->key));
	diag_suggest(d->diags, one, pair->key, keys, n);
}

/* Stores one value by its field's kind. Null is absent, except for the kinds that see it. */
static void decode_value(
	struct decode *d, const struct field *f, const struct yaml_node *n, char *base)
{
	void *at = base + f->at;
	size_t *at_n = (size_t *)(void *)(base + f->at_n);
	if (f->kind == FIELD_CALL) {
		f->call(d, f, n, base);
		return;
	}
	if (n->type == YAML_NULL)
		return;
	if (f->at_pos)
		*(struct pos *)(void *)(base + f->at_pos) = n->pos;
	switch (f->kind) {
	case FIELD_JSON:
		if (f->arg == YAML_NULL || decode_expect(d, n, (enum yaml_type)f->arg,
						   yaml_type_name((enum yaml_type)f->arg)))
			decode_json(d, n, at);
		break;
	case FIELD_TEXT:
		decode_text(d, n, at);
		break;
	case FIELD_TEXTS:
		decode_texts(d, n, at, at_n);
		break;
	case FIELD_BOOL:
		decode_bool(d, n, at);
		break;
	case FIELD_INT:
		decode_int(d, f, n, at);
		break;
	case FIELD_DURATION:
		decode_duration(d, n, at);
		break;
	case FIELD_LABELS:
		decode_labels(d, n, at);
		break;
	case FIELD_OBJECT:
		decode_object(d, f->schema, n, at);
		break;
	case FIELD_OBJECT_PTR:
		*(void **)at = arena_alloc(d->arena, f->schema->size);
		decode_object(d, f->schema, n, *(void **)at);
		break;
	case FIELD_LIST:
		decode_list(d, f, f->schema, n, at, at_n);
		break;
	case FIELD_ANY:
	case FIELD_CALL:
	default:
		break;
	}
}

static void decode_field(
	struct decode *d, const struct field *f, const struct yaml_pair *pair, char *base)
{
	bool says = (!node_is_empty(pair->value) || f->flags & FIELD_PRESENT) &&
		    pair->value->type != YAML_NULL;
	if (says && f->flags & FIELD_REFUSED && f->why)
		decode_refuse_for(d, pair->key_node, f->why, "'%s'", f->key);
	else if (says && f->flags & FIELD_REFUSED)
		(void)decode_fail(
			d, "not-supported", pair->key_node, "'%s': not supported yet", f->key);
	else if (says && f->flags & FIELD_NO_EFFECT)
		(void)decode_warn(d, "no-effect", pair->key_node, "'%s' has no effect: %s",
			f->key, f->why);
	if (f->at_pos && pair->value->type != YAML_NULL)
		*(struct pos *)(void *)(base + f->at_pos) = pair->value->pos;
	decode_value(d, f, pair->value, base);
}

/* Two spellings of one key are a duplicate: Go would silently take the last. */
static bool check_spelling(struct decode *d, const struct field *f,
	const struct yaml_pair *pair, const struct yaml_pair *first)
{
	if (first) {
		struct diag *one = decode_fail(d, "duplicate-key", pair->key_node,
			"key '" STR_FMT "' is already set as '" STR_FMT
			"' in line %u, column %u",
			STR_ARG(pair->key), STR_ARG(first->key), first->key_node->pos.line,
			first->key_node->pos.col);
		diag_hint(d->diags, one, "field names match without regard to case");
		return false;
	}
	if (!str_eqz(pair->key, f->key))
		(void)decode_warn(d, "field-case", pair->key_node,
			"field '" STR_FMT "' is spelled '%s'", STR_ARG(pair->key), f->key);
	return true;
}

void decode_object(
	struct decode *d, const struct schema *s, const struct yaml_node *n, void *base)
{
	const struct yaml_pair *seen[FIELDS_MAX] = {NULL};
	if (s->at_pos)
		*(struct pos *)(void *)((char *)base + s->at_pos) = n->pos;
	if (n->type == YAML_NULL)
		goto out;
	if (!decode_expect(d, n, YAML_MAP, s->what))
		return;
	for (size_t i = 0; i < n->n; i++) {
		const struct yaml_pair *pair = &n->pairs[i];
		size_t at = 0;
		const struct field *f = field_find(d, s, pair->key, &at);
		BUG_ON(at >= FIELDS_MAX);
		size_t mark = path_enter(d, f ? str_z(f->key) : pair->key);
		if (!f && !s->open)
			fail_unknown(d, s, pair);
		if (f && check_spelling(d, f, pair, seen[at]))
			decode_field(d, f, pair, base);
		if (f && !seen[at])
			seen[at] = pair;
		path_leave(d, mark);
	}
out:
	if (s->finish)
		s->finish(d, n, base);
}
