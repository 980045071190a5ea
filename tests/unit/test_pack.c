/* SPDX-License-Identifier: Apache-2.0 */
/* Packing: what goes in comes out again, the same bytes every time; archives of layouts. */
#include "layout_build.h"

#include <images/store.h>
#include <monopod/images.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

struct place {
	struct arena *a;
	char path[64];
	int dfd;
	int root_fd;
	struct str root, out;
	struct store *s;
	struct err err;
};

static void place_open(struct place *p)
{
	*p = (struct place){.a = arena_new()};
	p->dfd = tmp_make_dir(p->path);
	p->root = arena_printf(p->a, "%s/root", p->path);
	p->out = arena_printf(p->a, "%s/out", p->path);
	assert_int_equal(mkdirat(p->dfd, "root", 0755), 0);
	p->root_fd = dir_open(p->dfd, "root", NULL);
	assert_ok(store_open(p->a, arena_printf(p->a, "%s/store", p->path), &p->s, &p->err),
		p->err);
}

static void place_close(struct place *p)
{
	store_close(p->s);
	fd_close(&p->root_fd);
	fd_close(&p->dfd);
	tmp_remove(p->path);
	arena_free(p->a);
}

static void put(struct place *p, const char *name, const char *text, uint32_t mode)
{
	assert_int_equal(file_write(p->root_fd, name, str_z(text), mode, NULL), 0);
	assert_int_equal(fchmodat(p->root_fd, name, mode, 0), 0);
}

static void make_tree(struct place *p)
{
	char deep[260];

	memset(deep, 'n', 200);
	deep[200] = '\0';
	put(p, "b", "bee", 0644);
	put(p, "a", "", 0600);
	put(p, "run", "#!/bin/sh\n", 04755);
	assert_int_equal(linkat(p->root_fd, "b", p->root_fd, "c", 0), 0);
	assert_int_equal(symlinkat("../../etc/passwd", p->root_fd, "link"), 0);
	assert_int_equal(mkdirat(p->root_fd, "tmp", 0700), 0);
	assert_int_equal(fchmodat(p->root_fd, "tmp", 01777, 0), 0);
	assert_int_equal(mkfifoat(p->root_fd, "pipe", 0600), 0);
	assert_int_equal(mkdirat(p->root_fd, deep, 0755), 0);
	(void)snprintf(deep + 200, 20, "/file");
	put(p, deep, "deep", 0644);
	if (geteuid() == 0)
		assert_int_equal(fchownat(p->root_fd, "a", 3000000, 77, 0), 0);
	cleanup_fd int fd = openat(p->root_fd, "b", O_WRONLY | O_CLOEXEC);
	assert_int_equal(fsetxattr(fd, "user.note", "kept", 4, 0), 0);
}

static int pack(struct place *p, const char *ref, struct str output, struct str *ret_digest)
{
	struct str env[] = {STR("A=1")}, cmd[] = {STR("sh"), STR("-c")};
	struct pack_options o = {.dir = p->root,
		.ref = str_z(ref),
		.output = output,
		.env = env,
		.n_env = 1,
		.cmd = cmd,
		.n_cmd = 2,
		.user = STR("1000"),
		.working_dir = STR("/tmp")};

	return image_pack(p->a, p->s, &o, ret_digest, &p->err);
}

/* Unpacks the only layer of an image and returns its directory. */
static int unpacked(struct place *p, const char *ref)
{
	struct image *img;
	struct layer_dir *d;
	size_t n;

	assert_ok(store_find(p->s, p->a, str_z(ref), &img, &p->err), p->err);
	struct unpack_job job = {.store = p->s,
		.image = img,
		.owner = geteuid() == 0 ? UNPACK_OWNERS_REAL : UNPACK_OWNERS_SQUASH};
	assert_ok(layer_unpack(&job, &p->err), p->err);
	assert_ok(store_layers(p->s, p->a, img, STR(""), &d, &n, &p->err), p->err);
	assert_int_equal(n, 1);
	assert_true(d[0].is_ready);
	int fd = dir_open(store_dfd(p->s), d[0].dir.p, NULL);
	assert_true(fd >= 0);
	return fd;
}

