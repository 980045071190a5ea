/* SPDX-License-Identifier: Apache-2.0 */
/* Layer streams: packings, members, digests, truncation, garbage and bombs. */
#include "image_build.h"

#include <base/arena.h>
#include <images/layer.h>
#include <zlib.h>
#include <zstd.h>

static void gzip_add(struct buf *b, const char *p, size_t n)
{
	z_stream z = {0};
	uint8_t *out = mem_alloc(n + 4096);

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (uint8_t *)(uintptr_t)p;
	z.avail_in = (unsigned int)n;
	z.next_out = out;
	z.avail_out = (unsigned int)n + 4096;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_add(b, out, z.total_out);
	assert_int_equal(deflateEnd(&z), Z_OK);
	free(out);
}

static void zstd_add(struct buf *b, const char *p, size_t n)
{
	size_t cap = ZSTD_compressBound(n);
	char *out = mem_alloc(cap);
	size_t got = ZSTD_compress(out, cap, p, n, 3);

	assert_false(ZSTD_isError(got));
	buf_add(b, out, got);
	free(out);
}

/* The bytes that come out, or the error's text. */
static void run(const struct buf *b, const struct layer_expect *expect, struct buf *out)
{
	cleanup_blob struct blob blob = blob_of(b->p, b->n);
	cleanup_layer_stream struct layer_stream *s = NULL;
	struct err err = {0};

	buf_clear(out);
	if (layer_stream_new(&blob, expect, &s, &err) < 0) {
		buf_addf(out, "error %s", err.msg);
		return;
	}
	for (;;) {
		const uint8_t *p;
		size_t n;

		if (layer_stream_next(s, &p, &n, &err) < 0) {
			buf_clear(out);
			buf_addf(out, "error %s", err.msg);
			return;
		}
		if (!n)
			break;
		buf_add(out, p, n);
	}
	if (layer_stream_finish(s, &err) < 0) {
		buf_clear(out);
		buf_addf(out, "error %s", err.msg);
	}
}

static void check(
	const char *name, struct buf *b, const struct layer_expect *expect, const char *want)
{
	cleanup_buf struct buf out;

	buf_init(&out, 1U << 30);
	run(b, expect, &out);
	if (strncmp(want, "error ", 6) == 0 ? !out.p || !strstr(out.p, want + 6)
					    : !str_eqz(buf_str(&out), want))
		fail_msg("%s: got '%s', want '%s'", name, out.p ? out.p : "", want);
	buf_release(b);
}

static void test_packings(void **state)
{
	struct layer_expect any = {0};
	struct buf b = tar_new();

	(void)state;
	buf_addz(&b, "plain bytes");
	check("plain", &b, &any, "plain bytes");
	gzip_add(&b, "hello", 5);
	check("gzip", &b, &any, "hello");
	gzip_add(&b, "one ", 4);
	gzip_add(&b, "", 0);
	gzip_add(&b, "two ", 4);
	gzip_add(&b, "three", 5);
	check("gzip-members", &b, &any, "one two three");
	zstd_add(&b, "hello", 5);
	check("zstd", &b, &any, "hello");
	zstd_add(&b, "one ", 4);
	buf_add(&b, "\x50\x2a\x4d\x18\x04\0\0\0skip", 12);
	zstd_add(&b, "two", 3);
	check("zstd-frames", &b, &any, "one two");
	buf_add(&b, "\x51\x2a\x4d\x18\x04\0\0\0skip", 12);
	zstd_add(&b, "two", 3);
	check("zstd-skippable-first", &b, &any, "two");
	check("empty", &b, &any, "");
}

static void test_refused(void **state)
{
	struct layer_expect any = {0};
	struct buf b = tar_new();

	(void)state;
	gzip_add(&b, "hello", 5);
	buf_addz(&b, "garbage");
	check("gzip-trailing", &b, &any, "error gzip data is corrupt");
	gzip_add(&b, "hello", 5);
	buf_add(&b, "\0\0\0\0", 4);
	check("gzip-zeros", &b, &any, "error gzip data is corrupt");
	gzip_add(&b, "hello", 5);
	buf_cut(&b, b.n - 1);
	check("gzip-truncated", &b, &any, "error gzip data is truncated");
	gzip_add(&b, "hello", 5);
	b.p[b.n - 5] ^= 1;
	check("gzip-crc", &b, &any, "error gzip data is corrupt");
	buf_addz(&b, "\x1f\x8b");
	check("gzip-head-only", &b, &any, "error gzip data is truncated");
	zstd_add(&b, "hello", 5);
	buf_cut(&b, b.n - 1);
	check("zstd-truncated", &b, &any, "error zstd data is truncated");
	zstd_add(&b, "hello", 5);
	buf_addz(&b, "garbage");
	check("zstd-trailing", &b, &any, "error zstd data is corrupt");
}

