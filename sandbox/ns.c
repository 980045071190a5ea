/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces of a run. A short child makes them, the parent (or newuidmap for a user with
 * sub-ids) writes the maps, and what stays is descriptors. Steps nest their own user namespaces
 * inside, so that newuidmap runs once per run and not once per step.
 */
#include "ns.h"
#include "caps.h"
#include "child.h"
#include "idmap.h"
#include "spawn.h"
#include <base/fd.h>
#include <base/file.h>
#include <base/num.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

enum { HELPER_TIMEOUT_MS = 10000, TEXT_MAX = 4096, MAP_ARGS = 2 + 3 * ID_EXTENTS_MAX + 1 };
enum { OOM_STEP = 500, OOM_MAX = 1000 };

extern const char step_init_blob[], step_init_blob_end[];

/* --- the child that makes the namespaces ---------------------------------------------------
 */

struct maker {
	int sock_fd; /* the child's end */
	bool has_net;
};

static int lo_up(void)
{
	struct ifreq ifr = {.ifr_flags = IFF_UP | IFF_RUNNING};
	int ret = 0;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	memcpy(ifr.ifr_name, "lo", 3);
	if (ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		ret = errno;
	close(fd);
	return ret;
}

/*
 * A step's CAP_NET_BIND_SERVICE counts in its own user namespace, the network belongs to the
 * one around it: all ports are opened to everybody in there. Without a writable /proc/sys,
 * ports below 1024 stay closed, which a step sees by itself.
 */
static void low_ports_open(void)
{
	int fd = open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "0", 1); /* see above */
	close(fd);
}

