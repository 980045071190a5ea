/* SPDX-License-Identifier: Apache-2.0 */
/* Users of images: strings, passwd and group files over layers (R30, R31). */
#include "image_build.h"

#include <base/bounds.h>
#include <images/whiteout.h>
#include <monopod/images.h>

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "# joe:x:1:1::/:/\n"
			     "joe:x:1000:1001:Joe:/home/joe:/bin/sh\n"
			     "big:x:4294967294:4294967294::/big:\n"
			     "wrap:x:4294967296:0::/:\n"
			     "minus:x:-1:0::/:\n"
			     "plus:x:+0:0::/:\n"
			     "hex:x:0x0:0::/:\n"
			     "short\n"
			     "nohome:x:7:8::relative:\n"
			     "escape:x:9:9::/a\x1b[2J:\n"
			     "blank: x: 5: 5::/:\n";
static const char group[] = "root:x:0:\n"
			    "joe:x:1001:\n"
			    "staff:x:50:joe,jane\n"
			    "disk:x:6:jane,joe\n"
			    "twice:x:50:joe\n"
			    "notjoe:x:51:joey,ajoe\n"
			    "wrapped:x:4294967296:joe\n";

struct place {
	struct arena *a;
	char path[64];
	int dfd;
	int layers[3]; /* topmost first */
	size_t n;
};

static void place_open(struct place *p, size_t n)
{
	*p = (struct place){.a = arena_new(), .n = n};
	p->dfd = tmp_make_dir(p->path);
	for (size_t i = 0; i < n; i++) {
		struct str name = arena_printf(p->a, "%zu/etc", i);
		assert_int_equal(dir_make(p->dfd, name.p, 0755, NULL), 0);
		p->layers[i] = dir_open(p->dfd, arena_printf(p->a, "%zu", i).p, NULL);
	}
}

static void place_close(struct place *p)
{
	for (size_t i = 0; i < p->n; i++)
		fd_close(&p->layers[i]);
	fd_close(&p->dfd);
	tmp_remove(p->path);
	arena_free(p->a);
}

static void put(struct place *p, size_t layer, const char *name, const char *text)
{
	assert_int_equal(file_write(p->layers[layer], name, str_z(text), 0644, NULL), 0);
}

static int find(struct place *p, const char *user, struct image_user *u, struct err *err)
{
	return image_user_find(p->a, p->layers, p->n, str_z(user), -1, -1, u, err);
}

