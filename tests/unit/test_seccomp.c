/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filters, run by a small interpreter of BPF: every number of the list, every number that
 * is not on it, foreign architectures, and the checks by argument.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/attr.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sandbox/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
static const uint32_t native = AUDIT_ARCH_X86_64;
#else
static const uint32_t native = AUDIT_ARCH_AARCH64;
#endif

enum { NUMBERS = 600, OK = 0 };

static struct sock_fprog step, worker, unconfined, tracer;

static uint32_t load(const struct seccomp_data *d, uint32_t at)
{
	uint32_t v;

	assert_true(at + sizeof(v) <= sizeof(*d));
	memcpy(&v, (const char *)d + at, sizeof(v));
	return v;
}

static bool jumps(const struct sock_filter *i, uint32_t acc)
{
	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		return acc == i->k;
	case BPF_JGT:
		return acc > i->k;
	case BPF_JGE:
		return acc >= i->k;
	case BPF_JSET:
		return acc & i->k;
	default:
		fail_msg("jump %x", i->code);
		return false;
	}
}

static uint32_t verdict(const struct sock_fprog *f, const struct seccomp_data *d)
{
	uint32_t acc = 0;

	for (size_t pc = 0; pc < f->len; pc++) {
		const struct sock_filter *i = &f->filter[pc];

		if (BPF_CLASS(i->code) == BPF_RET)
			return i->k;
		if (BPF_CLASS(i->code) == BPF_LD)
			acc = load(d, i->k);
		else if (i->code == (BPF_ALU | BPF_AND | BPF_K))
			acc &= i->k;
		else if (i->code == (BPF_JMP | BPF_JA))
			pc += i->k;
		else if (BPF_CLASS(i->code) == BPF_JMP)
			pc += jumps(i, acc) ? i->jt : i->jf;
		else
			fail_msg("instruction %x", i->code);
	}
	fail_msg("the program does not end");
	return 0;
}

/* OK or the errno. */
static int answer(const struct sock_fprog *f, uint32_t arch, int nr, uint64_t a0, uint64_t a1,
	uint64_t a2)
{
	struct seccomp_data d = {.nr = nr, .arch = arch, .args = {a0, a1, a2}};
	uint32_t v = verdict(f, &d);

	if (v == SECCOMP_RET_ALLOW)
		return OK;
	assert_int_equal(v & SECCOMP_RET_ACTION_FULL, SECCOMP_RET_ERRNO);
	return (int)(v & SECCOMP_RET_DATA);
}

