/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations that turn a cloned child into a step, as data: build.c makes the list in the
 * parent, child.c walks it, ops.c prints it. Text and descriptors are borrowed from the arena
 * and the source list of one start.
 */
#ifndef SANDBOX_OPS_H
#define SANDBOX_OPS_H

#include <base/arena.h>
#include <base/buf.h>
#include <base/str.h>
#include <base/vec.h>
#include <stdbool.h>
#include <stdint.h>

enum op_kind {
	OP_STAGE,     /* a private tmpfs over `target` of the machine: for layers and files */
	OP_LAYER,     /* one more lower layer, topmost first */
	OP_OVERLAY,   /* the root: overlay of the layers so far */
	OP_IMAGE,     /* overlay of the layers since the last one, read-only on target; source:
			 the part of it */
	OP_ROOT,      /* the root: an empty tmpfs that OP_BIND fills */
	OP_PROC,      /* a fresh procfs on /proc */
	OP_READONLY,  /* target below /proc becomes read-only */
	OP_MASK_FILE, /* target below /proc shows /dev/null */
	OP_MASK_DIR,  /* target below /proc shows an empty read-only directory */
	OP_DEV,       /* a tmpfs on /dev */
	OP_DEVICE,    /* a device node of the machine, in /dev, its number verified */
	OP_LINK, /* a symbolic link: below /dev, or in the root when target starts with / */
	OP_DEVPTS,
	OP_MQUEUE,
	OP_TMPFS,     /* size_bytes, mode */
	OP_BIND,      /* source or a prepared mount on target */
	OP_FILE,      /* generated content, read-only */
	OP_MKDIR,     /* a directory in the root */
	OP_SEAL_ROOT, /* the root becomes read-only */
	OP_ENTER,     /* the root becomes "/", the old one is detached */
	OP_HOSTNAME,
	OP_CWD,
};
enum { OP_KIND_N = OP_CWD + 1 };

enum op_flags {
	OP_READ_ONLY = 1,
	OP_NOEXEC = 2,
	OP_IS_FILE = 4,
	OP_REPLACE = 8, /* a link at the target is replaced, not followed */
	OP_IN_DEV = 16, /* the target is below our own /dev */
	OP_SUID = 32,   /* OP_OVERLAY: setuid programs count */
};

struct op {
	enum op_kind kind;
	unsigned int flags;
	int fd; /* a detached mount made by the parent; -1: open `source` */
	const char
		*source; /* path in the agent's mount namespace, or link text, or file text */
	const char *target;       /* absolute in the step, or relative where the kind says so */
	int upper_fd, work_fd;    /* OP_OVERLAY: in the mount of fd; -1: open the names */
	const char *upper, *work; /* their names in `source`, the directory above both */
	uint64_t dev, ino;        /* what `source` must be; ino 0: not asked */
	uint64_t dev2, ino2;      /* OP_OVERLAY: the same of `work` */
	uint64_t size_bytes;
	uint32_t mode;
	uint32_t major, minor; /* OP_DEVICE */
};

struct op_list {
	VEC(struct op) ops;
};

struct op *op_add(struct op_list *l, enum op_kind kind);
void op_list_release(struct op_list *l);
const char *op_kind_name(enum op_kind k);
/* "mount proc on '/proc'": what the operation does, for messages and --dry-run. */
void op_describe(const struct op *op, struct buf *b);

#endif