static int maker_run(void *arg)
{
	struct maker *m = arg;
	int answer = 0;
	char go;

	/* our /proc files belong to us again, for newuidmap and for an agent without rights */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (write(m->sock_fd, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
		return 1;
	if (read(m->sock_fd, &go, 1) != 1)
		return 1;
	if (m->has_net) {
		answer = lo_up();
		low_ports_open();
	}
	return write(m->sock_fd, &answer, sizeof(answer)) != (ssize_t)sizeof(answer);
}

static int maker_answer(int sock_fd, const char *what, struct err *err)
{
	struct timeval limit = {.tv_sec = HELPER_TIMEOUT_MS / 1000};
	int answer = EPROTO;
	ssize_t n;

	(void)setsockopt(sock_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	n = read(sock_fd, &answer, sizeof(answer));
	if (n < 0)
		return err_sys(err, "%s", what);
	if (n != (ssize_t)sizeof(answer))
		return err_set(err, ERR_SANDBOX, "%s: the child ended without a word", what);
	return answer ? err_sysno(err, answer, "%s", what) : 0;
}

/* --- writing maps --------------------------------------------------------------------------
 */

static int proc_write(pid_t pid, const char *name, struct str text, struct err *err)
{
	char path[64];
	struct buf b attr_cleanup(buf_release) = {0};
	int fd cleanup_fd = -1;

	buf_init(&b, sizeof(path));
	buf_addf(&b, "/proc/%d/%s", pid, name);
	fd = open(b.p, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open '%s'", b.p);
	if (write(fd, text.p, text.n) != (ssize_t)text.n)
		return err_sys(err, "write '%s'", b.p);
	return 0;
}

static int map_write(
	pid_t pid, const char *name, const struct id_extent *e, size_t n, struct err *err)
{
	struct buf b attr_cleanup(buf_release) = {0};

	buf_init(&b, TEXT_MAX);
	id_extents_text(e, n, &b);
	return proc_write(pid, name, buf_str(&b), err);
}

struct helper {
	const char *path;
	char *const *argv;
};

static int helper_run(void *arg)
{
	struct helper *h = arg;
	char *const no_env[] = {NULL};
	sigset_t none;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 0; i < 3 && null_fd >= 0; i++)
		dup2(null_fd, i);
	execve(h->path, h->argv, no_env);
	return 127;
}

/* newuidmap and newgidmap by absolute path, with an empty environment. */
static int map_by_helper(
	const char *path, pid_t pid, const struct id_extent *e, size_t n, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	char **argv = arena_new_array(a, char *, MAP_ARGS);
	struct helper h = {.path = path, .argv = argv};
	struct spawned child;
	size_t n_args = 0;
	int status = 0;

	argv[n_args++] = (char *)(uintptr_t)path;
	argv[n_args++] = (char *)(uintptr_t)arena_printf(a, "%d", pid).p;
	for (size_t i = 0; i < n; i++) {
		argv[n_args++] = (char *)(uintptr_t)arena_printf(a, "%u", e[i].inside).p;
		argv[n_args++] = (char *)(uintptr_t)arena_printf(a, "%u", e[i].outside).p;
		argv[n_args++] = (char *)(uintptr_t)arena_printf(a, "%u", e[i].count).p;
	}
	if (spawn_child(0, helper_run, &h, &child, err) ||
		spawn_wait(&child, HELPER_TIMEOUT_MS, &status, err))
		return err_wrap(err, "'%s'", path);
	if (status == 127)
		return err_set(err, ERR_SANDBOX, "'%s' could not be executed", path);
	if (status)
		return err_set(err, ERR_SANDBOX, "'%s' ended with %d", path, status);
	return 0;
}

static int maps_write(
	enum sandbox_level level, pid_t pid, const struct id_map *m, struct err *err)
{
	if (level == SANDBOX_USER) {
		if (map_by_helper("/usr/bin/newgidmap", pid, m->gid, m->n_gid, err))
			return -1;
		return map_by_helper("/usr/bin/newuidmap", pid, m->uid, m->n_uid, err);
	}
	if (level == SANDBOX_USER_SINGLE && proc_write(pid, "setgroups", STR("deny"), err))
		return -1;
	if (map_write(pid, "gid_map", m->gid, m->n_gid, err))
		return -1;
	return map_write(pid, "uid_map", m->uid, m->n_uid, err);
}

static int ns_open(pid_t pid, const char *name, struct err *err)
{
	struct buf b attr_cleanup(buf_release) = {0};
	int fd;

	buf_init(&b, 64);
	buf_addf(&b, "/proc/%d/ns/%s", pid, name);
	fd = open(b.p, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open '%s'", b.p) : fd;
}

/* The parent's side, once the child exists. */
/* NOLINTNEXTLINE(readability-function-size): two descriptors come back */
static int ns_fill(enum sandbox_level level, const struct id_map *map, pid_t pid, int sock_fd,
	int *ret_user_fd, int *ret_net_fd, struct err *err)
{
	int user_fd cleanup_fd = -1, net_fd cleanup_fd = -1;

	if (maker_answer(sock_fd, "make a user namespace", err) ||
		maps_write(level, pid, map, err))
		return -1;
	user_fd = ns_open(pid, "user", err);
	if (user_fd < 0)
		return -1;
	if (ret_net_fd) {
		net_fd = ns_open(pid, "net", err);
		if (net_fd < 0)
			return -1;
	}
	if (fd_write_all(sock_fd, "g", 1, err) ||
		maker_answer(sock_fd, "raise the loopback interface", err))
		return -1;
	*ret_user_fd = fd_take(&user_fd);
	if (ret_net_fd)
		*ret_net_fd = fd_take(&net_fd);
	return 0;
}

int ns_make(enum sandbox_level level, const struct id_map *map, int *ret_user_fd,
	int *ret_net_fd, struct err *err)
{
	int own_fd cleanup_fd = -1, child_fd cleanup_fd = -1;
	struct maker m = {.has_net = ret_net_fd};
	struct spawned child;
	int ret, status = 0;

	if (fd_socketpair(&own_fd, &child_fd, err))
		return -1;
	m.sock_fd = child_fd;
	if (spawn_child(CLONE_NEWUSER | (ret_net_fd ? CLONE_NEWNET : 0), maker_run, &m, &child,
		    err))
		return -1;
	fd_close(&child_fd);
	ret = ns_fill(level, map, child.pid, own_fd, ret_user_fd, ret_net_fd, err);
	fd_close(&own_fd); /* the child ends when it is still waiting */
	if (spawn_wait(&child, HELPER_TIMEOUT_MS, &status, ret ? NULL : err))
		return -1;
	return ret;
}

int ns_caller_fd(struct sandbox_ns *ns, uint32_t uid, uint32_t gid, struct err *err)
{
	struct id_map m = {0};
	struct ns_caller *c;
	int user_fd = -1;

	vec_foreach (c, &ns->callers)
		if (c->uid == uid && c->gid == gid)
			return c->user_fd;
	m.n_uid = id_extents_caller(ns->map.uid, ns->map.n_uid, uid, m.uid);
	m.n_gid = id_extents_caller(ns->map.gid, ns->map.n_gid, gid, m.gid);
	if (ns_make(SANDBOX_ROOT, &m, &user_fd, NULL, err))
		return -1;
	c = vec_add(&ns->callers);
	*c = (struct ns_caller){.uid = uid, .gid = gid, .user_fd = user_fd};
	return user_fd;
}

/* --- the rest of what is kept ----------------------------------------------------------------
 */

/* step-init as a sealed memory file: nothing in a step can change what the next one executes.
 */
static int init_copy(struct err *err)
{
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int fd cleanup_fd = memfd_create("step-init", flags | MFD_EXEC);

	if (fd < 0 && errno == EINVAL) /* kernels before 6.3 know no MFD_EXEC */
		fd = memfd_create("step-init", flags);
	if (fd < 0)
		return err_sys(err, "make a memory file for step-init");
	if (fd_write_all(
		    fd, step_init_blob, (size_t)(step_init_blob_end - step_init_blob), err))
		return -1;
	if (fcntl(fd, F_ADD_SEALS, seals) < 0)
		return err_sys(err, "seal step-init");
	return fd_take(&fd);
}

/* Steps are killed before the agent when memory ends. */
static void oom_prepare(struct sandbox_ns *ns)
{
	struct arena *a cleanup_arena = arena_new();
	struct str text = STR_NONE;
	int64_t own = 0;

	buf_init(&ns->oom_text, 32);
	if (file_read(a, AT_FDCWD, "/proc/self/oom_score_adj", 64, &text, NULL) ||
		num_i64(str_trim(text), -OOM_MAX, OOM_MAX, &own, NULL))
		return;
	own = own + OOM_STEP < OOM_MAX ? own + OOM_STEP : OOM_MAX;
	buf_addf(&ns->oom_text, "%d", (int)own);
}

const struct sock_fprog *ns_filter(
	struct sandbox_ns *ns, enum seccomp_profile profile, struct err *err)
{
	struct sock_fprog *f = &ns->filters[profile];

	return f->filter || seccomp_compile(profile, f, err) == 0 ? f : NULL;
}

static void filter_copy(struct sock_fprog *to, const struct sock_fprog *from)
{
	const size_t n_bytes = from->len * sizeof(from->filter[0]);

	if (!from->filter)
		return;
	to->len = from->len;
	to->filter = mem_alloc(n_bytes);
	memcpy(to->filter, from->filter, n_bytes);
}

/* What compiling and copying once is enough for. like: a namespace that has it, or NULL. */
static int ns_share(struct sandbox_ns *ns, const struct sandbox_ns *like, struct err *err)
{
	if (!like) {
		ns->init_fd = init_copy(err);
		return ns->init_fd < 0 || !ns_filter(ns, SECCOMP_STEP, err) ? -1 : 0;
	}
	ns->init_fd = fcntl(like->init_fd, F_DUPFD_CLOEXEC, 3);
	if (ns->init_fd < 0)
		return err_sys(err, "duplicate the descriptor of step-init");
	for (size_t i = 0; i < SECCOMP_PROFILE_N; i++)
		filter_copy(&ns->filters[i], &like->filters[i]);
	return 0;
}

static int ns_prepare(struct sandbox_ns *ns, const struct sandbox_ns *like, struct err *err)
{
	const int prot = PROT_READ | PROT_WRITE;

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return err_set(err, ERR_BUG, "descriptor %d is not open", fd);
	ns->last_cap = caps_last();
	buf_init(&ns->uid_map, TEXT_MAX);
	buf_init(&ns->gid_map, TEXT_MAX);
	id_extents_same_text(ns->map.uid, ns->map.n_uid, &ns->uid_map);
	id_extents_same_text(ns->map.gid, ns->map.n_gid, &ns->gid_map);
	oom_prepare(ns);
	ns->agent_fd = pidfd_open(getpid(), 0);
	if (ns->agent_fd < 0)
		return err_sys(err, "open a descriptor of our own process");
	ns->stack = mmap(
		NULL, CHILD_STACK_BYTES, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (ns->stack == MAP_FAILED) {
		ns->stack = NULL;
		return err_sys(err, "allocate a stack");
	}
	ns->times = mmap(NULL, sizeof(*ns->times), prot, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ns->times == MAP_FAILED) {
		ns->times = NULL;
		return err_sys(err, "allocate shared memory");
	}
	return ns_share(ns, like, err);
}

int sandbox_ns_new(const struct sandbox_place *place, bool own_net, struct sandbox_ns **ret,
	struct err *err)
{
	return sandbox_ns_new_like(place, own_net, NULL, ret, err);
}

int sandbox_ns_new_like(const struct sandbox_place *place, bool own_net,
	const struct sandbox_ns *like, struct sandbox_ns **ret, struct err *err)
{
	struct sandbox_ns *ns;

	if (place->level == SANDBOX_NONE)
		return err_set(err, ERR_SANDBOX, "no sandbox is possible here");
	if (own_net && !place->can_net_namespace)
		return err_set(err, ERR_SANDBOX,
			"a network namespace is not possible here, so nothing can be hermetic");
	ns = mem_zalloc(sizeof(*ns));
	ns->level = place->level;
	ns->map = place->map;
	ns->has_cgroup = place->can_cgroup_namespace;
	ns->user_fd = ns->net_fd = ns->init_fd = ns->agent_fd = -1;
	ns->hold_fd = like ? like->hold_fd : -1;
	if (ns_prepare(ns, like, err) ||
		ns_make(ns->level, &ns->map, &ns->user_fd, own_net ? &ns->net_fd : NULL, err)) {
		sandbox_ns_free(ns);
		return -1;
	}
	*ret = ns;
	return 0;
}

void sandbox_ns_free(struct sandbox_ns *ns)
{
	struct ns_caller *c;

	if (!ns)
		return;
	vec_foreach (c, &ns->callers)
		fd_close(&c->user_fd);
	vec_release(&ns->callers);
	fd_close(&ns->user_fd);
	fd_close(&ns->net_fd);
	fd_close(&ns->init_fd);
	fd_close(&ns->agent_fd);
	buf_release(&ns->uid_map);
	buf_release(&ns->gid_map);
	buf_release(&ns->oom_text);
	for (size_t i = 0; i < SECCOMP_PROFILE_N; i++)
		free(ns->filters[i].filter);
	if (ns->stack)
		munmap(ns->stack, CHILD_STACK_BYTES);
	if (ns->times)
		munmap(ns->times, sizeof(*ns->times));
	free(ns);
}

void sandbox_ns_hold(struct sandbox_ns *ns, int fd)
{
	ns->hold_fd = fd;
}

int ns_join(const struct sandbox_ns *ns, struct err *err)
{
	const pid_t parent = getppid();

	if (setns(ns->user_fd, CLONE_NEWUSER))
		return err_sys(err, "enter the run's user namespace");
	if (ns->net_fd >= 0 && setns(ns->net_fd, CLONE_NEWNET))
		return err_sys(err, "enter the task's network namespace");
	if (!ns->map.is_single && setgroups(0, NULL))
		return err_sys(err, "drop groups");
	if (syscall(SYS_setresgid, 0, 0, 0) || syscall(SYS_setresuid, 0, 0, 0))
		return err_sys(err, "become the first user of the namespace");
	return child_outlive_nobody(parent, err);
}
