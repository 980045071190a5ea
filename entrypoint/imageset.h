/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The images of a command's runs: references are looked up once (map, sources, store), missing
 * layers are unpacked by confined workers, and what is ready stays ready.
 */
#ifndef ENTRYPOINT_IMAGESET_H
#define ENTRYPOINT_IMAGESET_H

#include "hide.h"
#include "options.h"

#include <base/err.h>
#include <base/loop.h>
#include <monopod/images.h>
#include <monopod/sandbox.h>
#include <sys/types.h>

struct imageset;

enum rootfs_state {
	ROOTFS_FOUND,     /* looked up */
	ROOTFS_UNPACKING, /* imageset_want was called */
	ROOTFS_READY,
	ROOTFS_FAILED, /* err says why */
};
struct rootfs { /* one reference as a step writes it */
	struct str ref;
	enum image_target_kind kind;
	const struct image *image; /* TARGET_REF */
	struct str dir;            /* TARGET_DIR, TARGET_HOST */
	/* NULL: nothing is known of how it is run. A TARGET_DIR that has one is an image as any
	 * other: an overlay above it can be written. */
	const struct image_config *config;
	struct str id; /* for status: "docker.io/library/busybox@sha256:…" */
	enum rootfs_state state;
	struct sandbox_layer *layers; /* READY: topmost first */
	size_t n_layers;
	uint64_t n_squashed; /* files whose owner could not be kept */
	uint64_t n_devices;  /* device nodes that were left out */
	struct err err;
};

/* Its steps write into layers of their own; else what they see is read-only. */
static inline bool rootfs_is_overlay(const struct rootfs *r)
{
	return r->kind == TARGET_REF || (r->kind == TARGET_DIR && r->config);
}

struct imageset_config {
	const struct options *options;
	struct store *store;
	struct loop *loop;
	const struct sandbox_place *place;
	int hold_fd;                   /* workers keep it, too: the lock of the run directory */
	const struct hide_paths *hide; /* what no directory that is an image may hold */
	struct sandbox_ns *ns;         /* of the run: who unpacks when owners are inside ids */
	/* A rootfs became READY or FAILED. Called from the loop, never from imageset_want. */
	void (*changed)(void *arg);
	void *arg;
};

/* Reads the maps. config is copied; what it points to must outlive the set. */
int imageset_new(const struct imageset_config *c, struct imageset **ret, struct err *err);
void imageset_free(struct imageset *s); /* stops workers; NULL is fine */

/*
 * Looks a reference up. ERR_IMAGE/ERR_NOT_FOUND when it is not there; that is not remembered,
 * because a later task may build it.
 */
int imageset_find(struct imageset *s, struct str ref, struct rootfs **ret, struct err *err);
/* Starts to make it ready; READY or FAILED at once when nothing is to be done. */
void imageset_want(struct imageset *s, struct rootfs *r);
/* How many layers are still to be unpacked, for the progress line. */
size_t imageset_pending(const struct imageset *s);
int64_t imageset_unpack_ns(const struct imageset *s); /* wall time with at least one worker */
bool imageset_owns_pid(const struct imageset *s, pid_t pid);

#endif
