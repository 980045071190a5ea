/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of images: what is read from good ones, and every way to be wrong (R60). */
#include "layout_build.h"

#include <base/bounds.h>
#include <images/source.h>

struct place {
	struct arena *a;
	char path[64];
	int dfd;
	struct str manifest;
};

static void place_open(struct place *p, const struct layout_change *c)
{
	p->a = arena_new();
	p->dfd = tmp_make_dir(p->path);
	p->manifest = layout_build(p->a, p->dfd, STR("tar"), "test", c);
}

static void place_close(struct place *p)
{
	fd_close(&p->dfd);
	tmp_remove(p->path);
	arena_free(p->a);
}

/* Opens the layout and loads "test"; the text of the failure, or NULL. */
static const char *load(struct place *p, struct image **ret)
{
	struct image_ref r;
	struct source *s;
	struct err err = {0};
	int rc;

	assert_ok(image_ref_parse(p->a, STR("test"), &r, &err), err);
	if (source_open(p->a, str_z(p->path), p->dfd, &s, &err) < 0) {
		assert_int_equal(err.kind, ERR_IMAGE);
		return arena_strz(p->a, err.msg).p;
	}
	const struct source_image *si = source_find(s, p->a, &r);
	rc = si ? source_load(s, p->a, si, ret, &err)
		: err_set(&err, ERR_NOT_FOUND, "not found");
	source_close(s);
	return rc < 0 ? arena_strz(p->a, err.msg).p : NULL;
}

static void test_good(void **state)
{
	struct layout_change none = {0};
	struct image *img;
	struct place p;

	(void)state;
	place_open(&p, &none);
	const char *why = load(&p, &img);
	if (why)
		fail_msg("%s", why);
	assert_true(str_eq(img->manifest_digest, p.manifest));
	assert_int_equal(img->n_layers, 1);
	assert_true(str_eq(img->layers[0].diff_id, img->layers[0].digest));
	assert_int_equal(img->config.n_env, 2);
	assert_string_equal(img->config.env[1].p, "A=b=c");
	assert_int_equal(img->config.n_entrypoint, 2);
	assert_string_equal(img->config.entrypoint[1].p, "-v");
	assert_string_equal(img->config.cmd[0].p, "sh");
	assert_string_equal(img->config.user.p, "joe");
	assert_string_equal(img->config.working_dir.p, "/w");
	place_close(&p);
}

