/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of artifacts, separated by zero bytes: what is taken is written, read again and then
 * the same; joining twice is joining once; every name that is there yields JSON.
 */
#include <base/bounds.h>
#include <monopod/artifact.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { N_SETS = 8 };

static struct str written(struct arena *a, const struct artifacts *set)
{
	cleanup_buf struct buf out;
	struct json_writer w;

	buf_init(&out, 16 * MIB);
	json_writer_init(&w, &out, 0);
	json_open(&w, '{');
	artifacts_put(set, &w);
	json_close(&w, '}');
	BUG_ON(out.full);
	return arena_str(a, buf_str(&out));
}

static bool parse(struct arena *a, struct str text, struct artifacts *ret)
{
	struct err err = {0};
	int rc;

	*ret = (struct artifacts){0};
	rc = artifacts_parse(a, text, ret, &err);
	BUG_ON(rc == 0 && err.kind != ERR_NONE);
	BUG_ON(rc != 0 && (artifacts_any(ret) || !err.msg[0]));
	return rc == 0;
}

static void check_again(struct arena *a, const struct artifacts *set)
{
	struct str once = written(a, set);
	struct artifacts again;

	if (once.n > BOUND_ARTIFACT_BYTES)
		return; /* several of them, joined, or members that escapes made longer */
	BUG_ON(!parse(a, once, &again));
	BUG_ON(!str_eq(once, written(a, &again)));
}

static void check_names(struct arena *a, const struct artifacts *set)
{
	struct err err;

	for (size_t i = 0; i < set->outputs.n; i++) {
		struct str which = arena_printf(
			a, "outputs." STR_FMT, STR_ARG(set->outputs.items[i].name));
		struct json *value;
		struct str text;

		BUG_ON(!artifacts_values(set, which, a, &text));
		BUG_ON(json_parse(a, text, 16 * MIB, &value, &err) ||
			value->kind != JSON_ARRAY);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena *a = arena_new();
	struct str rest = {.p = (const char *)data, .n = size}, one;
	struct artifacts sets[N_SETS], all, twice[2];
	size_t n = 0;
	bool is_more = true;

	if (size > 64 * KIB)
		return 0;
	while (is_more && n < N_SETS) {
		is_more = str_cut(rest, '\0', &one, &rest);
		if (!is_more)
			one = rest;
		if (parse(a, one, &sets[n])) {
			check_again(a, &sets[n]);
			n++;
		}
	}
	all = artifacts_join(a, sets, n);
	check_again(a, &all);
	check_names(a, &all);
	twice[0] = twice[1] = all;
	twice[0] = artifacts_join(a, twice, 2);
	BUG_ON(!str_eq(written(a, &all), written(a, &twice[0])));
	return 0;
}
