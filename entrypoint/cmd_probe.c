/* SPDX-License-Identifier: Apache-2.0 */
/* `probe`: what isolation this place permits, each item with its evidence. */
#include "cmd.h"
#include "give.h"
#include "input.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/json.h>
#include <fcntl.h>
#include <monopod/images.h>
#include <monopod/sandbox.h>
#include <unistd.h>

/* What `run` would say of a step that asks for it. */
static void security_text(const struct sandbox_place *p, struct arena *a, struct buf *out)
{
	struct give_line *lines;
	size_t n;

	give_lines(a, p, &lines, &n);
	buf_addf(out, "securityContext:\n");
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%-3s  %-24s  " STR_FMT "\n", lines[i].works ? "yes" : "no",
			lines[i].field, STR_ARG(lines[i].text));
}

static void security_json(const struct sandbox_place *p, struct arena *a, struct json_writer *w)
{
	struct give_line *lines;
	size_t n;

	give_lines(a, p, &lines, &n);
	json_key(w, "securityContext");
	json_open(w, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		json_fieldz(w, "field", lines[i].field);
		json_field_bool(w, "works", lines[i].works);
		json_field(w, "text", lines[i].text);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void probe_text(const struct sandbox_place *p, struct arena *a, struct buf *out)
{
	for (size_t i = 0; i < p->n_facts; i++)
		buf_addf(out, "%-3s  %-18s  " STR_FMT "\n", p->facts[i].works ? "yes" : "no",
			p->facts[i].name, STR_ARG(p->facts[i].evidence));
	if (p->level != SANDBOX_NONE)
		buf_addf(out, "ids  " STR_FMT "%s\n", STR_ARG(id_map_text(&p->map, a)),
			p->map.is_single ? " (one id only: owners are squashed)" : "");
	if (p->level != SANDBOX_NONE)
		security_text(p, a, out);
	buf_addf(out, "level: %s\n", sandbox_level_name(p->level));
}

static void probe_json(const struct sandbox_place *p, struct arena *a, struct buf *out)
{
	struct json_writer w;
	json_writer_init(&w, out, 2);
	json_open(&w, '{');
	json_fieldz(&w, "level", sandbox_level_name(p->level));
	if (p->level != SANDBOX_NONE)
		json_field(&w, "ids", id_map_text(&p->map, a));
	json_field_bool(&w, "singleId", p->map.is_single);
	json_key(&w, "facts");
	json_open(&w, '[');
	for (size_t i = 0; i < p->n_facts; i++) {
		json_open(&w, '{');
		json_fieldz(&w, "name", p->facts[i].name);
		json_field_bool(&w, "works", p->facts[i].works);
		if (p->facts[i].sys)
			json_field_int(&w, "errno", p->facts[i].sys);
		json_field(&w, "evidence", p->facts[i].evidence);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	if (p->level != SANDBOX_NONE)
		security_json(p, a, &w);
	json_close(&w, '}');
	buf_addc(out, '\n');
}

int cmd_probe(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	cleanup_buf struct buf out;
	cleanup_fd int here_fd = -1;
	struct sandbox_place place;
	struct store *store;
	struct err err = {0};

	buf_init(&out, MIB);
	if (store_open(a, options_store_dir(o, a), &store, &err))
		return input_refuse(o, &err);
	here_fd = dir_open(AT_FDCWD, ".", &err);
	sandbox_probe(a, store_dfd(store), here_fd, &place);
	store_close(store);
	if (o->output == OUTPUT_JSON)
		probe_json(&place, a, &out);
	else
		probe_text(&place, a, &out);
	if (fd_write_all(STDOUT_FILENO, out.p, out.n, &err))
		return input_refuse(o, &err);
	return place.level == SANDBOX_NONE ? EXIT_PLACE : EXIT_RUN_OK;
}
