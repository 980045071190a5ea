/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacked layers in the store. A layer directory appears by rename when it is complete and
 * verified; its layer.json says under which id map it was written. A layer unpacked before the
 * machine's last start is not trusted (nothing was flushed to the disk) and is unpacked again.
 */
#include "store.h"

#include "digest.h"
#include "layer.h"
#include "unpack.h"

#include <base/bounds.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/json.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LAYER_FORMAT = 1 }; /* of the files below layers/: raised when unpacking changes */

struct layer_note { /* layer.json */
	struct str diff_id, map, boot;
	int64_t n_squashed, n_devices;
	bool hides_lower;
};

/* --- names --- */

struct str layers_key(struct arena *a, struct str map_text)
{
	if (!map_text.n)
		return STR("layers/real");
	struct str hex = digest_hex(image_digest_text(a, map_text));
	return arena_printf(a, "layers/map-%.16s", str_c(hex));
}

struct str layers_name(struct arena *a, struct str diff_id)
{
	struct str alg, hex;

	BUG_ON(!str_cut(diff_id, ':', &alg, &hex));
	return arena_printf(a, STR_FMT "-" STR_FMT, STR_ARG(alg), STR_ARG(hex));
}

/* --- layer.json --- */

static struct str note_text(struct arena *a, const struct unpack_job *job,
	const struct image_layer *l, const struct unpack_stats *st)
{
	cleanup_buf struct buf b = {0};
	struct json_writer w;

	buf_init(&b, 64 * KIB);
	json_writer_init(&w, &b, 0);
	json_open(&w, '{');
	json_field_int(&w, "format", LAYER_FORMAT);
	json_field(&w, "diffID", l->diff_id);
	json_field(&w, "map", job->map_text);
	json_field(&w, "boot", job->store->boot);
	json_field_int(&w, "entries", (int64_t)st->n_entries);
	json_field_int(&w, "bytes", (int64_t)st->n_bytes);
	json_field_int(&w, "squashed", (int64_t)st->n_squashed);
	json_field_int(&w, "devices", (int64_t)st->n_devices);
	json_field_int(&w, "xattrs", (int64_t)st->n_xattrs);
	json_field_bool(&w, "hidesLower", st->hides_lower);
	json_close(&w, '}');
	buf_addc(&b, '\n');
	return arena_str(a, buf_str(&b));
}

static int note_read(struct arena *a, int fd, struct layer_note *ret)
{
	struct str text;
	struct json *doc;
	int64_t format;

	if (file_read_fd(a, fd, 64 * KIB, &text, NULL) < 0 ||
		json_parse(a, text, 64 * KIB, &doc, NULL) < 0 ||
		json_int(json_get(doc, "format"), LAYER_FORMAT, LAYER_FORMAT, &format, NULL) <
			0 ||
		json_int(json_get(doc, "squashed"), 0, INT64_MAX, &ret->n_squashed, NULL) < 0 ||
		json_int(json_get(doc, "devices"), 0, INT64_MAX, &ret->n_devices, NULL) < 0)
		return -1;
	const struct json *hides = json_get(doc, "hidesLower");
	if (!hides || hides->kind != JSON_BOOL)
		return -1;
	ret->hides_lower = hides->boolean;
	ret->diff_id = json_str(json_get(doc, "diffID"));
	ret->map = json_str(json_get(doc, "map"));
	ret->boot = json_str(json_get(doc, "boot"));
	return 0;
}

/*
 * Whether a layer is there, complete, and what was asked for. The descriptor of layer.json is
 * returned share-locked, so that nobody removes the layer; -1 when it cannot be used.
 */
