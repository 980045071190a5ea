/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile of system calls as data: read from the format of OCI runtimes (spec/), compiled to
 * a filter (sandbox/). Sources: the OCI runtime specification's "Seccomp", and Docker's
 * profiles for includes and excludes. Everything lives as long as its arena.
 */
#ifndef MONOPOD_SECCOMP_H
#define MONOPOD_SECCOMP_H

#include <base/str.h>
#include <stdbool.h>
#include <stdint.h>

enum seccomp_verdict {
	VERDICT_ALLOW,
	VERDICT_LOG, /* allowed, and told to the machine's log */
	VERDICT_ERRNO,
	VERDICT_TRAP, /* SIGSYS */
	VERDICT_KILL_THREAD,
	VERDICT_KILL, /* the process */
};
enum { VERDICT_N = VERDICT_KILL + 1 };

enum seccomp_op {
	OP_NE,
	OP_LT,
	OP_LE,
	OP_EQ,
	OP_GE,
	OP_GT,
	OP_MASKED_EQ, /* argument & value == value_two */
};
enum { SECCOMP_OP_N = OP_MASKED_EQ + 1 };

enum { SECCOMP_ARGS = 6 };
struct seccomp_arg {
	uint32_t index; /* below SECCOMP_ARGS */
	enum seccomp_op op;
	uint64_t value, value_two;
};
struct seccomp_rule {
	const struct str *names; /* unknown ones mean nothing: profiles name all systems' */
	size_t n_names;
	enum seccomp_verdict verdict;
	uint16_t err; /* VERDICT_ERRNO */
	const struct seccomp_arg *args;
	size_t n_args;
	/* The rule is there only for steps with all of the first and none of the second. */
	uint64_t caps_needed, caps_excluded;
	/* 0.0: any; major and minor number of the running kernel */
	uint32_t min_major, min_minor;
	uint32_t before_major, before_minor; /* not from this kernel on; 0.0: any */
};
struct seccomp_rules {
	enum seccomp_verdict verdict; /* for what no rule names */
	uint16_t err;
	const struct seccomp_rule *rules;
	size_t n_rules;
	bool logs;               /* SECCOMP_FILTER_FLAG_LOG */
	bool allows_speculation; /* SECCOMP_FILTER_FLAG_SPEC_ALLOW */
};

#endif
