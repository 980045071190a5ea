/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tar reader: blocks, header fields and the order of extension headers. Where two readers
 * could disagree about a name or a size the archive is refused instead of interpreted.
 */
#include "tar.h"

#include "pax.h"

#include <base/bounds.h>
#include <string.h>

/* Offsets of POSIX ustar header fields. */
enum {
	H_NAME = 0,
	H_MODE = 100,
	H_UID = 108,
	H_GID = 116,
	H_SIZE = 124,
	H_MTIME = 136,
	H_SUM = 148,
	H_TYPE = 156,
	H_LINK = 157,
	H_MAGIC = 257,
	H_PREFIX = 345,
	H_STAR = 508,
};

void tar_init(struct tar_reader *r, const struct tar_source *source)
{
	*r = (struct tar_reader){.source = *source};
	buf_init(&r->name, BOUND_LAYER_NAME + 512);
	buf_init(&r->link, BOUND_LAYER_NAME + 512);
	buf_init(&r->pax, BOUND_PAX_BYTES);
}

void tar_release(struct tar_reader *r)
{
	buf_release(&r->name);
	buf_release(&r->link);
	buf_release(&r->pax);
	vec_release(&r->xattrs);
}

/* Makes sure that at least one unread byte is there; *ret_end at the end of the stream. */
static int tar_fill(struct tar_reader *r, bool *ret_end, struct err *err)
{
	*ret_end = false;
	if (r->n)
		return 0;
	if (r->source.next(r->source.arg, &r->p, &r->n, err) < 0)
		return -1;
	*ret_end = r->n == 0;
	return 0;
}

static int tar_truncated(struct err *err, const char *where)
{
	return err_set(err, ERR_IMAGE, "tar stream: ends in %s", where);
}

static void tar_take(struct tar_reader *r, size_t n)
{
	r->p += n;
	r->n -= n;
	r->pos += n;
}

/* Reads exactly n bytes; *ret_end only when the stream ended before the first of them. */
static int tar_read(struct tar_reader *r, uint8_t *to, size_t n, bool *ret_end, struct err *err)
{
	size_t got = 0;

	while (got < n) {
		bool end;

		if (tar_fill(r, &end, err) < 0)
			return -1;
		if (end && got)
			return tar_truncated(err, "the middle of a block");
		*ret_end = end;
		if (end)
			return 0;
		size_t piece = r->n < n - got ? r->n : n - got;
		memcpy(to + got, r->p, piece);
		tar_take(r, piece);
		got += piece;
	}
	return 0;
}

static int tar_skip(struct tar_reader *r, uint64_t n, struct err *err)
{
	while (n) {
		bool end;

		if (!r->n && r->source.skip) {
			r->pos += n;
			return r->source.skip(r->source.arg, n, err);
		}
		if (tar_fill(r, &end, err) < 0)
			return -1;
		if (end)
			return tar_truncated(err, "the data of an entry");
		size_t piece = r->n < n ? r->n : (size_t)n;
		tar_take(r, piece);
		n -= piece;
	}
	return 0;
}

/* Padding may be missing at the very end: Go's writer leaves it out when it is not closed. */
static int tar_skip_pad(struct tar_reader *r, uint64_t n, struct err *err)
{
	while (n) {
		bool end;

		if (tar_fill(r, &end, err) < 0)
			return -1;
		if (end)
			return 0;
		size_t piece = r->n < n ? r->n : (size_t)n;
		tar_take(r, piece);
		n -= piece;
	}
	return 0;
}

int tar_data(struct tar_reader *r, const uint8_t **p, size_t *n, struct err *err)
{
	bool end;

	*n = 0;
	if (!r->left)
		return 0;
	if (tar_fill(r, &end, err) < 0)
		return -1;
	if (end)
		return tar_truncated(err, "the data of an entry");
	*p = r->p;
	*n = r->n < r->left ? r->n : (size_t)r->left;
	r->left -= *n;
	tar_take(r, *n);
	return 0;
}

