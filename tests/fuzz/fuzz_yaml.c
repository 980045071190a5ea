/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as YAML: the tree stays within its bounds, its JSON can be written and is read back
 * by the strict JSON reader, and reading that JSON as YAML settles.
 */
#include "spec/yaml.h"

#include <base/bounds.h>
#include <base/json.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_text(struct arena *a, struct str text, struct yaml_docs *docs)
{
	struct sources sources;
	struct diags diags;

	sources_init(&sources, a);
	diags_init(&diags, a, &sources);
	return yaml_read(&(struct yaml_arenas){a, a}, sources_add(&sources, STR("in"), text),
		text, &diags, docs);
}

static struct str node_json(struct arena *a, const struct yaml_node *n)
{
	struct buf b cleanup_buf;
	struct json_writer w;

	buf_init(&b, MIB);
	json_writer_init(&w, &b, 0);
	yaml_json(n, YAML_SORTED, &w);
	return b.full ? STR_NONE : arena_str(a, buf_str(&b));
}

static void check_document(struct arena *a, const struct yaml_node *n)
{
	struct str first = node_json(a, n);
	struct yaml_docs docs;
	struct json *json;
	struct err err;

	BUG_ON(n->height > BOUND_YAML_DEPTH);
	if (!first.n)
		return; /* aliases made it long */
	if (n->height < BOUND_JSON_DEPTH)
		BUG_ON(json_parse(a, first, MIB, &json, &err));
	/* libyaml wants a key to end within 1024 characters, and escapes of one code point */
	if (read_text(a, first, &docs) || docs.n != 1)
		return;
	/* -0 is a float that JSON writes like an integer: it settles after one more round */
	struct str second = node_json(a, docs.roots[0]);

	if (read_text(a, second, &docs) || docs.n != 1)
		return;
	BUG_ON(!str_eq(second, node_json(a, docs.roots[0])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a cleanup_arena = arena_new();
	struct str text = arena_strn(a, (const char *)data, size);
	struct yaml_docs docs;

	(void)read_text(a, text, &docs); /* problems are expected */
	for (size_t i = 0; i < docs.n; i++)
		check_document(a, docs.roots[i]);
	return 0;
}
