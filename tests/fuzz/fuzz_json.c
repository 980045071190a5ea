/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: whatever is accepted can be written, is accepted again, and then comes out the same,
 * with and without Go's escapes. What zero bytes are taken of is taken without them as well,
 * unless it has some.
 */
#include <base/bounds.h>
#include <base/json.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int parse_fn(
	struct arena *a, struct str text, size_t max_bytes, struct json **ret, struct err *err);

static struct json *fuzz_parse(struct arena *a, parse_fn *parse, struct str text)
{
	struct err err = {0};
	struct json *v = NULL;
	int rc = parse(a, text, 16 * MIB, &v, &err);

	BUG_ON(rc == 0 && (!v || err.kind != ERR_NONE));
	BUG_ON(rc != 0 && (v || err.kind == ERR_NONE || !err.msg[0]));
	return v;
}

static void fuzz_round(struct arena *a, const struct json *v, bool go_escapes)
{
	cleanup_buf struct buf once;
	cleanup_buf struct buf twice;
	const struct json *again;

	buf_init(&once, 16 * MIB);
	buf_init(&twice, 16 * MIB);
	json_print(v, go_escapes, &once);
	BUG_ON(once.full);
	again = fuzz_parse(a, json_parse_zeros, buf_str(&once));
	BUG_ON(!again);
	json_print(again, go_escapes, &twice);
	BUG_ON(!str_eq(buf_str(&once), buf_str(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena *a = arena_new();
	const struct str text = {.p = (const char *)data, .n = size};
	const struct json *v;

	if (size > MIB)
		return 0;
	v = fuzz_parse(a, json_parse_zeros, text);
	if (!str_has(text, STR("\\u0000")))
		BUG_ON(!fuzz_parse(a, json_parse, text) != !v);
	if (v) {
		fuzz_round(a, v, false);
		fuzz_round(a, v, true);
	}
	return 0;
}
