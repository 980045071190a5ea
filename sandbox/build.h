/* SPDX-License-Identifier: Apache-2.0 */
/* A sandbox_config becomes a list of operations and the mounts they need. */
#ifndef SANDBOX_BUILD_H
#define SANDBOX_BUILD_H

#include "ns.h"
#include "ops.h"

/*
 * One start. A root agent clones every source mount itself (it may read everything and can map
 * ids); another hands paths to the child, which opens them in its own mount namespace and
 * compares device and inode.
 */
struct build {
	const struct sandbox_config *c;
	struct sandbox_ns *ns;
	struct arena *a; /* texts of the operations */
	struct op_list list;
	bool is_dry; /* no mount is made: for sandbox_explain */
};

/* Whether nothing is there in the bound root, or a link that leads to nothing. */
bool build_root_lacks(const struct build *b, struct str target);
/* The layers of an image, topmost first, for the overlay that follows. */
int build_layers(
	struct build *b, const struct sandbox_layer *layers, size_t n, struct err *err);
int build_ops(struct build *b, struct err *err);
/* Closes the mounts and frees the list. */
void build_release(struct build *b);

/* source.c: fills op->fd, or op->source, dev and ino, for a borrowed descriptor. */
int source_bind(struct build *b, struct op *op, int dfd, int user_fd, struct err *err);
int source_upper(struct build *b, struct op *op, int upper_dfd, int work_dfd, struct err *err);
/* The path of a descriptor, for messages and for reopening. */
int source_path(struct build *b, int fd, struct str *ret, struct err *err);

/* mounts.c */
void mounts_proc(struct build *b);
void mounts_dev(struct build *b);
int mounts_add(struct build *b, const struct sandbox_mount *m, struct err *err);
void mounts_etc(struct build *b);

#endif
