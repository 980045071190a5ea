/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confinement. What is asked is a sandbox_config; sandbox_start compiles it into a flat list of
 * operations in the parent, clones a child that walks them and executes step-init as PID 1 of
 * the step's PID namespace. The module knows nothing of Tekton, results or images. It does not
 * log.
 *
 * Ownership model (docs/ownership.md): ids inside a step are mapped to a range of the run. uid
 * 0 of a root agent is never mapped. An unprivileged agent has its own uid as the step's 0, and
 * its sub-ids, when newuidmap and /etc/subuid give some, as 1 and up.
 */
#ifndef MONOPOD_SANDBOX_H
#define MONOPOD_SANDBOX_H

#include <base/arena.h>
#include <base/err.h>
#include <base/str.h>
#include <monopod/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* --- ids ----------------------------------------------------------------------------- */

struct id_extent {
	uint32_t inside;
	uint32_t outside;
	uint32_t count;
};
enum { ID_EXTENTS_MAX = 8 };
struct id_map {
	struct id_extent uid[ID_EXTENTS_MAX];
	size_t n_uid;
	struct id_extent gid[ID_EXTENTS_MAX];
	size_t n_gid;
	bool is_single; /* one id only: setgroups is denied, owners are squashed */
};
/* -1 when the id has no image. */
int64_t id_map_outside(const struct id_extent *e, size_t n, uint32_t inside);
int64_t id_map_inside(const struct id_extent *e, size_t n, uint32_t outside);
/* "u0:100000:65536 g0:100000:65536": stable text, the key of layers that were unpacked under
 * this map. */
struct str id_map_text(const struct id_map *m, struct arena *a);

/* --- the place: what this machine or pod permits ------------------------------------- */

enum sandbox_level {
	SANDBOX_ROOT, /* root on a plain machine or in a privileged pod: a range of ids that are
			 not the agent's */
	SANDBOX_USER, /* unprivileged with sub-ids */
	SANDBOX_USER_SINGLE, /* unprivileged, one id */
	SANDBOX_NONE,        /* no sandbox possible here; every fact says why */
};
enum { SANDBOX_LEVEL_N = SANDBOX_NONE + 1 };

struct sandbox_fact {     /* one probed item with its evidence */
	const char *name; /* "user-namespace", "overlay", "idmapped-mount", "net-namespace",
			     "fresh-proc" … */
	bool works;
	int sys;             /* errno of the failure */
	struct str evidence; /* what was tried and what happened */
};
struct sandbox_place {
	enum sandbox_level level;
	struct id_map map;
	bool can_net_namespace;    /* hermetic tasks are possible */
	bool can_cgroup_namespace; /* else steps see the name of our cgroup, and no more of it
				    */
	bool can_nest;     /* steps with more than the harmless capabilities are possible */
	bool can_escalate; /* may_escalate means something: we have not lost it ourselves */
	bool can_idmap;  /* lower layers of the store's file system take an idmapped mount (root
			    only) */
	bool can_upper;  /* run_dfd's file system carries overlay upper directories; when the
			    question was not asked: whether a tmpfs does */
	bool has_cgroup; /* limits can be enforced (not yet: always false) */
	struct sandbox_fact *facts;
	size_t n_facts;
};
/*
 * Probes by doing, each question in a child of its own with a time limit. store_dfd is the
 * directory whose file system is asked for idmapped mounts, run_dfd the one that shall carry
 * overlay upper directories (-1: not asked). Never fails: what does not work is a fact.
 */
void sandbox_probe(struct arena *a, int store_dfd, int run_dfd, struct sandbox_place *ret);
/*
 * What a run has to know and no more: one start of a step with its upper directory below
 * run_dfd answers several questions at once. What is not wanted is false. When something does
 * not work, all is asked as by sandbox_probe, for the evidence.
 */