static void test_strings(void **state)
{
	static const struct {
		const char *user;
		bool good;
		uint32_t uid, gid;
		const char *home;
	} cases[] = {
		{"", true, 0, 0, "/root"},
		{"0", true, 0, 0, "/root"},
		{"root", true, 0, 0, "/root"},
		{"joe", true, 1000, 1001, "/home/joe"},
		{"1000", true, 1000, 1001, "/home/joe"},
		{"joe:staff", true, 1000, 50, "/home/joe"},
		{"joe:7", true, 1000, 7, "/home/joe"},
		{"5:joe", true, 5, 1001, ""},
		{"12345", true, 12345, 0, ""},
		{"12345:6", true, 12345, 6, ""},
		{"4294967294:4294967294", true, 4294967294U, 4294967294U, "/big"},
		{"big", true, 4294967294U, 4294967294U, "/big"},
		{"nohome", true, 7, 8, ""},
		{"escape", true, 9, 9, ""},
		/* the seventeen of config-user-*, and more: none may become anybody */
		{"4294967295", false, 0, 0, NULL},
		{"4294967296", false, 0, 0, NULL},
		{"2147483648000", false, 0, 0, NULL},
		{"18446744073709551616", false, 0, 0, NULL},
		{"-1", false, 0, 0, NULL},
		{"+0", false, 0, 0, NULL},
		{"0x0", false, 0, 0, NULL},
		{"0 ", false, 0, 0, NULL},
		{" 0", false, 0, 0, NULL},
		{"0\n", false, 0, 0, NULL},
		{"root\n", false, 0, 0, NULL},
		{"root:", false, 0, 0, NULL},
		{":root", false, 0, 0, NULL},
		{":", false, 0, 0, NULL},
		{"0:0:0", false, 0, 0, NULL},
		{"0:-1", false, 0, 0, NULL},
		{"0:4294967295", false, 0, 0, NULL},
		{"1e3", false, 0, 0, NULL},
		{"1.0", false, 0, 0, NULL},
		{"nobody", false, 0, 0, NULL},
		{"joe:nogroup", false, 0, 0, NULL},
		{"wrap", false, 0, 0, NULL},
		{"minus", false, 0, 0, NULL},
		{"plus", false, 0, 0, NULL},
		{"hex", false, 0, 0, NULL},
		{"short", false, 0, 0, NULL},
		{"blank", false, 0, 0, NULL},
		{"# joe", false, 0, 0, NULL},
		{"joe:wrapped", false, 0, 0, NULL},
		{"../root", false, 0, 0, NULL},
		{"joe,root", false, 0, 0, NULL},
	};
	struct place p;

	(void)state;
	place_open(&p, 1);
	put(&p, 0, "etc/passwd", passwd);
	put(&p, 0, "etc/group", group);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_user u = {0};
		struct err err = {0};
		int rc = find(&p, cases[i].user, &u, &err);

		if ((rc == 0) != cases[i].good)
			fail_msg("'%s': %s", cases[i].user, rc ? err.msg : "was taken");
		if (rc < 0)
			continue;
		if (u.uid != cases[i].uid || u.gid != cases[i].gid ||
			!str_eqz(u.home, cases[i].home))
			fail_msg("'%s' is %u:%u home '%s'", cases[i].user, u.uid, u.gid,
				str_c(u.home));
	}
	struct image_user u;
	struct err err = {0};
	assert_int_equal(image_user_find(p.a, p.layers, 1, (struct str){.p = "root\0x", .n = 6},
				 -1, -1, &u, &err),
		-1);
	place_close(&p);
}

static void test_groups(void **state)
{
	struct image_user u;
	struct err err = {0};
	struct place p;

	(void)state;
	place_open(&p, 1);
	put(&p, 0, "etc/passwd", passwd);
	put(&p, 0, "etc/group", group);
	assert_ok(find(&p, "joe", &u, &err), err);
	assert_int_equal(u.n_groups, 2);
	assert_int_equal(u.groups[0], 50);
	assert_int_equal(u.groups[1], 6);
	assert_string_equal(u.name.p, "joe");
	assert_ok(find(&p, "12345", &u, &err), err);
	assert_int_equal(u.n_groups, 0);
	place_close(&p);
}

static void test_overrides(void **state)
{
	struct image_user u;
	struct err err = {0};
	struct place p;

	(void)state;
	place_open(&p, 1);
	put(&p, 0, "etc/passwd", passwd);
	put(&p, 0, "etc/group", group);
	/* runAsUser replaces even a user text that cannot be resolved */
	assert_ok(image_user_find(p.a, p.layers, 1, STR("nobody"), 1000, -1, &u, &err), err);
	assert_int_equal(u.uid, 1000);
	assert_int_equal(u.gid, 1001);
	assert_string_equal(u.home.p, "/home/joe");
	assert_ok(image_user_find(p.a, p.layers, 1, STR("joe"), 7777, 88, &u, &err), err);
	assert_int_equal(u.uid, 7777);
	assert_int_equal(u.gid, 88);
	assert_ok(image_user_find(p.a, p.layers, 1, STR("joe"), -1, 88, &u, &err), err);
	assert_int_equal(u.uid, 1000);
	assert_int_equal(u.gid, 88);
	assert_int_equal(
		image_user_find(p.a, p.layers, 1, STR("joe"), 4294967295, -1, &u, &err), -1);
	assert_int_equal(
		image_user_find(p.a, p.layers, 1, STR("joe"), -1, 4294967295, &u, &err), -1);
	place_close(&p);
}

