/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `collect` reads of others: the first byte chooses the reader (a Pod, a termination
 * message inside a pod that ended with code 0, a log). Nothing is called a success but what the
 * message of a container that fits it says; what is printed is JSON.
 */
#include "../../entrypoint/collect.h"
#include "../../entrypoint/log_record.h"

#include <base/bounds.h>
#include <base/json.h>

#define SOME "sha256:0000000000000000000000000000000000000000000000000000000000000000"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_printed(struct arena *a, const struct collected *c)
{
	struct buf out cleanup_buf;
	struct json *list = NULL;
	const struct json *items;

	buf_init(&out, 64 * MIB);
	collect_json(a, c, &out);
	BUG_ON(out.full || json_parse(a, buf_str(&out), 64 * MIB, &list, NULL));
	items = json_get(list, "items");
	BUG_ON(!items || !items->n_children);
}

static void judge_one(struct arena *a, const struct kube_pod *p)
{
	struct collected c;
	struct told t;

	collect_judge(a, p, &c);
	if (c.condition.status == CONDITION_TRUE)
		BUG_ON(!c.has_told || !str_eqz(c.told.status, "True") || !c.is_over ||
			told_read(a, c.end->message, &t, NULL) < 0);
	BUG_ON((c.code == EXIT_RUN_OK) && c.condition.status != CONDITION_TRUE);
	BUG_ON(!c.condition.reason.n);
	check_printed(a, &c);
}

static void try_pod(struct arena *a, struct str text)
{
	struct kube_pod p;
	struct err err = {0};

	if (kube_pod_read(a, text, &p, &err)) {
		BUG_ON(err.kind == ERR_NONE);
		return;
	}
	judge_one(a, &p);
}

static void try_message(struct arena *a, struct str text)
{
	struct kube_pod p = {.name = STR("p"),
		.run_name = STR("r"),
		.phase = KUBE_SUCCEEDED,
		.end = {.is_there = true, .message = text}};
	struct told t;

	if (told_read(a, text, &t, NULL) == 0)
		BUG_ON(!t.status.n || !t.reason.n);
	judge_one(a, &p);
}

static void try_log(struct arena *a, struct str text)
{
	struct str got;
	struct err err = {0};

	/* nobody knows bytes of this digest */
	BUG_ON(log_record_read(a, text, STR(SOME), &got, &err) == 0 || err.kind == ERR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(struct arena * a, struct str text) = {
		try_pod, try_message, try_log};
	struct arena *a cleanup_arena = arena_new();

	if (size == 0 || size > MIB)
		return 0;
	tries[data[0] % ARRAY_SIZE(tries)](a, arena_strn(a, (const char *)data + 1, size - 1));
	return 0;
}
