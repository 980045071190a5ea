/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saved images in one tar file: an OCI layout (image-spec) or docker's own form (a
 * manifest.json that names configs and layers by member). Only a table of the members is made;
 * their bytes are read from the archive when they are needed.
 */
#include "source.h"

#include "layer.h"
#include "tar.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/json.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARCHIVE_CHUNK = 64 * KIB };

struct cursor { /* a tar_source over a file that can seek */
	struct blob file;
	uint64_t at;
	uint8_t buf[ARCHIVE_CHUNK];
};

static int cursor_next(void *arg, const uint8_t **p, size_t *n, struct err *err)
{
	struct cursor *c = arg;

	if (blob_read(&c->file, c->at, c->buf, ARCHIVE_CHUNK, n, err) < 0)
		return -1;
	*p = c->buf;
	c->at += *n;
	return 0;
}

static int cursor_skip(void *arg, uint64_t n, struct err *err)
{
	struct cursor *c = arg;

	if (n > c->file.size - c->at)
		return err_set(err, ERR_IMAGE, "tar stream: ends in the data of an entry");
	c->at += n;
	return 0;
}

static int member_add(
	struct arena *a, struct source *s, const struct tar_entry *e, struct err *err)
{
	struct member *m = arena_new_object(a, struct member);

	if (map_has(s->blobs.members, e->name))
		return err_set(err, ERR_IMAGE, "two members are called '" STR_FMT "'",
			STR_ARG(e->name));
	if (s->blobs.members->n >= BOUND_INDEX_ENTRIES)
		return err_set(err, ERR_LIMIT, "more than %d members", BOUND_INDEX_ENTRIES);
	m->offset = e->offset;
	m->size = e->size;
	if (e->type == TAR_HARDLINK)
		m->link = arena_str(a, e->link);
	if (e->type == TAR_SYMLINK)
		m->link = path_join(a, path_dir(a, e->name), e->link);
	map_set(s->blobs.members, e->name, m);
	return 0;
}

static int archive_scan(struct arena *a, struct source *s, uint64_t size, struct err *err)
{
	cleanup_free struct cursor *c = mem_zalloc(sizeof(*c));
	struct tar_source source = {.next = cursor_next, .skip = cursor_skip, .arg = c};
	cleanup_tar struct tar_reader tar;

	c->file = (struct blob){.fd = s->fd, .size = size};
	tar_init(&tar, &source);
	s->blobs.members = arena_new_object(a, struct map);
	map_init(s->blobs.members, a);
	for (;;) {
		struct tar_entry e;
		bool more;

		if (tar_next(&tar, &e, &more, err) < 0)
			return -1;
		if (!more)
			return 0;
		if (e.type != TAR_FILE && e.type != TAR_HARDLINK && e.type != TAR_SYMLINK)
			continue;
		if (member_add(a, s, &e, err) < 0)
			return -1;
	}
}

static int temporary_file(int dfd, struct err *err)
{
	int fd = openat(dfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, "make a temporary file to unpack the archive to");
	return fd;
}

/* Replaces a compressed archive's descriptor by one of its unpacked bytes. */
static int archive_unpack(struct source *s, uint64_t *size, int tmp_dfd, struct err *err)
{
	struct blob blob = {.fd = s->fd, .size = *size};
	struct layer_expect expect = {0};
	cleanup_layer_stream struct layer_stream *stream = NULL;
	cleanup_fd int fd = temporary_file(tmp_dfd, err);

	if (fd < 0 || layer_stream_new(&blob, &expect, &stream, err) < 0)
		return -1;
	for (;;) {
		const uint8_t *p;
		size_t n;

		if (layer_stream_next(stream, &p, &n, err) < 0)
			return -1;
		if (!n)
			break;
		if (fd_write_all(fd, p, n, err) < 0)
			return -1;
	}
	*size = layer_stream_bytes(stream);
	fd_close(&s->fd);
	s->fd = fd_take(&fd);
	s->blobs.fd = s->fd;
	return 0;
}