/* GNU base-256: the top bit marks it, two's complement below. */
static int field_binary(const uint8_t *f, size_t n, int64_t *ret)
{
	uint8_t inv = f[0] & 0x40 ? 0xff : 0;
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)(f[i] ^ inv);

		if (i == 0)
			c &= 0x7f;
		if (v >> 55)
			return -1;
		v = v << 8 | c;
	}
	*ret = inv ? (int64_t)~v : (int64_t)v;
	return 0;
}

/* Blanks, octal digits, then blanks or NULs to the end of the field. An empty field is 0. */
static int field_number(const uint8_t *f, size_t n, int64_t *ret)
{
	size_t i = 0;
	int64_t v = 0;

	if (f[0] & 0x80)
		return field_binary(f, n, ret);
	while (i < n && f[i] == ' ')
		i++;
	for (; i < n && f[i] >= '0' && f[i] <= '7'; i++)
		v = v * 8 + (f[i] - '0');
	for (; i < n; i++)
		if (f[i] != ' ' && f[i] != '\0')
			return -1;
	*ret = v;
	return 0;
}

static struct str field_text(const uint8_t *f, size_t n)
{
	return (struct str){.p = (const char *)f, .n = strnlen((const char *)f, n)};
}

/* Old writers summed signed characters; both sums are in use. */
static bool header_sum_is_good(const uint8_t *h)
{
	int64_t want, u = 0, s = 0;

	if (field_number(h + H_SUM, 8, &want) < 0)
		return false;
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		uint8_t c = i >= H_SUM && i < H_SUM + 8 ? ' ' : h[i];

		u += c;
		s += (int8_t)c;
	}
	return want == u || want == s;
}

static bool block_is_zero(const uint8_t *h)
{
	for (size_t i = 0; i < TAR_BLOCK; i++)
		if (h[i])
			return false;
	return true;
}

/* Appends a path without leading and doubled slashes and without '.' components. */
static int path_clean_into(struct buf *out, struct str raw, const char *what, struct err *err)
{
	size_t start = out->n;
	size_t depth = 0;

	if (memchr(raw.p, '\0', raw.n))
		return err_set(err, ERR_IMAGE, "tar entry: %s holds a NUL byte", what);
	for (size_t i = 0; i < raw.n;) {
		size_t end = i;

		while (end < raw.n && raw.p[end] != '/')
			end++;
		struct str part = str_slice(raw, i, end);
		i = end + 1;
		if (!part.n || str_eqz(part, "."))
			continue;
		if (str_eqz(part, ".."))
			return err_set(err, ERR_IMAGE,
				"tar entry '" STR_FMT "': %s contains '..'",
				(int)(raw.n < 200 ? raw.n : 200), raw.p, what);
		if (part.n > 255)
			return err_set(err, ERR_LIMIT,
				"tar entry: a component of the %s is longer than 255 bytes",
				what);
		if (++depth > BOUND_LAYER_DEPTH)
			return err_set(err, ERR_LIMIT,
				"tar entry: the %s is deeper than %d directories", what,
				BOUND_LAYER_DEPTH);
		if (out->n > start)
			buf_addc(out, '/');
		buf_adds(out, part);
	}
	if (out->full || out->n - start > BOUND_LAYER_NAME)
		return err_set(err, ERR_LIMIT, "tar entry: the %s is longer than %d bytes",
			what, BOUND_LAYER_NAME);
	return 0;
}

/* The data of an extension header, whole, NUL bytes included. */
static int read_extension(
	struct tar_reader *r, struct buf *to, uint64_t size, const char *what, struct err *err)
{
	buf_clear(to);
	if (size > to->max - 1)
		return err_set(err, ERR_LIMIT, "tar entry: %s of %llu bytes is too long", what,
			(unsigned long long)size);
	r->left = size;
	for (;;) {
		const uint8_t *p;
		size_t n;

		if (tar_data(r, &p, &n, err) < 0)
			return -1;
		if (!n)
			break;
		buf_add(to, p, n);
	}
	return tar_skip(r, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK, err);
}

