/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images: references, sources (OCI layout directories, OCI and docker archives), the store of
 * unpacked layers, packing. Layers and documents are hostile input. Nothing is downloaded. The
 * module does not log, fork or know sandboxes: unpacking is a function that the caller runs in
 * a confined worker. Sources of rules: OCI image-spec 1.1, distribution-spec reference grammar,
 * docker save format.
 */
#ifndef MONOPOD_IMAGES_H
#define MONOPOD_IMAGES_H

#include <base/arena.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/map.h>
#include <base/str.h>
#include <stdbool.h>
#include <stdint.h>

/* --- references ---------------------------------------------------------------------- */

struct image_ref {
	struct str domain; /* docker.io */
	struct str path;   /* library/busybox */
	struct str tag; /* latest when neither tag nor digest was written; may be empty with a
			   digest */
	struct str digest; /* sha256:…, or empty */
};
int image_ref_parse(struct arena *a, struct str text, struct image_ref *ret,
	struct err *err); /* normalised */
struct str image_ref_text(struct arena *a, const struct image_ref *r);

/* --- the map: REF=TARGET ------------------------------------------------------------- */

enum image_target_kind { TARGET_REF, TARGET_DIR, TARGET_HOST };
struct image_target {
	enum image_target_kind kind;
	struct str value; /* reference or absolute path */
};
struct image_map;
struct image_map *image_map_new(struct arena *a);
int image_map_add(struct image_map *m, struct str ref_equals_target, struct err *err);
int image_map_add_file(struct image_map *m, struct str name, struct str text, struct err *err);
/* The most specific pattern wins; false: no entry. */
bool image_map_find(const struct image_map *m, struct str ref, struct image_target *ret);

/* --- sources and the store ----------------------------------------------------------- */

struct image_config { /* of the chosen manifest; R30-R32 apply when it is used */
	struct str *entrypoint;
	size_t n_entrypoint;
	struct str *cmd;
	size_t n_cmd;
	struct str *env; /* NAME=VALUE */
	size_t n_env;
	struct str user;
	struct str working_dir;
	struct str architecture;
	struct str os;
};
struct image_layer {
	struct str digest;     /* of the blob; empty in a docker archive */
	struct str media_type; /* likewise */
	struct str diff_id;    /* of the uncompressed tar */
	uint64_t size;         /* of the blob */
	struct str file;       /* docker archive: member name; else empty */
};
struct image {
	struct str ref;             /* normalised */
	struct str manifest_digest; /* empty: from a docker archive, which has no manifest */
	struct str config_digest;   /* imageID */
	struct image_config config;
	struct image_layer *layers; /* base first */
	size_t n_layers;
	size_t source; /* where its blobs are: index into the sources, or IMAGE_FROM_STORE */
};
#define IMAGE_FROM_STORE SIZE_MAX

struct store; /* a directory, mode 0700, locked for writing while it changes */

/*
 * Creates the directory (and its parents) when missing; an existing one must be the caller's
 * own and empty or a store. What killed unpackers left is removed. The store itself is an OCI
 * layout with a directory of unpacked layers beside the blobs.
 */
int store_open(struct arena *a, struct str dir, struct store **ret, struct err *err);
void store_close(struct store *s); /* NULL is fine; releases the layers it was asked for */
int store_dfd(const struct store *s);

/* An OCI layout directory, an OCI archive or a docker archive (told apart by content). Its
 * index is read here, manifests when they are asked for. */
int store_add_source(struct store *s, struct str path, struct err *err);
/*
 * Looks a reference up in the sources, then in the store. The platform is linux and this
 * machine's architecture. ERR_NOT_FOUND lists what there is and the nearest name. Documents are
 * digest-verified.
 */
int store_find(
	struct store *s, struct arena *a, struct str ref, struct image **ret, struct err *err);

/*
 * The unpacked layers of an image under an id map, base first. map_text is "" when on-disk
 * owners are the image's own (root, idmapped mounts), else the text of the map they are written
 * under (sandbox.h id_map_text). Each one that is not ready is one job for a worker; ask again
 * when they are done: only the answer in which all are ready is the stack to mount. It has one
 * entry for equal layers (the topmost), and none for layers that a layer above hides as a
 * whole; an image without layers has none at all. Ready ones stay in place until store_close.
 */
struct layer_dir {
	struct str diff_id;
	struct str dir; /* name below store_dfd */
	bool is_ready;
	size_t layer;        /* index into the image's layers */
	uint64_t n_squashed; /* when ready: entries whose owner could not be kept */
	uint64_t n_devices;  /* device nodes left out */
};
int store_layers(struct store *s, struct arena *a, const struct image *img, struct str map_text,
	struct layer_dir **ret, size_t *ret_n, struct err *err);

/* Chown rules for unpacking: how an image id becomes an on-disk id as seen by the process that
 * unpacks. */
