/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call filter of steps: an allow-list for the native ABI, compiled to BPF in the
 * parent. Unknown and newer calls get ENOSYS, known dangerous ones EPERM.
 */
#ifndef SANDBOX_SECCOMP_H
#define SANDBOX_SECCOMP_H

#include <base/err.h>
#include <base/str.h>
#include <base/vec.h>
#include <linux/filter.h>
#include <monopod/seccomp.h>
#include <stdbool.h>
#include <stddef.h>

enum seccomp_action {
	SECCOMP_ALLOW,
	SECCOMP_DENY,  /* EPERM */
	SECCOMP_LOOSE, /* EPERM, but for steps that ask for no filter: what the kernel itself
			  keeps inside a step's namespaces */
	SECCOMP_TRACE, /* the same, and for steps with CAP_SYS_PTRACE */
};

struct seccomp_call {
	const char *name; /* as libseccomp knows it */
	enum seccomp_action action;
	int number; /* x86-64 and arm64 number of calls newer than libseccomp; else 0 */
};
extern const struct seccomp_call seccomp_default_calls[];
extern const size_t seccomp_default_n;
/* On this architecture; negative when it has no such call. */
int seccomp_call_number(const struct seccomp_call *c);

enum seccomp_profile {
	SECCOMP_STEP,
	SECCOMP_TRACER,     /* SECCOMP_STEP and what CAP_SYS_PTRACE is for */
	SECCOMP_UNCONFINED, /* what is left when a step asks for none: the agent, the network
			       of hermetic tasks and the machine stay protected */
	SECCOMP_WORKER, /* for the agent's own parsers: no sockets, no exec, no new processes */
};

enum { SECCOMP_PROFILE_N = SECCOMP_WORKER + 1 };

/* Allocates ret->filter with malloc; the caller frees it. */
int seccomp_compile(enum seccomp_profile profile, struct sock_fprog *ret, struct err *err);

/* seccomp_rules.c: a step's own profile, for a step with these capabilities; freed likewise. */
int seccomp_compile_rules(const struct seccomp_rules *rules, uint64_t caps,
	struct sock_fprog *ret, struct err *err);
/* For seccomp(2). */
uint32_t seccomp_rules_flags(const struct seccomp_rules *rules);

/* Programs in the making. */
typedef VEC(struct sock_filter) filter_vec; /* a name for one anonymous type */
void filter_add(filter_vec *f, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf);
/* Appends what libseccomp (ctx: scmp_filter_ctx) makes of its rules. */
int seccomp_export(void *ctx, filter_vec *f, struct err *err);
/* Of a call of this architecture; negative: there is none, or none that is known here. */
int seccomp_number(struct str name);
uint32_t seccomp_audit_arch(void);

#endif