static const struct {
	const char *name;
	struct layout_change change;
	const char *want; /* NULL: still good */
} cases[] = {
	{"marker-version", {'l', "1.0.0", "2.0.0"}, "imageLayoutVersion"},
	{"marker-empty", {'l', "{\"imageLayoutVersion\":\"1.0.0\"}", "{}"},
		"imageLayoutVersion"},
	{"index-version", {'i', "\"schemaVersion\":2", "\"schemaVersion\":1"}, "schemaVersion"},
	{"index-no-version", {'i', "\"schemaVersion\":2,", ""}, "schemaVersion"},
	{"index-layers", {'i', "{", "{\"layers\":[],"}, "both 'manifests' and"},
	{"index-config", {'i', "{", "{\"config\":{},"}, "both 'manifests' and"},
	{"index-type",
		{'i', "{", "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","},
		"expected an index"},
	{"index-own-type",
		{'i', "{", "{\"mediaType\":\"application/vnd.oci.image.index.v1+json\","},
		NULL},
	{"index-duplicate-key", {'i', "{", "{\"schemaVersion\":2,"}, "schemaVersion"},
	{"index-not-json", {'i', "}]}", "}]"}, "index.json"},
	{"index-trailing", {'i', "}]}", "}]}x"}, "index.json"},
	{"index-no-list", {'i', "\"manifests\":[", "\"manifests\":3,\"x\":["}, "list"},
	{"index-utf8", {'i', "\"size\"", "\"\xff\":1,\"size\""}, "index.json"},
	{"digest-upper", {'i', "sha256:", "sha256:A"}, "digest"},
	{"digest-algorithm", {'i', "sha256:", "md5:"}, "digest"},
	{"digest-path", {'i', "sha256:", "sha256:../../"}, "digest"},
	{"size-text", {'i', "\"size\":", "\"size\":\"1\",\"x\":"}, "size"},
	{"size-minus", {'i', "\"size\":", "\"size\":-"}, "size"},
	{"size-fraction", {'i', "\"size\":", "\"size\":1.5,\"x\":"}, "size"},
	{"size-other", {'i', "\"size\":", "\"size\":1"}, "bytes, expected"},
	{"no-media-type", {'i', "mediaType", "mediatype"}, "no 'mediaType'"},
	{"descriptor-type", {'i', "vnd.oci.image.manifest.v1", "vnd.oci.image.index.v1"},
		"mediaType"},
	{"descriptor-unknown", {'i', "vnd.oci.image.manifest.v1", "vnd.x"},
		"not that of an image"},
	{"descriptor-schema1",
		{'i', "application/vnd.oci.image.manifest.v1+json",
			"application/vnd.docker.distribution.manifest.v1+json"},
		"not that of an image"},
	{"ref-name-number", {'i', "\"test\"", "7"}, "not a string"},
	{"manifest-manifests", {'m', "{", "{\"manifests\":[],"}, "both 'manifests' and"},
	{"manifest-type", {'m', "vnd.oci.image.manifest.v1", "vnd.oci.image.index.v1"},
		"document says mediaType"},
	{"manifest-no-type",
		{'m', "\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",", ""},
		NULL},
	{"manifest-version", {'m', "\"schemaVersion\":2", "\"schemaVersion\":3"},
		"schemaVersion"},
	{"manifest-list", {'m', "{", "["}, "document"},
	{"manifest-no-layers", {'m', "\"layers\"", "\"x\""}, "list of descriptors"},
	{"manifest-no-config", {'m', "\"config\":{", "\"x\":{"}, "descriptor is missing"},
	{"config-type", {'m', "vnd.oci.image.config.v1+json", "vnd.oci.empty.v1+json"},
		"not that of a container"},
	{"config-size", {'m', "\"size\":", "\"size\":9"}, "bytes, expected"},
	{"config-huge", {'m', "\"size\":", "\"size\":999999999999999"}, "size"},
	{"layer-foreign", {'m', "layer.v1.tar", "layer.nondistributable.v1.tar"}, "foreign"},
	{"layer-foreign-docker",
		{'m', "vnd.oci.image.layer.v1.tar", "vnd.docker.image.rootfs.foreign.diff.tar"},
		"foreign"},
	{"layers-two",
		{'m', "\"layers\":[{",
			"\"layers\":[{\"mediaType\":\"x\",\"digest\":\"sha256:e3b0c44298fc"
			"1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"size\":0},{"},
		"1 diff IDs for 2 layers"},
	{"diff-ids-two",
		{'c', "\"diff_ids\":[",
			"\"diff_ids\":[\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4"
			"649b934ca495991b7852b855\","},
		"2 diff IDs for 1 layers"},
	{"diff-ids-none", {'c', "diff_ids", "x"}, "0 diff IDs for 1 layers"},
	{"diff-id-grammar", {'c', "\"diff_ids\":[\"sha256:", "\"diff_ids\":[\"sha256:../"},
		"digest"},
	{"rootfs-type", {'c', "\"layers\"", "\"base\""}, "rootfs.type"},
	{"rootfs-none", {'c', "rootfs", "x"}, "rootfs"},
	{"architecture", {'c', "\"architecture\":\"", "\"architecture\":\"x"}, "this machine"},
	{"os", {'c', "\"linux\"", "\"windows\""}, "expected linux"},
	{"config-null", {'c', "\"config\":{", "\"config\":null,\"x\":{"}, NULL},
	{"config-list", {'c', "\"config\":{", "\"config\":[],\"x\":{"}, "not an object"},
	{"env-no-equals", {'c', "PATH=/bin", "PATH"}, "expected NAME=VALUE"},
	{"env-no-name", {'c', "PATH=/bin", "=/bin"}, "expected NAME=VALUE"},
	{"config-env-nul", {'c', "PATH=/bin", "PATH=/bin\\u0000"}, "document"},
	{"env-text", {'c', "\"Env\":[", "\"Env\":\"A=b\",\"x\":["}, "not a list"},
	{"cmd-number", {'c', "\"sh\"", "1"}, "something but strings"},
	{"user-number", {'c', "\"joe\"", "0"}, "not a string"},
	{"config-labels", {'c', "\"y\"", "{\"deep\":[1,2]}"}, NULL},
	{"config-volumes", {'c', "\"/v\"", "\"/../../etc\""}, NULL},
};

static void test_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image *img;
		struct place p;

		place_open(&p, &cases[i].change);
		const char *why = load(&p, &img);
		if (!why != !cases[i].want || (why && !strstr(why, cases[i].want)))
			fail_msg("%s: got '%s', want '%s'", cases[i].name,
				why ? why : "no error",
				cases[i].want ? cases[i].want : "no error");
		place_close(&p);
	}
}