enum sandbox_want { SANDBOX_WANT_NET = 1, SANDBOX_WANT_NEST = 2 };
struct sandbox_ask {
	int store_dfd, run_dfd;
	int hold_fd; /* as of sandbox_ns_hold: what is tried is not alive when it is free */
	unsigned int wants;
};
void sandbox_probe_run(
	struct arena *a, const struct sandbox_ask *ask, struct sandbox_place *ret);
const char *sandbox_level_name(enum sandbox_level l);

/* --- namespaces that outlive a step -------------------------------------------------- */

struct sandbox_ns; /* a user namespace with the run's map and, for a hermetic task, a network
		      namespace with lo up */

int sandbox_ns_new(const struct sandbox_place *place, bool own_net, struct sandbox_ns **ret,
	struct err *err);
/* The same, with the filter and the program of `like`, which were made for all steps of a run.
 */
int sandbox_ns_new_like(const struct sandbox_place *place, bool own_net,
	const struct sandbox_ns *like, struct sandbox_ns **ret, struct err *err);
/* A directory's file system takes the run's id map on a mount: false unless a root agent may
 * make one of it. */
bool sandbox_ns_can_idmap(const struct sandbox_ns *ns, int dfd);
/*
 * A descriptor (borrowed) that step-init of every step in here keeps open until nothing of its
 * step is left, also when the agent dies; the step's own processes never have it. With a lock
 * on it, the lock tells that nothing runs any more.
 */
void sandbox_ns_hold(struct sandbox_ns *ns, int fd);
void sandbox_ns_free(struct sandbox_ns *ns); /* NULL is fine */

/*
 * Deputies: short-lived children inside the namespace, for files that belong to mapped ids
 * which an unprivileged agent cannot touch itself. For a root agent they are plain calls.
 */
/* Opens for reading with RESOLVE_BENEATH|NO_SYMLINKS, O_NONBLOCK. Returns a descriptor or -1.
 */
int sandbox_open_beneath(struct sandbox_ns *ns, int dfd, const char *rel, struct err *err);
int sandbox_remove_tree(
	struct sandbox_ns *ns, int dfd, const char *name, struct err *err); /* as dir_remove */
/* mkdir below dfd owned by inside ids (uid, gid), with mode; existing is fine. As
 * sandbox_mkdir_as. */
int sandbox_make_dir(struct sandbox_ns *ns, int dfd, const char *rel, uint32_t uid,
	uint32_t gid, uint32_t mode, struct err *err);
/*
 * mkdir(2) with these ids of the caller's own namespace and exactly this mode from its first
 * moment on, whatever the umask: nobody finds it half made, not after SIGKILL either. Below a
 * directory with the set-group-ID bit it takes the group and the bit from there (inode(7)).
 * Needs CAP_SETUID and CAP_SETGID for other ids than the caller's. -1 with err.sys.
 */
int sandbox_mkdir_as(
	int dfd, const char *name, uint32_t uid, uint32_t gid, uint32_t mode, struct err *err);
struct sandbox_group {
	const int *dfds; /* directories that monopod made for steps; O_PATH is fine */
	size_t n;
	uint32_t gid;     /* inside */
	bool read_only;   /* the group may not write in them */
	bool on_mismatch; /* nothing is done where the directory itself has group and mode */
};
/*
 * Gives trees to a group as the kubelet does for fsGroup: files can be read and written by it,
 * directories entered, too, and new files in them inherit it. Links are not followed; done with
 * the rights of the run's first user alone, as steps may write there meanwhile.
 */
int sandbox_give_group(struct sandbox_ns *ns, const struct sandbox_group *g, struct err *err);

/*
 * A worker: a child that joins the namespace (NULL: stays in the agent's), is confined to the
 * directories given (Landlock, when there is one) and to a seccomp list without network, and
 * runs fn(arg); its return value is the exit code. Messages go through a pipe of the caller's.
 * The pidfd becomes readable when it has ended. fn runs with a copy of the agent's memory: it
 * must not return into the caller's loop.
 */