/* A GNU long name is ended by NULs and nothing follows them. */
static int read_long(
	struct tar_reader *r, struct buf *to, bool *has, uint64_t size, struct err *err)
{
	if (*has)
		return err_set(err, ERR_IMAGE, "tar entry: two GNU long names for one entry");
	if (read_extension(r, to, size, "a GNU long name", err) < 0)
		return -1;
	size_t n = strnlen(to->p ? to->p : "", to->n);
	for (size_t i = n; i < to->n; i++)
		if (to->p[i])
			return err_set(
				err, ERR_IMAGE, "tar entry: a GNU long name holds a NUL");
	if (!n)
		return err_set(err, ERR_IMAGE, "tar entry: a GNU long name is empty");
	buf_cut(to, n);
	*has = true;
	return 0;
}

static int read_pax(struct tar_reader *r, uint64_t size, struct err *err)
{
	if (r->has_pax)
		return err_set(err, ERR_IMAGE, "tar entry: two pax headers for one entry");
	r->has_pax = true;
	return read_extension(r, &r->pax, size, "a pax header", err);
}

static const struct {
	char flag;
	enum tar_type type;
} types[] = {
	{'0', TAR_FILE},
	{'\0', TAR_FILE},
	{'7', TAR_FILE},
	{'1', TAR_HARDLINK},
	{'2', TAR_SYMLINK},
	{'3', TAR_DEVICE},
	{'4', TAR_DEVICE},
	{'5', TAR_DIR},
	{'6', TAR_FIFO},
};

static int entry_type(uint8_t flag, enum tar_type *ret, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if ((uint8_t)types[i].flag == flag) {
			*ret = types[i].type;
			return 0;
		}
	if (flag == 'S')
		return err_set(
			err, ERR_UNSUPPORTED, "tar entry: sparse files are not supported");
	return err_set(err, ERR_UNSUPPORTED, "tar entry: type 0x%02x is not supported", flag);
}

/* Magic decides whether the prefix field means anything. */
static int entry_prefix(const uint8_t *h, struct str *ret, struct err *err)
{
	static const uint8_t none[8];

	*ret = STR_NONE;
	if (memcmp(h + H_MAGIC, "ustar", 6) == 0) {
		if (memcmp(h + H_STAR, "tar", 4) == 0)
			return err_set(err, ERR_UNSUPPORTED,
				"tar header: the star dialect is not supported");
		*ret = field_text(h + H_PREFIX, 155);
		return 0;
	}
	if (memcmp(h + H_MAGIC, "ustar  ", 8) == 0 || memcmp(h + H_MAGIC, none, 8) == 0)
		return 0;
	return err_set(err, ERR_IMAGE, "tar header: the magic is of no known dialect");
}

static int entry_numbers(
	const uint8_t *h, struct tar_entry *e, int64_t *ret_size, struct err *err)
{
	int64_t mode, uid, gid;

	if (field_number(h + H_MODE, 8, &mode) < 0 || field_number(h + H_UID, 8, &uid) < 0 ||
		field_number(h + H_GID, 8, &gid) < 0 ||
		field_number(h + H_SIZE, 12, ret_size) < 0 ||
		field_number(h + H_MTIME, 12, &e->mtime_s) < 0)
		return err_set(err, ERR_IMAGE, "tar header: a number is malformed");
	if (mode < 0 || *ret_size < 0)
		return err_set(err, ERR_IMAGE, "tar header: a number is negative");
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return err_set(err, ERR_IMAGE, "tar header: an owner is out of range");
	e->mode = (uint32_t)(mode & 07777);
	e->uid = (uint32_t)uid;
	e->gid = (uint32_t)gid;
	return 0;
}

