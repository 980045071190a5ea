/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the run.json of a run directory, as describe, list, logs and collect read it:
 * refused with words, or what is printed of it is JSON that says the same, or text that moves
 * no cursor; no name in it leads out of logs/; and no pod is called a success for its sake
 * that did not end so.
 */
#include "../../entrypoint/cmd.h"
#include "../../entrypoint/collect.h"
#include "../../entrypoint/record.h"
#include "../../entrypoint/record_text.h"
#include "../../entrypoint/view_text.h"
#include "fuzz_dir.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INSIDE  "a step wrote this"
#define OUTSIDE "nobody is to see this"

static void dir_fill(void)
{
	static const char *const dirs[] = {"runs/r/logs/t/0", "runs/r/t/0", "runs/t/0", "0"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		BUG_ON(dir_make(fuzz_dfd, dirs[i], 0700, NULL));
	fuzz_put("runs/r/logs/t/0/s.log", STR(INSIDE "\n"));
	fuzz_put("runs/r/logs/s.log", STR(OUTSIDE));
	fuzz_put("runs/r/t/0/s.log", STR(OUTSIDE));
	fuzz_put("runs/t/0/s.log", STR(OUTSIDE));
	fuzz_put("0/s.log", STR(OUTSIDE));
	BUG_ON(symlinkat("../..", fuzz_dfd, "runs/r/logs/l"));
	BUG_ON(symlinkat("../../s.log", fuzz_dfd, "runs/r/logs/t/0/l.log"));
}

/* --- the verbs --------------------------------------------------------------------------- */

/* What a verb writes to standard output. */
static struct str printed(
	struct arena *a, int (*cmd)(const struct options *o), const struct options *o, int *rc)
{
	int own_fd cleanup_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int out_fd cleanup_fd = memfd_create("out", MFD_CLOEXEC);
	struct str text;

	BUG_ON(own_fd < 0 || out_fd < 0 || dup2(out_fd, STDOUT_FILENO) < 0);
	fuzz_log_errors = 0;
	*rc = cmd(o);
	BUG_ON(dup2(own_fd, STDOUT_FILENO) < 0 || lseek(out_fd, 0, SEEK_SET) < 0);
	BUG_ON(file_read_fd(a, out_fd, 256 * (size_t)MIB, &text, NULL));
	BUG_ON((*rc != EXIT_RUN_OK) != (fuzz_log_errors > 0));
	return text;
}

static void check_safe(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		BUG_ON((unsigned char)text.p[i] < ' ' && text.p[i] != '\n');
}

static struct json *check_json(struct arena *a, struct str text)
{
	struct json *v;
	struct err err = {0};

	if (json_parse_zeros(a, text, 256 * MIB, &v, &err))
		bug_fail(__FILE__, __LINE__, err.msg);
	return v;
}

static void check_same(const struct json *items, const struct json *read)
{
	struct buf one cleanup_buf, other cleanup_buf;

	buf_init(&one, 64 * MIB);
	buf_init(&other, 64 * MIB);
	json_print(items, false, &one);
	json_print(read, false, &other);
	BUG_ON(!str_eq(buf_str(&one), buf_str(&other)));
}

static void try_verbs(struct arena *a, const struct json *items)
{
	struct str dir = arena_printf(a, "%s/runs/r", fuzz_dir_path);
	struct str runs = arena_printf(a, "%s/runs", fuzz_dir_path);
	struct options o = {.run_dir = dir, .output = OUTPUT_JSON, .attempt = SIZE_MAX};
	struct str text;
	int rc;

	text = printed(a, cmd_describe, &o, &rc);
	BUG_ON(items && rc != EXIT_RUN_OK);
	if (items)
		check_same(json_get(check_json(a, text), "items"), items);
	o.output = OUTPUT_PLAIN;
	check_safe(printed(a, cmd_describe, &o, &rc));
	text = printed(a, cmd_logs, &o, &rc);
	check_safe(text);
	BUG_ON(str_has(text, STR(OUTSIDE)));
	o = (struct options){.args = &runs, .n_args = 1, .output = OUTPUT_JSON};
	text = printed(a, cmd_list, &o, &rc);
	BUG_ON(rc != EXIT_RUN_OK);
	BUG_ON(check_json(a, text)->n_children != (items != NULL));
	o.output = OUTPUT_PLAIN;
	text = printed(a, cmd_list, &o, &rc);
	check_safe(text);
	BUG_ON(str_chr(text, '\n') != (items ? (ptrdiff_t)text.n - 1 : -1));
}

/* --- collect ----------------------------------------------------------------------------- */

static void try_pod(struct arena *a, const struct kube_pod *pod, struct str text, bool proven)
{
	struct buf out cleanup_buf;
	struct record r = {0};
	struct collected c;
	struct err err = {0};

	collect_judge(a, pod, &c);
	if (collect_add_run_json(a, &c, text, proven, &err))
		BUG_ON(err.kind == ERR_NONE || c.run_json);
	if (c.condition.status == CONDITION_TRUE) /* what is above 128 came after its end */
		BUG_ON(pod->end.exit_code && pod->end.exit_code <= 128);
	else
		BUG_ON(c.code == EXIT_RUN_OK);
	buf_init(&out, 256 * (size_t)MIB);
	collect_json(a, &c, &out);
	BUG_ON(out.full);
	r.items = json_get(check_json(a, buf_str(&out)), "items");
	r.run = json_at(r.items, 0);
	BUG_ON(!r.run);
	BUG_ON(str_eqz(record_condition(r.run).status, "True") &&
		c.condition.status != CONDITION_TRUE && !json_at(r.items, 1));
	buf_clear(&out);
	record_text(&r, &out);
}

static void try_pods(struct arena *a, struct str text)
{
	static const struct kube_pod pods[] = {
		{.phase = KUBE_FAILED,
			.has_run_label = true,
			.reason = STR_INIT("Evicted"),
			.end = {.is_there = true, .exit_code = 137}},
		{.phase = KUBE_SUCCEEDED, .end = {.is_there = true, .message = STR_INIT("x")}},
		{.phase = KUBE_FAILED,
			.end = {.is_there = true,
				.exit_code = 1,
				.ended_ns = 1,
				.message = STR_INIT(
					"[{\"key\":\"monopod/verdict\",\"value\":\"Unknown "
					"Running\",\"type\":3}]")}},
		{.phase = KUBE_RUNNING, .is_running = true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(pods); i++) {
		struct kube_pod pod = pods[i];

		pod.name = STR("p");
		pod.run_name = STR("r");
		try_pod(a, &pod, text, false);
		try_pod(a, &pod, text, true);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a cleanup_arena = arena_new();
	struct str text = {.p = (const char *)data, .n = size};
	const struct json *items = NULL;
	struct json *list;

	if (size > MIB)
		return 0;
	if (fuzz_dir_make())
		dir_fill();
	fuzz_put("runs/r/run.json", text);
	if (json_parse_zeros(a, text, MIB, &list, NULL) == 0)
		items = json_get(list, "items");
	if (!json_at(items, 0))
		items = NULL;
	try_verbs(a, items);
	try_pods(a, text);
	return 0;
}
