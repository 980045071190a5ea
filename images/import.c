/* SPDX-License-Identifier: Apache-2.0 */
/* Copying images into the store: every document and blob is verified on the way. */
#include "layer.h"
#include "layout_write.h"
#include "store.h"

#include <base/bounds.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/json.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { IMPORT_CHUNK = 256 * KIB };

struct import {
	struct arena *a;
	struct store *store;
	const struct source *from;
	int64_t now;
};

static bool have_blob(const struct store *s, struct arena *a, struct str digest, uint64_t size)
{
	struct stat st;
	struct str path;

	return digest_path(a, digest, &path, NULL) == 0 &&
	       fstatat(s->dfd, str_c(path), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

/* Copies a blob; expect may be empty, then *ret says what it is. */
static int copy_blob(const struct import *im, const struct blob *blob, struct str expect,
	struct str *ret, struct err *err)
{
	cleanup_free char *chunk = mem_alloc(IMPORT_CHUNK);
	cleanup_blob_writer struct blob_writer w = {.fd = -1};
	enum digest_alg alg = DIGEST_SHA256;

	if (expect.n && digest_check(expect, &alg, err) < 0)
		return -1;
	if (blob_writer_open(&w, im->store->dfd, alg, err) < 0)
		return -1;
	for (uint64_t at = 0; at < blob->size;) {
		size_t n;

		if (blob_read(blob, at, chunk, IMPORT_CHUNK, &n, err) < 0 ||
			blob_writer_add(&w, chunk, n, err) < 0)
			return -1;
		at += n;
	}
	return blob_writer_end(&w, im->a, expect, ret, err);
}

static int copy_descriptor(const struct import *im, const struct descriptor *d, struct err *err)
{
	cleanup_blob struct blob blob = {.fd = -1};
	struct str path, digest;

	if (digest_path(im->a, d->digest, &path, err) < 0)
		return -1;
	if (have_blob(im->store, im->a, d->digest, d->size))
		return 0;
	if (blob_open(&im->from->blobs, path, &blob, err) < 0)
		return -1;
	if (blob.size != d->size)
		return err_set(err, ERR_IMAGE, "blob " STR_FMT " has %llu bytes, expected %llu",
			STR_ARG(d->digest), (unsigned long long)blob.size,
			(unsigned long long)d->size);
	return copy_blob(im, &blob, d->digest, &digest, err);
}

/* A layer of a docker archive: its digest is not known before, its diff ID is. */
static int copy_docker_layer(const struct import *im, const struct image_layer *l,
	struct descriptor *ret, struct err *err)
{
	static const char *const types[] = {
		[LAYER_PLAIN] = media_type_layer,
		[LAYER_GZIP] = media_type_layer_gzip,
		[LAYER_ZSTD] = media_type_layer_zstd,
	};
	cleanup_blob struct blob blob = {.fd = -1};
	cleanup_layer_stream struct layer_stream *stream = NULL;
	struct layer_expect expect = {.diff_id = l->diff_id};
	enum layer_packing packing;

	if (source_layer_blob(im->from, im->a, l, &blob, err) < 0 ||
		layer_packing_of(&blob, &packing, err) < 0 ||
		layer_stream_new(&blob, &expect, &stream, err) < 0 ||
		layer_stream_finish(stream, err) < 0)
		return -1;
	ret->media_type = str_z(types[packing]);
	ret->size = blob.size;
	return copy_blob(im, &blob, STR_NONE, &ret->digest, err);
}

/* A docker archive has no manifest, the store has nothing without one. */
static int make_manifest(const struct import *im, const struct source_image *si,
	const struct image *img, struct descriptor *ret, struct err *err)
{
	struct descriptor config = {.media_type = str_z(media_type_config)};
	struct descriptor *layers = arena_new_array(im->a, struct descriptor, img->n_layers);
	struct blob_want want = {
		.path = si->config, .size = UINT64_MAX, .max = BOUND_JSON_BYTES};
	struct str text;

	if (blob_document(im->a, &im->from->blobs, &want, &text, err) < 0 ||
		layout_put(im->a, im->store->dfd, text, &config, err) < 0)
		return -1;
	for (size_t i = 0; i < img->n_layers; i++)
		if (copy_docker_layer(im, &img->layers[i], &layers[i], err) < 0)
			return err_wrap(
				err, "layer '" STR_FMT "'", STR_ARG(img->layers[i].file));
	text = manifest_text(im->a, &config, layers, img->n_layers);
	ret->media_type = str_z(media_type_manifest);
	return layout_put(im->a, im->store->dfd, text, ret, err);
}

static int copy_oci(const struct import *im, const struct source_image *si, struct err *err)
{
	struct image_documents docs = {0};
	struct image *img;

	if (image_load_documents(im->a, &im->from->blobs, &si->d, &img, &docs, err) < 0)
		return -1;
	for (size_t i = 0; i < img->n_layers; i++) {
		struct descriptor d = {
			.digest = img->layers[i].digest, .size = img->layers[i].size};

		if (copy_descriptor(im, &d, err) < 0)
			return err_wrap(err, "layer " STR_FMT, STR_ARG(d.digest));
	}
	for (size_t i = 0; i < docs.n; i++)
		if (copy_descriptor(im, &docs.items[i], err) < 0)
			return -1;
	return 0;
}

static int import_one(const struct import *im, const struct source_image *si, struct str name,
	struct store_entry *ret, struct err *err)
{
	struct descriptor d = si->d;
	struct image *img;
	int rc;

	if (source_load(im->from, im->a, si, &img, err) < 0)
		return -1;
	if (im->from->kind == SOURCE_DOCKER_ARCHIVE)
		rc = make_manifest(im, si, img, &d, err);
	else
		rc = copy_oci(im, si, err);
	if (rc < 0 || layout_index_add(im->a, im->store->dfd, &d, name, im->now, err) < 0)
		return -1;
	*ret = (struct store_entry){
		.ref = name, .manifest_digest = d.digest, .created_wall_ns = im->now};
	for (size_t i = 0; i < img->n_layers; i++)
		ret->size_bytes += img->layers[i].size;
	return 0;
}

static int no_names(const struct import *im, struct str ref, struct err *err)
{
	if (!im->from->n_images)
		return err_set(err, ERR_NOT_FOUND, "'" STR_FMT "': holds no image",
			STR_ARG(im->from->blobs.label));
	if (!ref.n)
		return err_set(err, ERR_NOT_FOUND,
			"'" STR_FMT "': its image has no name; give the one it shall have",
			STR_ARG(im->from->blobs.label));
	return err_set(err, ERR_NOT_FOUND,
		"'" STR_FMT "': has no image '" STR_FMT "'%s" STR_FMT,
		STR_ARG(im->from->blobs.label), STR_ARG(ref),
		im->from->images[0].raw.n ? "; there is: " : "",
		STR_ARG(im->from->images[0].raw));
}

/* The images to take: the one named, or all that have a name. A single image without a name
 * can be given one. */
static int import_choose(const struct import *im, struct str ref,
	const struct source_image **to, size_t *n, struct err *err)
{
	struct image_ref r;
	const struct source *from = im->from;

	*n = 0;
	if (ref.n) {
		if (image_ref_parse(im->a, ref, &r, err) < 0)
			return -1;
		to[0] = source_find(from, im->a, &r);
		if (!to[0] && from->n_images == 1 && !from->images[0].name.n && r.tag.n)
			to[0] = &from->images[0];
		*n = to[0] ? 1 : 0;
	} else {
		for (size_t i = 0; i < from->n_images; i++)
			if (from->images[i].name.n && platform_matches(&from->images[i].d))
				to[(*n)++] = &from->images[i];
	}
	return *n ? 0 : no_names(im, ref, err);
}

static int import_all(const struct import *im, struct str ref, struct store_entry **ret,
	size_t *ret_n, struct err *err)
{
	const struct source_image **chosen =
		arena_new_array(im->a, const struct source_image *, im->from->n_images + 1);
	size_t n;

	if (import_choose(im, ref, chosen, &n, err) < 0)
		return -1;
	*ret = arena_new_array(im->a, struct store_entry, n);
	for (*ret_n = 0; *ret_n < n; (*ret_n)++) {
		const struct source_image *si = chosen[*ret_n];
		struct str name = si->name.n ? si->name : ref;

		if (import_one(im, si, name, &(*ret)[*ret_n], err) < 0)
			return err_wrap_as(err, ERR_IMAGE,
				"import '" STR_FMT "' of '" STR_FMT "'", STR_ARG(name),
				STR_ARG(im->from->blobs.label));
	}
	return 0;
}

/* NOLINTNEXTLINE(readability-function-size): a list comes back in two parameters */
int store_import(struct store *s, struct arena *a, struct str path, struct str ref,
	struct store_entry **ret, size_t *ret_n, struct err *err)
{
	cleanup_fd int lock_fd = store_lock(s->dfd, LOCK_EX, err);
	struct import im = {.a = a, .store = s, .now = clock_wall_ns()};
	struct source *from;

	if (lock_fd < 0 || layout_init(a, s->dfd, err) < 0)
		return err_wrap(err, "store '" STR_FMT "'", STR_ARG(s->dir));
	if (source_open(a, path, s->dfd, &from, err) < 0)
		return -1;
	im.from = from;
	int rc = import_all(&im, ref, ret, ret_n, err);
	source_close(from);
	return rc;
}
