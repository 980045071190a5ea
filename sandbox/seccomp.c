/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profile to BPF. libseccomp makes the allow-list; in front of it stands a short program of our
 * own that refuses by argument. Arguments are compared as the 32 bits that the kernel looks at:
 * a 64-bit comparison let TIOCSTI through with a bit set above (CVE-2019-10063).
 */
#include "seccomp.h"
#include <base/attr.h>
#include <base/fd.h>
#include <base/vec.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#if defined(__x86_64__)
enum { NATIVE_ARCH = SCMP_ARCH_X86_64 };
#define NATIVE_AUDIT AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
enum { NATIVE_ARCH = SCMP_ARCH_AARCH64 };
#define NATIVE_AUDIT AUDIT_ARCH_AARCH64
#endif

#ifndef TIOCLINUX
#define TIOCLINUX 0x541C
#endif

enum {
	CLONE_NEW_ANY = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
			CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET,
	CHECK_VALUES = 6,
	NO_ARG = -1,
};

/* Refuses a call by one of its arguments. */
static const struct check {
	int number;
	int when_arg; /* only if this argument is when_value; NO_ARG: always */
	uint32_t when_value;
	int arg;
	enum { CHECK_ONLY, CHECK_NONE_OF, CHECK_NO_BIT } how;
	size_t n;
	uint32_t values[CHECK_VALUES];
	int refuse; /* errno */
	bool is_loose;
} checks[] = {
	/* the address family decides, by allow-list: no vsock, alg, packet, ... (sandbox.md
	 * R47); libaudit takes these two errnos for "no audit in this kernel", su and sshd go
	 * on */
	{SYS_socket, NO_ARG, 0, 0, CHECK_ONLY, 4, {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK},
		EAFNOSUPPORT, false},
	{SYS_socket, 0, AF_NETLINK, 2, CHECK_ONLY, 1, {NETLINK_ROUTE}, EPROTONOSUPPORT, false},
	{SYS_socketpair, NO_ARG, 0, 0, CHECK_ONLY, 1, {AF_UNIX}, EAFNOSUPPORT, false},
	{SYS_clone, NO_ARG, 0, 0, CHECK_NO_BIT, 1, {CLONE_NEW_ANY}, EPERM, true},
	/* in one of its own a step could mount the agent's group, whose files are the agent's
	 * user's, who may be the step's root */
	{SYS_clone, NO_ARG, 0, 0, CHECK_NO_BIT, 1, {CLONE_NEWCGROUP}, EPERM, false},
	{SYS_unshare, NO_ARG, 0, 0, CHECK_NO_BIT, 1, {CLONE_NEWCGROUP}, EPERM, false},
	{SYS_ioctl, NO_ARG, 0, 1, CHECK_NONE_OF, 2, {TIOCSTI, TIOCLINUX}, EPERM, false},
	/* Linux, SVR4-like emulation and 2.6 version names; never READ_IMPLIES_EXEC */
	{SYS_personality, NO_ARG, 0, 0, CHECK_ONLY, 5, {0, 8, 0x20000, 0x20008, 0xffffffff},
		EPERM, true},
};

/* Beyond what steps may not do, a parser of the agent needs none of these. */
static const char *const worker_denied[] = {
	"accept",
	"accept4",
	"bind",
	"chroot",
	"clone",
	"connect",
	"execve",
	"execveat",
	"fork",
	"kill",
	"listen",
	"pidfd_open",
	"pidfd_send_signal",
	"ptrace",
	"rt_sigqueueinfo",
	"rt_tgsigqueueinfo",
	"seccomp",
	"setgid",
	"setgroups",
	"setpgid",
	"setregid",
	"setresgid",
	"setresuid",
	"setreuid",
	"setsid",
	"setuid",
	"shmget",
	"msgget",
	"semget",
	"mq_open",
	"socket",
	"socketpair",
	"tgkill",
	"tkill",
	"vfork",
};

void filter_add(filter_vec *f, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	struct sock_filter i = {.code = code, .jt = jt, .jf = jf, .k = k};

	vec_push(f, i);
}

static uint32_t arg_at(int arg)
{
	/* the low half; both architectures are little-endian */
	return (uint32_t)(offsetof(struct seccomp_data, args) + (size_t)arg * 8);
}

/*
 * One check: the number is in the accumulator when it starts, and again when it ends without a
 * verdict.
 */
static void check_add(filter_vec *f, const struct check *c)
{
	const uint16_t ld = BPF_LD | BPF_W | BPF_ABS, jeq = BPF_JMP | BPF_JEQ | BPF_K;
	const uint32_t refuse = SECCOMP_RET_ERRNO | (uint32_t)c->refuse;
	filter_vec body = {0};

	if (c->when_arg != NO_ARG)
		filter_add(&body, ld, arg_at(c->when_arg), 0, 0);
	/* +4: load, compares, jump over the refusal, refusal, with the load of the number
	 * after it as the place to go on */
	if (c->when_arg != NO_ARG)
		filter_add(&body, jeq, c->when_value, 0, (uint8_t)(1 + c->n + 1));
	filter_add(&body, ld, arg_at(c->arg), 0, 0);
	for (size_t i = 0; i < c->n; i++) {
		uint8_t left = (uint8_t)(c->n - i - 1); /* compares after this one */

		if (c->how == CHECK_ONLY) /* found: over the refusal */
			filter_add(&body, jeq, c->values[i], (uint8_t)(left + 1), 0);
		else if (c->how == CHECK_NONE_OF) /* the last one skips the refusal */
			filter_add(&body, jeq, c->values[i], left, left ? 0 : 1);
		else
			filter_add(&body, BPF_JMP | BPF_JSET | BPF_K, c->values[i], left,
				left ? 0 : 1);
	}
	filter_add(&body, BPF_RET | BPF_K, refuse, 0, 0);
	filter_add(&body, ld, offsetof(struct seccomp_data, nr), 0, 0);
	filter_add(f, jeq, (uint32_t)c->number, 0, (uint8_t)body.n);
	for (size_t i = 0; i < body.n; i++)
		vec_push(f, body.p[i]);
	vec_release(&body);
}