static bool is_checked(const char *name)
{
	static const char *const names[] = {
		"clone", "ioctl", "personality", "socket", "socketpair", "unshare"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void test_list(void **state)
{
	bool is_listed[NUMBERS] = {false};

	(void)state;
	for (size_t i = 0; i < seccomp_default_n; i++) {
		const struct seccomp_call *c = &seccomp_default_calls[i];
		int nr = seccomp_call_number(c);

		if (i)
			assert_true(strcmp(seccomp_default_calls[i - 1].name, c->name) < 0);
		if (nr < 0)
			continue;
		assert_true(nr < NUMBERS);
		is_listed[nr] = true;
		if (is_checked(c->name))
			continue;
		if (answer(&step, native, nr, 0, 0, 0) !=
			(c->action == SECCOMP_ALLOW ? OK : EPERM))
			fail_msg("'%s' is answered with %d", c->name,
				answer(&step, native, nr, 0, 0, 0));
		/* nothing else may be open to a worker than to a step */
		if (c->action != SECCOMP_ALLOW)
			assert_int_equal(answer(&worker, native, nr, 0, 0, 0), EPERM);
	}
	for (int nr = 0; nr < NUMBERS; nr++)
		if (!is_listed[nr])
			assert_int_equal(answer(&step, native, nr, 0, 0, 0), ENOSYS);
	assert_int_equal(answer(&step, native, -1, 0, 0, 0), ENOSYS);
	assert_int_equal(answer(&step, native, SYS_clone3, 0, 0, 0), ENOSYS);
}

/* A step without a filter: more calls, but not one that the floor holds. */
static void test_unconfined(void **state)
{
	static const int floor[] = {SYS_bpf, SYS_keyctl, SYS_add_key, SYS_request_key,
		SYS_io_uring_setup, SYS_userfaultfd, SYS_perf_event_open, SYS_open_by_handle_at,
		SYS_init_module, SYS_finit_module, SYS_kexec_load, SYS_reboot, SYS_swapon,
		SYS_fanotify_init};
	static const int open[] = {SYS_mount, SYS_umount2, SYS_unshare, SYS_setns,
		SYS_pivot_root, SYS_sethostname, SYS_move_mount, SYS_process_vm_readv};
	const uint64_t own = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID |
			     CLONE_NEWIPC | CLONE_NEWUTS;

	(void)state;
	for (size_t i = 0; i < seccomp_default_n; i++) {
		const struct seccomp_call *c = &seccomp_default_calls[i];
		int nr = seccomp_call_number(c);

		if (nr >= 0 && !is_checked(c->name))
			assert_int_equal(answer(&unconfined, native, nr, 0, 0, 0),
				c->action == SECCOMP_DENY ? EPERM : OK);
	}
	for (size_t i = 0; i < ARRAY_SIZE(floor); i++)
		assert_int_equal(answer(&unconfined, native, floor[i], 0, 0, 0), EPERM);
	for (size_t i = 0; i < ARRAY_SIZE(open); i++)
		assert_int_equal(answer(&unconfined, native, open[i], 0, 0, 0), OK);
	assert_int_equal(answer(&unconfined, native, SYS_clone, own, 0, 0), OK);
	assert_int_equal(answer(&unconfined, native, SYS_unshare, own, 0, 0), OK);
	/* the agent's group is not to be mounted */
	assert_int_equal(
		answer(&unconfined, native, SYS_clone, own | CLONE_NEWCGROUP, 0, 0), EPERM);
	assert_int_equal(
		answer(&unconfined, native, SYS_unshare, own | CLONE_NEWCGROUP, 0, 0), EPERM);
	assert_int_equal(answer(&step, native, SYS_unshare, CLONE_NEWUSER, 0, 0), EPERM);
	assert_int_equal(answer(&unconfined, native, SYS_clone3, 0, 0, 0), ENOSYS);
	assert_int_equal(answer(&unconfined, native, NUMBERS - 1, 0, 0, 0), ENOSYS);
	assert_int_equal(answer(&unconfined, AUDIT_ARCH_I386, 1, 0, 0, 0), ENOSYS);
	assert_int_equal(answer(&unconfined, native, SYS_ioctl, 0, TIOCSTI, 0), EPERM);
	assert_int_equal(answer(&unconfined, native, SYS_socket, AF_VSOCK, SOCK_STREAM, 0),
		EAFNOSUPPORT);
	assert_int_equal(
		answer(&unconfined, native, SYS_socket, AF_PACKET, SOCK_RAW, 0), EAFNOSUPPORT);
}

/* CAP_SYS_PTRACE: what it is for, and nothing else that steps do not have. */
static void test_tracer(void **state)
{
	static const int more[] = {SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
		SYS_pidfd_getfd, SYS_process_madvise};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		assert_int_equal(answer(&tracer, native, more[i], 0, 0, 0), OK);
		assert_int_equal(answer(&step, native, more[i], 0, 0, 0), EPERM);
	}
	for (size_t i = 0; i < seccomp_default_n; i++) {
		const struct seccomp_call *c = &seccomp_default_calls[i];
		int nr = seccomp_call_number(c);

		if (nr >= 0 && c->action != SECCOMP_TRACE)
			assert_int_equal(answer(&tracer, native, nr, 0, 0, 0),
				answer(&step, native, nr, 0, 0, 0));
	}
}

static void test_architectures(void **state)
{
	static const uint32_t foreign[] = {
		AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_S390X, 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
		for (int nr = 0; nr < NUMBERS; nr++)
			assert_int_equal(answer(&step, foreign[i], nr, 0, 0, 0), ENOSYS);
#if defined(__x86_64__)
	for (int nr = 0; nr < NUMBERS; nr++) /* x32 */
		assert_int_equal(answer(&step, native, 0x40000000 | nr, 0, 0, 0), ENOSYS);
#endif
}

static const uint64_t high = UINT64_C(1) << 32; /* above what the kernel looks at */

static void test_arguments(void **state)
{
	static const struct {
		int nr;
		uint64_t a0, a1, a2;
		int answer;
	} cases[] = {
		{SYS_socket, AF_UNIX, SOCK_STREAM, 0, OK},
		{SYS_socket, AF_INET, SOCK_STREAM, 0, OK},
		{SYS_socket, AF_INET6, SOCK_DGRAM, 0, OK},
		{SYS_socket, AF_NETLINK, SOCK_RAW, 0, OK},
		{SYS_socket, AF_NETLINK, SOCK_RAW, 9, EPROTONOSUPPORT},
		{SYS_socket, AF_VSOCK, SOCK_STREAM, 0, EAFNOSUPPORT},
		{SYS_socket, AF_ALG, SOCK_STREAM, 0, EAFNOSUPPORT},
		{SYS_socket, AF_PACKET, SOCK_RAW, 0, EAFNOSUPPORT},
		{SYS_socket, 0, 0, 0, EAFNOSUPPORT},
		{SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, OK},
		{SYS_socketpair, AF_INET, SOCK_STREAM, 0, EAFNOSUPPORT},
		{SYS_clone, 17, 0, 0, OK},
		{SYS_clone, CLONE_VM | CLONE_VFORK | 17, 0, 0, OK},
		{SYS_clone, CLONE_NEWUSER | 17, 0, 0, EPERM},
		{SYS_clone, CLONE_NEWNS, 0, 0, EPERM},
		{SYS_clone, CLONE_NEWPID | CLONE_VM, 0, 0, EPERM},
		{SYS_clone, CLONE_NEWNET, 0, 0, EPERM},
		{SYS_clone, CLONE_NEWIPC, 0, 0, EPERM},
		{SYS_clone, CLONE_NEWUTS, 0, 0, EPERM},
		{SYS_clone, CLONE_NEWCGROUP, 0, 0, EPERM},
		{SYS_ioctl, 0, TCGETS, 0, OK},
		{SYS_ioctl, 0, TIOCSTI, 0, EPERM},
		{SYS_ioctl, 0, 0x541C, 0, EPERM},
		{SYS_personality, 0, 0, 0, OK},
		{SYS_personality, 0xffffffff, 0, 0, OK},
		{SYS_personality, 0x20008, 0, 0, OK},
		{SYS_personality, 0x0400000, 0, 0, EPERM},
		{SYS_personality, 0x0040000, 0, 0, EPERM},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (answer(&step, native, cases[i].nr, cases[i].a0, cases[i].a1, cases[i].a2) !=
			cases[i].answer)
			fail_msg("case %zu", i);
		/* bits that the kernel does not see change nothing */
		if (answer(&step, native, cases[i].nr, cases[i].a0 | high, cases[i].a1 | high,
			    cases[i].a2 | high) != cases[i].answer)
			fail_msg("case %zu with high bits", i);
	}
}

static void test_worker(void **state)
{
	static const int denied[] = {SYS_socket, SYS_clone, SYS_execve, SYS_execveat, SYS_kill,
		SYS_tgkill, SYS_connect, SYS_ptrace, SYS_setresuid};
	static const int needed[] = {SYS_read, SYS_write, SYS_openat, SYS_openat2, SYS_mkdirat,
		SYS_fchownat, SYS_fchmod, SYS_fsetxattr, SYS_linkat, SYS_symlinkat, SYS_mmap,
		SYS_munmap, SYS_exit_group, SYS_utimensat, SYS_mknodat, SYS_unlinkat};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(denied); i++)
		if (answer(&worker, native, denied[i], AF_UNIX, 0, 0) != EPERM)
			fail_msg("call %d", denied[i]);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (answer(&worker, native, needed[i], 0, 0, 0) != OK)
			fail_msg("call %d", needed[i]);
}

static int setup(void **state)
{
	struct err err = {0};

	(void)state;
	return seccomp_compile(SECCOMP_STEP, &step, &err) ||
	       seccomp_compile(SECCOMP_UNCONFINED, &unconfined, &err) ||
	       seccomp_compile(SECCOMP_TRACER, &tracer, &err) ||
	       seccomp_compile(SECCOMP_WORKER, &worker, &err);
}

static int teardown(void **state)
{
	(void)state;
	free(step.filter);
	free(worker.filter);
	free(unconfined.filter);
	free(tracer.filter);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_unconfined),
		cmocka_unit_test(test_tracer),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_worker),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
