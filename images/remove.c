/* SPDX-License-Identifier: Apache-2.0 */
/* Listing what is in the store, and removing an image with everything only it needs. */
#include "layout_write.h"
#include "ref.h"
#include "store.h"

#include <base/bounds.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

int store_list(struct store *s, struct arena *a, struct store_entry **ret, size_t *ret_n,
	struct err *err)
{
	struct source *own;

	if (store_own(s, a, &own, err) < 0)
		return -1;
	*ret = arena_new_array(a, struct store_entry, own->n_images);
	*ret_n = own->n_images;
	for (size_t i = 0; i < own->n_images; i++) {
		const struct source_image *si = &own->images[i];
		struct store_entry *e = &(*ret)[i];
		struct image *img;

		e->ref = si->name.n ? si->name : si->raw;
		e->manifest_digest = si->d.digest;
		if (clock_parse_rfc3339(si->d.created, &e->created_wall_ns) < 0)
			e->created_wall_ns = 0;
		/* a broken image is listed as well, or it could not be removed */
		if (source_load(own, a, si, &img, NULL) < 0)
			continue;
		for (size_t j = 0; j < img->n_layers; j++)
			e->size_bytes += img->layers[j].size;
	}
	source_close(own);
	return 0;
}

/* --- what is still needed --- */

struct needed {
	struct arena *a;
	struct map digests;  /* of blobs */
	struct map diff_ids; /* of layers */
};

static void needed_add(
	struct needed *n, const struct source *own, const struct source_image *si)
{
	struct image_documents docs = {0};
	struct image *img;
	int rc = image_load_documents(n->a, &own->blobs, &si->d, &img, &docs, NULL);

	map_set(&n->digests, si->d.digest, n);
	for (size_t i = 0; i < docs.n; i++)
		map_set(&n->digests, docs.items[i].digest, n);
	if (rc < 0)
		return; /* nobody can use a broken image, so it keeps nothing */
	for (size_t i = 0; i < img->n_layers; i++) {
		map_set(&n->digests, img->layers[i].digest, n);
		map_set(&n->diff_ids, img->layers[i].diff_id, n);
	}
}

static void remove_blobs(const struct store *s, const struct needed *n, const char *alg)
{
	struct str *names;
	size_t count;
	struct str dir = arena_printf(n->a, "blobs/%s", alg);
	cleanup_fd int dfd = dir_open(s->dfd, str_c(dir), NULL);

	if (dfd < 0 || dir_list(n->a, dfd, SIZE_MAX, &names, &count, NULL) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		struct str digest = arena_printf(n->a, "%s:" STR_FMT, alg, STR_ARG(names[i]));

		if (!map_has(&n->digests, digest))
			(void)unlinkat(
				dfd, str_c(names[i]), 0); /* the next removal tries again */
	}
}

/* --- unpacked layers --- */

/* A layer in use has its layer.json share-locked (layers.c). */
static int layer_remove(
	struct arena *a, int kdfd, struct str name, bool only_look, struct err *err)
{
	struct str path = arena_printf(a, STR_FMT "/layer.json", STR_ARG(name));
	struct str old =
		arena_printf(a, ".tmp-%lld-" STR_FMT, (long long)getpid(), STR_ARG(name));
	cleanup_fd int fd = openat(kdfd, str_c(path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, ERR_IMAGE, "is in use by a running pipeline");
	if (only_look)
		return 0;
	if (renameat(kdfd, str_c(name), kdfd, str_c(old)) < 0)
		return err_sys(err, "move layer '" STR_FMT "' away", STR_ARG(name));
	if (dir_remove(kdfd, str_c(old), err) < 0)
		return err_wrap(err, "remove layer '" STR_FMT "'", STR_ARG(name));
	return 0;
}

static int layers_remove(struct store *s, const struct needed *n, const struct image *img,
	bool only_look, struct err *err)
{
	struct str *keys;
	size_t n_keys;
	cleanup_fd int layers_fd = dir_open(s->dfd, "layers", err);

	if (layers_fd < 0 || dir_list(n->a, layers_fd, SIZE_MAX, &keys, &n_keys, err) < 0)
		return -1;
	for (size_t k = 0; k < n_keys; k++) {
		cleanup_fd int kdfd = dir_open(layers_fd, str_c(keys[k]), err);

		if (kdfd < 0)
			return -1;
		for (size_t i = 0; i < img->n_layers; i++) {
			struct str id = img->layers[i].diff_id;

			if (!map_has(&n->diff_ids, id) &&
				layer_remove(
					n->a, kdfd, layers_name(n->a, id), only_look, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int remove_image(struct store *s, struct arena *a, const struct source *own,
	const struct source_image *si, struct err *err)
{
	struct needed n = {.a = a};
	struct image *img = NULL;

	map_init(&n.digests, a);
	map_init(&n.diff_ids, a);
	for (size_t i = 0; i < own->n_images; i++)
		if (&own->images[i] != si)
			needed_add(&n, own, &own->images[i]);
	if (source_load(own, a, si, &img, NULL) < 0)
		img = NULL;
	if (img && layers_remove(s, &n, img, true, err) < 0)
		return -1;
	if (layout_index_remove(a, s->dfd, &si->d, err) < 0)
		return -1;
	remove_blobs(s, &n, "sha256");
	remove_blobs(s, &n, "sha512");
	return img ? layers_remove(s, &n, img, false, err) : 0;
}

int store_remove(struct store *s, struct str ref, struct err *err)
{
	cleanup_arena struct arena *a = arena_new();
	cleanup_fd int lock_fd = store_lock(s->dfd, LOCK_EX, err);
	const struct source_image *si;
	struct image_ref r;
	struct source *own;
	int rc;

	if (lock_fd < 0 || image_ref_parse(a, ref, &r, err) < 0 ||
		store_own(s, a, &own, err) < 0)
		return -1;
	si = source_find(own, a, &r);
	if (!si)
		rc = store_not_found(s, a, &r, own, err);
	else if ((rc = remove_image(s, a, own, si, err)) < 0)
		err_wrap(err, "image '" STR_FMT "'", STR_ARG(ref));
	source_close(own);
	return rc;
}
