/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict reader of tar streams: v7, ustar, pax local headers, GNU long names. Global pax
 * headers are skipped; sparse files, unknown entry types, bad checksums, ambiguous overrides
 * and truncated input are refused (sandbox.md R61). Names come out cleaned and never leave the
 * root: no leading '/', no '.', no '..', no NUL.
 */
#ifndef IMAGES_TAR_H
#define IMAGES_TAR_H

#include <base/attr.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/str.h>
#include <base/vec.h>
#include <stdbool.h>
#include <stdint.h>

enum { TAR_BLOCK = 512 };

/* Where the bytes come from. */
struct tar_source {
	/* The next piece, owned by the source until the next call; *n = 0 at the end. */
	int (*next)(void *arg, const uint8_t **p, size_t *n, struct err *err);
	/* Skips n bytes after what next gave; NULL: they are read. False past the end. */
	int (*skip)(void *arg, uint64_t n, struct err *err);
	void *arg;
};

enum tar_type {
	TAR_FILE,
	TAR_DIR,
	TAR_SYMLINK,
	TAR_HARDLINK,
	TAR_FIFO,
	TAR_DEVICE, /* character or block */
};
enum { TAR_TYPE_N = TAR_DEVICE + 1 };

struct tar_xattr {
	struct str name, value;
};

struct tar_entry { /* views are valid until the next tar_next */
	enum tar_type type;
	struct str name; /* cleaned; empty is the root directory itself (TAR_DIR only) */
	struct str link; /* SYMLINK: as written; HARDLINK: cleaned */
	uint32_t mode;   /* 07777 */
	uint32_t uid, gid;
	uint64_t size; /* bytes of data; 0 unless TAR_FILE */
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint64_t offset; /* of the data in the stream */
	const struct tar_xattr *xattrs;
	size_t n_xattrs;
};

struct tar_reader {
	struct tar_source source;
	const uint8_t *p; /* unread part of the current piece */
	size_t n;
	uint64_t pos;
	uint64_t left; /* data of the current entry that was not taken yet */
	uint64_t pad;
	bool ended;
	struct buf name, link, pax;
	bool has_pax, has_long_name, has_long_link;
	VEC(struct tar_xattr) xattrs;
};

void tar_init(struct tar_reader *r, const struct tar_source *source);
void tar_release(struct tar_reader *r);
#define cleanup_tar attr_cleanup(tar_release)

/* The next entry; *ret_more is false at the end blocks. */
int tar_next(struct tar_reader *r, struct tar_entry *ret, bool *ret_more, struct err *err);
/* The next piece of the current entry's data; *n = 0 when it is complete. */
int tar_data(struct tar_reader *r, const uint8_t **p, size_t *n, struct err *err);

#endif