enum unpack_owner {
	UNPACK_OWNERS_REAL,   /* chown to the image's ids as they are (root, or inside the user
				 namespace) */
	UNPACK_OWNERS_SHIFT,  /* root without idmapped mounts: chown to base + id */
	UNPACK_OWNERS_SQUASH, /* single id: nothing is chowned; setuid bits are dropped,
				 squashed entries counted */
};
struct unpack_job {
	struct store *store;
	const struct image *image;
	size_t layer; /* index */
	struct str map_text;
	enum unpack_owner owner;
	uint32_t shift_base, shift_count;
};
/*
 * Verifies and unpacks one layer: blob digest and size, diff ID while streaming; written to a
 * temporary directory in the store, renamed when complete. Runs in a worker, in the user
 * namespace whose ids it shall write; opens files only below the descriptors of
 * store_worker_fds. Returns 0, or -1 with err; safe when another process does the same layer.
 */
int layer_unpack(const struct unpack_job *job, struct err *err);
/* The descriptors that layer_unpack uses (of the store and the sources; borrowed): a worker
 * keeps them open, and below the directories among them it must be able to read. */
void store_worker_fds(const struct store *s, struct arena *a, int **ret, size_t *ret_n);

/* --- lock files (docs/kubernetes.md) --------------------------------------------------- */

struct image_lock_entry {
	struct str ref;           /* as steps write it; each once */
	struct str name;          /* normalised: of the image, which a map may have put there */
	struct str digest;        /* of the manifest; empty: from a docker archive */
	struct str config_digest; /* imageID */
	struct image_config config;
};
struct image_lock {
	struct image_lock_entry *entries;
	size_t n;
	struct map by_ref, by_normal; /* → struct image_lock_entry * */
};
/*
 * Reads a lock file, which is foreign input: unknown members, two entries of one reference, a
 * digest or a reference that is none, and another version are ERR_SPEC.
 */
int image_lock_parse(
	struct arena *a, struct str text, struct image_lock **ret, struct err *err);
/* As written, else by its normal form. NULL: not in it. lock may be NULL. */
const struct image_lock_entry *image_lock_find(const struct image_lock *lock, struct str ref);
/* The text of such a file; the same entries give the same bytes. */
void image_lock_print(const struct image_lock_entry *entries, size_t n, struct buf *out);
/* ERR_IMAGE, with both digests, when the image is not the one of the entry. */
int image_lock_check(
	const struct image_lock_entry *entry, const struct image *img, struct err *err);
/* "docker.io/library/busybox@sha256:…", as a kubelet tells it; the config's digest where there
 * is no manifest. */
struct str image_id_text(
	struct arena *a, struct str name, struct str digest, struct str config_digest);

/* --- verbs --------------------------------------------------------------------------- */

struct store_entry {
	struct str ref;
	struct str manifest_digest;
	uint64_t size_bytes; /* of the blobs */
	int64_t created_wall_ns;
};
/* Copies an image (documents and blobs, verified) from a source into the store. */
int store_import(struct store *s, struct arena *a, struct str path,
	struct str ref /* empty: all */, struct store_entry **ret, size_t *ret_n,
	struct err *err);
int store_list(struct store *s, struct arena *a, struct store_entry **ret, size_t *ret_n,
	struct err *err);
int store_remove(
	struct store *s, struct str ref, struct err *err); /* and what nothing else needs */

struct pack_options {
	struct str dir;    /* root file system to pack */
	struct str ref;    /* --tag */
	struct str output; /* OCI layout directory to make or add to; empty: the store */
	struct str *entrypoint, *cmd, *env;
	size_t n_entrypoint, n_cmd, n_env;
	struct str user, working_dir;
	int64_t created_wall_ns; /* 0: reproducible, all times 0 */
	uint64_t *ret_left_out;  /* sockets and devices that were not packed; may be NULL */
};
/*
 * One gzip layer, owners and modes kept, sockets and devices left out and counted;
 * deterministic order. The layout is made when missing; an image of that name is replaced. s
 * may be NULL when there is an output. The digest is the manifest's.
 */
int image_pack(struct arena *a, struct store *s, const struct pack_options *o,
	struct str *ret_digest, struct err *err);

/* "sha256:…" of some bytes, for records that name a file by its digest. */
struct str image_digest_text(struct arena *a, struct str bytes);
int image_digest_fd(struct arena *a, int fd, struct str *ret, struct err *err); /* to its end */

/* --- users inside an image (R30, R31) ------------------------------------------------ */

struct image_user {
	uint32_t uid, gid;
	uint32_t *groups; /* supplementary */
	size_t n_groups;
	struct str home; /* of the passwd entry; empty: none */
	struct str name; /* or empty */
};
/*
 * Resolves USER ("uid", "uid:gid", "name", "name:group", "" = 0) with /etc/passwd and
 * /etc/group read from root_dfds (layers, topmost first) by own code. Strict; never falls back
 * to root. uid_override/gid_override (-1: none) are runAsUser/runAsGroup.
 */
int image_user_find(struct arena *a, const int *root_dfds, size_t n_root_dfds, struct str user,
	int64_t uid_override, int64_t gid_override, struct image_user *ret, struct err *err);

#endif
