/* SPDX-License-Identifier: Apache-2.0 */
/* Writing run.json into the log and finding it there again. */
#include "log_record.h"

#include "deflate.h"

#include <base/attr.h>
#include <base/base64.h>
#include <base/bounds.h>
#include <base/buf.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/num.h>
#include <errno.h>
#include <monopod/images.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define MARK "monopod-run.json "

enum {
	READ_BYTES = 4 * KIB,
	LINE_BYTES = 3000, /* 4000 digits: a line is written at once, and never split */
	OUT_BYTES = 64 * KIB,
	GZIP_WINDOW = 31,
	GZIP_MEMORY = 8,
	PATIENCE_MS = 10000,
	RUN_JSON_BYTES = 256 * MIB,
};

/* --- writing ----------------------------------------------------------------------------- */

struct writer {
	int out_fd;
	struct buf packed; /* not in a line yet */
	struct buf out;
	size_t n_lines;
	struct err *err;
};

static int writer_flush(struct writer *w)
{
	size_t done;
	int rc = fd_write_patient(w->out_fd, w->out.p, w->out.n, PATIENCE_MS, &done, w->err);

	buf_clear(&w->out);
	return rc;
}

static int writer_line(struct writer *w, size_t n)
{
	buf_addf(&w->out, MARK "%zu ", ++w->n_lines);
	base64_add(&w->out, str_slice(buf_str(&w->packed), 0, n), true);
	buf_addc(&w->out, '\n');
	buf_shift(&w->packed, n);
	return w->out.n < OUT_BYTES ? 0 : writer_flush(w);
}

/* What z makes of its input, until that is used up or, at the end, all is out. */
static int writer_deflate(struct writer *w, z_stream *z, int flush)
{
	unsigned char piece[READ_BYTES];
	int rc;

	do {
		z->next_out = piece;
		z->avail_out = sizeof(piece);
		rc = deflate(z, flush);
		buf_add(&w->packed, piece, sizeof(piece) - z->avail_out);
		while (w->packed.n >= LINE_BYTES) {
			if (writer_line(w, LINE_BYTES))
				return -1;
		}
	} while (z->avail_out == 0 && rc == Z_OK);
	return 0;
}

