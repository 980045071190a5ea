/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles of system calls: the JSON of OCI runtimes with what Docker's own profiles have
 * beside it (includes, excludes, archMap). What cannot be carried out is refused where it
 * stands; a profile that says less than it means would be worse than none.
 */
#include "decode.h"

#include <base/attr.h>
#include <base/bounds.h>
#include <base/json.h>
#include <base/num.h>
#include <errno.h>
#include <monopod/seccomp.h>
#include <stdarg.h>
#include <string.h>

enum { ERRNO_MAX = 4095, NAMED_ERRNOS = 134, PATH_MAX_TEXT = 4096 };

#define IGNORED(name) .key = (name), .kind = FIELD_ANY

#if defined(__x86_64__)
#define OWN_ARCH "amd64"
#elif defined(__aarch64__)
#define OWN_ARCH "arm64"
#endif

struct raw_filter { /* includes, excludes */
	struct text *caps;
	size_t n_caps;
	struct text *arches;
	size_t n_arches;
	struct text min_kernel;
};
struct raw_arg {
	struct maybe_int index;
	uint64_t value, value_two;
	struct text op;
};
struct raw_rule {
	struct text name;
	struct text *names;
	size_t n_names;
	struct text action;
	struct maybe_int err;
	struct text err_name;
	struct raw_arg *args;
	size_t n_args;
	struct raw_filter includes, excludes;
	struct pos pos;
};
struct raw_profile {
	struct text action;
	struct maybe_int err;
	struct text err_name;
	struct text *arches;
	size_t n_arches;
	struct text *flags;
	size_t n_flags;
	struct raw_rule *rules;
	size_t n_rules;
};

/* --- the members ---------------------------------------------------------------------------
 */

static void attr_printf(3, 4) fail_at(struct decode *d, struct pos pos, const char *fmt, ...)
{
	const struct yaml_node at = {.pos = pos, .end = pos};
	struct str msg;
	va_list ap;

	va_start(ap, fmt);
	msg = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
	(void)decode_fail(d, "bad-profile", &at, STR_FMT, STR_ARG(msg));
}

/* All 64 bits of an argument. */
static void decode_u64(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	uint64_t *to = (uint64_t *)(void *)((char *)base + f->at);

	if (n->type == YAML_NULL || !decode_expect(d, n, YAML_NUMBER, "uint64"))
		return;
	if (num_u64(n->json, UINT64_MAX, to, NULL))
		(void)decode_fail(
			d, "bad-profile", n, "'%s' is not a number of 64 bits", f->key);
}

static const struct field filter_fields[] = {
	{FIELD_TEXTS_OF(struct raw_filter, "caps", caps)},
	{FIELD_TEXTS_OF(struct raw_filter, "arches", arches)},
	{FIELD_TEXT_OF(struct raw_filter, "minKernel", min_kernel)},
};
static const struct schema schema_filter = {
	.what = "filter",
	.size = sizeof(struct raw_filter),
	.fields = filter_fields,
	.n_fields = ARRAY_SIZE(filter_fields),
};

static const struct field arg_fields[] = {
	{FIELD_OF(struct raw_arg, "index", FIELD_INT, index), .min = 0,
		.max = SECCOMP_ARGS - 1},
	{.key = "value",
		.kind = FIELD_CALL,
		.call = decode_u64,
		.at = offsetof(struct raw_arg, value)},
	{.key = "valueTwo",
		.kind = FIELD_CALL,
		.call = decode_u64,
		.at = offsetof(struct raw_arg, value_two)},
	{FIELD_TEXT_OF(struct raw_arg, "op", op)},
	{IGNORED("comment")},
};
static const struct schema schema_arg = {
	.what = "argument",
	.size = sizeof(struct raw_arg),
	.fields = arg_fields,
	.n_fields = ARRAY_SIZE(arg_fields),
};

