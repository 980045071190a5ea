/* SPDX-License-Identifier: Apache-2.0 */
/* Printing runs as a Kubernetes List. */
#include "run_json.h"

#include "list_json.h"
#include "secrets.h"

#include <base/buf.h>
#include <base/fd.h>
#include <base/json.h>

struct drain {
	int fd;
	size_t n_bytes;
	bool failed;
	struct err *err;
};

static void drain_write(void *arg, struct buf *out)
{
	struct drain *d = arg;

	d->n_bytes += out->n;
	if (!d->failed && (out->full || d->n_bytes > RUN_JSON_MAX)) {
		d->failed = true;
		(void)err_set(d->err, ERR_LIMIT, "the List is larger than it may be");
	}
	if (!d->failed && fd_write_all(d->fd, out->p, out->n, d->err))
		d->failed = true;
	buf_clear(out);
}

struct editor {
	const struct run_json_hiding *hiding;
	struct arena *arena;
};

static struct str hide(void *arg, struct str member, struct str s)
{
	const struct editor *e = arg;

	if (secrets_is_own_word(member) ||
		(e->hiding->shows_values && str_eqz(member, "value")))
		return s;
	return mask_text(e->hiding->mask, e->arena, s);
}

int run_json_write(const struct run_view *const *runs, size_t n_runs,
	const struct run_json_hiding *hiding, int fd, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct editor editor = {hiding, a};
	struct buf out cleanup_buf = {0};
	struct drain d = {.fd = fd, .err = err};
	struct json_writer w;

	buf_init(&out, RUN_JSON_MAX);
	json_writer_init(&w, &out, 2);
	w.drain = drain_write;
	w.drain_arg = &d;
	if (!mask_is_empty(hiding->mask)) {
		w.edit = hide;
		w.edit_arg = &editor;
	}
	list_json_open(&w);
	for (size_t i = 0; i < n_runs; i++)
		report_items(runs[i], &w);
	list_json_close(&w);
	buf_addc(&out, '\n');
	drain_write(&d, &out);
	return d.failed ? -1 : 0;
}