/* --- docker archives --- */

static int docker_texts(struct arena *a, const struct json *v, const char *what,
	struct str **ret, size_t *ret_n, struct err *err)
{
	*ret = NULL;
	*ret_n = 0;
	if (!v || v->kind == JSON_NULL)
		return 0;
	if (v->kind != JSON_ARRAY || v->n_children > BOUND_INDEX_ENTRIES)
		return err_set(err, ERR_IMAGE, "manifest.json: '%s' is not a list", what);
	*ret = arena_new_array(a, struct str, v->n_children);
	json_foreach (it, v) {
		if (it->kind != JSON_STRING)
			return err_set(
				err, ERR_IMAGE, "manifest.json: '%s' holds no strings", what);
		(*ret)[(*ret_n)++] = it->text;
	}
	return 0;
}

typedef VEC(struct source_image) image_vec;

static int docker_image(
	struct arena *a, const struct json *v, image_vec *images, struct err *err)
{
	struct source_image si = {.config = json_str(json_get(v, "Config"))};
	struct str *tags;
	size_t n_tags;

	if (!si.config.n)
		return err_set(err, ERR_IMAGE, "manifest.json: an image has no 'Config'");
	if (docker_texts(a, json_get(v, "Layers"), "Layers", &si.layers, &si.n_layers, err) <
			0 ||
		docker_texts(a, json_get(v, "RepoTags"), "RepoTags", &tags, &n_tags, err) < 0)
		return -1;
	if (si.n_layers > BOUND_LAYERS)
		return err_set(
			err, ERR_LIMIT, "manifest.json: more than %d layers", BOUND_LAYERS);
	si.raw = si.config;
	if (!n_tags)
		vec_push(images, si);
	for (size_t i = 0; i < n_tags; i++) {
		struct source_image one = si;

		source_image_name(a, &one, tags[i]);
		vec_push(images, one);
		if (images->n > BOUND_INDEX_ENTRIES)
			return err_set(err, ERR_LIMIT, "manifest.json: too many names");
	}
	return 0;
}

static int docker_read(struct arena *a, struct source *s, struct err *err)
{
	struct blob_want want = {
		.path = STR("manifest.json"), .size = UINT64_MAX, .max = BOUND_JSON_BYTES};
	image_vec images = {0};
	struct str text;
	struct json *doc;
	int rc = 0;

	if (blob_document(a, &s->blobs, &want, &text, err) < 0)
		return -1;
	if (json_parse(a, text, BOUND_JSON_BYTES, &doc, err) < 0)
		return err_wrap_as(err, ERR_IMAGE, "manifest.json");
	if (doc->kind != JSON_ARRAY)
		return err_set(err, ERR_IMAGE, "manifest.json: not a list");
	json_foreach (it, doc) {
		rc = docker_image(a, it, &images, err);
		if (rc < 0)
			break;
	}
	s->images = vec_freeze(&images, a);
	s->n_images = images.n;
	vec_release(&images);
	return rc;
}

int archive_open(struct arena *a, struct source *s, int tmp_dfd, struct err *err)
{
	enum layer_packing packing;
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return err_sys(err, "stat");
	uint64_t size = (uint64_t)st.st_size;
	struct blob whole = {.fd = s->fd, .size = size};
	if (layer_packing_of(&whole, &packing, err) < 0)
		return -1;
	if (packing != LAYER_PLAIN && archive_unpack(s, &size, tmp_dfd, err) < 0)
		return -1;
	if (archive_scan(a, s, size, err) < 0)
		return -1;
	if (map_has(s->blobs.members, STR("oci-layout"))) {
		s->kind = SOURCE_OCI_ARCHIVE;
		return layout_read_index(a, s, false, err);
	}
	if (map_has(s->blobs.members, STR("manifest.json"))) {
		s->kind = SOURCE_DOCKER_ARCHIVE;
		return docker_read(a, s, err);
	}
	return err_set(err, ERR_IMAGE, "neither an OCI archive nor a docker archive");
}