static const struct field rule_fields[] = {
	{FIELD_TEXT_OF(struct raw_rule, "name", name)},
	{FIELD_TEXTS_OF(struct raw_rule, "names", names)},
	{FIELD_TEXT_OF(struct raw_rule, "action", action)},
	{FIELD_OF(struct raw_rule, "errnoRet", FIELD_INT, err), .min = 0, .max = ERRNO_MAX},
	{FIELD_TEXT_OF(struct raw_rule, "errno", err_name)},
	{FIELD_LIST_OF(struct raw_rule, "args", args, &schema_arg)},
	{FIELD_OF(struct raw_rule, "includes", FIELD_OBJECT, includes),
		.schema = &schema_filter},
	{FIELD_OF(struct raw_rule, "excludes", FIELD_OBJECT, excludes),
		.schema = &schema_filter},
	{IGNORED("comment")},
};
static const struct schema schema_rule = {
	.what = "rule",
	.size = sizeof(struct raw_rule),
	.at_pos = offsetof(struct raw_rule, pos),
	.fields = rule_fields,
	.n_fields = ARRAY_SIZE(rule_fields),
};

static const struct field profile_fields[] = {
	{FIELD_TEXT_OF(struct raw_profile, "defaultAction", action)},
	{FIELD_OF(struct raw_profile, "defaultErrnoRet", FIELD_INT, err), .min = 0,
		.max = ERRNO_MAX},
	{FIELD_TEXT_OF(struct raw_profile, "defaultErrno", err_name)},
	{FIELD_TEXTS_OF(struct raw_profile, "architectures", arches)},
	{IGNORED("archMap")}, /* other systems' calls do not exist in a step */
	{FIELD_TEXTS_OF(struct raw_profile, "flags", flags)},
	{REFUSED("listenerPath", "nobody is there who would answer for the kernel")},
	{REFUSED("listenerMetadata", "nobody is there who would answer for the kernel")},
	{FIELD_LIST_OF(struct raw_profile, "syscalls", rules, &schema_rule)},
	{IGNORED("comment")},
};
static const struct schema schema_profile = {
	.what = "seccomp profile",
	.size = sizeof(struct raw_profile),
	.fields = profile_fields,
	.n_fields = ARRAY_SIZE(profile_fields),
};

/* --- what they mean ------------------------------------------------------------------------
 */

static const struct {
	const char *name;
	enum seccomp_verdict verdict;
} actions[] = {
	{"SCMP_ACT_ALLOW", VERDICT_ALLOW},
	{"SCMP_ACT_LOG", VERDICT_LOG},
	{"SCMP_ACT_ERRNO", VERDICT_ERRNO},
	{"SCMP_ACT_TRAP", VERDICT_TRAP},
	{"SCMP_ACT_KILL", VERDICT_KILL_THREAD},
	{"SCMP_ACT_KILL_THREAD", VERDICT_KILL_THREAD},
	{"SCMP_ACT_KILL_PROCESS", VERDICT_KILL},
};
static const char *const ops[SECCOMP_OP_N] = {
	[OP_NE] = "SCMP_CMP_NE",
	[OP_LT] = "SCMP_CMP_LT",
	[OP_LE] = "SCMP_CMP_LE",
	[OP_EQ] = "SCMP_CMP_EQ",
	[OP_GE] = "SCMP_CMP_GE",
	[OP_GT] = "SCMP_CMP_GT",
	[OP_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
};

static enum seccomp_verdict action_of(struct decode *d, struct text t, struct pos owner)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (str_eqz(t.s, actions[i].name))
			return actions[i].verdict;
	if (!t.s.n)
		fail_at(d, owner, "no action is given");
	else if (str_eqz(t.s, "SCMP_ACT_NOTIFY") || str_eqz(t.s, "SCMP_ACT_TRACE"))
		fail_at(d, t.pos,
			"action " STR_FMT " is not supported: nobody is there who would answer "
			"for the kernel",
			STR_ARG(t.s));
	else
		fail_at(d, t.pos, "no action is called \"" STR_FMT "\"", STR_ARG(t.s));
	return VERDICT_KILL;
}

