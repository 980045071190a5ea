/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory as an image of one gzip layer. Equal trees give equal images: sorted order, one
 * time for everything, no name of the machine anywhere.
 */
#include "layout_write.h"
#include "pack_walk.h"
#include "ref.h"
#include "store.h"

#include <base/bounds.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/json.h>
#include <base/num.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

enum { PACK_CHUNK = 128 * KIB };

struct gzip_sink {
	struct blob_writer *blob;
	struct hasher diff;
	z_stream z;
	uint8_t out[PACK_CHUNK];
};

static int gzip_run(struct gzip_sink *g, int flush, struct err *err)
{
	int rc;

	do {
		g->z.next_out = g->out;
		g->z.avail_out = PACK_CHUNK;
		rc = deflate(&g->z, flush);
		if (rc == Z_STREAM_ERROR)
			return err_set(err, ERR_SYS, "zlib: cannot compress");
		if (blob_writer_add(g->blob, g->out, PACK_CHUNK - g->z.avail_out, err) < 0)
			return -1;
	} while (g->z.avail_out == 0);
	return 0;
}

static int gzip_write(void *arg, const void *p, size_t n, struct err *err)
{
	struct gzip_sink *g = arg;

	BUG_ON(n > UINT32_MAX);
	hasher_add(&g->diff, p, n);
	g->z.next_in = (uint8_t *)(uintptr_t)p;
	g->z.avail_in = (unsigned int)n;
	return gzip_run(g, Z_NO_FLUSH, err);
}

struct packed {
	struct descriptor layer;
	struct str diff_id;
	uint64_t n_left_out;
};

static int pack_stream(
	struct gzip_sink *g, const struct pack_options *o, struct packed *ret, struct err *err)
{
	struct pack_sink sink = {.write = gzip_write, .arg = g};
	cleanup_fd int root_fd = dir_open(AT_FDCWD, str_c(o->dir), err);

	if (root_fd < 0)
		return -1;
	if (pack_walk(root_fd, o->created_wall_ns / NS_PER_S, &sink, &ret->n_left_out, err) < 0)
		return -1;
	return gzip_run(g, Z_FINISH, err);
}

static int pack_layer(struct arena *a, int dfd, const struct pack_options *o,
	struct packed *ret, struct err *err)
{
	cleanup_free struct gzip_sink *g = mem_zalloc(sizeof(*g));
	cleanup_blob_writer struct blob_writer blob = {.fd = -1};
	char diff_id[DIGEST_TEXT_BYTES];

	if (blob_writer_open(&blob, dfd, DIGEST_SHA256, err) < 0 ||
		hasher_init(&g->diff, DIGEST_SHA256, err) < 0)
		return -1;
	g->blob = &blob;
	int rc = deflateInit2(
		&g->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	if (rc != Z_OK)
		rc = err_set(err, ERR_SYS, "zlib: cannot be initialised");
	else
		rc = pack_stream(g, o, ret, err);
	(void)deflateEnd(&g->z); /* only frees */
	hasher_end(&g->diff, diff_id);
	hasher_release(&g->diff);
	if (rc < 0)
		return -1;
	ret->diff_id = arena_strz(a, diff_id);
	ret->layer.media_type = str_z(media_type_layer_gzip);
	ret->layer.size = blob.size;
	return blob_writer_end(&blob, a, STR_NONE, &ret->layer.digest, err);
}

static struct str config_text(
	struct arena *a, const struct pack_options *o, const struct packed *p)
{
	cleanup_buf struct buf b = {0};
	struct json_writer w;
	struct str created = clock_rfc3339(a, o->created_wall_ns);