static int writer_fill(struct writer *w, z_stream *z, int json_fd)
{
	unsigned char piece[READ_BYTES];
	ssize_t n;

	do {
		n = read(json_fd, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(w->err, "read run.json");
		z->next_in = piece;
		z->avail_in = (uInt)n;
		if (writer_deflate(w, z, n ? Z_NO_FLUSH : Z_FINISH))
			return -1;
	} while (n != 0);
	return w->packed.n ? writer_line(w, w->packed.n) : 0;
}

static int writer_run(struct writer *w, int json_fd)
{
	z_stream z = {0};
	int rc;

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
		    Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(w->err, ERR_SYS, "no memory to pack run.json with");
	rc = writer_fill(w, &z, json_fd);
	(void)deflateEnd(&z);
	return rc;
}

int log_record_write(int json_fd, struct str digest, int out_fd, struct err *err)
{
	struct writer w = {.out_fd = out_fd, .err = err};
	struct stat st;
	int rc;

	if (fstat(json_fd, &st) < 0)
		return err_sys(err, "run.json");
	buf_init(&w.packed, 2 * OUT_BYTES);
	buf_init(&w.out, 2 * OUT_BYTES);
	buf_addf(&w.out, MARK "begin " STR_FMT " %lld\n", STR_ARG(digest),
		(long long)st.st_size);
	rc = writer_run(&w, json_fd);
	if (rc == 0) {
		buf_addf(&w.out, MARK "end %zu\n", w.n_lines);
		rc = writer_flush(&w);
	}
	buf_release(&w.packed);
	buf_release(&w.out);
	return rc;
}

/* --- reading ----------------------------------------------------------------------------- */

struct finder {
	struct str digest;
	struct buf packed;
	int64_t n_lines;
	bool is_open;     /* between begin and end, nothing missing so far */
	bool has_begun;   /* a record of this digest was there */
	bool is_headless; /* the log begins within a record */
	bool has_mark;    /* some record was there */
	struct str found; /* of the digest */
	struct err why;   /* of the last one that could not be used */
};

/* "TIME ", and "stdout F " behind it, as CRI writes its files and kubectl its time stamps. */
static struct str line_text(struct str line)
{
	struct str time, rest, word;
	int64_t ns;

	while (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (!str_cut(line, ' ', &time, &rest) || clock_parse_rfc3339(time, &ns))
		return line;
	if (!str_starts(rest, STR("stdout ")) && !str_starts(rest, STR("stderr ")))
		return rest;
	(void)str_cut(rest, ' ', &word, &rest);
	return str_cut(rest, ' ', &word, &line) ? line : rest;
}

static void finder_fail(struct finder *f, const char *why)
{
	f->is_open = false;
	(void)err_set(&f->why, ERR_SPEC, "the record in the log is not whole: %s", why);
}

static void finder_begin(struct finder *f, struct str rest)
{
	struct str digest, size;

	f->has_mark = true;
	f->is_open = str_cut(rest, ' ', &digest, &size) && str_eq(digest, f->digest);
	f->has_begun = f->has_begun || f->is_open;
	f->n_lines = 0;
	buf_clear(&f->packed);
}

static void finder_piece(struct finder *f, struct arena *a, int64_t at, struct str digits)
{
	struct str bytes;

	if (at != f->n_lines + 1)
		finder_fail(f, "a line is missing");
	else if (base64_parse(a, digits, &bytes))
		finder_fail(f, "a line is not base64");
	else
		buf_adds(&f->packed, bytes);
	f->n_lines = at;
	if (f->packed.full)
		finder_fail(f, "it is too large");
}

static void finder_end(struct finder *f, struct arena *a, struct str rest)
{
	struct buf text cleanup_buf = {0};
	struct err err = {0};
	int64_t n;

	f->is_open = false;
	if (num_i64(rest, 0, INT64_MAX, &n, NULL) || n != f->n_lines) {
		finder_fail(f, "its end is missing");
		return;
	}
	buf_init(&text, RUN_JSON_BYTES);
	if (inflate_text(buf_str(&f->packed), DEFLATE_GZIP, &text, &err))
		finder_fail(f, err.msg);
	else if (!str_eq(image_digest_text(a, buf_str(&text)), f->digest))
		finder_fail(f, "its bytes have another digest");
	else
		f->found = arena_str(a, buf_str(&text));
}

static void finder_line(struct finder *f, struct arena *a, struct str line)
{
	const struct str mark = STR(MARK);
	struct str text = line_text(line);
	struct str word, rest;
	int64_t at;

	if (!str_starts(text, mark) ||
		!str_cut(str_slice(text, mark.n, text.n), ' ', &word, &rest))
		return;
	if (str_eqz(word, "begin"))
		finder_begin(f, rest);
	else if (!f->is_open)
		f->is_headless |= !f->has_mark;
	else if (str_eqz(word, "end"))
		finder_end(f, a, rest);
	else if (num_i64(word, 1, INT64_MAX, &at, NULL) == 0)
		finder_piece(f, a, at, rest);
	else
		finder_fail(f, "a line has no number");
}

int log_record_read(
	struct arena *a, struct str log, struct str digest, struct str *ret, struct err *err)
{
	struct finder f = {.digest = digest};
	struct str line;

	buf_init(&f.packed, RUN_JSON_BYTES);
	while (log.n && !f.found.p) {
		struct arena *one = arena_new();

		if (!str_cut(log, '\n', &line, &log)) {
			line = log;
			log = STR_NONE;
		}
		finder_line(&f, one, line);
		if (f.found.p)
			f.found = arena_str(a, f.found);
		arena_free(one);
	}
	buf_release(&f.packed);
	*ret = f.found;
	if (f.found.p)
		return 0;
	if (!f.has_begun && f.is_headless)
		return err_set(err, ERR_SPEC,
			"the record in the log is not whole: its beginning is missing, as "
			"after a rotation of the log");
	if (!f.has_begun)
		return err_set(err, ERR_NOT_FOUND,
			"there is no record of " STR_FMT " in the log", STR_ARG(digest));
	if (!f.why.kind)
		finder_fail(&f, "its end is missing");
	return err_set(err, f.why.kind, "%s", f.why.msg);
}
