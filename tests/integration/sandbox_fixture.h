/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real sandboxes for tests, in up to three places: as root, as a user with sub-ids, as a user
 * without. Each place is a process of its own that drops its privileges; the sub-ids come from
 * files bound over /etc in a private mount namespace, nothing of the machine is changed.
 */
#ifndef TESTS_SANDBOX_FIXTURE_H
#define TESTS_SANDBOX_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/arena.h>
#include <base/attr.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <monopod/sandbox.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum place { AS_ROOT, AS_USER, AS_SINGLE };
enum { PLACE_N = AS_SINGLE + 1 };
enum { TEXT_MAX = 65536, STEP_TIMEOUT_MS = 60000 };
enum { USER_ID = 51234, SINGLE_ID = 51235, SUB_ID = 300000, ROOT_BASE = 100000 };

static const struct place_info {
	const char *name;
	enum sandbox_level level;
	uid_t uid;
	int64_t outside_0, outside_1000; /* what the machine sees of the step's ids */
} places[] = {
	[AS_ROOT] = {"root", SANDBOX_ROOT, 0, ROOT_BASE, ROOT_BASE + 1000},
	[AS_USER] = {"user with sub-ids", SANDBOX_USER, USER_ID, USER_ID, SUB_ID + 999},
	[AS_SINGLE] = {"user with one id", SANDBOX_USER_SINGLE, SINGLE_ID, SINGLE_ID, -1},
};

struct fix {
	enum place place;
	const struct place_info *info;
	struct arena *a;
	struct sandbox_place found;
	struct sandbox_ns *ns;
	struct sandbox_ns *net; /* with a network of its own */
	char base[64];
	int base_fd, layer_fd, run_fd, null_fd;
	unsigned int n_steps;
};

static struct fix fix; /* of this process's place */

struct step {
	struct sandbox_config c;
	struct sandbox_proc p;
	int out_fd;
	int child_out_fd;
};
struct ended {
	struct sandbox_exit e;
	bool is_known;
	char text[TEXT_MAX];
};

/* A second program in a running step. */
struct visit {
	struct sandbox_visit_config c;
	struct sandbox_proc p;
	int out_fd, child_out_fd;
	int status;
	uint32_t exec_errno;
	char text[TEXT_MAX];
};

