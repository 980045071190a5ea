/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns files: inside a step and outside afterwards, for image layers, the caller's
 * directories, monopod's own, and deputies (docs/ownership.md).
 */
#include "sandbox_fixture.h"

#include <sys/fsuid.h>
#include <sys/prctl.h>

static struct ended out;

static void outside_is(int dfd, const char *name, int64_t uid, int64_t gid)
{
	struct stat st;

	if (fstatat(dfd, name, &st, AT_SYMLINK_NOFOLLOW))
		fail_msg("stat '%s': %s", name, strerror(errno));
	if (st.st_uid != uid || st.st_gid != gid)
		fail_msg("'%s' belongs to %u:%u, expected %lld:%lld", name, st.st_uid,
			st.st_gid, (long long)uid, (long long)gid);
}

static int64_t outside(uint32_t id)
{
	return id_map_outside(fix.found.map.uid, fix.found.map.n_uid, id);
}

/* A layer keeps its image's owners; on disk they are the image's own where an id map is. */
static void test_layer_owners(void **state)
{
	(void)state;
	if (fix.place == AS_ROOT) {
		fix_write(fix.layer_fd, "of-1000", "x", 0640);
		assert_int_equal(fchownat(fix.layer_fd, "of-1000", 1000, 1001, 0), 0);
		fix_write(fix.layer_fd, "of-big", "x", 0640);
		assert_int_equal(fchownat(fix.layer_fd, "of-big", 70000, 70000, 0), 0);
	}
	fix_probe(&out, PROBE(ARG("stat"), ARG("/dir/file"), ARG("/"), ARG("/of-1000"),
				ARG("/of-big")));
	assert_has(out.text, "/dir/file 0:0 100644\n");
	assert_has(out.text, "/ 0:0 40755\n");
	if (fix.place != AS_ROOT)
		return;
	assert_has(out.text, "/of-1000 1000:1001 100640\n");
	assert_has(out.text, "/of-big 65534:65534 100640\n");
	/* not even read: such a file belongs to nobody of the step */
	fix_probe(&out, PROBE(ARG("chown"), ARG("/of-1000"), ARG("0"), ARG("0")));
	assert_string_equal(out.text, "/of-1000=ok\n");
	outside_is(fix.layer_fd, "of-1000", 1000, 1001); /* copied up, not changed */
}

/* A file that nobody can read is readable for the step's root: its capabilities count there. */
static void test_root_overrides(void **state)
{
	(void)state;
	fix_probe(&out, PROBE(ARG("cat"), ARG("/locked")));
	assert_string_equal(out.text, "secret\n");
}

static void test_chown_inside(void **state)
{
	char path[64];

	(void)state;
	fix_probe(&out, PROBE(ARG("write"), ARG("/new"), ARG("x")));
	snprintf(path, sizeof(path), "upper%u/new", fix.n_steps - 1);
	outside_is(fix.run_fd, path, outside(0), outside(0));
	fix_probe(&out, PROBE(ARG("chown"), ARG("/dir/file"), ARG("1000"), ARG("1000")));
	if (fix.place == AS_SINGLE) {
		assert_string_equal(out.text, "/dir/file=EINVAL\n");
		return;
	}
	assert_string_equal(out.text, "/dir/file=ok\n");
	snprintf(path, sizeof(path), "upper%u/dir/file", fix.n_steps - 1);
	outside_is(fix.run_fd, path, outside(1000), outside(1000));
	assert_int_equal(outside(1000), fix.info->outside_1000);
	fix_probe(&out, PROBE(ARG("chown"), ARG("/dir/file"), ARG("65536"), ARG("0")));
	assert_string_equal(out.text, "/dir/file=EINVAL\n");
}

/* --- directories of the caller --------------------------------------------------------------
 */

static void bind_step(
	struct step *s, struct sandbox_mount *m, int dfd, uint32_t uid, char *const *argv)
{
	fix_step(s, argv);
	*m = (struct sandbox_mount){.kind = MOUNT_BIND,
		.source_dfd = dfd,
		.owner = OWNER_CALLER,
		.is_exec = true,
		.target = STR("/ws")};
	s->c.mounts = m;
	s->c.n_mounts = 1;
	s->c.uid = s->c.gid = uid;
}