static int layer_pin(struct arena *a, int dfd, struct str dir, const struct layer_note *want,
	struct layer_note *note)
{
	struct stat st;
	struct str path = arena_printf(a, STR_FMT "/layer.json", STR_ARG(dir));
	struct str fs = arena_printf(a, STR_FMT "/fs", STR_ARG(dir));
	cleanup_fd int fd = path_open(
		dfd, str_c(path), O_RDONLY | O_NOFOLLOW, 0, PATH_BENEATH | PATH_NO_LINKS, NULL);

	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) < 0 || note_read(a, fd, note) < 0)
		return -1;
	if (!str_eq(note->diff_id, want->diff_id) || !str_eq(note->map, want->map) ||
		!str_eq(note->boot, want->boot))
		return -1;
	/* removed between opening and locking: the name is gone */
	if (fstatat(dfd, str_c(fs), &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return -1;
	return fd_take(&fd);
}

/* --- the stack of an image --- */

static bool is_above(const struct image *img, size_t i)
{
	for (size_t j = i + 1; j < img->n_layers; j++)
		if (str_eq(img->layers[i].diff_id, img->layers[j].diff_id))
			return true;
	return false;
}

/* NOLINTNEXTLINE(readability-function-size): a list comes back in two parameters */
int store_layers(struct store *s, struct arena *a, const struct image *img, struct str map_text,
	struct layer_dir **ret, size_t *ret_n, struct err *err)
{
	struct str key = layers_key(a, map_text);
	struct layer_dir *dirs = arena_new_array(a, struct layer_dir, img->n_layers);
	size_t n = 0, first = 0;
	bool all_ready = true;

	(void)err; /* an unusable layer is one to unpack, not a failure */
	for (size_t i = 0; i < img->n_layers; i++) {
		const struct image_layer *l = &img->layers[i];
		struct layer_note note = {0};
		struct layer_note want = {
			.diff_id = l->diff_id, .map = map_text, .boot = s->boot};

		/* the upper copy decides alone, and an overlay takes a directory only once */
		if (is_above(img, i))
			continue;
		struct str name = layers_name(a, l->diff_id);
		struct str dir =
			arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(key), STR_ARG(name));
		int pin_fd = layer_pin(a, s->dfd, dir, &want, &note);
		if (pin_fd >= 0)
			vec_push(&s->pins, pin_fd);
		all_ready = all_ready && pin_fd >= 0;
		if (note.hides_lower && pin_fd >= 0)
			first = n;
		dirs[n++] = (struct layer_dir){
			.diff_id = l->diff_id,
			.dir = arena_printf(a, STR_FMT "/fs", STR_ARG(dir)),
			.is_ready = pin_fd >= 0,
			.layer = i,
			.n_squashed = (uint64_t)note.n_squashed,
			.n_devices = (uint64_t)note.n_devices,
		};
	}
	if (!all_ready)
		first = 0;
	*ret = dirs + first;
	*ret_n = n - first;
	return 0;
}

/* --- unpacking --- */

/* Only by descriptors that are open already: a worker can open nothing by absolute path. */
static int layer_blob(
	const struct unpack_job *job, struct arena *a, struct blob *ret, struct err *err)
{
	const struct store *s = job->store;
	const struct source own = {
		.kind = SOURCE_LAYOUT, .fd = s->dfd, .blobs = {.label = s->dir, .fd = s->dfd}};
	const struct source *src = &own;

	if (job->image->source != IMAGE_FROM_STORE) {
		BUG_ON(job->image->source >= s->sources.n);
		src = s->sources.p[job->image->source];
	}
	return source_layer_blob(src, a, &job->image->layers[job->layer], ret, err);
}

void store_worker_fds(const struct store *s, struct arena *a, int **ret, size_t *ret_n)
{
	int *fds = arena_new_array(a, int, s->sources.n + 1);
	size_t n = 0;

	fds[n++] = s->dfd;
	for (size_t i = 0; i < s->sources.n; i++)
		fds[n++] = s->sources.p[i]->fd;
	*ret = fds;
	*ret_n = n;
}

static int layer_write(const struct unpack_job *job, const struct blob *blob, int fs_fd,
	struct unpack_stats *st, struct err *err)
{
	const struct image_layer *l = &job->image->layers[job->layer];
	struct layer_expect expect = {
		.digest = l->digest, .diff_id = l->diff_id, .media_type = l->media_type};
	struct unpack_rules rules = {.owner = job->owner,
		.shift_base = job->shift_base,
		.shift_count = job->shift_count};
	cleanup_layer_stream struct layer_stream *stream = NULL;

	if (layer_stream_new(blob, &expect, &stream, err) < 0)
		return -1;
	struct tar_source source = {.next = layer_stream_next, .arg = stream};
	cleanup_tar struct tar_reader tar;
	tar_init(&tar, &source);
	if (unpack_tar(&tar, fs_fd, &rules, st, err) < 0)
		return -1;
	return layer_stream_finish(stream, err);
}

/*
 * A new directory, locked by us from before anybody can see it unlocked: a cleaner holds the
 * store's lock while it looks.
 */
static int tmp_make(struct arena *a, int dfd, int kdfd, struct str *ret_name, struct err *err)
{
	cleanup_fd int lock_fd = store_lock(dfd, LOCK_SH, err);

	if (lock_fd < 0)
		return -1;
	*ret_name = arena_printf(
		a, ".tmp-%lld-%lld", (long long)getpid(), (long long)clock_mono_ns());
	if (mkdirat(kdfd, str_c(*ret_name), 0755) < 0)
		return err_sys(err, "make '" STR_FMT "'", STR_ARG(*ret_name));
	cleanup_fd int fd = dir_open(kdfd, str_c(*ret_name), err);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd_take(&fd);
	if (fd >= 0)
		err_sys(err, "lock '" STR_FMT "'", STR_ARG(*ret_name));
	(void)unlinkat(kdfd, str_c(*ret_name), AT_REMOVEDIR);
	return -1;
}

static struct layer_note wanted(const struct unpack_job *job)
{
	return (struct layer_note){
		.diff_id = job->image->layers[job->layer].diff_id,
		.map = job->map_text,
		.boot = job->store->boot,
	};
}

