/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table-driven decoding of YAML maps into structs, private to spec/. A schema is a table of
 * fields; reading a map walks its keys, finds each in the table, and stores the value at the
 * field's offset. Unknown keys, wrong types, two spellings of one key, and fields that Tekton
 * knows but monopod does not carry out are reported at their position; reading goes on.
 */
#ifndef SPEC_FIELD_H
#define SPEC_FIELD_H

#include "yaml.h"
#include <base/buf.h>
#include <monopod/spec.h>

/* The state of decoding one object. */
struct decode {
	struct arena *arena;
	struct diags *diags;
	struct buf path;    /* spec.tasks[0].name, grown and cut while descending */
	struct pos object;  /* where the object begins */
	bool beta;          /* the object is v1beta1 */
	bool secret;        /* the object is a Secret: its lines and values are not shown */
	bool may_lack_data; /* Secrets: spec_options.secrets_may_lack_data */
	bool broken;        /* parts could not be decoded: checks of the whole make no sense */
	size_t n_json;      /* bytes kept by decode_json, of an object: aliases multiply them */
	struct profile_use **profiles; /* of the spec; NULL: nobody asks */
};

struct schema;
struct field;
typedef void decode_fn(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base);

enum field_kind {
	FIELD_ANY,        /* accepted as it is, not stored */
	FIELD_JSON,       /* struct text: accepted as it is, kept as compact JSON */
	FIELD_TEXT,       /* struct text */
	FIELD_TEXTS,      /* list of struct text */
	FIELD_BOOL,       /* struct maybe_bool */
	FIELD_INT,        /* struct maybe_int within min … max */
	FIELD_DURATION,   /* struct duration */
	FIELD_LABELS,     /* struct labels: a map of text to text */
	FIELD_OBJECT,     /* a struct in place, by schema */
	FIELD_OBJECT_PTR, /* a struct in the arena, by schema */
	FIELD_LIST,       /* a list of structs, by schema */
	FIELD_CALL,       /* call does it */
};
enum { FIELD_KIND_N = FIELD_CALL + 1 };

enum field_flags {
	FIELD_REFUSED = 1,    /* known to Tekton, not carried out: an error unless empty */
	FIELD_PRESENT = 2,    /* with REFUSED: even the empty map means something */
	FIELD_V1 = 4,         /* only in v1 */
	FIELD_BETA = 8,       /* only in v1beta1 */
	FIELD_NO_EFFECT = 16, /* accepted, and a warning says why nothing comes of it */
};

struct field {
	const char *key;
	enum field_kind kind;
	unsigned flags;
	size_t at;     /* offset in the struct */
	size_t at_n;   /* TEXTS, LIST: offset of the size_t count */
	size_t at_pos; /* offset of a struct pos that is set to the value's; 0: none */
	const struct schema *schema;
	decode_fn *call;
	int arg;         /* CALL: for call; JSON: the enum yaml_type it must have, or NULL */
	const char *why; /* REFUSED, NO_EFFECT: the reason; NULL: not supported yet */
	int64_t min;     /* INT */
	int64_t max;     /* INT; LIST: most elements, 0: no bound of its own */
};

struct schema {
	const char *what; /* "step", for messages */
	size_t size;
	size_t at_pos;             /* offset of the struct's own pos; 0: none */
	bool open;                 /* unknown keys are allowed */
	const struct schema *base; /* more fields of the same struct */
	const struct field *fields;
	size_t n_fields;
	/* after all fields; base is the struct */
	void (*finish)(struct decode *d, const struct yaml_node *n, void *base);
};

#define FIELD_TEXT_OF(type, name, member)                                                      \
	.key = (name), .kind = FIELD_TEXT, .at = offsetof(type, member)
#define FIELD_TEXTS_OF(type, name, member)                                                     \
	.key = (name), .kind = FIELD_TEXTS, .at = offsetof(type, member),                      \
	.at_n = offsetof(type, n_##member)
#define FIELD_LIST_OF(type, name, member, of)                                                  \
	.key = (name), .kind = FIELD_LIST, .at = offsetof(type, member),                       \
	.at_n = offsetof(type, n_##member), .schema = (of)
#define FIELD_OF(type, name, kind_, member)                                                    \
	.key = (name), .kind = (kind_), .at = offsetof(type, member)
/* What is known to Tekton and not carried out; because is a clause. */
#define REFUSED(name, because)                                                                 \
	.key = (name), .kind = FIELD_ANY, .flags = FIELD_REFUSED, .why = (because)
#define REFUSED_BETA(name, because)                                                            \
	.key = (name), .kind = FIELD_ANY, .flags = FIELD_REFUSED | FIELD_BETA, .why = (because)

/* Decodes a map into a zeroed struct of the schema's size. */
void decode_object(
	struct decode *d, const struct schema *s, const struct yaml_node *n, void *base);
/* One value; the path already names it. Used by calls. */
void decode_text(struct decode *d, const struct yaml_node *n, struct text *ret);
/* Within f->min … f->max. */
void decode_int(struct decode *d, const struct field *f, const struct yaml_node *n,
	struct maybe_int *ret);
void decode_json(struct decode *d, const struct yaml_node *n, struct text *ret);
void decode_duration(struct decode *d, const struct yaml_node *n, struct duration *ret);
void decode_labels(struct decode *d, const struct yaml_node *n, struct labels *ret);
void decode_list(struct decode *d, const struct field *f, const struct schema *s,
	const struct yaml_node *n, void **ret, size_t *ret_n);

/* True when the node has the type; else an error in the words of Go's decoder. */
bool decode_expect(
	struct decode *d, const struct yaml_node *n, enum yaml_type want, const char *what);
/* An error at a node, with the current path; a refusal (code "not-supported"), why is a clause.
 */
struct diag *decode_fail(struct decode *d, const char *code, const struct yaml_node *n,
	const char *fmt, ...) attr_printf(4, 5);
void decode_refuse_for(struct decode *d, const struct yaml_node *n, const char *why,
	const char *fmt, ...) attr_printf(4, 5);
struct diag *decode_warn(struct decode *d, const char *code, const struct yaml_node *n,
	const char *fmt, ...) attr_printf(4, 5);
/* Of a text that YAML 1.1 changes before Tekton sees it: yes → true, 010 → 8, 1.10 → 1.1. */
void decode_warn_changed(
	struct decode *d, const struct yaml_node *n, struct str became, const char *what);
void decode_warn_keys(struct decode *d, const struct yaml_node *n); /* of a map */

/* Extends the path by .key or [i]; returns the length to give back to path_leave. */
size_t path_enter(struct decode *d, struct str key);
size_t path_enter_index(struct decode *d, size_t i);
void path_leave(struct decode *d, size_t length);

/* null, "", {}, [], false: a refused field with such a value asks for nothing. */
bool node_is_empty(const struct yaml_node *n);

#endif