static void assert_same(struct place *p, int fd, const char *name)
{
	struct stat x, y;

	assert_int_equal(fstatat(p->root_fd, name, &x, AT_SYMLINK_NOFOLLOW), 0);
	if (fstatat(fd, name, &y, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("'%s' is not there", name);
	uint32_t drop = geteuid() == 0 || S_ISLNK(x.st_mode) ? 0 : 06000;
	if ((x.st_mode & ~drop) != y.st_mode || x.st_uid != y.st_uid || x.st_gid != y.st_gid ||
		(!S_ISDIR(x.st_mode) && (x.st_size != y.st_size || x.st_nlink != y.st_nlink)))
		fail_msg("'%s' is different", name);
}

static void test_round_trip(void **state)
{
	static const char *const names[] = {"a", "b", "c", "run", "link", "tmp", "pipe", "."};
	struct place p;
	struct str digest;
	char v[8];

	(void)state;
	place_open(&p);
	make_tree(&p);
	assert_ok(pack(&p, "packed:1", STR_NONE, &digest), p.err);
	cleanup_fd int fd = unpacked(&p, "packed:1");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_same(&p, fd, names[i]);
	cleanup_fd int b_fd = openat(fd, "b", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(b_fd, "user.note", v, sizeof(v)), 4);
	struct image *img;
	assert_ok(store_find(p.s, p.a, STR("packed:1"), &img, &p.err), p.err);
	assert_true(str_eq(img->manifest_digest, digest));
	assert_string_equal(img->config.env[0].p, "A=1");
	assert_int_equal(img->config.n_cmd, 2);
	assert_int_equal(img->config.n_entrypoint, 0);
	assert_string_equal(img->config.user.p, "1000");
	assert_string_equal(img->config.working_dir.p, "/tmp");
	place_close(&p);
}

static void test_deterministic(void **state)
{
	struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 6}};
	struct str one, two, three;
	struct place p;

	(void)state;
	place_open(&p);
	make_tree(&p);
	assert_ok(pack(&p, "x", p.out, &one), p.err);
	assert_int_equal(utimensat(p.root_fd, "b", times, 0), 0);
	assert_ok(pack(&p, "y", p.out, &two), p.err);
	assert_true(str_eq(one, two));
	put(&p, "b", "BEE", 0644);
	assert_ok(pack(&p, "y", p.out, &three), p.err);
	assert_false(str_eq(one, three));
	/* two names, the second one replaced */
	assert_ok(store_add_source(p.s, p.out, &p.err), p.err);
	struct image *img;
	assert_ok(store_find(p.s, p.a, STR("x"), &img, &p.err), p.err);
	assert_true(str_eq(img->manifest_digest, one));
	assert_ok(store_find(p.s, p.a, STR("docker.io/library/y:latest"), &img, &p.err), p.err);
	assert_true(str_eq(img->manifest_digest, three));
	place_close(&p);
}

static void test_left_out(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	uint64_t n = 0;
	struct str digest;
	struct place p;

	(void)state;
	place_open(&p);
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s/sock", p.root.p);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	struct pack_options o = {.dir = p.root, .ref = STR("x"), .ret_left_out = &n};
	assert_ok(image_pack(p.a, p.s, &o, &digest, &p.err), p.err);
	assert_int_equal(n, 1);
	place_close(&p);
}

static void test_refused(void **state)
{
	struct str env[] = {STR("=x")};
	struct str digest;
	struct place p;

	(void)state;
	place_open(&p);
	struct pack_options bad[] = {
		{.dir = p.root, .ref = STR("not/Valid")},
		{.dir = p.root, .ref = STR("")},
		{.dir = p.root, .ref = STR("x"), .env = env, .n_env = 1},
		{.dir = p.root, .ref = STR("x"), .working_dir = STR("relative")},
		{.dir = STR("/nowhere/at/all"), .ref = STR("x")},
		{.dir = p.root, .ref = STR("x"), .output = p.root},
	};
	put(&p, "file", "x", 0644);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (image_pack(p.a, p.s, &bad[i], &digest, &p.err) == 0)
			fail_msg("case %zu was packed", i);
	put(&p, ".wh.file", "x", 0644);
	assert_int_equal(pack(&p, "x", STR_NONE, &digest), -1);
	assert_non_null(strstr(p.err.msg, "'.wh.file'"));
	/* and nothing of it is left */
	struct str *names;
	size_t n;
	cleanup_fd int fd = dir_open(store_dfd(p.s), "blobs", NULL);
	assert_ok(dir_list(p.a, fd, 100, &names, &n, &p.err), p.err);
	assert_int_equal(n, 2);
	place_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