/* Moves the finished directory to its place, which somebody else may have filled meanwhile. */
static int tmp_publish(struct arena *a, const struct unpack_job *job, int kdfd, struct str tmp,
	struct err *err)
{
	const struct image_layer *l = &job->image->layers[job->layer];
	struct str name = layers_name(a, l->diff_id);
	struct layer_note note, want = wanted(job);

	for (int i = 0; i < 3; i++) {
		if (renameat2(kdfd, str_c(tmp), kdfd, str_c(name), RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST && errno != ENOTEMPTY)
			return err_sys(err, "rename a layer into place");
		cleanup_fd int pin_fd = layer_pin(a, kdfd, name, &want, &note);
		if (pin_fd >= 0)
			return dir_remove(kdfd, str_c(tmp), err);
		struct str old = arena_printf(a, STR_FMT "-old", STR_ARG(tmp));
		if (renameat(kdfd, str_c(name), kdfd, str_c(old)) < 0 && errno != ENOENT)
			return err_sys(err, "move an unusable layer away");
		if (dir_remove(kdfd, str_c(old), err) < 0)
			return -1;
	}
	return err_set(err, ERR_SYS, "rename a layer into place: others do the same");
}

static int layer_unpack_into(
	struct arena *a, const struct unpack_job *job, int kdfd, struct err *err)
{
	const struct image_layer *l = &job->image->layers[job->layer];
	struct unpack_stats st;
	struct str tmp;
	cleanup_blob struct blob blob = {.fd = -1};
	cleanup_fd int tmp_fd = -1;
	cleanup_fd int fs_fd = -1;

	if (layer_blob(job, a, &blob, err) < 0)
		return -1;
	tmp_fd = tmp_make(a, job->store->dfd, kdfd, &tmp, err);
	if (tmp_fd < 0)
		return -1;
	if (mkdirat(tmp_fd, "fs", 0700) < 0)
		err_sys(err, "make the layer's root");
	else
		fs_fd = dir_open(tmp_fd, "fs", err);
	if (fs_fd >= 0 && layer_write(job, &blob, fs_fd, &st, err) == 0 &&
		file_write(tmp_fd, "layer.json", note_text(a, job, l, &st), 0600, err) == 0 &&
		tmp_publish(a, job, kdfd, tmp, err) == 0)
		return 0;
	(void)dir_remove(kdfd, str_c(tmp), NULL); /* the next start tries again */
	return -1;
}

int layer_unpack(const struct unpack_job *job, struct err *err)
{
	cleanup_arena struct arena *a = arena_new();
	const struct image_layer *l = &job->image->layers[job->layer];
	struct str key = layers_key(a, job->map_text);
	struct str name = layers_name(a, l->diff_id);
	struct layer_note note, want = wanted(job);

	if (dir_make(job->store->dfd, str_c(key), 0700, err) < 0)
		return err_wrap(err, "store");
	cleanup_fd int kdfd = dir_open(job->store->dfd, str_c(key), err);
	if (kdfd < 0)
		return err_wrap(err, "store");
	cleanup_fd int pin_fd = layer_pin(a, kdfd, name, &want, &note);
	if (pin_fd >= 0)
		return 0;
	layers_clean(a, job->store->dfd);
	struct err why = {0};
	if (layer_unpack_into(a, job, kdfd, &why) == 0)
		return 0;
	if (err)
		*err = why;
	/* a full disk is the machine's failure, everything else the image's */
	return err_wrap_as(err, why.kind == ERR_SYS ? ERR_SYS : ERR_IMAGE,
		"image '" STR_FMT "': layer " STR_FMT, STR_ARG(job->image->ref),
		STR_ARG(l->diff_id));
}

/* --- leftovers --- */

static void clean_key(struct arena *a, int kdfd)
{
	struct str *names;
	size_t n;

	if (dir_list(a, kdfd, SIZE_MAX, &names, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		if (!str_starts(names[i], STR(".tmp-")))
			continue;
		cleanup_fd int fd = openat(
			kdfd, str_c(names[i]), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			(void)dir_remove(kdfd, str_c(names[i]), NULL); /* or the next time */
	}
}

void layers_clean(struct arena *a, int dfd)
{
	struct str *keys;
	size_t n;
	cleanup_fd int lock_fd = store_lock(dfd, LOCK_EX | LOCK_NB, NULL);
	cleanup_fd int layers_fd = -1;

	if (lock_fd < 0)
		return; /* somebody changes the store: the next start cleans */
	layers_fd = dir_open(dfd, "layers", NULL);
	if (layers_fd < 0 || dir_list(a, layers_fd, SIZE_MAX, &keys, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		cleanup_fd int kdfd = dir_open(layers_fd, str_c(keys[i]), NULL);
		if (kdfd >= 0)
			clean_key(a, kdfd);
	}
}
