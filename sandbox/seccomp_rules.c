/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step's own profile to BPF. It stands behind the floor, which nothing here can open; what
 * the floor refuses is refused whatever a profile says. In front of the list, as runc does it:
 * calls that are newer than all that the profile names do not exist, so that programs fall
 * back.
 */
#include "seccomp.h"
#include <base/attr.h>
#include <base/num.h>
#include <base/vec.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/utsname.h>

enum { RULE_BPF_MAX = BPF_MAXINSNS - 8 };

struct rules_build {
	const struct seccomp_rules *rules;
	uint64_t caps; /* of the step */
	uint32_t major, minor;
	scmp_filter_ctx ctx;
	int highest; /* number that is named */
};

static uint32_t action_of(enum seccomp_verdict v, uint16_t err)
{
	switch (v) {
	case VERDICT_ALLOW:
		return SCMP_ACT_ALLOW;
	case VERDICT_LOG:
		return SCMP_ACT_LOG;
	case VERDICT_ERRNO:
		return SCMP_ACT_ERRNO(err);
	case VERDICT_TRAP:
		return SCMP_ACT_TRAP;
	case VERDICT_KILL_THREAD:
		return SCMP_ACT_KILL_THREAD;
	case VERDICT_KILL:
		break;
	}
	return SCMP_ACT_KILL_PROCESS;
}

static bool is_since(const struct rules_build *b, uint32_t major, uint32_t minor)
{
	return b->major > major || (b->major == major && b->minor >= minor);
}

static bool rule_applies(const struct rules_build *b, const struct seccomp_rule *r)
{
	if ((b->caps & r->caps_needed) != r->caps_needed || b->caps & r->caps_excluded)
		return false;
	if (!is_since(b, r->min_major, r->min_minor))
		return false;
	return !(r->before_major | r->before_minor) ||
	       !is_since(b, r->before_major, r->before_minor);
}

static struct scmp_arg_cmp compare_of(const struct seccomp_arg *a)
{
	static const enum scmp_compare ops[SECCOMP_OP_N] = {
		[OP_NE] = SCMP_CMP_NE,
		[OP_LT] = SCMP_CMP_LT,
		[OP_LE] = SCMP_CMP_LE,
		[OP_EQ] = SCMP_CMP_EQ,
		[OP_GE] = SCMP_CMP_GE,
		[OP_GT] = SCMP_CMP_GT,
		[OP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
	};

	return (struct scmp_arg_cmp){.arg = a->index,
		.op = ops[a->op],
		.datum_a = a->value,
		.datum_b = a->value_two};
}

static int rule_put(struct rules_build *b, uint32_t action, int number, size_t n,
	const struct scmp_arg_cmp *cmp)
{
	int ret = seccomp_rule_add_exact_array(b->ctx, action, number, (unsigned int)n, cmp);

	return ret == -EEXIST ? 0 : ret; /* said before */
}

/* One comparison of an argument fits into a rule: when there are more, each is a rule, which
 * means that any of them is enough (runc). */
static int rule_add(
	struct rules_build *b, const struct seccomp_rule *r, uint32_t action, int number)
{
	struct scmp_arg_cmp cmp[SECCOMP_ARGS];
	unsigned int seen = 0;
	bool is_any = false;
	int ret = 0;

	for (size_t i = 0; i < r->n_args; i++) {
		is_any |= seen >> r->args[i].index & 1;
		seen |= 1U << r->args[i].index;
	}
	if (!is_any) {
		for (size_t i = 0; i < r->n_args; i++)
			cmp[i] = compare_of(&r->args[i]);
		return rule_put(b, action, number, r->n_args, cmp);
	}
	for (size_t i = 0; i < r->n_args && ret == 0; i++) {
		cmp[0] = compare_of(&r->args[i]);
		ret = rule_put(b, action, number, 1, cmp);
	}
	return ret;
}

static int rules_add(struct rules_build *b, struct err *err)
{
	const uint32_t other = action_of(b->rules->verdict, b->rules->err);

	for (size_t i = 0; i < b->rules->n_rules; i++) {
		const struct seccomp_rule *r = &b->rules->rules[i];
		const uint32_t action = action_of(r->verdict, r->err);

		if (!rule_applies(b, r))
			continue;
		for (size_t k = 0; k < r->n_names; k++) {
			int number = seccomp_number(r->names[k]);
			int ret = 0;

			b->highest = number > b->highest ? number : b->highest;
			if (number >= 0 && action != other)
				ret = rule_add(b, r, action, number);
			if (ret < 0)
				return err_sysno(err, -ret, "seccomp rule for '" STR_FMT "'",
					STR_ARG(r->names[k]));
		}
	}
	return 0;
}

static int context_set(struct rules_build *b, struct err *err)
{
	int ret = seccomp_attr_set(b->ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));