/* The directory's owner is the step's uid 0, and what that writes is the owner's. */
static void caller_dir(const char *name, uid_t owner, gid_t group)
{
	struct sandbox_mount m;
	struct step s;
	int dfd = fix_dir(name, 0755);

	fix_write(dfd, "mine", "x", 0600);
	if (fix.place == AS_ROOT) {
		fix_write(dfd, "stranger", "x", 0600);
		assert_int_equal(fchownat(dfd, "stranger", 777, 777, 0), 0);
		assert_int_equal(fchownat(dfd, "mine", owner, group, 0), 0);
		assert_int_equal(fchown(dfd, owner, group), 0);
	}
	bind_step(&s, &m, dfd, 0,
		PROBE(ARG("stat"), ARG("/ws"), ARG("/ws/mine"), ARG("/ws/stranger")));
	fix_run(&s, &out);
	assert_has(out.text, "/ws 0:0 40755\n");
	assert_has(out.text, "/ws/mine 0:0 100600\n");
	if (fix.place == AS_ROOT)
		assert_has(out.text, "/ws/stranger 65534:65534 100600\n");

	bind_step(&s, &m, dfd, 0, PROBE(ARG("write"), ARG("/ws/made"), ARG("x")));
	fix_run(&s, &out);
	assert_string_equal(out.text, "/ws/made=ok\n");
	outside_is(dfd, "made", owner, group);

	if (fix.place == AS_ROOT) {
		bind_step(&s, &m, dfd, 0, PROBE(ARG("cat"), ARG("/ws/stranger")));
		fix_run(&s, &out);
		assert_string_equal(out.text, "/ws/stranger=EACCES\n");
	}
	if (fix.place != AS_SINGLE) { /* ids of the run are themselves on disk */
		bind_step(&s, &m, dfd, 0,
			PROBE(ARG("chown"), ARG("/ws/made"), ARG("1000"), ARG("1000")));
		fix_run(&s, &out);
		assert_string_equal(out.text, "/ws/made=ok\n");
		outside_is(dfd, "made", outside(1000), outside(1000));
		bind_step(&s, &m, dfd, 1000, PROBE(ARG("write"), ARG("/ws/made"), ARG("y")));
		fix_run(&s, &out);
		assert_string_equal(out.text, "/ws/made=ok\n");
		bind_step(&s, &m, dfd, 1000, PROBE(ARG("write"), ARG("/ws/no"), ARG("y")));
		fix_run(&s, &out);
		assert_string_equal(out.text, "/ws/no=EACCES\n");
	}
	close(dfd);
}

static void test_caller_dir(void **state)
{
	(void)state;
	caller_dir("own", fix.info->uid, fix.info->uid);
	if (fix.place != AS_ROOT)
		return;
	caller_dir("other", 1234, 4321);
	caller_dir("in-range", ROOT_BASE + 5, ROOT_BASE + 5);
	caller_dir("run-zero", ROOT_BASE, ROOT_BASE);
}

static void test_read_only(void **state)
{
	struct sandbox_mount m;
	struct step s;
	int dfd = fix_dir("read-only", 0755);

	(void)state;
	fix_write(dfd, "file", "x", 0644);
	bind_step(&s, &m, dfd, 0, PROBE(ARG("write"), ARG("/ws/file"), ARG("y")));
	m.read_only = true;
	fix_run(&s, &out);
	assert_string_equal(out.text, "/ws/file=EROFS\n");
	close(dfd);
}

/* noexec unless said; nosuid and nodev always. */
static void test_mount_flags(void **state)
{
	struct sandbox_mount m;
	struct step s;
	int dfd = fix_dir("flags", 0755);
	int from = openat(fix.layer_fd, "probe", O_RDONLY | O_CLOEXEC);

	(void)state;
	fix_copy(from, dfd, "probe");
	close(from);
	bind_step(&s, &m, dfd, 0, (char *const[]){ARG("/ws/probe"), ARG("cwd"), NULL});
	fix_run(&s, &out);
	assert_int_equal(out.e.exec_errno, 0);
	bind_step(&s, &m, dfd, 0, (char *const[]){ARG("/ws/probe"), ARG("cwd"), NULL});
	m.is_exec = false;
	fix_run(&s, &out);
	assert_int_equal(out.e.exec_errno, EACCES);
	bind_step(&s, &m, dfd, 0, PROBE(ARG("cat"), ARG("/proc/self/mountinfo")));
	m.is_exec = false;
	fix_run(&s, &out);
	assert_has(out.text, " /ws rw,nosuid,nodev,noexec,relatime");
	close(dfd);
}

