/* SPDX-License-Identifier: Apache-2.0 */
/* The tar reader: every dialect it takes, everything it refuses, and cut-off input. */
#include "image_build.h"

#include <base/bounds.h>
#include <images/tar.h>

struct memory {
	struct str left;
	size_t piece; /* bytes a call, so that headers cross pieces */
};

static int memory_next(void *arg, const uint8_t **p, size_t *n, struct err *err)
{
	struct memory *m = arg;

	(void)err;
	*n = m->left.n < m->piece ? m->left.n : m->piece;
	*p = (const uint8_t *)m->left.p;
	m->left = str_slice(m->left, *n, m->left.n);
	return 0;
}

/* "f name size link|d name ...": one line per entry, or the error. */
static void list(struct str tar, size_t piece, struct buf *out)
{
	struct memory m = {.left = tar, .piece = piece};
	struct tar_source src = {.next = memory_next, .arg = &m};
	struct err err = {0};
	cleanup_tar struct tar_reader r;

	tar_init(&r, &src);
	buf_clear(out);
	for (;;) {
		struct tar_entry e;
		bool more;

		if (tar_next(&r, &e, &more, &err) < 0) {
			buf_addf(out, "error %s", err.msg);
			return;
		}
		if (!more)
			return;
		buf_addf(out, "%c '" STR_FMT "' '" STR_FMT "' %o %u:%u %llu %lld.%09u",
			"fdlhpD"[e.type], STR_ARG(e.name), STR_ARG(e.link), e.mode, e.uid,
			e.gid, (unsigned long long)e.size, (long long)e.mtime_s, e.mtime_ns);
		for (size_t i = 0; i < e.n_xattrs; i++)
			buf_addf(out, " " STR_FMT "=" STR_FMT, STR_ARG(e.xattrs[i].name),
				STR_ARG(e.xattrs[i].value));
		buf_addc(out, '\n');
	}
}

static void check(const char *name, struct buf *b, const char *want)
{
	static const size_t pieces[] = {1, 7, 511, 512, 513, 1U << 20};
	cleanup_buf struct buf out;

	buf_init(&out, 1U << 20);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		list(buf_str(b), pieces[i], &out);
		bool good = strncmp(want, "error ", 6) == 0 ? strstr(out.p, want + 6) != NULL
							    : str_eqz(buf_str(&out), want);
		if (!good)
			fail_msg("%s (pieces of %zu):\n got: %s\nwant: %s", name, pieces[i],
				out.p ? out.p : "", want);
	}
	buf_release(b);
}

static void test_dialects(void **state)
{
	struct buf b = tar_new();

	(void)state;
	tar_add(&b, (struct tar_spec){.name = "./a", .data = "hello", .uid = 7, .gid = 8});
	tar_add(&b, (struct tar_spec){.name = "d/", .type = '5', .mode = 01755});
	tar_add(&b, (struct tar_spec){.name = "/d//./l", .type = '2', .link = "../../etc"});
	tar_add(&b, (struct tar_spec){.name = "h", .type = '1', .link = "/./a"});
	tar_add(&b, (struct tar_spec){.name = "p", .type = '6'});
	tar_add(&b, (struct tar_spec){.name = "c", .type = '3'});
	tar_add(&b, (struct tar_spec){.name = "b", .type = '4'});
	tar_add(&b, (struct tar_spec){.name = "old/", .magic = "v7"});
	tar_add(&b, (struct tar_spec){.name = "x", .prefix = "some/where"});
	tar_add(&b, (struct tar_spec){.name = "x", .prefix = "gone", .magic = "gnu"});
	tar_add(&b, (struct tar_spec){.name = "./", .type = '5'});
	tar_finish(&b);
	check("dialects", &b,
		"f 'a' '' 644 7:8 5 1000000000.000000000\n"
		"d 'd' '' 1755 0:0 0 1000000000.000000000\n"
		"l 'd/l' '../../etc' 644 0:0 0 1000000000.000000000\n"
		"h 'h' 'a' 644 0:0 0 1000000000.000000000\n"
		"p 'p' '' 644 0:0 0 1000000000.000000000\n"
		"D 'c' '' 644 0:0 0 1000000000.000000000\n"
		"D 'b' '' 644 0:0 0 1000000000.000000000\n"
		"d 'old' '' 644 0:0 0 1000000000.000000000\n"
		"f 'some/where/x' '' 644 0:0 0 1000000000.000000000\n"
		"f 'x' '' 644 0:0 0 1000000000.000000000\n"
		"d '' '' 644 0:0 0 1000000000.000000000\n");
}

