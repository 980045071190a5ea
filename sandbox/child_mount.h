/* SPDX-License-Identifier: Apache-2.0 */
/* What the mount operations share, private to child_*.c. Closed world: see child.h. All return
 * a descriptor or 0, or -errno. */
#ifndef SANDBOX_CHILD_MOUNT_H
#define SANDBOX_CHILD_MOUNT_H

#include "child.h"

enum { STAGE_MODE = 0755 };

/* openat2, without magic links. */
long child_resolve(int dfd, const char *path, int flags, uint64_t how_resolve);
/* Opened again in this mount namespace, and it must be the very same file. */
long child_check_same(int fd, uint64_t dev, uint64_t ino);
/* A copy of the mount at path with attributes added, everything below it included. */
long child_tree_clone(int dfd, const char *path, uint64_t attr_set);
/* The mount of an fsopen whose options are given; a ret below 0, of a call before, stays.
 * Closes fs_fd. */
long child_fs_mount(int fs_fd, long ret, unsigned int attr);
/* A new directory of the stage with a mount on it. */
long child_stage_attach(struct child_state *s, int mount_fd);
/* Mounts on a target inside the root (flags of ops.h); keeps mount_fd open. */
long child_attach(struct child_state *s, int mount_fd, const char *target, unsigned int flags);

/* child_overlay.c: the operations on layers. */
long child_layer(struct child_state *s, const struct op *op);
long child_overlay(struct child_state *s, const struct op *op);
long child_image(struct child_state *s, const struct op *op);

#endif