struct sandbox_worker {
	pid_t pid;
	int pidfd_fd;
};
struct sandbox_worker_config {
	struct sandbox_ns *ns;
	int (*fn)(void *arg);
	void *arg;
	const int *write_dfds; /* may be written below */
	size_t n_write_dfds;
	const int *read_dfds;
	size_t n_read_dfds;
	const int *keep_fds; /* all other descriptors are closed */
	size_t n_keep_fds;
};
int sandbox_worker_start(
	const struct sandbox_worker_config *c, struct sandbox_worker *ret, struct err *err);
/* After the pidfd is readable: the exit status (0-255, or 128+signal). Closes the pidfd. */
int sandbox_worker_reap(struct sandbox_worker *w, int *ret_status, struct err *err);

/* --- one step ------------------------------------------------------------------------ */

enum sandbox_root {
	ROOT_OVERLAY, /* layers + upper + work */
	ROOT_BIND,    /* one directory, read-only, with a private /tmp: dir: and host images */
};
struct sandbox_layer {
	int dfd;              /* the layer's directory; borrowed */
	bool owners_are_real; /* on-disk owners are the image's own ids: bind with an idmapped
				 mount; else as they are */
};
enum sandbox_mount_kind {
	MOUNT_BIND,  /* source_dfd (a directory or file descriptor, O_PATH is fine) */
	MOUNT_TMPFS, /* size_bytes */
	MOUNT_IMAGE, /* layers: their overlay, read-only */
};
enum sandbox_owner {
	OWNER_AS_IS,  /* on-disk ids are those of the run's range already (directories monopod
			 made) */
	OWNER_CALLER, /* the caller's own directory: its owner is seen as the step's uid 0, and
			 what that writes stays the owner's */
};
struct sandbox_mount {
	enum sandbox_mount_kind kind;
	int source_dfd; /* BIND; borrowed */
	enum sandbox_owner owner;
	bool read_only;
	bool is_file;
	bool is_exec;      /* false: noexec */
	struct str target; /* absolute, cleaned, in the step; resolved inside the root, created
			      when missing */
	uint64_t size_bytes;
	uint32_t mode;                      /* TMPFS root directory */
	const struct sandbox_layer *layers; /* IMAGE: topmost first */
	size_t n_layers;
	struct str sub_path; /* IMAGE: the directory or file of it that is mounted, resolved
				inside of it; empty: all */
};
struct sandbox_rlimit {
	int resource;
	uint64_t soft, hard;
};
/*
 * More or less than every step has; all zero: just that. Sets are bits of the kernel's numbers.
 * Capabilities count in the step's own user namespace alone. uid 0 has them; another uid has
 * none, and they bound what it can gain. With any that would count over the step's mounts or
 * over step-init (SYS_ADMIN, SYS_PTRACE, all) the program runs in a user namespace nested in
 * the step's, where they count for what it makes itself. CAP_SYS_ADMIN leaves of the filter
 * only the floor.
 */
