/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run directory whose journal somebody else may have written, as `describe --journal` shows
 * it and as --resume goes on from it. The first line is "force" or anything else; each further
 * one is a record of the fixed run below and gets its frame here, but for
 *
 *     @      the header that this program writes
 *     !TEXT  TEXT as it is, without a frame; without a line end when it is the last
 *     --     what follows is journal.sealed
 *
 * Whatever is there, it is refused with words, or the journal that is gone on with is whole and
 * begins with the records that were taken.
 */
#include "../../entrypoint/input.h"
#include "../../entrypoint/journal_show.h"
#include "../../entrypoint/resume.h"
#include "../../entrypoint/view_text.h"
#include "fuzz_dir.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/json.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEED "0123456789abcdef0123456789abcdef"

static const char run_yaml[] =
	"apiVersion: v1\n"
	"kind: Secret\n"
	"metadata: {name: s}\n"
	"stringData: {k: swordfish}\n"
	"---\n"
	"apiVersion: tekton.dev/v1\n"
	"kind: PipelineRun\n"
	"metadata: {name: r}\n"
	"spec:\n"
	"  timeouts: {pipeline: 60s}\n"
	"  pipelineSpec:\n"
	"    results: [{name: out, value: $(tasks.a.results.v)}]\n"
	"    tasks:\n"
	"    - {name: a, retries: 1, taskSpec: {results: [{name: v}], steps: [{name: s, image: "
	"x, script: 'printf v-swordfish >$(results.v.path)'}]}}\n"
	"    - {name: w, params: [{name: p, value: $(tasks.a.results.v)}], taskSpec: {params: "
	"[{name: p}], steps: [{name: s, image: x, script: 'exit 3'}]}}\n"
	"    finally:\n"
	"    - {name: f, taskSpec: {steps: [{name: s, image: x, script: 'true'}]}}\n";

struct files {
	struct buf journal, sealed;
	bool has_sealed;
	bool is_forced;
};

/* --- the files --------------------------------------------------------------------------- */

static void run_read(struct session *s, struct arena *a, struct options *o)
{
	struct err err = {0};

	o->files = arena_new_object(a, struct str);
	o->files[0] = arena_printf(a, "%s/in.yaml", fuzz_dir_path);
	o->n_files = 1;
	o->run_dir = arena_printf(a, "%s/run", fuzz_dir_path);
	s->options = o;
	s->arena = a;
	if (session_read(s, &err))
		bug_fail(__FILE__, __LINE__, err.msg);
	BUG_ON(!spec_ok(s->spec) || s->n_runs != 1);
}

static struct str header_make(struct arena *a)
{
	struct options o = {0};
	struct session s = {.rundir = {.dfd = -1}, .seed = STR(SEED)};
	struct header_facts f;
	struct str ret;

	run_read(&s, a, &o);
	f = (struct header_facts){.options = &o,
		.spec = s.spec,
		.run = agent_view(s.runs[0].agent),
		.seed = s.seed,
		.max_parallel = 2};
	BUG_ON(header_print(&f, a, &ret, NULL));
	session_discard(&s);
	return ret;
}

