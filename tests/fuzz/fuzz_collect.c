/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `collect` reads of others: the first byte chooses the reader (a Pod, a termination
 * message inside a pod that ended with code 0, a log, a log with a record in it). Nothing is
 * called a success but what the message of a container that fits it says; what is printed is
 * JSON; a record that is whole is found among any lines, and one that lacks a line is not.
 */
#include "../../entrypoint/collect.h"
#include "../../entrypoint/log_record.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/json.h>
#include <monopod/images.h>
#include <sys/mman.h>
#include <unistd.h>

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

static int memory_file(struct str text)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	BUG_ON(fd < 0 || fd_write_all(fd, text.p, text.n, NULL));
	BUG_ON(lseek(fd, 0, SEEK_SET) < 0);
	return fd;
}

static struct str frame_of(struct arena *a, struct str text)
{
	int in_fd cleanup_fd = memory_file(text);
	int out_fd cleanup_fd = memory_file(STR_NONE);
	struct str frame;

	BUG_ON(log_record_write(in_fd, image_digest_text(a, text), out_fd, NULL));
	BUG_ON(lseek(out_fd, 0, SEEK_SET) < 0);
	BUG_ON(file_read_fd(a, out_fd, 16 * MIB, &frame, NULL));
	return frame;
}

/* All lines of the frame but that one; what is before them may be anything. */
static struct str log_with(
	struct arena *a, struct str before, struct str frame, size_t without, struct str behind)
{
	struct buf log cleanup_buf;
	struct str line;

	buf_init(&log, 32 * MIB);
	buf_adds(&log, before);
	buf_addc(&log, '\n');
	for (size_t i = 0; str_cut(frame, '\n', &line, &frame); i++) {
		if (i == without)
			continue;
		buf_adds(&log, line);
		buf_addc(&log, '\n');
	}
	buf_adds(&log, behind);
	BUG_ON(log.full);
	return arena_str(a, buf_str(&log));
}

static void try_frame(struct arena *a, struct str input)
{
	struct str noise, text, frame, digest, got;
	struct err err = {0};

	if (!str_cut(input, '\0', &noise, &text))
		return;
	frame = frame_of(a, text);
	digest = image_digest_text(a, text);
	if (log_record_read(a, log_with(a, noise, frame, SIZE_MAX, noise), digest, &got, &err))
		bug_fail(__FILE__, __LINE__, err.msg);
	BUG_ON(!str_eq(got, text));
	for (size_t i = 0; i < 3; i++)
		BUG_ON(log_record_read(a, log_with(a, noise, frame, i, STR_NONE), digest, &got,
			       NULL) == 0 &&
			!str_eq(got, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(struct arena * a, struct str text) = {
		try_pod, try_message, try_log, try_frame};
	struct arena *a cleanup_arena = arena_new();

	if (size == 0 || size > MIB)
		return 0;
	tries[data[0] % ARRAY_SIZE(tries)](a, arena_strn(a, (const char *)data + 1, size - 1));
	return 0;
}
