/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the store:
 *   monopod-store  marker            lock  taken for every change (flock)
 *   oci-layout  index.json  blobs/   imported and packed images
 *   layers/KEY/ALG-HEX/{fs,layer.json}   unpacked; KEY is the id map's, ALG-HEX the diff ID
 *   layers/KEY/.tmp-*                being unpacked, locked by whoever does it
 */
#ifndef IMAGES_STORE_H
#define IMAGES_STORE_H

#include "source.h"

struct store {
	struct arena *arena; /* borrowed */
	struct str dir;
	int dfd;         /* owned */
	struct str boot; /* boot ID of the machine */
	VEC(struct source *) sources;
	VEC(int) pins; /* layer.json of layers in use, share-locked */
};

/* A lock on the store as a whole; fd_close releases it. operation: LOCK_EX, LOCK_SH, LOCK_NB.
 * Returns the descriptor, -1 with err; with LOCK_NB -1 and err->sys EWOULDBLOCK when taken. */
int store_lock(int dfd, int operation, struct err *err);

/* The images imported into the store, as a source; the caller closes it. */
int store_own(const struct store *s, struct arena *a, struct source **ret, struct err *err);
/* ERR_NOT_FOUND with what there is (sources and own images) and the nearest name. */
int store_not_found(const struct store *s, struct arena *a, const struct image_ref *r,
	const struct source *own, struct err *err);

/* layers.c: removes temporary directories whose unpacker is gone. Those it may not remove
 * stay; a worker in the right user namespace will. */
void layers_clean(struct arena *a, int dfd);
/* layers/KEY, and the name of a layer in it. */
struct str layers_key(struct arena *a, struct str map_text);
struct str layers_name(struct arena *a, struct str diff_id);

#endif
