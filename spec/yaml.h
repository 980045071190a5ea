/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text as a tree with positions, private to spec/. The dialect is that of kubectl and
 * Tekton: libyaml's syntax, scalars typed as go-yaml v2 types them (YAML 1.1), merge keys
 * applied, aliases shared. Trees are acyclic, at most BOUND_YAML_DEPTH deep and at most
 * BOUND_YAML_NODES large after expansion, so that recursion over them is bounded.
 */
#ifndef SPEC_YAML_H
#define SPEC_YAML_H

#include <base/arena.h>
#include <base/diag.h>
#include <base/json.h>
#include <base/source.h>
#include <stdint.h>

enum yaml_type { /* what the node is in JSON */
	YAML_NULL,
	YAML_BOOL,
	YAML_NUMBER,
	YAML_STRING,
	YAML_LIST,
	YAML_MAP,
};
enum { YAML_TYPE_N = YAML_MAP + 1 };

enum yaml_style { YAML_PLAIN, YAML_QUOTED, YAML_BLOCK };

struct yaml_node {
	/* there are many of these, so they are packed */
	enum yaml_type type : 8;
	enum yaml_style style : 7; /* scalars */
	bool complete : 1;         /* the reader's: all of it was read */
	uint16_t height;           /* levels below and with this one */
	uint32_t n_decoded;        /* nodes a decoder meets in here */
	struct str text;           /* scalars: the characters, escapes and folding undone */
	struct str json;           /* bool, number: as JSON prints it (true, 8, 1.5) */
	struct str tag;            /* as resolved by libyaml, or empty */
	struct pos pos; /* first character, or first of the anchored node for aliases */
	struct pos end; /* one behind the last character */
	union {
		struct yaml_node **items; /* LIST */
		struct yaml_pair *pairs;  /* MAP, as written; merged keys at the end */
	};
	size_t n;
};
struct yaml_pair {
	struct str key; /* also of keys that were not strings */
	struct yaml_node *key_node;
	struct yaml_node *value;
};

struct yaml_docs {
	struct yaml_node **roots; /* empty documents are left out */
	size_t n;
};

/* Nodes and what only they need; texts and keys, which may outlive the tree. */
struct yaml_arenas {
	struct arena *nodes;
	struct arena *texts;
};

/*
 * Reads all documents of a text that was added to the diags' sources under this number. A
 * problem of syntax ends the reading (documents before it are returned); a duplicate key does
 * not. Returns 0, or -1 when an error was added to d.
 */
int yaml_read(const struct yaml_arenas *to, uint32_t source, struct str text, struct diags *d,
	struct yaml_docs *ret);

/* The value of a key of a map; NULL when absent or not a map. */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* The words of Go's decoder: "null", "bool", "number", "string", "array", "object". */
const char *yaml_type_name(enum yaml_type t);

enum yaml_json_order { YAML_AS_WRITTEN, YAML_SORTED /* as Go prints a map */ };
/* The JSON a cluster would see. */
void yaml_json(const struct yaml_node *n, enum yaml_json_order order, struct json_writer *w);

#endif