static void test_extensions(void **state)
{
	struct buf b = tar_new();

	(void)state;
	tar_pax_raw(&b,
		"12 path=n/m\n14 uid=100000\n22 mtime=-1.500000000\n"
		"30 SCHILY.xattr.user.k=vvvvvv\n15 comment=abc\n",
		12 + 14 + 22 + 30 + 15);
	tar_add(&b, (struct tar_spec){.name = "short", .data = "x"});
	tar_long(&b, 'L', "a/very/long");
	tar_long(&b, 'K', "target");
	tar_add(&b, (struct tar_spec){.name = "cut", .type = '2', .magic = "gnu"});
	tar_add(&b, (struct tar_spec){.name = "g", .type = 'g', .data = "13 path=evil\n"});
	tar_add(&b, (struct tar_spec){.name = "plain"});
	tar_pax(&b, "size", "3");
	tar_add(&b,
		(struct tar_spec){.name = "sized", .data = "abc", .size_field = "00000000000"});
	tar_add(&b, (struct tar_spec){.name = "big", .uid_field = "\x80\0\0\0\0\x01\x86\xa0"});
	tar_finish(&b);
	check("extensions", &b,
		"f 'n/m' '' 644 100000:0 1 -2.500000000 user.k=vvvvvv\n"
		"l 'a/very/long' 'target' 644 0:0 0 1000000000.000000000\n"
		"f 'plain' '' 644 0:0 0 1000000000.000000000\n"
		"f 'sized' '' 644 0:0 3 1000000000.000000000\n"
		"f 'big' '' 644 100000:0 0 1000000000.000000000\n");
}

