/* SPDX-License-Identifier: Apache-2.0 */
/* `describe`: how a run went, from its run.json. */
#include "cmd.h"
#include "input.h"
#include "journal_show.h"
#include "list_json.h"
#include "record.h"
#include "record_text.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <fcntl.h>
#include <unistd.h>

static void records_json(const struct record *r, size_t n, struct buf *out)
{
	struct json_writer w;
	json_writer_init(&w, out, 2);
	list_json_open(&w);
	for (size_t i = 0; i < n; i++)
		json_foreach (it, r[i].items)
			json_put(&w, it);
	list_json_close(&w);
	buf_addc(out, '\n');
}

/* A run that has no run.json yet has a journal all the same. */
static int journals_put(const struct options *o, const struct record *r, size_t n,
	struct buf *out, struct err *err)
{
	struct str word = o->run_dir.n ? o->run_dir : o->n_args ? o->args[0] : STR_NONE;
	const struct record named = {.path = word};

	if (!n) {
		r = &named;
		n = 1;
	}
	for (size_t i = 0; i < n; i++) {
		cleanup_fd int dfd = dir_open(AT_FDCWD, str_c(r[i].path), err);

		if (dfd < 0 || journal_show(dfd, o->output == OUTPUT_JSON, out, err))
			return err_wrap(err, "run directory '%s'", str_c(r[i].path));
	}
	return 0;
}

int cmd_describe(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	cleanup_buf struct buf out;
	struct record *r = NULL;
	size_t n = 0;
	struct err err = {0};
	struct err low = {0};
	buf_init(&out, 256 * (size_t)MIB);
	if (record_asked(o, a, &r, &n, &err) &&
		(!o->journal || journals_put(o, NULL, 0, &out, &low)))
		return input_refuse(o, &err);
	if (o->journal) {
		if (n && journals_put(o, r, n, &out, &err))
			return input_refuse(o, &err);
	} else if (o->output == OUTPUT_JSON)
		records_json(r, n, &out);
	else
		for (size_t i = 0; i < n; i++)
			record_text(&r[i], &out);
	if (record_print(o, &out, &err))
		return input_refuse(o, &err);
	return EXIT_RUN_OK;
}