#define assert_worked(call, err)                                                               \
	do {                                                                                   \
		if ((call) != 0)                                                               \
			fail_msg("%s: %s", #call, (err).msg);                                  \
	} while (0)

static inline void fix_write(int dfd, const char *name, const char *text, mode_t mode)
{
	int fd = openat(dfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static inline void fix_copy(int from_fd, int dfd, const char *name)
{
	char buf[8192];
	ssize_t n;
	off_t at = 0;
	int fd = openat(dfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	assert_true(fd >= 0);
	while ((n = pread(from_fd, buf, sizeof(buf), at)) > 0) {
		assert_int_equal(write(fd, buf, (size_t)n), n);
		at += n;
	}
	close(fd);
}

static inline int fix_dir(const char *name, mode_t mode)
{
	int fd;

	assert_int_equal(mkdirat(fix.base_fd, name, mode), 0);
	fd = openat(fix.base_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	return fd;
}

/* Starts ---------------------------------------------------------------------------------- */

static inline char *const *fix_env(void)
{
	static char path[] = "PATH=/nowhere:/bin:/";
	static char *const env[] = {path, NULL};

	return env;
}

static inline int fix_new_dir(const char *kind, unsigned int n)
{
	struct str name = arena_printf(fix.a, "%s%u", kind, n);
	struct err err = {0};
	int fd;

	assert_worked(sandbox_make_dir(fix.ns, fix.run_fd, name.p, 0, 0, 0755, &err), err);
	fd = openat(fix.run_fd, name.p, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* A step of the probe program in the plain image; tests change s->c before fix_start. */
static inline void fix_step(struct step *s, char *const *argv)
{
	static struct sandbox_layer layer;

	layer = (struct sandbox_layer){
		.dfd = fix.layer_fd, .owners_are_real = fix.place == AS_ROOT};
	*s = (struct step){.out_fd = -1, .child_out_fd = -1};
	assert_worked(fd_pipe(&s->out_fd, &s->child_out_fd, NULL), (struct err){0});
	s->c = (struct sandbox_config){
		.name = STR("task/step"),
		.ns = fix.ns,
		.root = ROOT_OVERLAY,
		.layers = &layer,
		.n_layers = 1,
		.upper_dfd = fix_new_dir("upper", fix.n_steps),
		.work_dfd = fix_new_dir("work", fix.n_steps),
		.hostname = STR("step-host"),
		.argv = argv,
		.envp = fix_env(),
		.cwd = STR("/"),
		.stdin_fd = fix.null_fd,
		.stdout_fd = s->child_out_fd,
		.stderr_fd = s->child_out_fd,
	};
	fix.n_steps++;
}

static inline int fix_start(struct step *s, struct err *err)
{
	int ret = sandbox_start(&s->c, &s->p, err);

	fd_close(&s->child_out_fd);
	if (s->c.upper_dfd >= 0)
		close(s->c.upper_dfd);
	if (s->c.work_dfd >= 0)
		close(s->c.work_dfd);
	if (ret)
		fd_close(&s->out_fd);
	return ret;
}

static inline bool fix_readable(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, timeout_ms) == 1;
}

/* Everything that was written; all writers are gone. */
static inline void fix_drain(int fd, char *text)
{
	size_t n = 0;
	ssize_t got;

	while (n < TEXT_MAX - 1 && (got = read(fd, text + n, TEXT_MAX - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = 0;
}

static inline void fix_end(struct step *s, struct ended *ret)
{
	struct err err = {0};

	if (!fix_readable(s->p.pidfd_fd, STEP_TIMEOUT_MS))
		fail_msg("the step does not end");
	memset(ret, 0, sizeof(*ret));
	ret->is_known =
		read(s->p.status_fd, &ret->e, sizeof(ret->e)) == (ssize_t)sizeof(ret->e) &&
		ret->e.magic == SANDBOX_EXIT_MAGIC;
	assert_worked(sandbox_finish(&s->p, &err), err);
	if (s->out_fd >= 0)
		fix_drain(s->out_fd, ret->text);
	fd_close(&s->out_fd);
}

static inline void fix_run(struct step *s, struct ended *ret)
{
	struct err err = {0};

	assert_worked(fix_start(s, &err), err);
	fix_end(s, ret);
}

#define PROBE(...) ((char *const[]){(char[]){"/probe"}, __VA_ARGS__, NULL})
#define ARG(text)  ((char[]){text})

/* The probe with arguments; it must end with 0. */
static inline void fix_probe(struct ended *ret, char *const *argv)
{
	struct step s;

	fix_step(&s, argv);
	fix_run(&s, ret);
	if (!ret->is_known || ret->e.exec_errno || ret->e.code || ret->e.signal)
		fail_msg("known %d, errno %u, code %d, signal %d: %s", ret->is_known,
			ret->e.exec_errno, ret->e.code, ret->e.signal, ret->text);
}

static inline void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in: %s", part, text);
}

static inline void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is in: %s", part, text);
}

/* --- with more or less than a step has by default */

#define BIT(n) (UINT64_C(1) << (n))

static inline void fix_run_with(
	struct ended *ret, struct sandbox_security security, uint32_t uid, char *const *argv)
{
	struct step s;

	fix_step(&s, argv);
	s.c.uid = s.c.gid = uid;
	s.c.security = security;
	fix_run(&s, ret);
}

/* What `ids` says when these capabilities are all there is, and effective. */
static inline void assert_capabilities(const char *text, const char *set)
{
	static const char *const sets[] = {"CapPrm", "CapEff", "CapBnd"};
	char line[64];

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		snprintf(line, sizeof(line), "%s:\t%s", sets[i], set);
		assert_has(text, line);
	}
	assert_has(text, "CapInh:\t0000000000000000");
	assert_has(text, "CapAmb:\t0000000000000000");
}

/* --- visits: fix_visit, changes of v->c, fix_visit_start, fix_visit_end */

static inline void fix_visit(struct visit *v, const struct step *s, char *const *argv)
{
	v->c = (struct sandbox_visit_config){.name = STR("visit"),
		.ns = s->c.ns,
		.step = &s->p,
		.argv = argv,
		.envp = fix_env(),
		.cwd = STR("/dir"),
		.security = s->c.security,
		.stdin_fd = fix.null_fd};
}

static inline int fix_visit_start(struct visit *v, struct err *err)
{
	int ret;

	assert_worked(fd_pipe(&v->out_fd, &v->child_out_fd, NULL), (struct err){0});
	v->c.stdout_fd = v->c.stderr_fd = v->child_out_fd;
	ret = sandbox_visit(&v->c, &v->p, err);
	fd_close(&v->child_out_fd);
	if (ret)
		fd_close(&v->out_fd);
	return ret;
}

static inline void fix_visit_end(struct visit *v)
{
	struct sandbox_exit e = {0};
	struct err err = {0};

	fix_drain(v->out_fd, v->text);
	close(v->out_fd);
	assert_true(fix_readable(v->p.pidfd_fd, STEP_TIMEOUT_MS));
	v->exec_errno = 0;
	if (read(v->p.status_fd, &e, sizeof(e)) == (ssize_t)sizeof(e))
		v->exec_errno = e.exec_errno;
	assert_worked(sandbox_visit_finish(&v->p, &v->status, &err), err);
}

static inline void fix_visit_run(struct visit *v, const struct step *s, char *const *argv)
{
	struct err err = {0};

	fix_visit(v, s, argv);
	assert_worked(fix_visit_start(v, &err), err);
	fix_visit_end(v);
}

/* --- attacks: lines "name=answer" of the probe, each with what is right */

struct answer {
	const char *name, *answer; /* answers that are as good as each other: A|B */
};

static inline const char *answer_in(const struct answer *all, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].answer;
	return ""; /* none is right */
}

static inline bool is_one_of(struct str words, const char *got)
{
	struct str one;

	while (str_cut(words, '|', &one, &words))
		if (str_eqz(one, got))
			return true;
	return str_eqz(words, got);
}

/* Every line is as `right` says, and all but four of so many names are there: what depends on
 * the kernel and the machine. */
static inline void check_answers(
	char *text, const char *(*right)(const char *name), size_t n_names)
{
	size_t n = 0, n_wrong = 0;

	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		char *eq = strchr(line, '=');

		*end = 0;
		assert_non_null(eq);
		*eq = 0;
		if (!is_one_of(str_z(right(line)), eq + 1)) {
			print_error("as %s: %s=%s\n", fix.info->name, line, eq + 1);
			n_wrong++;
		}
		n++;
	}
	assert_int_equal(n_wrong, 0);
	if (n + 4 < n_names)
		fail_msg("only %zu lines", n);
}

/* Places ---------------------------------------------------------------------------------- */

static inline int fix_setup(void **state)
{
	struct err err = {0};

	(void)state;
	fix.a = arena_new();
	fix.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	fix.base_fd = open(fix.base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fix.base_fd >= 0);
	fix.run_fd = fix_dir("run", 0700);
	sandbox_probe(fix.a, fix.base_fd, fix.run_fd, &fix.found);
	if (fix.found.level != fix.info->level)
		fail_msg("level is '%s'", sandbox_level_name(fix.found.level));
	assert_worked(sandbox_ns_new(&fix.found, false, &fix.ns, &err), err);
	assert_worked(sandbox_ns_new(&fix.found, true, &fix.net, &err), err);
	return 0;
}

static inline int fix_teardown(void **state)
{
	struct err err = {0};
	struct str name = path_base(str_z(fix.base));
	int tmp_fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_worked(sandbox_remove_tree(fix.ns, tmp_fd, name.p, &err), err);
	close(tmp_fd);
	sandbox_ns_free(fix.ns);
	sandbox_ns_free(fix.net);
	arena_free(fix.a);
	close(fix.null_fd);
	close(fix.base_fd);
	close(fix.layer_fd);
	close(fix.run_fd);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* the leak check looks into its own process */
	return 0;
}

/* The image: the probe, a few files with owners, links that lead out of it. */
static inline void fix_image(int probe_fd)
{
	fix.base_fd = open(fix.base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fix.layer_fd = fix_dir("layer", 0755);
	fix_copy(probe_fd, fix.layer_fd, "probe");
	assert_int_equal(mkdirat(fix.layer_fd, "etc", 0755), 0);
	assert_int_equal(mkdirat(fix.layer_fd, "tmp", 0777), 0);
	assert_int_equal(fchmodat(fix.layer_fd, "tmp", 01777, 0), 0);
	assert_int_equal(mkdirat(fix.layer_fd, "dir", 0755), 0);
	fix_write(fix.layer_fd, "dir/file", "image\n", 0644);
	fix_write(fix.layer_fd, "etc/hosts", "image hosts\n", 0644);
	fix_write(fix.layer_fd, "text", "no program\n", 0755);
	fix_write(fix.layer_fd, "locked", "secret\n", 0000);
	close(fix.base_fd);
}

/* Files with a line added, bound over the machine's for this process and its children. */
static inline void fix_etc(const char *name, const char *line)
{
	char from[64], to[64], buf[8192];
	ssize_t n;
	int in, out;

	snprintf(to, sizeof(to), "/etc/%s", name);
	snprintf(from, sizeof(from), "/tmp/monopod-etc-%d", getpid());
	in = open(to, O_RDONLY | O_CLOEXEC);
	out = open(from, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_true(out >= 0);
	while (in >= 0 && (n = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t)n), n);
	assert_int_equal(write(out, line, strlen(line)), strlen(line));
	assert_int_equal(fchmod(out, 0644), 0);
	close(in);
	close(out);
	assert_int_equal(mount(from, to, NULL, MS_BIND, NULL), 0);
	assert_int_equal(unlink(from), 0);
}

static inline void fix_become(const struct place_info *p)
{
	if (!p->uid)
		return;
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	fix_etc("passwd",
		"monopod-a:x:51234:51234::/:/bin/sh\nmonopod-b:x:51235:51235::/:/bin/sh\n");
	fix_etc("subuid", "monopod-a:300000:65536\n");
	fix_etc("subgid", "monopod-a:300000:65536\n");
	assert_int_equal(setgroups(0, NULL), 0);
	assert_int_equal(setresgid(p->uid, p->uid, p->uid), 0);
	assert_int_equal(setresuid(p->uid, p->uid, p->uid), 0);
}

static inline int fix_place(
	enum place place, const char *self, const struct CMUnitTest *tests, size_t n_tests)
{
	char path[4096], group[64];
	int probe_fd;

	fix.place = place;
	fix.info = &places[place];
	snprintf(path, sizeof(path), "%.*s/../helpers/probe", (int)(strrchr(self, '/') - self),
		self);
	probe_fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(probe_fd >= 0);
	fix_become(fix.info);
	snprintf(fix.base, sizeof(fix.base), "/tmp/monopod-test-XXXXXX");
	assert_non_null(mkdtemp(fix.base));
	umask(022);
	fix_image(probe_fd);
	close(probe_fd);
	snprintf(group, sizeof(group), "as %s", fix.info->name);
	return _cmocka_run_group_tests(group, tests, n_tests, fix_setup, fix_teardown);
}

/* Runs the tests in every place that can be had here; the others are named. */
static inline int fix_main(const char *self, const struct CMUnitTest *tests, size_t n_tests)
{
	int failed = 0;

	for (int i = 0; i < PLACE_N; i++) {
		int status = 0;
		pid_t pid;

		if (geteuid() != 0) {
			printf("# skip: place '%s' needs root to set it up\n", places[i].name);
			continue;
		}
		fflush(NULL);
		pid = fork();
		if (pid == 0)
			exit(fix_place((enum place)i, self, tests, n_tests));
		waitpid(pid, &status, 0);
		if (status) {
			printf("[  ERROR   ] place '%s' ended with status %d\n", places[i].name,
				status);
			failed++;
		}
	}
	return failed;
}

#define FIX_MAIN(tests) fix_main(argv[0], (tests), ARRAY_SIZE(tests))

#endif