/* The stack decides which file is seen: upper files, whiteouts, opaque directories. */
static void test_layers(void **state)
{
	struct image_user u;
	struct err err = {0};
	struct place p;

	(void)state;
	place_open(&p, 3);
	put(&p, 2, "etc/passwd", "joe:x:1:1::/:\n");
	assert_ok(find(&p, "joe", &u, &err), err);
	assert_int_equal(u.uid, 1);
	put(&p, 0, "etc/passwd", "joe:x:3:3::/:\n");
	assert_ok(find(&p, "joe", &u, &err), err);
	assert_int_equal(u.uid, 3);
	assert_int_equal(unlinkat(p.layers[0], "etc/passwd", 0), 0);
	assert_int_equal(whiteout_make(p.layers[1], "etc/passwd", &err), 0);
	assert_int_equal(find(&p, "joe", &u, &err), -1);
	assert_int_equal(unlinkat(p.layers[1], "etc/passwd", 0), 0);
	cleanup_fd int etc_fd = dir_open(p.layers[1], "etc", NULL);
	assert_int_equal(whiteout_set_opaque(etc_fd, &err), 0);
	assert_int_equal(find(&p, "joe", &u, &err), -1);
	assert_int_equal(unlinkat(p.layers[1], "etc", AT_REMOVEDIR), 0);
	assert_ok(find(&p, "joe", &u, &err), err);
	assert_int_equal(whiteout_make(p.layers[1], "etc", &err), 0);
	assert_int_equal(find(&p, "joe", &u, &err), -1);
	place_close(&p);
}

static void make_symlink(struct place *p)
{
	assert_int_equal(symlinkat("/etc/passwd", p->layers[0], "etc/passwd"), 0);
}

static void make_relative(struct place *p)
{
	put(p, 0, "real", passwd);
	assert_int_equal(symlinkat("../real", p->layers[0], "etc/passwd"), 0);
}

static void make_fifo(struct place *p)
{
	assert_int_equal(mkfifoat(p->layers[0], "etc/passwd", 0644), 0);
}

static void make_dir(struct place *p)
{
	assert_int_equal(mkdirat(p->layers[0], "etc/passwd", 0755), 0);
}

static void make_etc_link(struct place *p)
{
	assert_int_equal(unlinkat(p->layers[0], "etc", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("/etc", p->layers[0], "etc"), 0);
}

static void make_huge(struct place *p)
{
	struct buf b = tar_new();

	for (int i = 0; i < 40000; i++)
		buf_addz(&b, "someone:x:1:1:a long name in here:/:\n");
	buf_addz(&b, "root:x:0:0::/:\n");
	assert_true(b.n > MIB);
	put(p, 0, "etc/passwd", b.p);
	buf_release(&b);
}

static void make_long_line(struct place *p)
{
	char *line = mem_zalloc(70 * KIB);

	memset(line, 'a', 70 * KIB - 1);
	put(p, 0, "etc/passwd", line);
	free(line);
}

static void make_nul(struct place *p)
{
	struct str text = {.p = "root:x:0:0::/:\n\0x", .n = 17};

	assert_int_equal(file_write(p->layers[0], "etc/passwd", text, 0644, NULL), 0);
}

/* Names are refused, numbers need no file; nothing hangs. */
static void test_bad_files(void **state)
{
	static void (*const makes[])(struct place *) = {make_symlink, make_relative, make_fifo,
		make_dir, make_etc_link, make_huge, make_long_line, make_nul};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(makes); i++) {
		struct image_user u;
		struct err err = {0};
		struct place p;

		place_open(&p, 1);
		makes[i](&p);
		if (find(&p, "root", &u, &err) == 0)
			fail_msg("case %zu: a name was resolved", i);
		assert_int_equal(err.kind, ERR_IMAGE);
		assert_ok(find(&p, "1000", &u, &err), err);
		assert_int_equal(u.uid, 1000);
		assert_int_equal(u.gid, 0);
		place_close(&p);
	}
}

static void test_too_many_groups(void **state)
{
	struct buf b = tar_new();
	struct image_user u;
	struct err err = {0};
	struct place p;

	(void)state;
	place_open(&p, 1);
	put(&p, 0, "etc/passwd", passwd);
	for (int i = 0; i < 1025; i++)
		buf_addf(&b, "g%d:x:%d:joe\n", i, i + 100);
	put(&p, 0, "etc/group", b.p);
	assert_int_equal(find(&p, "joe", &u, &err), -1);
	assert_int_equal(err.kind, ERR_IMAGE);
	buf_release(&b);
	place_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_overrides),
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_too_many_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