static void test_media_types(void **state)
{
	static const struct {
		const char *type;
		char packing; /* p, g, z */
		const char *want;
	} cases[] = {
		{"application/vnd.oci.image.layer.v1.tar", 'p', "x"},
		{"application/vnd.oci.image.layer.v1.tar", 'g', "error bytes are gzip"},
		{"application/vnd.oci.image.layer.v1.tar", 'z', "error bytes are zstd"},
		{"application/vnd.oci.image.layer.v1.tar+gzip", 'g', "x"},
		{"application/vnd.oci.image.layer.v1.tar+gzip", 'p',
			"error bytes are plain tar"},
		{"application/vnd.oci.image.layer.v1.tar+gzip", 'z', "error bytes are zstd"},
		{"application/vnd.oci.image.layer.v1.tar+zstd", 'z', "x"},
		{"application/vnd.oci.image.layer.v1.tar+zstd", 'g', "error bytes are gzip"},
		{"application/vnd.docker.image.rootfs.diff.tar.gzip", 'g', "x"},
		{"application/vnd.docker.image.rootfs.diff.tar", 'p', "x"},
		{"application/vnd.oci.image.manifest.v1+json", 'p',
			"error not that of a layer"},
		{"application/vnd.oci.image.layer.v1.tar+encrypted", 'p',
			"error not that of a layer"},
		{"text/plain", 'p', "error not that of a layer"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct layer_expect expect = {.media_type = str_z(cases[i].type)};
		struct buf b = tar_new();

		if (cases[i].packing == 'g')
			gzip_add(&b, "x", 1);
		else if (cases[i].packing == 'z')
			zstd_add(&b, "x", 1);
		else
			buf_addz(&b, "x");
		check(cases[i].type, &b, &expect, cases[i].want);
	}
}

static void test_digests(void **state)
{
	cleanup_arena struct arena *a = arena_new();
	struct str hello, packed;
	struct buf b = tar_new();

	(void)state;
	gzip_add(&b, "hello", 5);
	assert_ok(digest_of(a, STR("hello"), &hello, NULL), (struct err){0});
	assert_ok(digest_of(a, buf_str(&b), &packed, NULL), (struct err){0});
	const struct {
		const char *name;
		struct layer_expect expect;
		bool plain;
		const char *want;
	} cases[] = {
		{"both", {.digest = packed, .diff_id = hello}, false, "hello"},
		{"digest", {.digest = hello, .diff_id = hello}, false,
			"error digest does not match"},
		{"diff", {.digest = packed, .diff_id = packed}, false,
			"error diff ID does not match"},
		{"plain", {.digest = hello, .diff_id = hello}, true, "hello"},
		{"plain-diff", {.digest = hello, .diff_id = packed}, true,
			"error diff ID does not match"},
		{"plain-digest", {.digest = packed, .diff_id = packed}, true,
			"error digest does not match"},
		{"plain-only-diff", {.diff_id = packed}, true, "error diff ID does not match"},
		{"grammar", {.digest = STR("sha256:ABC")}, true, "error expected sha256"},
		{"sha512",
			{.diff_id = STR("sha512:"
					"9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff7"
					"2519673c"
					"a72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef4"
					"6f73bcdec043")},
			true, "hello"},
	};
	buf_release(&b);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (cases[i].plain)
			buf_addz(&b, "hello");
		else
			gzip_add(&b, "hello", 5);
		check(cases[i].name, &b, &cases[i].expect, cases[i].want);
	}
}

/* deflate cannot pack better than 1:1032, which is let through; zstd can. */
static void test_bomb(void **state)
{
	struct layer_expect any = {0};
	struct buf b = tar_new();
	size_t n = 100U << 20;
	char *zeros = mem_zalloc(n);
	cleanup_buf struct buf out;

	(void)state;
	zstd_add(&b, zeros, n);
	buf_init(&out, 1U << 30);
	run(&b, &any, &out);
	assert_non_null(strstr(out.p, "times its size"));
	buf_release(&b);
	free(zeros);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packings),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_media_types),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