/* What is on the disk must be what was promised. */
static void test_files(void **state)
{
	struct layout_change none = {0};

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct image *img;
		struct place p;
		struct str path;
		struct err err = {0};
		const char *want = NULL;

		place_open(&p, &none);
		assert_ok(digest_path(p.a, p.manifest, &path, &err), err);
		switch (i) {
		case 0: /* same size, other bytes */
			assert_int_equal(renameat(p.dfd, path.p, p.dfd, "old"), 0);
			struct str text;
			assert_ok(file_read(p.a, p.dfd, "old", 1U << 20, &text, &err), err);
			((char *)(uintptr_t)text.p)[text.n - 2] ^= 1;
			assert_ok(file_write(p.dfd, path.p, text, 0644, &err), err);
			want = "digest does not match";
			break;
		case 1:
			assert_int_equal(unlinkat(p.dfd, path.p, 0), 0);
			want = "has no 'blobs/sha256/";
			break;
		case 2: /* blob-symlink */
			assert_int_equal(renameat(p.dfd, path.p, p.dfd, "old"), 0);
			assert_int_equal(symlinkat("../../old", p.dfd, path.p), 0);
			want = "is a link";
			break;
		case 3: /* a FIFO must not hang the reader */
			assert_int_equal(unlinkat(p.dfd, path.p, 0), 0);
			assert_int_equal(mkfifoat(p.dfd, path.p, 0644), 0);
			want = "not a regular file";
			break;
		default: /* the directory of blobs is a link */
			assert_int_equal(renameat(p.dfd, "blobs", p.dfd, "old"), 0);
			assert_int_equal(symlinkat("old", p.dfd, "blobs"), 0);
			want = "is a link";
			break;
		}
		const char *why = load(&p, &img);
		if (!why || !strstr(why, want))
			fail_msg("case %d: got '%s', want '%s'", i, why ? why : "no error",
				want);
		place_close(&p);
	}
}

/* --- indexes in indexes, platforms --- */

static struct descriptor nest(struct place *p, const char *items)
{
	struct descriptor d = layout_put_text(p->a, p->dfd,
		arena_printf(p->a, "{\"schemaVersion\":2,\"manifests\":[%s]}", items));

	d.media_type = str_z(media_type_index);
	return d;
}

static struct str item(struct place *p, struct descriptor d, const char *platform)
{
	return arena_printf(p->a,
		"{\"mediaType\":\"" STR_FMT "\",\"digest\":\"" STR_FMT "\",\"size\":%llu%s}",
		STR_ARG(d.media_type), STR_ARG(d.digest), (unsigned long long)d.size, platform);
}

static void write_index(struct place *p, const char *items)
{
	struct str text = arena_printf(p->a, "{\"schemaVersion\":2,\"manifests\":[%s]}", items);

	assert_int_equal(file_write(p->dfd, "index.json", text, 0644, NULL), 0);
}