struct sandbox_security {
	uint64_t cap_add, cap_drop;
	bool adds_all, drops_all;          /* before the sets */
	bool may_escalate;                 /* programs of the image with setuid bits or file
					      capabilities work; else no_new_privs. Mounts stay nosuid */
	bool is_unconfined;                /* of the filter only the floor is left */
	const struct seccomp_rules *rules; /* takes the place of the filter, over the floor;
					      not with is_unconfined. Borrowed; NULL: none */
	bool is_proc_unmasked;
};
enum sandbox_copy { SANDBOX_COPY_STDOUT, SANDBOX_COPY_STDERR };
enum { SANDBOX_COPIES = SANDBOX_COPY_STDERR + 1 };
/* Directories of files, and of directories of files; mounted by the caller. */
#define SANDBOX_HOME_SOURCE "/tekton/creds-secrets/.home"
#define SANDBOX_HOME_COPY   "/tekton/creds"
struct sandbox_config {
	struct str name;       /* "task/step", for messages */
	struct sandbox_ns *ns; /* the run's or the hermetic task's; borrowed */
	bool has_home_files; /* SANDBOX_HOME_SOURCE is copied to SANDBOX_HOME_COPY and to $HOME
				by the step's user, just before its program; what does not work
				is told on its standard error */
	bool holds_start;    /* the program does not start before sandbox_go */
	bool holds_failed; /* a program that fails is reported, and what it left stays as it is,
			      for visitors, until sandbox_signal(SIGKILL) */
	bool is_hermetic;  /* ns has an own network: lo only; seccomp family list as well */
	enum sandbox_root root;
	const struct sandbox_layer *layers; /* topmost first; ROOT_BIND: exactly one */
	size_t n_layers;
	/* ROOT_OVERLAY; -1: read-only root. Side by side in one directory, empty, owned by the
	 * step's uid 0 (sandbox_make_dir), new for every start. */
	int upper_dfd, work_dfd;
	const struct sandbox_mount *mounts; /* in this order, after /proc /dev /dev/shm */
	size_t n_mounts;
	struct str hostname;
	struct str etc_hosts;       /* file contents, bound read-only; empty: the image's own */
	struct str etc_resolv_conf; /* likewise */
	char *const *argv; /* argv[0] is the program: looked up in the step's PATH when it has
			      no slash */
	char *const *envp;
	struct str cwd; /* absolute; created inside the root when missing and make_cwd */
	bool make_cwd;
	uint32_t uid, gid;      /* inside */
	const uint32_t *groups; /* supplementary, inside */
	size_t n_groups;
	struct sandbox_security security;
	/* beside CORE, RTPRIO and NICE, which are 0 for every step */
	const struct sandbox_rlimit *rlimits;
	size_t n_rlimits;
	int stdin_fd, stdout_fd, stderr_fd; /* borrowed */
	/*
	 * Files that shall get a copy of the two output streams: opened for append (0644, with
	 * the directories above, 0755) by the main process itself, as its user, in its root,
	 * from its working directory, before it executes. Regular files alone, none of the
	 * kernel's own. Empty: none.
	 */
	struct str copies[SANDBOX_COPIES];
};

struct sandbox_times { /* ns spent per phase of one start, for the benchmark */
	int64_t build_ns, clone_ns, setup_ns, exec_ns;
};
struct sandbox_proc {
	pid_t pid;     /* of step-init, in the agent's PID namespace */
	int pidfd_fd;  /* readable when step-init has ended */
	int status_fd; /* step-init writes one struct sandbox_exit before it ends; EOF without
			  it: the end is not known */
	int copies_fd; /* sandbox_copies_take; -1: none was asked */
	struct sandbox_times times;
};
struct sandbox_exit {        /* what step-init reports about the step's main process */
	uint32_t magic;      /* SANDBOX_EXIT_MAGIC */
	uint32_t exec_errno; /* 0, or why the program could not be executed */
	int32_t code;        /* exit code, when signal is 0; with exec_errno: 0, or another step
				before exec that failed (limits, capabilities, ids, fork);
				SANDBOX_EXIT_COPY + enum sandbox_copy: that file could not be
				opened, EINVAL: it is not a regular one */
	int32_t signal;
};
enum { SANDBOX_EXIT_MAGIC = 0x6d70696e, SANDBOX_EXIT_COPY = 16 };

/*
 * Returns when step-init runs, or fails with ERR_SANDBOX/ERR_SYS naming the operation ("step
 * 'build': mount 'cache' on
 * '/cache': permission denied"). A program that cannot be executed is not a failure here: it
 * comes through status_fd.
 */
int sandbox_start(const struct sandbox_config *c, struct sandbox_proc *ret, struct err *err);
/*
 * The opened copies, once the main process has written something: they were sent before it
 * executed. Never blocks; -1 where there is none. Fails when one that was opened cannot be had.
 */