	buf_init(&b, BOUND_JSON_BYTES);
	json_writer_init(&w, &b, 0);
	json_open(&w, '{');
	json_field(&w, "created", created);
	json_fieldz(&w, "architecture", platform_architecture());
	json_fieldz(&w, "os", "linux");
	json_key(&w, "config");
	json_open(&w, '{');
	json_field_given(&w, "User", o->user);
	json_field_list(&w, "Env", o->env, o->n_env);
	json_field_list(&w, "Entrypoint", o->entrypoint, o->n_entrypoint);
	json_field_list(&w, "Cmd", o->cmd, o->n_cmd);
	json_field_given(&w, "WorkingDir", o->working_dir);
	json_close(&w, '}');
	json_key(&w, "rootfs");
	json_open(&w, '{');
	json_fieldz(&w, "type", "layers");
	json_field_list(&w, "diff_ids", &p->diff_id, 1);
	json_close(&w, '}');
	json_key(&w, "history");
	json_open(&w, '[');
	json_open(&w, '{');
	json_field(&w, "created", created);
	json_fieldz(&w, "created_by", "monopod image pack");
	json_close(&w, '}');
	json_close(&w, ']');
	json_close(&w, '}');
	return b.full ? STR_NONE : arena_str(a, buf_str(&b));
}

static int pack_into(struct arena *a, int dfd, const struct pack_options *o,
	struct str *ret_digest, struct err *err)
{
	struct packed p = {0};
	struct descriptor config = {.media_type = str_z(media_type_config)};
	struct descriptor manifest = {.media_type = str_z(media_type_manifest)};

	if (layout_init(a, dfd, err) < 0 || pack_layer(a, dfd, o, &p, err) < 0)
		return -1;
	struct str text = config_text(a, o, &p);
	if (!text.n)
		return err_set(err, ERR_LIMIT, "config: more than %d bytes", BOUND_JSON_BYTES);
	if (layout_put(a, dfd, text, &config, err) < 0)
		return -1;
	text = manifest_text(a, &config, &p.layer, 1);
	if (layout_put(a, dfd, text, &manifest, err) < 0 ||
		layout_index_add(a, dfd, &manifest, o->ref, o->created_wall_ns, err) < 0)
		return -1;
	*ret_digest = manifest.digest;
	if (o->ret_left_out)
		*o->ret_left_out = p.n_left_out;
	return 0;
}

/* What the image's own config check would refuse later is refused here. */
static int pack_check(struct arena *a, const struct pack_options *o, struct err *err)
{
	struct image_ref r;

	if (image_ref_parse(a, o->ref, &r, err) < 0)
		return err_wrap_as(err, ERR_USAGE, "--tag");
	if (r.digest.n)
		return err_set(
			err, ERR_USAGE, "--tag '" STR_FMT "': has a digest", STR_ARG(o->ref));
	for (size_t i = 0; i < o->n_env; i++)
		if (str_chr(o->env[i], '=') < 1)
			return err_set(err, ERR_USAGE, "env '" STR_FMT "': expected NAME=VALUE",
				STR_ARG(o->env[i]));
	if (o->working_dir.n && o->working_dir.p[0] != '/')
		return err_set(err, ERR_USAGE, "working directory '" STR_FMT "': not absolute",
			STR_ARG(o->working_dir));
	return 0;
}

/* A directory that is no layout is not made one when there is something else in it. */
static int output_check(struct arena *a, int dfd, struct err *err)
{
	struct str *names;
	size_t n;

	if (faccessat(dfd, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (dir_list(a, dfd, BOUND_INDEX_ENTRIES, &names, &n, err) < 0)
		return -1;
	if (n)
		return err_set(err, ERR_USAGE,
			"holds '" STR_FMT "': neither empty nor a layout", STR_ARG(names[0]));
	return 0;
}

static int pack_to_layout(
	struct arena *a, const struct pack_options *o, struct str *ret_digest, struct err *err)
{
	if (dir_make(AT_FDCWD, str_c(o->output), 0755, err) < 0)
		return -1;
	cleanup_fd int dfd = dir_open(AT_FDCWD, str_c(o->output), err);
	if (dfd < 0)
		return -1;
	while (flock(dfd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_sys(err, "lock");
	if (output_check(a, dfd, err) < 0)
		return -1;
	return pack_into(a, dfd, o, ret_digest, err);
}

int image_pack(struct arena *a, struct store *s, const struct pack_options *o,
	struct str *ret_digest, struct err *err)
{
	cleanup_fd int lock_fd = -1;

	if (pack_check(a, o, err) < 0)
		return -1;
	if (o->output.n) {
		if (pack_to_layout(a, o, ret_digest, err) < 0)
			return err_wrap(err, "pack '" STR_FMT "' into '" STR_FMT "'",
				STR_ARG(o->dir), STR_ARG(o->output));
		return 0;
	}
	BUG_ON(!s);
	lock_fd = store_lock(s->dfd, LOCK_EX, err);
	if (lock_fd < 0 || pack_into(a, s->dfd, o, ret_digest, err) < 0)
		return err_wrap(err, "pack '" STR_FMT "'", STR_ARG(o->dir));
	return 0;
}
