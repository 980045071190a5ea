/* SPDX-License-Identifier: Apache-2.0 */
/* Values that do not come from YAML: command line, result files; and values as JSON. */
#include <base/bounds.h>
#include <base/json.h>
#include <monopod/spec.h>

/* Not from a file, but given: a line without a source. */
static const struct pos pos_given = {.source = 0, .line = 1, .col = 1};

static const char *const type_names[VALUE_TYPE_N] = {
	[VALUE_STRING] = "string",
	[VALUE_ARRAY] = "array",
	[VALUE_OBJECT] = "object",
};

const char *value_type_name(enum value_type t)
{
	return type_names[t];
}

static struct text given(struct str s)
{
	return (struct text){.s = s, .pos = pos_given};
}

static struct value value_string(struct str s)
{
	return (struct value){.type = VALUE_STRING, .string = given(s), .pos = pos_given};
}

/* Only strings; null counts as the empty one, as for Go. */
static bool all_strings(const struct json *v)
{
	json_foreach (it, v)
		if (it->kind != JSON_STRING && it->kind != JSON_NULL)
			return false;
	return true;
}

static struct value value_collection(struct arena *a, const struct json *v)
{
	struct value ret = {.pos = pos_given};
	size_t i = 0;
	if (v->kind == JSON_ARRAY) {
		ret.type = VALUE_ARRAY;
		ret.n_array = v->n_children;
		ret.array = arena_new_array(a, struct text, v->n_children + 1);
		json_foreach (it, v)
			ret.array[i++] = given(it->text);
		return ret;
	}
	ret.type = VALUE_OBJECT;
	ret.n_object = v->n_children;
	ret.object = arena_new_array(a, struct value_key, v->n_children + 1);
	json_foreach (it, v) {
		ret.object[i].key = given(it->key);
		ret.object[i++].value = given(it->text);
	}
	return ret;
}

static bool is_collection(const struct json *v)
{
	return (v->kind == JSON_ARRAY || v->kind == JSON_OBJECT) && all_strings(v);
}

struct value value_from_text(struct arena *a, struct str text, enum value_type want)
{
	struct err err;
	struct json *v;
	text = arena_str(a, text);
	if (want == VALUE_STRING || json_parse(a, text, BOUND_RESULT_BYTES, &v, &err) ||
		!is_collection(v))
		return value_string(text);
	return value_collection(a, v);
}

struct value value_from_json(struct arena *a, struct str json)
{
	struct err err;
	struct json *v;
	json = arena_str(a, json);
	if (json_parse_zeros(a, json, BOUND_RESULT_BYTES, &v, &err))
		return value_string(json);
	if (is_collection(v))
		return value_collection(a, v);
	if (v->kind == JSON_STRING || v->kind == JSON_NULL)
		return value_string(v->text);
	struct buf out cleanup_buf;
	buf_init(&out, 8 * (size_t)BOUND_RESULT_BYTES);
	json_print(v, false, &out);
	return value_string(arena_str(a, buf_str(&out)));
}

void value_json(const struct value *v, struct json_writer *w)
{
	bool go_escapes = w->go_escapes;
	struct str member = w->member;
	w->go_escapes = true;
	switch (v->type) {
	case VALUE_ARRAY:
		json_open(w, '[');
		for (size_t i = 0; i < v->n_array; i++)
			json_put_str(w, v->array[i].s);
		json_close(w, ']');
		break;
	case VALUE_OBJECT:
		json_open(w, '{');
		for (size_t i = 0; i < v->n_object; i++) {
			/* for an editor all of it is the value */
			json_key_as(w, v->object[i].key.s, member);
			json_put_str(w, v->object[i].value.s);
		}
		json_close(w, '}');
		break;
	case VALUE_STRING:
	default:
		json_put_str(w, v->string.s);
		break;
	}
	w->go_escapes = go_escapes;
}