/* What may not mount gets no mount namespace: one an input would be most of the time. */
static void mounts_give_up(void)
{
	struct __user_cap_header_struct whose = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	BUG_ON(syscall(SYS_capget, &whose, caps));
	caps[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective &= ~CAP_TO_MASK(CAP_SYS_ADMIN);
	BUG_ON(syscall(SYS_capset, &whose, caps));
}

static struct str header(void)
{
	static struct arena *a; /* reachable: no leak */
	static struct str text;

	if (fuzz_dir_make()) {
		mounts_give_up();
		fuzz_put("in.yaml", str_z(run_yaml));
		BUG_ON(dir_make(fuzz_dfd, "run", 0700, NULL));
		a = arena_new();
		text = header_make(a);
	}
	return text;
}

static void frame_put(struct buf *out, struct str record)
{
	buf_addf(out, "%08x ", journal_crc(record));
	buf_adds(out, record);
	buf_addc(out, '\n');
}

static void files_make(struct str input, struct files *f)
{
	struct buf *out = &f->journal;
	bool is_more = true;
	struct str line;

	buf_init(&f->journal, 16 * MIB);
	buf_init(&f->sealed, 16 * MIB);
	f->is_forced = str_starts(input, STR("force\n"));
	(void)str_cut(input, '\n', &line, &input);
	while (is_more) {
		is_more = str_cut(input, '\n', &line, &input);
		if (!is_more)
			line = input;
		if (str_eqz(line, "--")) {
			f->has_sealed = true;
			out = &f->sealed;
		} else if (str_eqz(line, "@")) {
			frame_put(out, header());
		} else if (str_starts(line, STR("!"))) {
			buf_adds(out, str_slice(line, 1, line.n));
			if (is_more)
				buf_addc(out, '\n');
		} else if (is_more || line.n) {
			frame_put(out, line);
		}
	}
}

static void files_put(const struct files *f)
{
	fuzz_put("run/journal", buf_str(&f->journal));
	if (f->has_sealed)
		fuzz_put("run/journal.sealed", buf_str(&f->sealed));
	else
		(void)unlinkat(fuzz_dfd, "run/journal.sealed", 0);
}

static void files_release(struct files *f)
{
	buf_release(&f->journal);
	buf_release(&f->sealed);
}

/* --- checks ------------------------------------------------------------------------------ */

/* What is valid is what its frames say, and no whole line stands before the damage. */
static void check_split(struct arena *a, struct str text, const struct journal_text *t)
{
	struct buf again cleanup_buf;
	struct journal_text rest;

	BUG_ON(t->n_valid_bytes + t->n_torn_bytes != text.n);
	buf_init(&again, 16 * MIB);
	for (size_t i = 0; i < t->n; i++)
		frame_put(&again, t->records[i]);
	BUG_ON(!str_eq(buf_str(&again), str_slice(text, 0, t->n_valid_bytes)));
	journal_parse(a, str_slice(text, t->n_valid_bytes, text.n), &rest);
	BUG_ON(rest.n || rest.is_damaged != t->is_damaged);
}

static size_t n_lines(struct str text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

/* A line each, and nothing that moves a cursor. */
static void check_shown(const struct journal_text *t)
{
	int dfd cleanup_fd = dir_open(fuzz_dfd, "run", NULL);

	for (int as_json = 0; as_json < 2; as_json++) {
		struct buf out cleanup_buf, safe cleanup_buf;
		struct err err = {0};

		buf_init(&out, 64 * MIB);
		buf_init(&safe, 64 * MIB);
		if (journal_show(dfd, as_json, &out, &err))
			bug_fail(__FILE__, __LINE__, err.msg);
		BUG_ON(n_lines(buf_str(&out)) != t->n + (t->n_torn_bytes > 0));
		view_text_safe_lines(&safe, buf_str(&out));
		for (size_t i = 0; i < safe.n; i++)
			BUG_ON((unsigned char)safe.p[i] < ' ' && safe.p[i] != '\n');
	}
}

/* What another agent finds when this one has written a record more. */
static void check_gone_on(struct session *s, const struct journal_text *before)
{
	const struct rundir_run dir = {.dfd = s->rundir.dfd};
	struct arena *a cleanup_arena = arena_new();
	const bool goes_on = s->runs[0].has_journal;
	struct drive_start from;
	struct err err = {0};
	struct journal_text now;

	if (resume_journal(s, &s->runs[0], &dir, &from, &err))
		bug_fail(__FILE__, __LINE__, err.msg);
	BUG_ON(!journal_is_whole(&from.journal));
	BUG_ON(from.is_resumed && from.ahead_ns < 0 && s->runs[0].end.now_ns < 0);
	journal_close(&from.journal);
	BUG_ON(journal_read(s->rundir.dfd, "journal", a, &now, &err));
	BUG_ON(now.n_torn_bytes || now.is_damaged);
	BUG_ON(now.n <= (goes_on ? before->n : 0));
	for (size_t i = 0; goes_on && i < before->n; i++)
		BUG_ON(!str_eq(now.records[i], before->records[i]));
}

static void check_error(const struct err *err)
{
	BUG_ON(err->kind == ERR_NONE || err->kind == ERR_SYS || !err->msg[0]);
}

/* As `run --resume` does it, up to the first event. */
static void resume(const struct files *f, const struct journal_text *before)
{
	struct arena *a cleanup_arena = arena_new();
	struct options o = {.resume = true, .resume_force = f->is_forced};
	struct session s = {.rundir = {.dfd = -1}, .options = &o, .arena = a};
	struct err err = {0};
	struct diags diags;

	o.run_dir = arena_printf(a, "%s/run", fuzz_dir_path);
	if (resume_find(&s, &err)) {
		check_error(&err);
		session_discard(&s);
		return;
	}
	run_read(&s, a, &o);
	diags_init(&diags, a, s.spec->sources);
	if (resume_runs(&s, &diags, &err))
		check_error(&err);
	else if (!diags.n_errors && !resume_all_done(&s))
		check_gone_on(&s, before);
	session_discard(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a cleanup_arena = arena_new();
	struct files f = {0};
	struct journal_text text;

	if (size > MIB)
		return 0;
	(void)header();
	files_make((struct str){.p = (const char *)data, .n = size}, &f);
	files_put(&f);
	journal_parse(a, buf_str(&f.journal), &text);
	check_split(a, buf_str(&f.journal), &text);
	check_shown(&text);
	resume(&f, &text);
	files_release(&f);
	return 0;
}