/* EPERM when nothing is said, as runtimes do it. A name counts over a number. */
static uint16_t errno_of(struct decode *d, struct maybe_int number, struct text name)
{
	if (name.s.n) {
		for (int i = 1; i < NAMED_ERRNOS; i++) {
			const char *one = strerrorname_np(i);

			if (one && str_eqz(name.s, one))
				return (uint16_t)i;
		}
		fail_at(d, name.pos, "no error is called \"" STR_FMT "\"", STR_ARG(name.s));
	}
	return number.pos.line ? (uint16_t)number.v : EPERM;
}

static uint64_t caps_of(struct decode *d, const struct raw_filter *f)
{
	uint64_t set = 0;

	for (size_t i = 0; i < f->n_caps; i++) {
		int number = capability_number(f->caps[i].s);

		if (number < 0)
			fail_at(d, f->caps[i].pos, "no capability is called \"" STR_FMT "\"",
				STR_ARG(f->caps[i].s));
		else
			set |= UINT64_C(1) << number;
	}
	return set;
}

static bool has_own_arch(const struct raw_filter *f)
{
	for (size_t i = 0; i < f->n_arches; i++)
		if (str_eqz(f->arches[i].s, OWN_ARCH))
			return true;
	return false;
}

/* "4.8"; what comes after a second dot is of no account. */
static void kernel_of(struct decode *d, struct text t, uint32_t *ret_major, uint32_t *ret_minor)
{
	struct str major = t.s, minor = STR_NONE, rest = STR_NONE;
	uint64_t a, b;

	if (!t.s.n)
		return;
	if (str_cut(t.s, '.', &major, &rest) && !str_cut(rest, '.', &minor, &rest))
		minor = rest;
	if (num_u64(major, UINT16_MAX, &a, NULL) || num_u64(minor, UINT16_MAX, &b, NULL) ||
		!(a | b)) {
		fail_at(d, t.pos, "\"" STR_FMT "\" is no version of a kernel, as in 4.8",
			STR_ARG(t.s));
		return;
	}
	*ret_major = (uint32_t)a;
	*ret_minor = (uint32_t)b;
}

static void fill_args(struct decode *d, const struct raw_rule *in, struct seccomp_rule *r)
{
	struct seccomp_arg *args =
		arena_new_array(d->arena, struct seccomp_arg, in->n_args + 1);

	for (size_t i = 0; i < in->n_args; i++) {
		const struct raw_arg *a = &in->args[i];
		size_t op = 0;

		while (op < SECCOMP_OP_N && !str_eqz(a->op.s, ops[op]))
			op++;
		if (op == SECCOMP_OP_N)
			fail_at(d, a->op.s.n ? a->op.pos : in->pos,
				"no comparison is called \"" STR_FMT "\"", STR_ARG(a->op.s));
		args[i] = (struct seccomp_arg){.index = (uint32_t)a->index.v,
			.op = op == SECCOMP_OP_N ? OP_EQ : (enum seccomp_op)op,
			.value = a->value,
			.value_two = a->value_two};
	}
	r->args = args;
	r->n_args = in->n_args;
}

static void fill_names(struct decode *d, const struct raw_rule *in, struct seccomp_rule *r)
{
	struct str *names = arena_new_array(d->arena, struct str, in->n_names + 1);

	for (size_t i = 0; i < in->n_names; i++)
		names[r->n_names++] = in->names[i].s;
	if (in->name.s.n)
		names[r->n_names++] = in->name.s;
	r->names = names;
	if (in->name.s.n && in->n_names)
		fail_at(d, in->name.pos, "both name and names are given");
	else if (!r->n_names)
		fail_at(d, in->pos, "a rule without names");
}