/* The three places a text can come from; more than one of the extensions is ambiguous. */
static int entry_text(
	bool has_long, struct buf *b, struct str pax, const char *what, struct err *err)
{
	if (pax.n && has_long)
		return err_set(err, ERR_IMAGE,
			"tar entry: both a pax header and a GNU long name give the %s", what);
	if (pax.n) {
		buf_clear(b);
		buf_adds(b, pax);
	}
	if (b->full)
		return err_set(err, ERR_LIMIT, "tar entry: the %s is too long", what);
	return 0;
}

static int entry_names(
	struct tar_reader *r, const uint8_t *h, struct tar_entry *e, struct err *err)
{
	struct str prefix;
	struct str pax_name = e->name, pax_link = e->link;

	if (entry_prefix(h, &prefix, err) < 0)
		return -1;
	if (!r->has_long_name) {
		buf_clear(&r->name);
		buf_adds(&r->name, prefix);
		if (prefix.n)
			buf_addc(&r->name, '/');
		buf_adds(&r->name, field_text(h + H_NAME, 100));
	}
	if (!r->has_long_link) {
		buf_clear(&r->link);
		buf_adds(&r->link, field_text(h + H_LINK, 100));
	}
	if (entry_text(r->has_long_name, &r->name, pax_name, "name", err) < 0 ||
		entry_text(r->has_long_link, &r->link, pax_link, "link target", err) < 0)
		return -1;
	if (!r->name.n)
		return err_set(err, ERR_IMAGE, "tar entry: the name is empty");
	/* a "regular" entry with a trailing slash is a directory of an old writer */
	if (e->type == TAR_FILE && r->name.p[r->name.n - 1] == '/')
		e->type = TAR_DIR;

	size_t raw = r->name.n;
	cleanup_buf struct buf clean = {0};
	buf_init(&clean, BOUND_LAYER_NAME + 512);
	if (path_clean_into(&clean, buf_str(&r->name), "name", err) < 0)
		return -1;
	buf_clear(&r->name);
	buf_adds(&r->name, buf_str(&clean));
	e->name = buf_str(&r->name);
	if (!e->name.n && e->type != TAR_DIR)
		return err_set(err, ERR_IMAGE,
			"tar entry: the root itself (%zu bytes of name) is not a directory",
			raw);
	return 0;
}

static int entry_link(struct tar_reader *r, struct tar_entry *e, struct err *err)
{
	e->link = STR_NONE;
	if (e->type != TAR_HARDLINK && e->type != TAR_SYMLINK)
		return 0;
	if (e->type == TAR_HARDLINK) {
		cleanup_buf struct buf clean = {0};
		buf_init(&clean, BOUND_LAYER_NAME + 512);
		if (path_clean_into(&clean, buf_str(&r->link), "link target", err) < 0)
			return -1;
		buf_clear(&r->link);
		buf_adds(&r->link, buf_str(&clean));
	}
	e->link = buf_str(&r->link);
	if (!e->link.n || memchr(e->link.p, '\0', e->link.n))
		return err_set(err, ERR_IMAGE,
			"tar entry '" STR_FMT "': the link target is empty or holds a NUL",
			STR_ARG(e->name));
	if (e->link.n >= BOUND_LAYER_NAME)
		return err_set(err, ERR_LIMIT,
			"tar entry '" STR_FMT "': the link target is longer than %d bytes",
			STR_ARG(e->name), BOUND_LAYER_NAME - 1);
	return 0;
}

static int entry_make(
	struct tar_reader *r, const uint8_t *h, struct tar_entry *e, struct err *err)
{
	int64_t size = 0;
	struct pax_values pax = {.size = -1, .uid = -1, .gid = -1};