int sandbox_copies_take(int copies_fd, int ret_fds[SANDBOX_COPIES], struct err *err);
/* signal to the main process by way of step-init; SIGKILL kills step-init and with it
 * everything. */
int sandbox_signal(const struct sandbox_proc *p, int signal, struct err *err);
/* Of one that holds_start: the program starts. */
int sandbox_go(const struct sandbox_proc *p, struct err *err);
/* SIGKILL to the main process alone, whose end is then reported as any. */
int sandbox_kill_program(const struct sandbox_proc *p, struct err *err);
/* Reaps step-init after its pidfd is readable and closes both descriptors. */
int sandbox_finish(struct sandbox_proc *p, struct err *err);

/* --- a second program beside a running step's own (probes, shells) ------------------- */

struct sandbox_visit_config {
	struct str name;                 /* for messages */
	struct sandbox_ns *ns;           /* the step's; borrowed */
	const struct sandbox_proc *step; /* running; borrowed */
	char *const *argv;               /* as in sandbox_config */
	char *const *envp;
	struct str cwd; /* absolute; must be there */
	uint32_t uid, gid;
	const uint32_t *groups;
	size_t n_groups;
	struct sandbox_security security; /* the step's */
	const struct sandbox_rlimit *rlimits;
	size_t n_rlimits;
	bool has_terminal; /* stdin is a terminal and becomes the controlling one */
	/* program_fd (borrowed; a sealed memory file, or the step could write to it) is
	 * executed under the name argv[0] instead: a static program that the step's root need
	 * not have */
	bool has_program;
	int program_fd;
	int stdin_fd, stdout_fd, stderr_fd; /* borrowed */
};
/*
 * Starts a program in the namespaces, the root and under the filter of a step, with the same
 * loss of capabilities. The agent's child is a step-init of its own, which no process of the
 * step can trace or look into; the program is its child. It is killed with the step, whose own
 * end is only seen once the visitor was reaped (sandbox_visit_finish). Returns when it was
 * cloned: status_fd then tells, as in sandbox_start, only whether the program could not be
 * executed (EOF: it runs). sandbox_signal reaches the program's process group. Where the
 * step's program has namespaces of its own (SYS_ADMIN, SYS_PTRACE, all), the visitor is in
 * them, before that program starts and after it has failed, too.
 */
int sandbox_visit(
	const struct sandbox_visit_config *c, struct sandbox_proc *ret, struct err *err);
/*
 * The program and all that it has started are killed, also what went into a session of its own;
 * the end follows, unless the root of the step keeps step-init from it: then SIGKILL
 * (sandbox_signal) still ends that and the program.
 */
void sandbox_visit_kill(const struct sandbox_proc *p);
/* How long that end may take: killing what a program has started is quick, but the kernel may
 * have its processes wait for a disk. Whoever has waited so long sends SIGKILL, or lets go. */
enum { SANDBOX_VISIT_END_MS = 2000 };
/* After the pidfd is readable: its exit code, or 128+signal. Closes both descriptors. */
int sandbox_visit_finish(struct sandbox_proc *p, int *ret_status, struct err *err);
/* Kills it and the program now, reaps it and closes its descriptors: no process of the step can
 * hold that up, and not even the kernel does for longer than 2 s. Nothing when it has ended. */
void sandbox_visit_abandon(struct sandbox_proc *p);

/*
 * A socket in the network of the namespace: of a hermetic task it reaches that task's loopback
 * and nothing else. Close-on-exec, non-blocking. Returns a descriptor or -1.
 */
int sandbox_socket(struct sandbox_ns *ns, int family, int type, struct err *err);

/* The operations sandbox_start would carry out, one per line, for --dry-run and tests. */
int sandbox_explain(
	const struct sandbox_config *c, struct arena *a, struct str *ret, struct err *err);

#endif