/* A foreign architecture's numbers mean other calls: those go straight to the allow-list, which
 * refuses the architecture as a whole. */
static void checks_add(filter_vec *f, enum seccomp_profile profile)
{
	filter_vec body = {0};

	filter_add(&body, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if (!(checks[i].is_loose && profile == SECCOMP_UNCONFINED))
			check_add(&body, &checks[i]);
	filter_add(f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	BUG_ON(body.n > UINT8_MAX);
	filter_add(f, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_AUDIT, 0, (uint8_t)body.n);
	for (size_t i = 0; i < body.n; i++)
		vec_push(f, body.p[i]);
	vec_release(&body);
}

static bool is_worker_denied(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(worker_denied); i++)
		if (strcmp(worker_denied[i], name) == 0)
			return true;
	return false;
}

int seccomp_call_number(const struct seccomp_call *c)
{
	return c->number ? c->number : seccomp_syscall_resolve_name(c->name);
}

/* The list knows numbers that the library does not. */
int seccomp_number(struct str name)
{
	for (size_t i = 0; i < seccomp_default_n; i++)
		if (seccomp_default_calls[i].number &&
			str_eqz(name, seccomp_default_calls[i].name))
			return seccomp_default_calls[i].number;
	return memchr(name.p, 0, name.n) ? -1 : seccomp_syscall_resolve_name(str_c(name));
}

uint32_t seccomp_audit_arch(void)
{
	return NATIVE_AUDIT;
}

static int rule_add(scmp_filter_ctx ctx, const struct seccomp_call *c, bool is_allowed)
{
	int number = seccomp_call_number(c);
	uint32_t action = is_allowed ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM);
	int ret;

	/* a call of another architecture, or of a library that is older than the list */
	if (number < 0)
		return 0;
	ret = seccomp_rule_add_exact_array(ctx, action, number, 0, NULL);
	return ret == -EEXIST ? 0 : ret;
}

static bool is_call_allowed(const struct seccomp_call *c, enum seccomp_profile profile)
{
	if (c->action == SECCOMP_TRACE && profile == SECCOMP_TRACER)
		return true;
	if (c->action == SECCOMP_LOOSE || c->action == SECCOMP_TRACE)
		return profile == SECCOMP_UNCONFINED;
	return c->action == SECCOMP_ALLOW &&
	       !(profile == SECCOMP_WORKER && is_worker_denied(c->name));
}

static int list_build(scmp_filter_ctx ctx, enum seccomp_profile profile, struct err *err)
{
	int ret = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));

	if (ret == 0)
		ret = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (ret < 0)
		return err_sysno(err, -ret, "set up the seccomp filter");
	for (size_t i = 0; i < seccomp_default_n; i++) {
		const struct seccomp_call *c = &seccomp_default_calls[i];
		bool is_allowed = is_call_allowed(c, profile);

		ret = rule_add(ctx, c, is_allowed);
		if (ret < 0)
			return err_sysno(err, -ret, "seccomp rule for '%s'", c->name);
	}
	return 0;
}

int seccomp_export(void *ctx, filter_vec *f, struct err *err)
{
	int fd cleanup_fd = memfd_create("seccomp", MFD_CLOEXEC);
	struct sock_filter one;
	ssize_t n;
	int ret;

	if (fd < 0)
		return err_sys(err, "make a memory file for the seccomp filter");
	ret = seccomp_export_bpf(ctx, fd);
	if (ret < 0)
		return err_sysno(err, -ret, "export the seccomp filter");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "read the seccomp filter");
	while ((n = read(fd, &one, sizeof(one))) == (ssize_t)sizeof(one))
		vec_push(f, one);
	if (n != 0 || f->n > BPF_MAXINSNS)
		return err_set(err, ERR_BUG, "the seccomp filter is not a whole program");
	return 0;
}

int seccomp_compile(enum seccomp_profile profile, struct sock_fprog *ret, struct err *err)
{
	filter_vec f = {0};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int failed;

	if (!ctx)
		return err_set(err, ERR_SYS, "libseccomp cannot make a filter");
	BUG_ON(seccomp_arch_native() != (uint32_t)NATIVE_ARCH);
	checks_add(&f, profile);
	failed = list_build(ctx, profile, err) || seccomp_export(ctx, &f, err);
	seccomp_release(ctx);
	if (failed) {
		vec_release(&f);
		return -1;
	}
	ret->len = (unsigned short)f.n;
	ret->filter = f.p;
	return 0;
}