	*e = (struct tar_entry){0};
	r->xattrs.n = 0;
	if (entry_type(h[H_TYPE], &e->type, err) < 0)
		return -1;
	if (r->has_pax && pax_parse(r, &pax, err) < 0)
		return -1;
	if (entry_numbers(h, e, &size, err) < 0)
		return -1;
	if (pax.size >= 0)
		size = pax.size;
	if (pax.uid >= 0)
		e->uid = (uint32_t)pax.uid;
	if (pax.gid >= 0)
		e->gid = (uint32_t)pax.gid;
	if (pax.has_mtime) {
		e->mtime_s = pax.mtime_s;
		e->mtime_ns = pax.mtime_ns;
	}
	e->name = pax.path;
	e->link = pax.linkpath;
	if (entry_names(r, h, e, err) < 0 || entry_link(r, e, err) < 0)
		return -1;
	if (e->type != TAR_FILE && size)
		return err_set(err, ERR_IMAGE,
			"tar entry '" STR_FMT "': only regular files may have data",
			STR_ARG(e->name));
	if (size > BOUND_LAYER_FILE)
		return err_set(err, ERR_LIMIT,
			"tar entry '" STR_FMT
			"': %lld bytes is over the limit of a file (%lld)",
			STR_ARG(e->name), (long long)size, (long long)BOUND_LAYER_FILE);
	e->size = (uint64_t)size;
	e->offset = r->pos;
	e->xattrs = r->xattrs.p;
	e->n_xattrs = r->xattrs.n;
	r->left = e->size;
	r->pad = (TAR_BLOCK - e->size % TAR_BLOCK) % TAR_BLOCK;
	return 0;
}

/*
 * Two zero blocks end an archive; some writers leave out one or both (umoci insert). That
 * a layer is whole is said by its digests, not by its last blocks.
 */
static int tar_end(struct tar_reader *r, bool end, struct err *err)
{
	uint8_t h[TAR_BLOCK];

	if (r->has_pax || r->has_long_name || r->has_long_link)
		return tar_truncated(err, "an extension header without its entry");
	if (!end && tar_read(r, h, sizeof(h), &end, err) < 0)
		return -1;
	if (!end && !block_is_zero(h))
		return err_set(err, ERR_IMAGE, "tar stream: a lone zero block between entries");
	r->ended = true;
	return 0;
}

/* Takes an extension header; *ret_taken is false for an entry. */
static int tar_extension(
	struct tar_reader *r, const uint8_t *h, bool *ret_taken, struct err *err)
{
	int64_t size;

	*ret_taken = true;
	if (str_chr(STR("gxLK"), (char)h[H_TYPE]) < 0) {
		*ret_taken = false;
		return 0;
	}
	if (field_number(h + H_SIZE, 12, &size) < 0 || size < 0)
		return err_set(err, ERR_IMAGE, "tar header: the size is malformed");
	switch (h[H_TYPE]) {
	case 'x':
		return read_pax(r, (uint64_t)size, err);
	case 'L':
		return read_long(r, &r->name, &r->has_long_name, (uint64_t)size, err);
	case 'K':
		return read_long(r, &r->link, &r->has_long_link, (uint64_t)size, err);
	default: /* 'g': git and others leave comments there; nothing global is obeyed */
		if (size > BOUND_PAX_BYTES)
			return err_set(err, ERR_LIMIT, "tar entry: a pax header is too long");
		return tar_skip(
			r, ((uint64_t)size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK, err);
	}
}

int tar_next(struct tar_reader *r, struct tar_entry *ret, bool *ret_more, struct err *err)
{
	*ret_more = false;
	if (r->ended)
		return 0;
	if (tar_skip(r, r->left, err) < 0 || tar_skip_pad(r, r->pad, err) < 0)
		return -1;
	r->left = r->pad = 0;
	r->has_pax = r->has_long_name = r->has_long_link = false;
	for (;;) {
		uint8_t h[TAR_BLOCK];
		bool end, taken;

		if (tar_read(r, h, sizeof(h), &end, err) < 0)
			return -1;
		if (end || block_is_zero(h))
			return tar_end(r, end, err);
		if (!header_sum_is_good(h))
			return err_set(
				err, ERR_IMAGE, "tar header: the checksum does not match");
		if (tar_extension(r, h, &taken, err) < 0)
			return -1;
		if (taken)
			continue;
		*ret_more = true;
		return entry_make(r, h, ret, err);
	}
}