static void test_bound_file(void **state)
{
	struct sandbox_mount m;
	struct step s;
	int dfd = fix_dir("files", 0755), fd;

	(void)state;
	fix_write(dfd, "one", "contents\n", 0644);
	fd = openat(dfd, "one", O_PATH | O_CLOEXEC);
	bind_step(&s, &m, fd, 0, PROBE(ARG("cat"), ARG("/deep/er/one")));
	m.is_file = true;
	m.target = STR("/deep/er/one");
	fix_run(&s, &out);
	assert_string_equal(out.text, "contents\n");
	close(fd);
	close(dfd);
}

/* The path behind a descriptor is taken away: an error, never another directory. */
static void test_source_moved(void **state)
{
	struct sandbox_mount m;
	struct step s;
	struct err err = {0};
	int dfd = fix_dir("moved", 0755);

	(void)state;
	bind_step(&s, &m, dfd, 0, PROBE(ARG("list"), ARG("/ws")));
	assert_int_equal(unlinkat(fix.base_fd, "moved", AT_REMOVEDIR), 0);
	assert_int_equal(fix_start(&s, &err), -1);
	assert_has(err.msg, "step 'task/step': ");
	close(dfd);
}

/* A file system without id maps is refused with words. */
static void test_no_idmap(void **state)
{
	struct sandbox_mount m;
	struct step s;
	struct err err = {0};
	int dfd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	bind_step(&s, &m, dfd, 0, PROBE(ARG("list"), ARG("/ws")));
	if (fix.place == AS_ROOT) {
		assert_int_equal(fix_start(&s, &err), -1);
		assert_int_equal(err.kind, ERR_SANDBOX);
		assert_has(err.msg, "cannot be mounted with mapped owners");
	} else {
		fix_run(&s, &out);
	}
	close(dfd);
}

/* --- deputies
 * --------------------------------------------------------------------------------- */

