/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unpacker against what images may hold: names, links, owners, whiteouts, attributes. The
 * layer's root has a directory beside it whose contents must never change.
 */
#include "image_build.h"

#include <base/path.h>
#include <base/str.h>
#include <errno.h>
#include <images/unpack.h>
#include <images/whiteout.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

struct place {
	char path[64];
	int dfd;     /* of path */
	int root_fd; /* path/root */
	struct unpack_stats stats;
	struct err err;
};

static void place_open(struct place *p)
{
	*p = (struct place){0};
	p->dfd = tmp_make_dir(p->path);
	assert_int_equal(mkdirat(p->dfd, "root", 0700), 0);
	assert_int_equal(mkdirat(p->dfd, "outside", 0755), 0);
	int fd = openat(p->dfd, "outside/victim", O_CREAT | O_WRONLY | O_CLOEXEC, 0640);
	assert_int_equal(fd_write_all(fd, "safe", 4, NULL), 0);
	fd_close(&fd);
	p->root_fd = dir_open(p->dfd, "root", NULL);
	assert_true(p->root_fd >= 0);
}

static void place_close(struct place *p)
{
	struct stat st;
	char text[8] = {0};
	int fd = openat(p->dfd, "outside/victim", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_string_equal(text, "safe");
	assert_int_equal(st.st_size, 4);
	fd_close(&fd);
	fd_close(&p->root_fd);
	fd_close(&p->dfd);
	tmp_remove(p->path);
}

struct memory {
	struct str left;
};

static int memory_next(void *arg, const uint8_t **p, size_t *n, struct err *err)
{
	struct memory *m = arg;

	(void)err;
	*p = (const uint8_t *)m->left.p;
	*n = m->left.n;
	m->left = STR_NONE;
	return 0;
}

static int unpack(struct place *p, struct buf *b, const struct unpack_rules *rules)
{
	struct memory m = {.left = buf_str(b)};
	struct tar_source src = {.next = memory_next, .arg = &m};
	cleanup_tar struct tar_reader r;
	int rc;

	tar_init(&r, &src);
	rc = unpack_tar(&r, p->root_fd, rules, &p->stats, &p->err);
	buf_release(b);
	return rc;
}

/* As root everything is kept; without privilege owners are squashed. */
static struct unpack_rules rules_here(void)
{
	return (struct unpack_rules){
		.owner = geteuid() == 0 ? UNPACK_OWNERS_REAL : UNPACK_OWNERS_SQUASH};
}

static void unpack_ok(struct place *p, struct buf *b)
{
	struct unpack_rules rules = rules_here();

	tar_finish(b);
	assert_ok(unpack(p, b, &rules), p->err);
}

static struct stat stat_of(const struct place *p, const char *name)
{
	struct stat st;

	if (fstatat(p->root_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("'%s' is not there", name);
	return st;
}

static bool is_there(const struct place *p, const char *name)
{
	struct stat st;

	return fstatat(p->root_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_text(const struct place *p, const char *name, const char *want)
{
	struct arena *a = arena_new();
	struct str text;
	struct err err = {0};

	assert_ok(file_read(a, p->root_fd, name, 1U << 20, &text, &err), err);
	assert_string_equal(text.p, want);
	arena_free(a);
}

static bool is_opaque(const struct place *p, const char *name)
{
	cleanup_fd int fd = dir_open(p->root_fd, name, NULL);

	assert_true(fd >= 0);
	return whiteout_is_opaque(fd);
}

static void assert_whiteout(const struct place *p, const char *name)
{
	struct stat st = stat_of(p, name);

	if (!whiteout_is(&st))
		fail_msg("'%s' is not a whiteout (mode %o)", name, st.st_mode);
}

/* --- ordinary trees --- */

static void test_tree(void **state)
{
	struct buf b = tar_new();
	struct place p;

	(void)state;
	place_open(&p);
	tar_add(&b, (struct tar_spec){.name = "./", .type = '5', .mode = 0711});
	tar_add(&b, (struct tar_spec){.name = "etc/", .type = '5', .mode = 0555});
	tar_add(&b, (struct tar_spec){.name = "etc/a", .data = "one", .mode = 0600});
	tar_add(&b, (struct tar_spec){.name = "usr/share/doc/x", .data = "two"});
	tar_add(&b, (struct tar_spec){.name = "etc/b", .type = '1', .link = "etc/a"});
	tar_add(&b, (struct tar_spec){.name = "lib", .type = '2', .link = "/usr/lib"});
	tar_add(&b, (struct tar_spec){.name = "pipe", .type = '6', .mode = 0622});
	tar_add(&b, (struct tar_spec){.name = "zero", .type = '3'});
	tar_add(&b, (struct tar_spec){.name = "lock/", .type = '5', .mode = 01});
	tar_add(&b, (struct tar_spec){.name = "lock/in", .data = "x"});
	tar_add(&b, (struct tar_spec){.name = "etc/c", .data = "late"});
	unpack_ok(&p, &b);
	assert_text(&p, "etc/b", "one");
	assert_int_equal(stat_of(&p, "etc/a").st_ino, stat_of(&p, "etc/b").st_ino);
	assert_int_equal(stat_of(&p, ".").st_mode & 07777, 0711);
	assert_int_equal(stat_of(&p, "etc").st_mode & 07777, 0555);
	assert_int_equal(stat_of(&p, "etc/a").st_mode & 07777, 0600);
	assert_int_equal(stat_of(&p, "usr/share").st_mode & 07777, 0755);
	assert_int_equal(stat_of(&p, "lock").st_mode & 07777, 01);
	assert_true(S_ISFIFO(stat_of(&p, "pipe").st_mode));
	assert_int_equal(stat_of(&p, "pipe").st_mode & 07777, 0622);
	assert_false(is_there(&p, "zero"));
	assert_int_equal(p.stats.n_devices, 1);
	assert_int_equal(p.stats.n_entries, 11);
	assert_int_equal(p.stats.n_bytes, 11);
	assert_int_equal(stat_of(&p, "etc/c").st_mtim.tv_sec, 1000000000);
	assert_int_equal(stat_of(&p, "etc").st_mtim.tv_sec, 1000000000);
	assert_int_equal(stat_of(&p, "lib").st_mtim.tv_sec, 1000000000);
	place_close(&p);
}

static void test_replacing(void **state)
{
	struct buf b = tar_new();
	struct place p;

	(void)state;
	place_open(&p);
	tar_add(&b, (struct tar_spec){.name = "a", .data = "first"});
	tar_add(&b, (struct tar_spec){.name = "b", .type = '1', .link = "a"});
	tar_add(&b, (struct tar_spec){.name = "a", .data = "second"});
	tar_add(&b, (struct tar_spec){.name = "d/x/y", .data = "deep"});
	tar_add(&b, (struct tar_spec){.name = "d", .data = "file now"});
	tar_add(&b, (struct tar_spec){.name = "f", .data = "was a file"});
	tar_add(&b, (struct tar_spec){.name = "f/", .type = '5', .mode = 0755});
	tar_add(&b, (struct tar_spec){.name = "f/in", .data = "in"});
	tar_add(&b, (struct tar_spec){.name = "e/", .type = '5', .mode = 0700});
	tar_add(&b, (struct tar_spec){.name = "e/keep", .data = "k"});
	tar_add(&b, (struct tar_spec){.name = "e/", .type = '5', .mode = 0750});
	tar_add(&b, (struct tar_spec){.name = "gone", .data = "k"});
	tar_add(&b, (struct tar_spec){.name = "gone", .type = '4'});
	tar_add(&b, (struct tar_spec){.name = "self", .data = "me"});
	tar_add(&b, (struct tar_spec){.name = "self", .type = '1', .link = "self"});
	unpack_ok(&p, &b);
	assert_text(&p, "a", "second");
	assert_text(&p, "b", "first");
	assert_text(&p, "d", "file now");
	assert_text(&p, "f/in", "in");
	assert_true(is_opaque(&p, "f"));
	assert_text(&p, "e/keep", "k");
	assert_false(is_opaque(&p, "e"));
	assert_int_equal(stat_of(&p, "e").st_mode & 07777, 0750);
	assert_false(is_there(&p, "gone"));
	assert_text(&p, "self", "me");
	place_close(&p);
}

/* --- ways out --- */

/* Entries that try to reach ../outside or /tmp/... through links; none may follow. */
static void test_links(void **state)
{
	static const char *const targets[] = {"../outside", "/proc/self/cwd", "."};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct buf b = tar_new();
		struct place p;

		place_open(&p);
		tar_add(&b, (struct tar_spec){.name = "l", .type = '2', .link = targets[i]});
		tar_add(&b, (struct tar_spec){.name = "l/victim", .data = "evil"});
		tar_add(&b, (struct tar_spec){.name = "m", .type = '2', .link = targets[i]});
		tar_add(&b, (struct tar_spec){.name = "m/", .type = '5', .mode = 0777});
		tar_add(&b, (struct tar_spec){.name = "m/victim", .data = "evil"});
		tar_add(&b, (struct tar_spec){
				    .name = "v", .type = '2', .link = "../outside/victim"});
		tar_add(&b, (struct tar_spec){.name = "v", .data = "evil", .mode = 0777});
		tar_add(&b, (struct tar_spec){.name = "n", .type = '2', .link = targets[i]});
		tar_add(&b, (struct tar_spec){.name = "n/sub/", .type = '5', .mode = 0777});
		tar_add(&b, (struct tar_spec){.name = "w", .type = '2', .link = targets[i]});
		tar_add(&b, (struct tar_spec){.name = "w/.wh.victim"});
		tar_add(&b, (struct tar_spec){.name = "o", .type = '2', .link = targets[i]});
		tar_add(&b, (struct tar_spec){.name = "o/.wh..wh..opq"});
		unpack_ok(&p, &b);
		assert_text(&p, "l/victim", "evil");
		assert_true(S_ISDIR(stat_of(&p, "l").st_mode));
		assert_true(S_ISDIR(stat_of(&p, "m").st_mode));
		assert_text(&p, "v", "evil");
		assert_true(S_ISDIR(stat_of(&p, "n/sub").st_mode));
		assert_whiteout(&p, "w/victim");
		place_close(&p);
	}
}

static void test_hardlinks_refused(void **state)
{
	static const struct {
		const char *name, *link;
	} cases[] = {
		{"through a link", "l/victim"},
		{"absent", "nothing"},
		{"absent directory", "no/such/dir"},
		{"directory", "d"},
		{"device that was left out", "dev"},
		{"whiteout", "white"},
		{"fifo", "pipe"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct unpack_rules rules = rules_here();
		struct buf b = tar_new();
		struct place p;

		place_open(&p);
		tar_add(&b, (struct tar_spec){.name = "l", .type = '2', .link = "../outside"});
		tar_add(&b, (struct tar_spec){.name = "d/", .type = '5'});
		tar_add(&b, (struct tar_spec){.name = "dev", .type = '3'});
		tar_add(&b, (struct tar_spec){.name = "pipe", .type = '6'});
		tar_add(&b, (struct tar_spec){.name = ".wh.white"});
		tar_add(&b, (struct tar_spec){.name = "h", .type = '1', .link = cases[i].link});
		tar_add(&b, (struct tar_spec){.name = "h", .data = "evil"});
		tar_finish(&b);
		if (unpack(&p, &b, &rules) == 0)
			fail_msg("hard link to %s was made", cases[i].name);
		assert_int_equal(p.err.kind, ERR_IMAGE);
		assert_non_null(strstr(p.err.msg, "hard link"));
		place_close(&p);
	}
}

/* A second name for a symbolic link is one for the link, and leads nowhere. */
static void test_hardlink_to_symlink(void **state)
{
	struct buf b = tar_new();
	struct place p;

	(void)state;
	place_open(&p);
	tar_add(&b, (struct tar_spec){.name = "l", .type = '2', .link = "../outside/victim"});
	tar_add(&b, (struct tar_spec){.name = "h", .type = '1', .link = "l"});
	tar_add(&b, (struct tar_spec){.name = "i", .type = '1', .link = "l", .mode = 0777});
	tar_add(&b, (struct tar_spec){.name = "i", .data = "evil", .mode = 0777});
	unpack_ok(&p, &b);
	assert_true(S_ISLNK(stat_of(&p, "h").st_mode));
	assert_text(&p, "i", "evil");
	place_close(&p);
}

/* --- whiteouts --- */

static void test_whiteouts(void **state)
{
	struct buf b = tar_new();
	struct place p;

	(void)state;
	place_open(&p);
	tar_add(&b, (struct tar_spec){.name = "d/.wh.gone"});
	tar_add(&b, (struct tar_spec){.name = "own-before", .data = "x"});
	tar_add(&b, (struct tar_spec){.name = ".wh.own-before"});
	tar_add(&b, (struct tar_spec){.name = ".wh.own-after"});
	tar_add(&b, (struct tar_spec){.name = "own-after", .data = "x"});
	tar_add(&b, (struct tar_spec){.name = "dir-before/f", .data = "x"});
	tar_add(&b, (struct tar_spec){.name = ".wh.dir-before"});
	tar_add(&b, (struct tar_spec){.name = ".wh.dir-after"});
	tar_add(&b, (struct tar_spec){.name = "dir-after/f", .data = "x"});
	tar_add(&b, (struct tar_spec){.name = "opq/own", .data = "x"});
	tar_add(&b, (struct tar_spec){.name = "opq/.wh..wh..opq"});
	tar_add(&b, (struct tar_spec){.name = "opq/late", .data = "x"});
	tar_add(&b, (struct tar_spec){.name = ".wh..wh.plnk", .type = '5'});
	tar_add(&b, (struct tar_spec){.name = ".wh..wh.plnk/1.2", .data = "x"});
	tar_add(&b, (struct tar_spec){.name = ".wh..wh.aufs", .data = "x"});
	tar_add(&b, (struct tar_spec){.name = ".wh..wh", .data = "x"});
	tar_add(&b, (struct tar_spec){.name = ".wh.dirkind/", .type = '5'});
	unpack_ok(&p, &b);
	assert_whiteout(&p, "d/gone");
	assert_text(&p, "own-before", "x");
	assert_text(&p, "own-after", "x");
	assert_text(&p, "dir-before/f", "x");
	assert_true(is_opaque(&p, "dir-before"));
	assert_text(&p, "dir-after/f", "x");
	assert_true(is_opaque(&p, "dir-after"));
	assert_true(is_opaque(&p, "opq"));
	assert_text(&p, "opq/own", "x");
	assert_text(&p, "opq/late", "x");
	assert_false(is_there(&p, ".wh..wh.plnk"));
	assert_false(is_there(&p, ".wh..wh.aufs"));
	assert_whiteout(&p, ".wh");
	assert_whiteout(&p, "dirkind");
	assert_false(p.stats.hides_lower);
	place_close(&p);
}

static void test_whiteout_of_the_root(void **state)
{
	struct buf b = tar_new();
	struct place p;

	(void)state;
	place_open(&p);
	tar_add(&b, (struct tar_spec){.name = "a", .data = "x"});
	tar_add(&b, (struct tar_spec){.name = ".wh..wh..opq"});
	unpack_ok(&p, &b);
	assert_true(p.stats.hides_lower);
	assert_text(&p, "a", "x");
	assert_false(is_opaque(&p, "."));
	place_close(&p);
}

static void test_whiteouts_refused(void **state)
{
	static const char *const names[] = {
		".wh.",
		"d/.wh.",
		".wh..",
		".wh...",
		"d/.wh...",
		".wh.x/y",
		".wh..wh..opq/y",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct unpack_rules rules = rules_here();
		struct buf b = tar_new();
		struct place p;

		place_open(&p);
		tar_add(&b, (struct tar_spec){.name = names[i]});
		tar_finish(&b);
		if (unpack(&p, &b, &rules) == 0)
			fail_msg("'%s' was taken", names[i]);
		assert_int_equal(p.err.kind, ERR_IMAGE);
		place_close(&p);
	}
}

/* --- attributes --- */

static bool has_xattr(const struct place *p, const char *name, const char *attr)
{
	char v[64];
	cleanup_fd int fd = openat(p->root_fd, name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fgetxattr(fd, attr, v, sizeof(v)) >= 0;
}

static void test_xattrs(void **state)
{
	struct buf b = tar_new();
	struct place p;

	(void)state;
	place_open(&p);
	tar_pax(&b, "SCHILY.xattr.user.note", "fine");
	tar_add(&b, (struct tar_spec){.name = "good", .data = "x"});
	tar_pax(&b, "SCHILY.xattr.user.overlay.opaque", "y");
	tar_add(&b, (struct tar_spec){.name = "d1/", .type = '5'});
	tar_pax(&b, "SCHILY.xattr.trusted.overlay.opaque", "y");
	tar_add(&b, (struct tar_spec){.name = "d2/", .type = '5'});
	tar_pax(&b, "SCHILY.xattr.user.overlay.redirect", "/etc");
	tar_add(&b, (struct tar_spec){.name = "d3/", .type = '5'});
	tar_pax(&b, "SCHILY.xattr.security.selinux", "evil");
	tar_add(&b, (struct tar_spec){.name = "f1"});
	tar_pax(&b, "SCHILY.xattr.system.posix_acl_access", "evil");
	tar_add(&b, (struct tar_spec){.name = "f2"});
	tar_pax(&b, "SCHILY.xattr.security.capability", "not a capability");
	tar_add(&b, (struct tar_spec){.name = "f3"});
	tar_pax(&b, "SCHILY.xattr.user.x", "on a link");
	tar_add(&b, (struct tar_spec){.name = "l", .type = '2', .link = "good"});
	unpack_ok(&p, &b);
	assert_true(has_xattr(&p, "good", "user.note"));
	assert_false(is_opaque(&p, "d1"));
	assert_false(is_opaque(&p, "d2"));
	assert_false(has_xattr(&p, "d3", "user.overlay.redirect"));
	assert_false(has_xattr(&p, "f2", "system.posix_acl_access"));
	assert_false(has_xattr(&p, "f3", "security.capability"));
	assert_int_equal(p.stats.n_xattrs, 7);
	place_close(&p);
}

static void test_capability(void **state)
{
	static const char record[] =
		"57 SCHILY.xattr.security.capability=\x01\0\0\x02\0\x04\0\0"
		"\0\0\0\0\0\0\0\0\0\0\0\0\n";
	struct unpack_rules rules = {
		.owner = UNPACK_OWNERS_SHIFT, .shift_base = 100000, .shift_count = 65536};
	struct buf b = tar_new();
	uint8_t v[32];
	struct place p;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(sizeof(record) - 1, 57);
	place_open(&p);
	tar_pax_raw(&b, record, 57);
	tar_add(&b, (struct tar_spec){.name = "f", .data = "x", .mode = 0755});
	tar_finish(&b);
	assert_ok(unpack(&p, &b, &rules), p.err);
	cleanup_fd int fd = openat(p.root_fd, "f", O_RDONLY | O_CLOEXEC);
	/* with the root id of the range, never with the machine's */
	ssize_t n = fgetxattr(fd, "security.capability", v, sizeof(v));
	if (n < 0 && errno == EOVERFLOW)
		n = 24; /* kernels that hide another namespace's capability */
	assert_int_equal(n, 24);
	place_close(&p);
}

/* --- owners --- */

static void test_owners_real(void **state)
{
	struct unpack_rules rules = {.owner = UNPACK_OWNERS_REAL};
	struct buf b = tar_new();
	struct place p;

	(void)state;
	if (geteuid() != 0)
		skip();
	place_open(&p);
	tar_add(&b, (struct tar_spec){.name = "s", .data = "x", .mode = 04755, .uid = 1});
	tar_add(&b, (struct tar_spec){
			    .name = "d/", .type = '5', .mode = 02775, .uid = 5, .gid = 6});
	tar_add(&b, (struct tar_spec){.name = "d/f", .data = "x"});
	tar_add(&b, (struct tar_spec){.name = "l", .type = '2', .link = "s", .uid = 9});
	unpack_ok(&p, &b);
	(void)rules;
	assert_int_equal(stat_of(&p, "s").st_mode & 07777, 04755);
	assert_int_equal(stat_of(&p, "s").st_uid, 1);
	assert_int_equal(stat_of(&p, "d").st_mode & 07777, 02775);
	assert_int_equal(stat_of(&p, "d/f").st_gid, 0);
	assert_int_equal(stat_of(&p, "l").st_uid, 9);
	assert_int_equal(p.stats.n_squashed, 0);
	place_close(&p);
}

static void test_owners_shift(void **state)
{
	struct unpack_rules rules = {
		.owner = UNPACK_OWNERS_SHIFT, .shift_base = 100000, .shift_count = 1000};
	struct buf b = tar_new();
	struct place p;

	(void)state;
	if (geteuid() != 0)
		skip();
	place_open(&p);
	tar_add(&b, (struct tar_spec){.name = "i/s", .data = "x", .mode = 04755, .uid = 1});
	tar_add(&b, (struct tar_spec){.name = "far", .mode = 06755, .uid = 1000});
	tar_finish(&b);
	assert_ok(unpack(&p, &b, &rules), p.err);
	assert_int_equal(stat_of(&p, ".").st_uid, 100000);
	assert_int_equal(stat_of(&p, "i").st_uid, 100000);
	assert_int_equal(stat_of(&p, "i/s").st_uid, 100001);
	assert_int_equal(stat_of(&p, "i/s").st_mode & 07777, 04755);
	assert_int_equal(stat_of(&p, "far").st_uid, 100000);
	assert_int_equal(stat_of(&p, "far").st_mode & 07777, 0755);
	assert_int_equal(p.stats.n_squashed, 1);
	place_close(&p);
}

static void test_owners_squash(void **state)
{
	struct unpack_rules rules = {.owner = UNPACK_OWNERS_SQUASH};
	struct buf b = tar_new();
	struct place p;

	(void)state;
	place_open(&p);
	tar_add(&b, (struct tar_spec){.name = "s", .data = "x", .mode = 06755, .uid = 33});
	tar_add(&b, (struct tar_spec){.name = "r", .data = "x", .mode = 04755});
	tar_add(&b, (struct tar_spec){.name = "t/", .type = '5', .mode = 01777, .gid = 3});
	tar_add(&b, (struct tar_spec){.name = "ro/", .type = '5', .mode = 0555});
	tar_add(&b, (struct tar_spec){.name = "ro/f", .data = "x", .mode = 0444});
	tar_finish(&b);
	assert_ok(unpack(&p, &b, &rules), p.err);
	assert_int_equal(stat_of(&p, "s").st_mode & 07777, 0755);
	assert_int_equal(stat_of(&p, "s").st_uid, geteuid());
	assert_int_equal(stat_of(&p, "r").st_mode & 07777, 0755);
	assert_int_equal(stat_of(&p, "t").st_mode & 07777, 01777);
	assert_int_equal(stat_of(&p, "ro").st_mode & 07777, 0555);
	assert_int_equal(p.stats.n_squashed, 2);
	place_close(&p);
}

/* --- size --- */

static void test_deep_and_many(void **state)
{
	struct buf b = tar_new();
	char name[600] = {0};
	struct place p;

	(void)state;
	place_open(&p);
	for (size_t i = 0; i < 255; i++)
		memcpy(name + 2 * i, "d/", 2);
	memcpy(name + 510, "f", 2);
	tar_pax(&b, "path", name);
	tar_add(&b, (struct tar_spec){.name = "x", .data = "deep"});
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(name, sizeof(name), "many/%d/%d", i % 7, i);
		tar_add(&b, (struct tar_spec){.name = name});
	}
	unpack_ok(&p, &b);
	assert_true(is_there(&p, "many/4/2999") || is_there(&p, "many/3/2999"));
	assert_int_equal(p.stats.n_entries, 3001);
	place_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_replacing),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_hardlinks_refused),
		cmocka_unit_test(test_hardlink_to_symlink),
		cmocka_unit_test(test_whiteouts),
		cmocka_unit_test(test_whiteout_of_the_root),
		cmocka_unit_test(test_whiteouts_refused),
		cmocka_unit_test(test_xattrs),
		cmocka_unit_test(test_capability),
		cmocka_unit_test(test_owners_real),
		cmocka_unit_test(test_owners_shift),
		cmocka_unit_test(test_owners_squash),
		cmocka_unit_test(test_deep_and_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
