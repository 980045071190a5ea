/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing OCI layouts: blobs appear under their digest when they are complete, the index is
 * replaced as a whole. The caller holds a lock (layout_lock).
 */
#ifndef IMAGES_LAYOUT_WRITE_H
#define IMAGES_LAYOUT_WRITE_H

#include "blob.h"
#include "digest.h"
#include "manifest.h"

/* Makes oci-layout, blobs/ and an empty index.json where they are missing. */
int layout_init(struct arena *a, int dfd, struct err *err);

/* A blob being written. */
struct blob_writer {
	int dfd; /* of the layout; borrowed */
	int fd;  /* owned */
	char name[64];
	struct hasher hash;
	uint64_t size;
};
int blob_writer_open(struct blob_writer *w, int dfd, enum digest_alg alg, struct err *err);
int blob_writer_add(struct blob_writer *w, const void *p, size_t n, struct err *err);
/* Puts the blob in its place. expect (unless empty) is the digest it must have. */
int blob_writer_end(struct blob_writer *w, struct arena *a, struct str expect,
	struct str *ret_digest, struct err *err);
void blob_writer_release(struct blob_writer *w); /* removes what was not finished */
#define cleanup_blob_writer attr_cleanup(blob_writer_release)

/* A whole document in one call. */
int layout_put(
	struct arena *a, int dfd, struct str text, struct descriptor *ret, struct err *err);

/* Adds a descriptor under a name, in place of the one(s) that had it. created: for listings. */
int layout_index_add(struct arena *a, int dfd, const struct descriptor *d, struct str name,
	int64_t created_wall_ns, struct err *err);
/* Removes the entries of a digest. */
int layout_index_remove(struct arena *a, int dfd, const struct descriptor *d, struct err *err);
/* Removes unfinished blobs of killed writers; the lock is held. */
void layout_clean(struct arena *a, int dfd);

#endif
