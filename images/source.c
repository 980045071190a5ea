/* SPDX-License-Identifier: Apache-2.0 */
/* Opening sources, telling their kinds apart, and finding images in them. */
#include "source.h"

#include "config.h"
#include "digest.h"
#include "ref.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

static struct source *source_new(struct arena *a, int fd, struct str label)
{
	struct source *s = arena_new_object(a, struct source);

	s->fd = fd;
	s->blobs = (struct blobs){.label = arena_str(a, label), .fd = fd};
	return s;
}

void source_close(struct source *s)
{
	if (s)
		fd_close(&s->fd);
}

int source_open(
	struct arena *a, struct str path, int tmp_dfd, struct source **ret, struct err *err)
{
	struct str z = arena_str(a, path);
	cleanup_fd int fd = open(str_c(z), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int rc;

	if (fd < 0)
		return err_sys(err, "images '" STR_FMT "'", STR_ARG(path));
	if (fstat(fd, &st) < 0)
		return err_sys(err, "images '" STR_FMT "'", STR_ARG(path));
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return err_set(err, ERR_IMAGE,
			"images '" STR_FMT "': neither a directory nor a file", STR_ARG(path));
	struct source *s = source_new(a, fd_take(&fd), path);
	if (S_ISDIR(st.st_mode))
		rc = layout_read_index(a, s, false, err);
	else
		rc = archive_open(a, s, tmp_dfd, err);
	if (rc < 0) {
		source_close(s);
		return err_wrap_as(err, ERR_IMAGE, "images '" STR_FMT "'", STR_ARG(path));
	}
	*ret = s;
	return 0;
}

int source_open_layout(struct arena *a, int dfd, struct str label, bool may_be_new,
	struct source **ret, struct err *err)
{
	int fd = fcntl(dfd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return err_sys(err, "duplicate a descriptor");
	struct source *s = source_new(a, fd, label);
	if (layout_read_index(a, s, may_be_new, err) < 0) {
		source_close(s);
		return -1;
	}
	*ret = s;
	return 0;
}

/* Whether a manifest behind an index has the digest that was asked for. */
static bool has_digest(const struct source *s, struct arena *a, const struct source_image *si,
	struct str digest)
{
	struct image *img;

	if (str_eq(si->d.digest, digest))
		return true;
	if (!media_type_is_index(si->d.media_type))
		return false;
	return image_load(a, &s->blobs, &si->d, &img, NULL) == 0 &&
	       str_eq(img->manifest_digest, digest);
}

const struct source_image *source_find(
	const struct source *s, struct arena *a, const struct image_ref *ref)
{
	struct str name = image_ref_tagged(a, ref);
	const struct source_image *spare = NULL;

	for (size_t i = 0; i < s->n_images; i++) {
		const struct source_image *si = &s->images[i];

		if (ref->digest.n) {
			if (si->d.digest.n && has_digest(s, a, si, ref->digest))
				return si;
			continue;
		}
		if (!str_eq(si->name, name))
			continue;
		/* one name may stand for several platforms */
		if (si->d.has_platform && !platform_matches(&si->d)) {
			spare = spare ? spare : si;
			continue;
		}
		return si;
	}
	return spare; /* its config will say for which machine it is */
}

/* A docker archive has no manifest: the config and the layers are named by member. */
static int docker_load(const struct source *s, struct arena *a, const struct source_image *si,
	struct image **ret, struct err *err)
{
	struct image *img = arena_new_object(a, struct image);
	struct blob_want want = {
		.path = si->config, .size = UINT64_MAX, .max = BOUND_JSON_BYTES};
	struct str text;

	if (blob_document(a, &s->blobs, &want, &text, err) < 0 ||
		digest_of(a, text, &img->config_digest, err) < 0)
		return -1;
	img->n_layers = si->n_layers;
	img->layers = arena_new_array(a, struct image_layer, si->n_layers);
	for (size_t i = 0; i < si->n_layers; i++) {
		struct blob blob;

		if (blob_open(&s->blobs, si->layers[i], &blob, err) < 0)
			return -1;
		img->layers[i].file = si->layers[i];
		img->layers[i].size = blob.size;
		blob_close(&blob);
	}
	if (image_load_config(a, text, img, err) < 0)
		return err_wrap(err, "config '" STR_FMT "'", STR_ARG(si->config));
	*ret = img;
	return 0;
}

int source_load(const struct source *s, struct arena *a, const struct source_image *si,
	struct image **ret, struct err *err)
{
	if (s->kind == SOURCE_DOCKER_ARCHIVE)
		return docker_load(s, a, si, ret, err);
	return image_load(a, &s->blobs, &si->d, ret, err);
}

int source_layer_blob(const struct source *s, struct arena *a, const struct image_layer *l,
	struct blob *ret, struct err *err)
{
	struct str path = l->file;

	if (!path.n && digest_path(a, l->digest, &path, err) < 0)
		return -1;
	if (blob_open(&s->blobs, path, ret, err) < 0)
		return -1;
	if (ret->size == l->size)
		return 0;
	err_set(err, ERR_IMAGE,
		"'" STR_FMT "': layer " STR_FMT " has %llu bytes, expected %llu",
		STR_ARG(s->blobs.label), STR_ARG(path), (unsigned long long)ret->size,
		(unsigned long long)l->size);
	blob_close(ret);
	return -1;
}