static void test_refused_headers(void **state)
{
	static const struct {
		const char *name;
		struct tar_spec spec;
		const char *want;
	} cases[] = {
		{"dotdot", {.name = "a/../../etc/passwd"}, "error '..'"},
		{"dotdot-last", {.name = "a/.."}, "error '..'"},
		{"dotdot-absolute", {.name = "/../x"}, "error '..'"},
		{"dotdot-prefix", {.name = "x", .prefix = ".."}, "error '..'"},
		{"dotdot-link", {.name = "x", .type = '1', .link = "../x"}, "error '..'"},
		{"empty-name", {.name = ""}, "error name is empty"},
		{"root-is-file", {.name = "./."}, "error not a directory"},
		{"root-is-symlink", {.name = "./.", .type = '2', .link = "/etc"},
			"error not a directory"},
		{"root-is-hardlink", {.name = "/", .type = '1', .link = "x"},
			"error not a directory"},
		{"empty-symlink", {.name = "x", .type = '2'}, "error link target is empty"},
		{"hardlink-to-root", {.name = "x", .type = '1', .link = "./"},
			"error link target is empty"},
		{"sparse", {.name = "x", .type = 'S', .magic = "gnu"}, "error sparse"},
		{"volume", {.name = "x", .type = 'V', .magic = "gnu"}, "error type 0x56"},
		{"multivolume", {.name = "x", .type = 'M', .magic = "gnu"}, "error type 0x4d"},
		{"unknown", {.name = "x", .type = 'Q'}, "error type 0x51"},
		{"magic", {.name = "x", .magic = "zstar"}, "error magic"},
		{"sum", {.name = "x", .bad_sum = true}, "error checksum"},
		{"size-garbage", {.name = "x", .size_field = "0000000012x"}, "error malformed"},
		{"size-sign", {.name = "x", .size_field = "-0000000012"}, "error malformed"},
		{"size-minus",
			{.name = "x",
				.size_field =
					"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xf0"},
			"error negative"},
		{"size-overflow",
			{.name = "x",
				.size_field = "\x80\0\0\x7f\xff\xff\xff\xff\xff\xff\xff\xf0"},
			"error malformed"},
		{"size-huge", {.name = "x", .size_field = "\x80\0\0\0\0\0\x7f\0\0\0\0\0"},
			"error limit of a file"},
		{"uid-minus-one", {.name = "x", .uid_field = "\x80\0\0\0\xff\xff\xff\xff"},
			"error owner is out of range"},
		{"uid-wraps-to-root", {.name = "x", .uid_field = "\x80\0\0\x01\0\0\0\0"},
			"error owner is out of range"},
		{"dir-with-data", {.name = "x/", .type = '5', .data = "abc"},
			"error only regular files"},
		{"dir-by-slash-with-data", {.name = "x/", .data = "abc"},
			"error only regular files"},
		{"link-with-data", {.name = "x", .type = '1', .link = "y", .data = "abc"},
			"error only regular files"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b = tar_new();

		tar_add(&b, cases[i].spec);
		tar_finish(&b);
		check(cases[i].name, &b, cases[i].want);
	}
}

static void test_refused_extensions(void **state)
{
	static const struct {
		const char *name, *key, *value, *want;
	} cases[] = {
		{"pax-path-override", "path", "../../etc/x", "error '..'"},
		{"pax-path-empty", "path", "", "error 'path' is empty"},
		{"pax-link", "linkpath", "", "error 'linkpath' is empty"},
		{"pax-size-sign", "size", "-1", "error 'size' is not a number"},
		{"pax-size-blank", "size", " 1", "error 'size' is not a number"},
		{"pax-size-wrap", "size", "18446744073709551616",
			"error 'size' is not a number"},
		{"pax-size-huge", "size", "9223372036854775807", "error limit of a file"},
		{"pax-uid-minus-one", "uid", "4294967295",
			"error 'uid' is not a number in range"},
		{"pax-gid-wrap", "gid", "4294967296", "error 'gid' is not a number in range"},
		{"pax-mtime", "mtime", "1.2.3", "error 'mtime' is not a time"},
		{"pax-mtime-far", "mtime", "99999999999999999999",
			"error 'mtime' is not a time"},
		{"pax-sparse", "GNU.sparse.major", "1", "error sparse"},
		{"pax-realsize", "SCHILY.realsize", "1", "error sparse"},
		{"pax-charset", "hdrcharset", "EBCDIC", "error hdrcharset"},
		{"pax-xattr-no-name", "SCHILY.xattr.", "1", "error name that is empty"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b = tar_new();

		tar_pax(&b, cases[i].key, cases[i].value);
		tar_add(&b, (struct tar_spec){.name = "x"});
		tar_finish(&b);
		check(cases[i].name, &b, cases[i].want);
	}
}

static void test_refused_records(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} cases[] = {
		{"no-length", "path=x\n", "error no length"},
		{"sign", "+9 path=x\n", "error wrong length"},
		{"too-long", "99 path=x\n", "error wrong length"},
		{"too-short", "5 path=x\n", "error wrong length"},
		{"zero", "0 path=x\n", "error wrong length"},
		{"no-key", "6 =ab\n", "error no key"},
		{"no-equals", "8 pathx\n", "error no key"},
		{"no-newline", "9 path=ab", "error wrong length"},
		{"rest", "9 path=x\nz", "error no length"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b = tar_new();

		tar_pax_raw(&b, cases[i].text, strlen(cases[i].text));
		tar_add(&b, (struct tar_spec){.name = "x"});
		tar_finish(&b);
		check(cases[i].name, &b, cases[i].want);
	}
	struct buf b = tar_new();
	tar_pax_raw(&b, "11 path=a\0b\n", 12);
	tar_add(&b, (struct tar_spec){.name = "x"});
	check("pax-nul-path", &b, "error wrong length");
	tar_pax_raw(&b, "12 path=a\0b\n", 12);
	tar_add(&b, (struct tar_spec){.name = "x"});
	check("pax-nul-path", &b, "error NUL");
}

static void test_order(void **state)
{
	struct buf b = tar_new();

	(void)state;
	tar_pax(&b, "path", "a");
	tar_pax(&b, "path", "b");
	tar_add(&b, (struct tar_spec){.name = "x"});
	check("two pax headers", &b, "error two pax headers");
	tar_long(&b, 'L', "a");
	tar_long(&b, 'L', "b");
	tar_add(&b, (struct tar_spec){.name = "x"});
	check("two long names", &b, "error two GNU long names");
	tar_long(&b, 'L', "a");
	tar_pax(&b, "path", "b");
	tar_add(&b, (struct tar_spec){.name = "x"});
	check("long name and pax", &b, "error both a pax header and a GNU long name");
	tar_long(&b, 'L', "../../x");
	tar_add(&b, (struct tar_spec){.name = "x"});
	check("gnu-longname-override", &b, "error '..'");
	tar_long(&b, 'L', "");
	tar_add(&b, (struct tar_spec){.name = "x"});
	check("empty long name", &b, "error is empty");
	tar_pax(&b, "path", "a");
	tar_finish(&b);
	check("header without entry", &b, "error extension header without its entry");
	tar_add(&b, (struct tar_spec){.name = "x"});
	check("no end", &b, "f 'x' '' 644 0:0 0 1000000000.000000000\n");
	tar_finish(&b);
	tar_add(&b, (struct tar_spec){.name = "../behind/the/end", .bad_sum = true});
	check("after the end", &b, "");
	tar_finish(&b);
	buf_cut(&b, 512);
	check("one zero block at the end", &b, "");
	tar_finish(&b);
	buf_cut(&b, 512);
	tar_add(&b, (struct tar_spec){.name = "x"});
	tar_finish(&b);
	check("lone zero block", &b, "error lone zero block");
}

static void test_limits(void **state)
{
	char *name = mem_zalloc(8200);
	struct buf b = tar_new();

	(void)state;
	for (size_t i = 0; i < 8000; i++)
		name[i] = i % 2 ? '/' : 'a';
	name[2000] = '\0';
	tar_pax(&b, "path", name);
	tar_add(&b, (struct tar_spec){.name = "x"});
	check("deep-directories", &b, "error deeper than");
	memset(name, 'a', 300);
	name[300] = '\0';
	tar_pax(&b, "path", name);
	tar_add(&b, (struct tar_spec){.name = "x"});
	check("long-names", &b, "error longer than 255");
	memset(name, '/', 8000);
	tar_pax(&b, "path", name);
	tar_add(&b, (struct tar_spec){.name = "x"});
	check("slashes", &b, "error too long");
	for (size_t i = 0; i < 8000; i++)
		name[i] = i % 100 == 99 ? '/' : 'a';
	name[4500] = '\0';
	tar_pax(&b, "path", name);
	tar_add(&b, (struct tar_spec){.name = "x"});
	check("path", &b, "error longer than 4096");
	tar_add(&b, (struct tar_spec){.name = "x", .type = 'x', .size_field = "00040000000"});
	check("pax-bomb", &b, "error too long");
	tar_add(&b, (struct tar_spec){.name = "x", .type = 'L', .size_field = "00040000000"});
	check("longname-bomb", &b, "error too long");
	free(name);
}

/* A prefix is refused unless it ends between two entries; digests tell those apart. */
static void test_truncated(void **state)
{
	cleanup_buf struct buf b = tar_new();
	cleanup_buf struct buf out;
	size_t ends[3] = {0}; /* where entries end */

	(void)state;
	buf_init(&out, 1U << 20);
	tar_pax(&b, "path", "abc");
	tar_add(&b, (struct tar_spec){.name = "x", .data = "hello"});
	ends[1] = b.n;
	tar_add(&b, (struct tar_spec){.name = "y", .data = "there"});
	ends[2] = b.n;
	tar_finish(&b);
	for (size_t n = 0; n < ends[2] + 512; n++) {
		/* from the last byte of data on; the padding may be missing */
		bool whole = n == 0 || (n > ends[1] - 508 && n <= ends[1]) ||
			     (n > ends[2] - 508 && n <= ends[2]);

		list(str_slice(buf_str(&b), 0, n), 4096, &out);
		bool refused = strstr(out.p ? out.p : "", "error ") != NULL;
		if (refused == whole)
			fail_msg("%zu bytes: %s", n,
				refused ? out.p : "taken as a whole archive");
	}
	list(buf_str(&b), 4096, &out);
	assert_null(strstr(out.p, "error "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialects),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_refused_headers),
		cmocka_unit_test(test_refused_extensions),
		cmocka_unit_test(test_refused_records),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