	if (ret == 0)
		ret = seccomp_attr_set(b->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return ret < 0 ? err_sysno(err, -ret, "set up the seccomp profile") : 0;
}

/* Newer calls: as if the kernel did not have them. */
static void put_newer(const struct rules_build *b, filter_vec *f)
{
	const uint16_t ld = BPF_LD | BPF_W | BPF_ABS;
	const uint32_t action = action_of(b->rules->verdict, b->rules->err);

	if (action == SCMP_ACT_ALLOW || action == SCMP_ACT_LOG || b->highest < 0)
		return;
	filter_add(f, ld, offsetof(struct seccomp_data, arch), 0, 0);
	filter_add(f, BPF_JMP | BPF_JEQ | BPF_K, seccomp_audit_arch(), 0, 3);
	filter_add(f, ld, offsetof(struct seccomp_data, nr), 0, 0);
	filter_add(f, BPF_JMP | BPF_JGT | BPF_K, (uint32_t)b->highest, 0, 1);
	filter_add(f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
}

static int rules_export(const struct rules_build *b, struct sock_fprog *ret, struct err *err)
{
	filter_vec f = {0};

	put_newer(b, &f);
	if (seccomp_export(b->ctx, &f, err)) {
		vec_release(&f);
		return -1;
	}
	if (f.n > RULE_BPF_MAX) {
		vec_release(&f);
		return err_set(err, ERR_LIMIT,
			"the seccomp profile is a program of %zu instructions, at most %d", f.n,
			RULE_BPF_MAX);
	}
	ret->len = (unsigned short)f.n;
	ret->filter = f.p;
	return 0;
}

/* "6.1.0-13-amd64", "6.18-rc1" */
static int kernel_read(struct str release, uint32_t *ret_major, uint32_t *ret_minor)
{
	struct str major, rest;
	uint64_t a = 0, b = 0;
	size_t n = 0;

	if (!str_cut(release, '.', &major, &rest))
		return -1;
	while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
		n++;
	if (num_u64(major, UINT16_MAX, &a, NULL) ||
		num_u64(str_slice(rest, 0, n), UINT16_MAX, &b, NULL))
		return -1;
	*ret_major = (uint32_t)a;
	*ret_minor = (uint32_t)b;
	return 0;
}

int seccomp_compile_rules(const struct seccomp_rules *rules, uint64_t caps,
	struct sock_fprog *ret, struct err *err)
{
	struct rules_build b = {.rules = rules, .caps = caps, .highest = -1};
	struct utsname u;
	int failed;

	if (uname(&u) || kernel_read(str_z(u.release), &b.major, &b.minor))
		return err_set(err, ERR_SYS, "the kernel's version is not known");
	b.ctx = seccomp_init(action_of(rules->verdict, rules->err));
	if (!b.ctx)
		return err_set(err, ERR_SYS, "libseccomp cannot make a filter");
	failed = context_set(&b, err) || rules_add(&b, err) || rules_export(&b, ret, err);
	seccomp_release(b.ctx);
	return failed ? -1 : 0;
}

uint32_t seccomp_rules_flags(const struct seccomp_rules *rules)
{
	return (rules->logs ? (uint32_t)SECCOMP_FILTER_FLAG_LOG : 0U) |
	       (rules->allows_speculation ? (uint32_t)SECCOMP_FILTER_FLAG_SPEC_ALLOW : 0U);
}
