/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where bytes of an image are: a range of an open file. Blobs of a layout directory, of an
 * archive and of the store are all found through one `blobs`, by the path they have in an OCI
 * layout (blobs/sha256/HEX) or, in a docker archive, by member name.
 */
#ifndef IMAGES_BLOB_H
#define IMAGES_BLOB_H

#include <base/arena.h>
#include <base/err.h>
#include <base/map.h>
#include <base/str.h>
#include <stdint.h>

struct blob {
	int fd; /* owned by whoever called blob_open */
	uint64_t offset;
	uint64_t size;
};

struct member { /* of an archive */
	uint64_t offset;
	uint64_t size;
	struct str link; /* name of the member it stands for; empty: it has data itself */
};

struct blobs {
	struct str label;    /* for messages: the path as the user gave it */
	int fd;              /* directory, or archive file; borrowed */
	struct map *members; /* of an archive: struct member; NULL: fd is a directory */
};

/*
 * Opens a blob by path. A directory's file must be regular and is opened without following
 * links. ERR_NOT_FOUND when there is none. The caller closes ret->fd.
 */
int blob_open(const struct blobs *b, struct str path, struct blob *ret, struct err *err);
void blob_close(struct blob *blob);
#define cleanup_blob attr_cleanup(blob_close)

/* Reads at most n bytes at an offset into the blob; *ret_n is less only at its end. */
int blob_read(const struct blob *blob, uint64_t at, void *p, size_t n, size_t *ret_n,
	struct err *err);
/* The whole blob, which must not be larger than max. */
int blob_text(
	struct arena *a, const struct blob *blob, size_t max, struct str *ret, struct err *err);
/* As above by path; the digest (when not empty) and size (unless UINT64_MAX) are compared. */
struct blob_want {
	struct str path;
	struct str digest;
	uint64_t size;
	size_t max;
};
int blob_document(struct arena *a, const struct blobs *b, const struct blob_want *want,
	struct str *ret, struct err *err);

#endif
