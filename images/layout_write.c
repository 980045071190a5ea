/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs and the index of a layout, written so that a kill at any moment leaves a valid one. */
#include "layout_write.h"

#include <base/bounds.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/json.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static bool layout_has(int dfd, const char *name)
{
	return faccessat(dfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int layout_init(struct arena *a, int dfd, struct err *err)
{
	/* the marker comes first: what is left of a killed start is known as a layout */
	if (!layout_has(dfd, "oci-layout") &&
		file_write_atomic(dfd, "oci-layout",
			STR("{\"imageLayoutVersion\":\"1.0.0\"}\n"), 0644, err) < 0)
		return -1;
	if (dir_make(dfd, "blobs/sha256", 0755, err) < 0 ||
		dir_make(dfd, "blobs/sha512", 0755, err) < 0)
		return -1;
	layout_clean(a, dfd);
	if (layout_has(dfd, "index.json"))
		return 0;
	return file_write_atomic(dfd, "index.json",
		STR("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1"
		    "+json\",\"manifests\":[]}\n"),
		0644, err);
}

void layout_clean(struct arena *a, int dfd)
{
	struct str *names;
	size_t n;
	cleanup_fd int blobs_fd = dir_open(dfd, "blobs", NULL);

	if (blobs_fd < 0 || dir_list(a, blobs_fd, BOUND_INDEX_ENTRIES, &names, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (str_starts(names[i], STR(".tmp-")))
			(void)unlinkat(blobs_fd, str_c(names[i]), 0); /* or the next time */
}

/* --- blobs --- */

int blob_writer_open(struct blob_writer *w, int dfd, enum digest_alg alg, struct err *err)
{
	*w = (struct blob_writer){.dfd = dfd, .fd = -1};
	if (hasher_init(&w->hash, alg, err) < 0)
		return -1;
	(void)snprintf(w->name, sizeof(w->name), "blobs/.tmp-%lld-%lld", (long long)getpid(),
		(long long)clock_mono_ns());
	w->fd = openat(
		dfd, w->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (w->fd < 0)
		return err_sys(err, "create '%s'", w->name);
	return 0;
}

int blob_writer_add(struct blob_writer *w, const void *p, size_t n, struct err *err)
{
	hasher_add(&w->hash, p, n);
	w->size += n;
	return fd_write_all(w->fd, p, n, err);
}

int blob_writer_end(struct blob_writer *w, struct arena *a, struct str expect,
	struct str *ret_digest, struct err *err)
{
	char text[DIGEST_TEXT_BYTES];
	struct str path;

	hasher_end(&w->hash, text);
	*ret_digest = arena_strz(a, text);
	if (expect.n && !str_eq(expect, *ret_digest))
		return err_set(err, ERR_IMAGE,
			"digest does not match: expected " STR_FMT ", found " STR_FMT,
			STR_ARG(expect), STR_ARG(*ret_digest));
	if (digest_path(a, *ret_digest, &path, err) < 0)
		return -1;
	if (fsync(w->fd) < 0)
		return err_sys(err, "sync '%s'", w->name);
	if (renameat(w->dfd, w->name, w->dfd, str_c(path)) < 0)
		return err_sys(err, "rename '%s'", w->name);
	fd_close(&w->fd);
	return 0;
}

void blob_writer_release(struct blob_writer *w)
{
	hasher_release(&w->hash);
	if (w->fd >= 0)
		(void)unlinkat(w->dfd, w->name, 0); /* layout_clean removes it otherwise */
	fd_close(&w->fd);
}

int layout_put(
	struct arena *a, int dfd, struct str text, struct descriptor *ret, struct err *err)
{
	cleanup_blob_writer struct blob_writer w = {.fd = -1};

	if (blob_writer_open(&w, dfd, DIGEST_SHA256, err) < 0 ||
		blob_writer_add(&w, text.p, text.n, err) < 0 ||
		blob_writer_end(&w, a, STR_NONE, &ret->digest, err) < 0)
		return -1;
	ret->size = text.n;
	return 0;
}

/* --- the index --- */

static int index_text(struct arena *a, int dfd, struct json **ret, struct err *err)
{
	struct str text;

	if (file_read(a, dfd, "index.json", BOUND_JSON_BYTES, &text, err) < 0)
		return -1;
	if (json_parse(a, text, BOUND_JSON_BYTES, ret, err) < 0)
		return err_wrap_as(err, ERR_IMAGE, "index.json");
	return 0;
}

/* Two texts are one name when they normalise to the same reference. */
static bool is_same_name(struct arena *a, struct str x, struct str y)
{
	struct image_ref rx, ry;

	if (str_eq(x, y))
		return true;
	if (image_ref_parse(a, x, &rx, NULL) < 0 || image_ref_parse(a, y, &ry, NULL) < 0)
		return false;
	return str_eq(image_ref_text(a, &rx), image_ref_text(a, &ry));
}

static void descriptor_write(struct arena *a, struct json_writer *w, const struct descriptor *d,
	struct str name, int64_t created)
{
	json_open(w, '{');
	json_field(w, "mediaType", d->media_type);
	json_field(w, "digest", d->digest);
	json_field_int(w, "size", (int64_t)d->size);
	json_key(w, "annotations");
	json_open(w, '{');
	json_field_given(w, "org.opencontainers.image.ref.name", name);
	json_field(w, "org.opencontainers.image.created", clock_rfc3339(a, created));
	json_close(w, '}');
	json_close(w, '}');
}

struct index_change {
	const struct descriptor *add;    /* or NULL */
	const struct descriptor *remove; /* or NULL: by digest and name */
	struct str name;
	int64_t created;
};

static bool entry_goes(struct arena *a, const struct json *v, const struct index_change *c)
{
	struct str digest = json_str(json_get(v, "digest"));
	struct str name = json_str(
		json_get(json_get(v, "annotations"), "org.opencontainers.image.ref.name"));

	if (c->remove)
		return str_eq(digest, c->remove->digest) && str_eq(name, c->remove->ref_name);
	if (!c->name.n)
		return !name.n && str_eq(digest, c->add->digest);
	return name.n && is_same_name(a, name, c->name);
}

static int index_change(struct arena *a, int dfd, const struct index_change *c, struct err *err)
{
	cleanup_buf struct buf b = {0};
	struct json_writer w;
	struct json *doc;

	if (index_text(a, dfd, &doc, err) < 0)
		return -1;
	buf_init(&b, BOUND_JSON_BYTES);
	json_writer_init(&w, &b, 0);
	json_open(&w, '{');
	json_foreach (member, doc) {
		json_keys(&w, member->key);
		if (!str_eqz(member->key, "manifests")) {
			json_put(&w, member);
			continue;
		}
		json_open(&w, '[');
		json_foreach (v, member) {
			if (!entry_goes(a, v, c))
				json_put(&w, v);
		}
		if (c->add)
			descriptor_write(a, &w, c->add, c->name, c->created);
		json_close(&w, ']');
	}
	json_close(&w, '}');
	buf_addc(&b, '\n');
	if (b.full)
		return err_set(
			err, ERR_LIMIT, "index.json: more than %d bytes", BOUND_JSON_BYTES);
	return file_write_atomic(dfd, "index.json", buf_str(&b), 0644, err);
}

int layout_index_add(struct arena *a, int dfd, const struct descriptor *d, struct str name,
	int64_t created_wall_ns, struct err *err)
{
	struct index_change c = {.add = d, .name = name, .created = created_wall_ns};

	return index_change(a, dfd, &c, err);
}

int layout_index_remove(struct arena *a, int dfd, const struct descriptor *d, struct err *err)
{
	struct index_change c = {.remove = d};

	return index_change(a, dfd, &c, err);
}