static void test_index_depth(void **state)
{
	struct layout_change none = {0};

	(void)state;
	for (int depth = 0; depth < 6; depth++) {
		struct image *img;
		struct place p;

		place_open(&p, &none);
		struct str path;
		struct blob blob;
		struct blobs blobs = {.label = STR("x"), .fd = p.dfd};
		assert_int_equal(digest_path(p.a, p.manifest, &path, NULL), 0);
		assert_int_equal(blob_open(&blobs, path, &blob, NULL), 0);
		struct descriptor d = {.media_type = str_z(media_type_manifest),
			.digest = p.manifest,
			.size = blob.size};
		blob_close(&blob);
		for (int i = 0; i < depth; i++)
			d = nest(&p, item(&p, d, "").p);
		write_index(&p, item(&p, d,
					",\"annotations\":{\"org.opencontainers.image.ref."
					"name\":\"test\"}")
					.p);
		const char *why = load(&p, &img);
		if (depth <= BOUND_INDEX_DEPTH && why)
			fail_msg("depth %d: %s", depth, why);
		if (depth > BOUND_INDEX_DEPTH &&
			(!why || !strstr(why, "indexes in each other")))
			fail_msg("depth %d: %s", depth, why ? why : "no error");
		place_close(&p);
	}
}

static void test_platforms(void **state)
{
	static const char other[] =
		",\"platform\":{\"os\":\"linux\",\"architecture\":\"mips\"}";
	static const char windows[] =
		",\"platform\":{\"os\":\"windows\",\"architecture\":\"amd64\"}";
	struct layout_change none = {0};
	struct image *img;
	struct place p;

	(void)state;
	place_open(&p, &none);
	struct descriptor broken = {.media_type = str_z(media_type_manifest),
		.digest =
			STR("sha256:"
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
		.size = 1};
	struct str path;
	struct blob blob;
	struct blobs blobs = {.label = STR("x"), .fd = p.dfd};
	assert_int_equal(digest_path(p.a, p.manifest, &path, NULL), 0);
	assert_int_equal(blob_open(&blobs, path, &blob, NULL), 0);
	struct descriptor good = {.media_type = str_z(media_type_manifest),
		.digest = p.manifest,
		.size = blob.size};
	blob_close(&blob);
	struct str here =
		arena_printf(p.a, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}",
			platform_architecture());
	struct str items = arena_printf(p.a, "%s,%s,%s", item(&p, broken, other).p,
		item(&p, broken, windows).p, item(&p, good, here.p).p);
	static const char name[] =
		",\"annotations\":{\"org.opencontainers.image.ref.name\":\"test\"}";
	write_index(&p, item(&p, nest(&p, items.p), name).p);
	const char *why = load(&p, &img);
	if (why)
		fail_msg("%s", why);
	items = arena_printf(
		p.a, "%s,%s", item(&p, broken, other).p, item(&p, broken, windows).p);
	write_index(&p, item(&p, nest(&p, items.p), name).p);
	why = load(&p, &img);
	assert_non_null(why);
	assert_non_null(strstr(why, "has no image for linux/"));
	place_close(&p);
}

static void test_too_many_layers(void **state)
{
	struct layout_change c = {.doc = 'm', .from = "\"layers\":[{"};
	cleanup_buf struct buf b = tar_new();
	struct image *img;
	struct place p;

	(void)state;
	buf_addz(&b, "\"layers\":[");
	for (int i = 0; i < BOUND_LAYERS; i++)
		buf_addz(&b,
			"{\"mediaType\":\"x\",\"digest\":\"sha256:e3b0c44298fc1c149afbf4c8996"
			"fb92427ae41e4649b934ca495991b7852b855\",\"size\":0},");
	buf_addz(&b, "{");
	c.to = b.p;
	place_open(&p, &c);
	const char *why = load(&p, &img);
	assert_non_null(why);
	assert_non_null(strstr(why, "128 descriptors in one list"));
	place_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_index_depth),
		cmocka_unit_test(test_platforms),
		cmocka_unit_test(test_too_many_layers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