static void test_make_dir(void **state)
{
	struct err err = {0};
	struct stat st;

	(void)state;
	assert_worked(sandbox_make_dir(fix.ns, fix.run_fd, "made", 0, 0, 01777, &err), err);
	outside_is(fix.run_fd, "made", outside(0), outside(0));
	assert_int_equal(fstatat(fix.run_fd, "made", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 01777);
	/* existing is fine and stays as it is */
	assert_worked(sandbox_make_dir(fix.ns, fix.run_fd, "made", 0, 0, 0700, &err), err);
	assert_int_equal(fstatat(fix.run_fd, "made", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 01777);
	assert_worked(
		sandbox_make_dir(fix.ns, fix.run_fd, "made/deep", 1000, 1000, 0700, &err), err);
	outside_is(fix.run_fd, "made/deep", fix.place == AS_SINGLE ? outside(0) : outside(1000),
		fix.place == AS_SINGLE ? outside(0) : outside(1000));
	assert_int_equal(sandbox_make_dir(fix.ns, fix.run_fd, "../up", 0, 0, 0700, &err), -1);
	assert_int_equal(sandbox_make_dir(fix.ns, fix.run_fd, "no/up", 0, 0, 0700, &err), -1);
}

/* Whole from its first moment on, and the caller is afterwards who he was. */
static void test_mkdir_as(void **state)
{
	const bool is_root = fix.place == AS_ROOT;
	const uint32_t id = is_root ? 12345 : geteuid(), other = is_root ? 54321 : getegid();
	struct err err = {0};
	struct stat st;
	mode_t mask = umask(077);
	int ret, dumpable = prctl(PR_GET_DUMPABLE), death_signal = -1;

	(void)state;
	ret = sandbox_mkdir_as(fix.run_fd, "whole", id, other, 01777, &err);
	assert_int_equal(umask(mask), 077);
	assert_worked(ret, err);
	assert_int_equal(fstatat(fix.run_fd, "whole", &st, 0), 0);
	assert_int_equal(st.st_uid, id);
	assert_int_equal(st.st_gid, other);
	assert_int_equal(st.st_mode & 07777, 01777);
	assert_int_equal(sandbox_mkdir_as(fix.run_fd, "whole", id, other, 0700, &err), -1);
	assert_int_equal(err.sys, EEXIST);
	/* into what only another one may write */
	assert_worked(
		sandbox_mkdir_as(fix.run_fd, "closed", geteuid(), getegid(), 0700, &err), err);
	assert_worked(sandbox_mkdir_as(fix.run_fd, "closed/in", id, other, 0700, &err), err);
	assert_int_equal(setfsuid((uid_t)-1), geteuid());
	assert_int_equal(setfsgid((gid_t)-1), getegid());
	assert_int_equal(prctl(PR_GET_DUMPABLE), dumpable);
	assert_int_equal(prctl(PR_GET_PDEATHSIG, &death_signal), 0);
	assert_int_equal(death_signal, 0);
	assert_int_equal(mkdirat(fix.run_fd, "closed/own", 0700), 0);
	if (!is_root) {
		assert_int_equal(
			sandbox_mkdir_as(fix.run_fd, "no", id + 1, other, 0700, &err), -1);
		assert_int_equal(err.sys, EPERM);
		assert_int_equal(faccessat(fix.run_fd, "no", F_OK, 0), -1);
	}
}

/* What a step left under another id and with mode 0 is read and removed. */
static void test_deputies(void **state)
{
	struct sandbox_mount m;
	struct step s;
	struct err err = {0};
	char text[16] = {0};
	uint32_t uid = fix.place == AS_SINGLE ? 0 : 1000;
	int dfd, fd;

	(void)state;
	assert_worked(sandbox_make_dir(fix.ns, fix.run_fd, "left", uid, uid, 0700, &err), err);
	dfd = openat(fix.run_fd, "left", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bind_step(&s, &m, dfd, uid, PROBE(ARG("write"), ARG("/ws/result"), ARG("value")));
	m.owner = OWNER_AS_IS;
	fix_run(&s, &out);
	assert_string_equal(out.text, "/ws/result=ok\n");
	close(dfd);
	fd = sandbox_open_beneath(fix.ns, fix.run_fd, "left/result", &err);
	if (fd < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(read(fd, text, sizeof(text)), 5);
	assert_string_equal(text, "value");
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(sandbox_open_beneath(fix.ns, fix.run_fd, "left/none", &err), -1);
	assert_int_equal(err.sys, ENOENT);
	assert_worked(sandbox_remove_tree(fix.ns, fix.run_fd, "left", &err), err);
	assert_int_equal(faccessat(fix.run_fd, "left", F_OK, 0), -1);
	assert_worked(sandbox_remove_tree(fix.ns, fix.run_fd, "left", &err), err);
}

/* Bait: links, FIFOs and ways up are not followed. */
static void test_bait(void **state)
{
	struct err err = {0};
	int dfd = fix_dir("bait", 0755), fd;
	struct stat st;

	(void)state;
	assert_int_equal(symlinkat("/etc/passwd", dfd, "link"), 0);
	assert_int_equal(symlinkat("..", dfd, "up"), 0);
	assert_int_equal(mkfifoat(dfd, "fifo", 0600), 0);
	assert_int_equal(sandbox_open_beneath(fix.ns, dfd, "link", &err), -1);
	assert_int_equal(err.sys, ELOOP);
	assert_int_equal(sandbox_open_beneath(fix.ns, dfd, "up/run", &err), -1);
	assert_int_equal(sandbox_open_beneath(fix.ns, dfd, "../run", &err), -1);
	assert_int_equal(err.sys, EXDEV);
	assert_int_equal(sandbox_open_beneath(fix.ns, dfd, "/etc/passwd", &err), -1);
	fd = sandbox_open_beneath(fix.ns, dfd, "fifo", &err); /* does not hang */
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	close(fd);
	close(dfd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layer_owners),
		cmocka_unit_test(test_root_overrides),
		cmocka_unit_test(test_chown_inside),
		cmocka_unit_test(test_caller_dir),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_mount_flags),
		cmocka_unit_test(test_bound_file),
		cmocka_unit_test(test_source_moved),
		cmocka_unit_test(test_no_idmap),
		cmocka_unit_test(test_make_dir),
		cmocka_unit_test(test_mkdir_as),
		cmocka_unit_test(test_deputies),
		cmocka_unit_test(test_bait),
	};

	(void)argc;
	return FIX_MAIN(tests);
}
