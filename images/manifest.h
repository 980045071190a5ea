/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Index and manifest documents (OCI image-spec 1.1, docker schema 2). Every document is read
 * by digest and size, and must be of the kind its descriptor says (sandbox.md R60).
 */
#ifndef IMAGES_MANIFEST_H
#define IMAGES_MANIFEST_H

#include "blob.h"

#include <base/bounds.h>
#include <base/json.h>
#include <monopod/images.h>

struct descriptor {
	struct str media_type;
	struct str digest;
	uint64_t size;
	struct str ref_name;   /* org.opencontainers.image.ref.name */
	struct str image_name; /* io.containerd.image.name */
	struct str created;    /* org.opencontainers.image.created */
	bool has_platform;
	struct str os, architecture, variant;
};

struct index {
	struct descriptor *items;
	size_t n;
};

/* media_type is what the descriptor said; empty for a layout's index.json. */
int index_parse(struct arena *a, struct str text, struct str media_type, struct index *ret,
	struct err *err);
/* The documents an image was found through: indexes, manifest, config. */
struct image_documents {
	struct descriptor items[BOUND_INDEX_DEPTH + 2];
	size_t n;
};
/*
 * Follows a descriptor, of a manifest or an index, to the manifest for this machine and fills
 * everything of the image but ref and source. docs may be NULL.
 */
int image_load(struct arena *a, const struct blobs *b, const struct descriptor *d,
	struct image **ret, struct err *err);
int image_load_documents(struct arena *a, const struct blobs *b, const struct descriptor *d,
	struct image **ret, struct image_documents *docs, struct err *err);

/* An OCI manifest of a config and layers. */
struct str manifest_text(struct arena *a, const struct descriptor *config,
	const struct descriptor *layers, size_t n);

/* Whether a platform can run here; a descriptor that names none is asked later, by config. */
bool platform_matches(const struct descriptor *d);
const char *platform_architecture(void); /* "amd64", "arm64" … */

extern const char media_type_index[];
extern const char media_type_manifest[];
extern const char media_type_config[];
extern const char media_type_layer[]; /* without "+gzip" */
extern const char media_type_layer_gzip[];
extern const char media_type_layer_zstd[];
bool media_type_is_index(struct str t);
bool media_type_is_manifest(struct str t);

#endif