/* False: it is not for this architecture. */
static bool fill_rule(struct decode *d, const struct raw_rule *in, struct seccomp_rule *r)
{
	fill_names(d, in, r);
	fill_args(d, in, r);
	r->verdict = action_of(d, in->action, in->pos);
	r->err = errno_of(d, in->err, in->err_name);
	r->caps_needed = caps_of(d, &in->includes);
	r->caps_excluded = caps_of(d, &in->excludes);
	kernel_of(d, in->includes.min_kernel, &r->min_major, &r->min_minor);
	kernel_of(d, in->excludes.min_kernel, &r->before_major, &r->before_minor);
	return !has_own_arch(&in->excludes) &&
	       (!in->includes.n_arches || has_own_arch(&in->includes));
}

static void fill_flags(struct decode *d, const struct raw_profile *in, struct seccomp_rules *r)
{
	for (size_t i = 0; i < in->n_flags; i++) {
		struct text f = in->flags[i];

		if (str_eqz(f.s, "SECCOMP_FILTER_FLAG_LOG"))
			r->logs = true;
		else if (str_eqz(f.s, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"))
			r->allows_speculation = true;
		else if (!str_eqz(f.s, "SECCOMP_FILTER_FLAG_TSYNC")) /* one thread: it is so */
			fail_at(d, f.pos, "flag \"" STR_FMT "\" is not supported",
				STR_ARG(f.s));
	}
	for (size_t i = 0; i < in->n_arches; i++)
		if (!str_starts(in->arches[i].s, STR("SCMP_ARCH_")))
			fail_at(d, in->arches[i].pos,
				"no architecture is called \"" STR_FMT "\"",
				STR_ARG(in->arches[i].s));
}

static void fill(struct decode *d, const struct raw_profile *in, struct seccomp_rules *r)
{
	struct seccomp_rule *rules =
		arena_new_array(d->arena, struct seccomp_rule, in->n_rules + 1);

	r->verdict = action_of(d, in->action, d->object);
	r->err = errno_of(d, in->err, in->err_name);
	fill_flags(d, in, r);
	for (size_t i = 0; i < in->n_rules; i++)
		if (fill_rule(d, &in->rules[i], &rules[r->n_rules]))
			r->n_rules++;
		else
			rules[r->n_rules] = (struct seccomp_rule){0};
	r->rules = rules;
}

/* JSON first, with nothing said twice, as no runtime would read YAML here. */
static const struct yaml_node *read_root(
	struct spec *s, struct str name, struct str text, struct arena *trees)
{
	const struct yaml_arenas to = {.nodes = trees, .texts = s->arena};
	const uint32_t number = sources_add(s->sources, name, text);
	struct yaml_docs docs;
	struct json *json;
	struct err err = {0};

	if (json_parse(trees, text, SPEC_PROFILE_BYTES_MAX, &json, &err)) {
		(void)diag_add(s->diags, DIAG_ERROR, "bad-profile",
			(struct pos){.source = number, .line = 1, .col = 1}, "%s", err.msg);
		return NULL;
	}
	if (yaml_read(&to, number, text, s->diags, &docs) || docs.n != 1)
		return NULL;
	return docs.roots[0];
}

int spec_read_profile(
	struct spec *s, struct str name, struct str text, const struct seccomp_rules **ret)
{
	struct arena *trees cleanup_arena = arena_new();
	const size_t n_before = s->diags->n_errors;
	const struct yaml_node *root = read_root(s, name, text, trees);
	struct seccomp_rules *r = arena_new_object(s->arena, struct seccomp_rules);
	struct decode d = {.arena = s->arena, .diags = s->diags};
	struct raw_profile raw = {0};

	if (root) {
		buf_init(&d.path, PATH_MAX_TEXT);
		d.object = root->pos;
		if (decode_expect(&d, root, YAML_MAP, "seccomp profile"))
			decode_object(&d, &schema_profile, root, &raw);
		if (s->diags->n_errors == n_before)
			fill(&d, &raw, r);
		buf_release(&d.path);
	}
	if (!root && s->diags->n_errors == n_before)
		(void)diag_add(s->diags, DIAG_ERROR, "bad-profile", (struct pos){0},
			"seccomp profile '" STR_FMT "' is empty", STR_ARG(name));
	if (s->diags->n_errors > n_before)
		return -1;
	*ret = r;
	return 0;
}
