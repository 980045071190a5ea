/* SPDX-License-Identifier: Apache-2.0 */
/* `collect`: a Pod in, the PipelineRun that it was out. */
#include "cmd.h"

#include "collect.h"
#include "input.h"
#include "log_record.h"
#include "record_text.h"

#include <base/bounds.h>
#include <base/file.h>
#include <base/log.h>
#include <base/path.h>
#include <fcntl.h>
#include <monopod/images.h>
#include <unistd.h>

#define OUT_MAX (512 * (size_t)MIB)

enum { POD_BYTES = 64 * MIB, LOG_BYTES = 512 * MIB, RUN_JSON_BYTES = 256 * MIB };

/* '-' and nothing: standard input. A file that cannot be read is a wrong word. */
static int text_read(
	struct arena *a, struct str path, size_t max, struct str *ret, struct err *err)
{
	int rc;

	if (!path.n || str_eqz(path, "-"))
		rc = file_read_fd(a, STDIN_FILENO, max, ret, err);
	else
		rc = file_read(a, AT_FDCWD, str_c(path), max, ret, err);
	if (rc && !err_is_machine(err))
		err->kind = ERR_USAGE;
	return rc;
}

static bool is_input(struct str path)
{
	return !path.n || str_eqz(path, "-");
}

/* --- run.json ---------------------------------------------------------------------------- */

/*
 * A run directory is what its owner mounted, and holds what was known a moment before a kill:
 * it is believed unless the message names other bytes.
 */
static int add_from_dir(
	const struct options *o, struct arena *a, struct collected *c, struct err *err)
{
	struct str path = path_join(a, o->run_dir, STR("run.json"));
	struct str want = c->told.digest;
	struct str text;

	if (file_read(a, AT_FDCWD, str_c(path), RUN_JSON_BYTES, &text, err))
		return -1;
	if (want.n && !str_eq(image_digest_text(a, text), want))
		return err_set(err, ERR_SPEC,
			"'" STR_FMT
			"' is not the one that the termination message names (" STR_FMT ")",
			STR_ARG(path), STR_ARG(want));
	if (collect_add_run_json(a, c, text, want.n > 0, err))
		return err_wrap(err, STR_FMT, STR_ARG(path));
	return 0;
}

static int add_from_log(
	const struct options *o, struct arena *a, struct collected *c, struct err *err)
{
	struct str log, text;

	if (text_read(a, o->collect_log, LOG_BYTES, &log, err))
		return -1;
	if (!c->told.digest.n)
		return err_set(err, ERR_NOT_FOUND,
			"the termination message names no run.json that one in the log could "
			"be "
			"compared with");
	if (log_record_read(a, log, c->told.digest, &text, err))
		return -1;
	return collect_add_run_json(a, c, text, true, err);
}

/* What is given and cannot be used is said; what is known without it is told all the same. */
static void add_run_json(const struct options *o, struct arena *a, struct collected *c)
{
	struct err err = {0};
	bool is_added = false;

	if (o->run_dir.n) {
		is_added = add_from_dir(o, a, c, &err) == 0;
		if (!is_added)
			log_warn("run directory: %s: it is not used", err.msg);
	}
	if (!is_added && o->collect_log.n) {
		is_added = add_from_log(o, a, c, &err) == 0;
		if (!is_added)
			log_warn("log: %s: it is not used", err.msg);
	}
	if (!is_added && c->told.omitted.n)
		log_warn("the termination message had no room for: " STR_FMT
			 " (see --run-dir and --log)",
			STR_ARG(c->told.omitted));
}

/* --- the verb ---------------------------------------------------------------------------- */

static int collect_print(
	const struct options *o, struct arena *a, const struct collected *c, struct err *err)
{
	struct buf json cleanup_buf = {0};
	struct buf text cleanup_buf = {0};
	struct record record = {0};
	struct json *list;

	buf_init(&json, OUT_MAX);
	collect_json(a, c, &json);
	if (json.full || o->output == OUTPUT_JSON)
		return record_print(o, &json, err);
	if (json_parse_zeros(a, buf_str(&json), OUT_MAX, &list, err))
		return -1;
	record.items = json_get(list, "items");
	record.run = json_at(record.items, 0);
	buf_init(&text, OUT_MAX);
	record_text(&record, &text);
	return record_print(o, &text, err);
}

/* Without -o a document: this verb is for programs. */
static struct options options_of(const struct options *o)
{
	struct options json = *o;

	if (o->output == OUTPUT_AUTO)
		json.output = OUTPUT_JSON;
	return json;
}

int cmd_collect(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	const struct options options = options_of(o);
	struct str path = o->n_args ? o->args[0] : STR_NONE;
	struct collected c;
	struct kube_pod pod;
	struct err err = {0};
	struct str text;

	o = &options;
	if (o->collect_log.n && is_input(o->collect_log) && is_input(path)) {
		(void)err_set(&err, ERR_USAGE,
			"--log -: standard input has the Pod; name a file for one of them");
		return input_refuse(o, &err);
	}
	if (text_read(a, path, POD_BYTES, &text, &err) || kube_pod_read(a, text, &pod, &err)) {
		if (err.kind == ERR_NOT_FOUND)
			err.kind = ERR_SPEC;
		return input_refuse(o, &err);
	}
	collect_judge(a, &pod, &c);
	add_run_json(o, a, &c);
	if (collect_print(o, a, &c, &err))
		return input_refuse(o, &err);
	return (int)c.code;
}
