/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place images come from: an OCI layout directory (the store is one as well), an OCI archive
 * or a docker archive. Archives are read where they are: opening one makes a table of its
 * members; a compressed one is unpacked to a file without a name first.
 */
#ifndef IMAGES_SOURCE_H
#define IMAGES_SOURCE_H

#include "blob.h"
#include "manifest.h"

#include <base/vec.h>

struct source_image {
	struct str name;       /* normalised domain/path[:tag]; empty: has none that is valid */
	struct str repository; /* domain/path */
	struct str raw;        /* as the source writes it */
	struct descriptor d;   /* empty digest: of a docker archive */
	struct str config;     /* docker archive: member names */
	struct str *layers;
	size_t n_layers;
};

enum source_kind { SOURCE_LAYOUT, SOURCE_OCI_ARCHIVE, SOURCE_DOCKER_ARCHIVE };

struct source {
	enum source_kind kind;
	int fd; /* owned */
	struct blobs blobs;
	struct source_image *images;
	size_t n_images;
};

/* tmp_dfd: where a compressed archive may be unpacked to. */
int source_open(
	struct arena *a, struct str path, int tmp_dfd, struct source **ret, struct err *err);
/* A layout below an open directory; dfd is duplicated. An absent index is an empty one when
 * may_be_new. */
int source_open_layout(struct arena *a, int dfd, struct str label, bool may_be_new,
	struct source **ret, struct err *err);
void source_close(struct source *s);

/* The image a reference means, NULL when there is none. by_digest: see image_ref. */
const struct source_image *source_find(
	const struct source *s, struct arena *a, const struct image_ref *ref);
int source_load(const struct source *s, struct arena *a, const struct source_image *si,
	struct image **ret, struct err *err);
/* Opens the blob of a layer. The caller closes it. */
int source_layer_blob(const struct source *s, struct arena *a, const struct image_layer *l,
	struct blob *ret, struct err *err);

/* layout.c: the images of an index.json. archive.c: the members of an archive. */
int layout_read_index(struct arena *a, struct source *s, bool may_be_new, struct err *err);
int archive_open(struct arena *a, struct source *s, int tmp_dfd, struct err *err);
/* Fills name and repository from the texts a source has. */
void source_image_name(struct arena *a, struct source_image *si, struct str raw);

#endif
