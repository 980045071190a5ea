/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of verbs and options, and the parser that reads argv by them. */
#include "cli.h"

#include "cli_table.h"
#include "input.h"
#include "pod.h"
#include "steplog.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/num.h>
#include <base/path.h>
#include <base/vec.h>
#include <monopod/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- help and version are verbs like the others -------------------------------------- */

static int text_out(const struct buf *b)
{
	struct err err = {0};
	return fd_write_all(STDOUT_FILENO, b->p, b->n, &err) ? EXIT_INTERNAL : EXIT_RUN_OK;
}

int cmd_help(const struct options *o)
{
	cleanup_buf struct buf out;
	struct err err = {0};
	buf_init(&out, (size_t)MIB);
	if (o->help_man)
		cli_man(&out);
	else if (cli_help(o->n_args ? o->args[0] : STR_NONE, &out, &err)) {
		log_error("%s", err.msg);
		return EXIT_INPUT;
	}
	return text_out(&out);
}

int cmd_version(const struct options *o)
{
	cleanup_buf struct buf out;
	(void)o;
	buf_init(&out, KIB);
	buf_addz(&out, "monopod " MONOPOD_VERSION "\n");
	return text_out(&out);
}

/* --- how a value becomes a member of struct options ---------------------------------- */

struct parser {
	struct arena *arena;
	struct options *o;
	const struct verb *verb;
	VEC(struct str) files;
	VEC(struct param_override) params;
	VEC(struct workspace_override) workspaces;
	VEC(struct volume_override) volumes;
	VEC(struct claim_override) claims;
	VEC(struct break_override) breaks;
	VEC(struct str) images;
	VEC(struct str) image_maps;
	VEC(struct str) image_map_files;
	VEC(struct str) pack_env;
	VEC(struct str) host_paths;
	VEC(struct str) args;
	VEC(struct str) command;
	uint64_t seen; /* a bit for each row: scalars may be given once */
};

static int path_value(struct parser *p, struct str v, struct str *ret, struct err *err)
{
	if (v.n == 0)
		return err_set(err, ERR_USAGE, "expected a path, got an empty text");
	return path_absolute(p->arena, v, ret, err);
}

static int pair_value(
	struct str v, const char *what, struct str *ret_a, struct str *ret_b, struct err *err)
{
	if (!str_cut(v, '=', ret_a, ret_b) || ret_a->n == 0)
		return err_set(err, ERR_USAGE, "'" STR_FMT "' is not of the form %s",
			STR_ARG(v), what);
	return 0;
}

int option_param(struct parser *p, struct str v, struct err *err)
{
	struct param_override one;
	if (pair_value(v, "NAME=VALUE", &one.name, &one.text, err))
		return -1;
	one.name = arena_str(p->arena, one.name);
	one.text = arena_str(p->arena, one.text);
	vec_push(&p->params, one);
	return 0;
}

int option_workspace(struct parser *p, struct str v, struct err *err)
{
	struct workspace_override one;
	if (pair_value(v, "NAME=DIR", &one.name, &one.dir, err))
		return -1;
	one.name = arena_str(p->arena, one.name);
	if (str_eqz(one.dir, "emptyDir"))
		one.dir = STR_NONE;
	else if (path_value(p, one.dir, &one.dir, err))
		return -1;
	vec_push(&p->workspaces, one);
	return 0;
}

int option_volume(struct parser *p, struct str v, struct err *err)
{
	struct volume_override one;
	if (pair_value(v, "CLAIM=DIR", &one.claim, &one.dir, err))
		return -1;
	one.claim = arena_str(p->arena, one.claim);
	if (path_value(p, one.dir, &one.dir, err))
		return -1;
	vec_push(&p->volumes, one);
	return 0;
}

int option_template_claim(struct parser *p, struct str v, struct err *err)
{
	struct claim_override one;
	if (pair_value(v, "WORKSPACE=CLAIM", &one.workspace, &one.claim, err))
		return -1;
	if (!one.claim.n)
		return err_set(err, ERR_USAGE, "'" STR_FMT "' names no claim", STR_ARG(v));
	one.workspace = arena_str(p->arena, one.workspace);
	one.claim = arena_str(p->arena, one.claim);
	vec_push(&p->claims, one);
	return 0;
}

int option_debug(struct parser *p, struct str v, struct err *err)
{
	struct break_override one;
	struct str word, place;

	if (str_eqz(v, "on-failure")) {
		p->o->breaks_on_failure = true;
		return 0;
	}
	if (!str_cut(v, '=', &word, &place) || !str_eqz(word, "before-step") ||
		!str_cut(place, '/', &one.task, &one.step) || !one.task.n || !one.step.n)
		return err_set(err, ERR_USAGE,
			"'" STR_FMT "': expected on-failure or before-step=TASK/STEP",
			STR_ARG(v));
	one.task = arena_str(p->arena, one.task);
	one.step = arena_str(p->arena, one.step);
	vec_push(&p->breaks, one);
	return 0;
}

int option_output(struct parser *p, struct str v, struct err *err)
{
	static const struct {
		const char *word;
		enum output_format format;
	} words[] = {
		{"auto", OUTPUT_AUTO},
		{"plain", OUTPUT_PLAIN},
		{"json", OUTPUT_JSON},
		{"dot", OUTPUT_DOT},
	};
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!str_eqz(v, words[i].word))
			continue;
		if (words[i].format == OUTPUT_DOT && !str_eqz(str_z(p->verb->name), "plan"))
			break;
		p->o->output = words[i].format;
		return 0;
	}
	return err_set(err, ERR_USAGE,
		"'" STR_FMT "' is not a format: expected auto, plain%s json%s", STR_ARG(v),
		str_eqz(str_z(p->verb->name), "plan") ? "," : " or",
		str_eqz(str_z(p->verb->name), "plan") ? " or dot" : "");
}

static int count_value(struct str v, uint64_t min, uint64_t max, size_t *ret, struct err *err)
{
	uint64_t n;
	if (num_u64(v, max, &n, err))
		return -1;
	if (n < min)
		return err_set(err, ERR_USAGE, "'" STR_FMT "' is below %llu", STR_ARG(v),
			(unsigned long long)min);
	*ret = n;
	return 0;
}

int option_max_parallel(struct parser *p, struct str v, struct err *err)
{
	return count_value(v, 1, 1000000, &p->o->max_parallel, err);
}

int option_keep(struct parser *p, struct str v, struct err *err)
{
	struct err low = {0};

	p->o->keep = (struct keep){.only_failed = str_eqz(v, "failed")};
	if (p->o->keep.only_failed || str_eqz(v, "all"))
		return 0;
	if (count_value(v, 1, 1000000, &p->o->keep.n_runs, &low) == 0)
		return 0;
	return err_set(err, ERR_USAGE, "'" STR_FMT "': expected a number from 1, failed or all",
		STR_ARG(v));
}

int option_attempt(struct parser *p, struct str v, struct err *err)
{
	return count_value(v, 0, 1000000, &p->o->attempt, err);
}

int option_verbose(struct parser *p, struct str v, struct err *err)
{
	(void)v;
	(void)err;
	p->o->log_level = LOG_DEBUG;
	return 0;
}

int option_quiet(struct parser *p, struct str v, struct err *err)
{
	(void)v;
	(void)err;
	p->o->log_level = LOG_ERROR;
	return 0;
}

int option_require_isolation(struct parser *p, struct str v, struct err *err)
{
	for (int i = 0; i < SANDBOX_NONE; i++) {
		if (!str_eqz(v, sandbox_level_name((enum sandbox_level)i)))
			continue;
		p->o->require_level = (enum sandbox_level)i;
		return 0;
	}
	return err_set(err, ERR_USAGE, "'" STR_FMT "' is not a level: expected %s, %s or %s",
		STR_ARG(v), sandbox_level_name(SANDBOX_ROOT), sandbox_level_name(SANDBOX_USER),
		sandbox_level_name(SANDBOX_USER_SINGLE));
}

int option_profile(struct parser *p, struct str v, struct err *err)
{
	static const char *const words[POD_PROFILE_N] = {
		"userns", "default", "restricted", "privileged"};
	for (int i = 0; i < POD_PROFILE_N; i++) {
		if (!str_eqz(v, words[i]))
			continue;
		p->o->pod_profile = i;
		return 0;
	}
	return err_set(err, ERR_USAGE,
		"'" STR_FMT
		"' is not a profile: expected userns, default, restricted or privileged",
		STR_ARG(v));
}

int option_resume(struct parser *p, struct str v, struct err *err)
{
	if (v.n && !str_eqz(v, "force"))
		return err_set(err, ERR_USAGE, "'" STR_FMT "': expected no value, or force",
			STR_ARG(v));
	p->o->resume = true;
	p->o->resume_force = v.n > 0;
	return 0;
}

int option_grace(struct parser *p, struct str v, struct err *err)
{
	int64_t ns;
	if (num_duration(v, &ns, err))
		return -1;
	if (ns <= 0)
		return err_set(err, ERR_USAGE, "'" STR_FMT "' is not above zero", STR_ARG(v));
	p->o->grace_ns = ns;
	return 0;
}

int option_log_limit(struct parser *p, struct str v, struct err *err)
{
	int64_t n;
	if (num_quantity(v, &n, err))
		return -1;
	if (n < STEPLOG_LIMIT_LEAST)
		return err_set(err, ERR_USAGE, "'" STR_FMT "' is below %d bytes", STR_ARG(v),
			STEPLOG_LIMIT_LEAST);
	p->o->log_limit = (uint64_t)n;
	return 0;
}

/* A list of texts or paths: one function for each, named in the table. */
#define LIST_VALUE(name, member, convert)                                                      \
	int name(struct parser *p, struct str v, struct err *err)                              \
	{                                                                                      \
		struct str one;                                                                \
		if (convert(p, v, &one, err))                                                  \
			return -1;                                                             \
		vec_push(&p->member, one);                                                     \
		return 0;                                                                      \
	}

static int text_value(struct parser *p, struct str v, struct str *ret, struct err *err)
{
	(void)err;
	*ret = arena_str(p->arena, v);
	return 0;
}

LIST_VALUE(option_file, files, text_value)
LIST_VALUE(option_images, images, path_value)
LIST_VALUE(option_image_map, image_maps, text_value)
LIST_VALUE(option_image_map_file, image_map_files, path_value)
LIST_VALUE(option_env, pack_env, text_value)
LIST_VALUE(option_host_path, host_paths, path_value)

/* One value into the member that its row names. */
static int value_set(
	struct parser *p, const struct option_row *row, struct str v, struct err *err)
{
	char *member = (char *)p->o + row->offset;
	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)(void *)member = true;
		return 0;
	case OPTION_TEXT:
		return text_value(p, v, (struct str *)(void *)member, err);
	case OPTION_PATH:
		return path_value(p, v, (struct str *)(void *)member, err);
	case OPTION_FN:
		return row->fn(p, v, err);
	}
	return 0;
}

/* --- argv ---------------------------------------------------------------------------- */

static int option_take(
	struct parser *p, const struct option_row *row, const char *value, struct err *err)
{
	uint64_t bit = UINT64_C(1) << (row - option_rows);
	if (!row->is_repeatable && row->arg && (p->seen & bit))
		return err_set(err, ERR_USAGE, "option '--%s' is given twice", row->name);
	p->seen |= bit;
	if (value_set(p, row, str_z(value), err))
		return err_wrap_as(err, ERR_USAGE, "option '--%s'", row->name);
	return 0;
}

/* `dashes` as written in front of the name. */
static int option_unknown(
	const struct verb *verb, const char *dashes, struct str name, struct err *err)
{
	const struct option_row *near = option_nearest(verb, name);
	if (option_is_later(name))
		return err_set(err, ERR_USAGE, "option '%s" STR_FMT "' is not supported yet",
			dashes, STR_ARG(name));
	if (near)
		return err_set(err, ERR_USAGE,
			"option '%s" STR_FMT "' is not known to '%s'; did you mean '--%s'?",
			dashes, STR_ARG(name), verb->name, near->name);
	return err_set(err, ERR_USAGE,
		"option '%s" STR_FMT "' is not known to '%s'; see 'monopod help %s'", dashes,
		STR_ARG(name), verb->name, verb->name);
}

/* --name, --name=value, --name value; *at is moved past what was used. */
static int long_option(struct parser *p, int argc, char *const *argv, int *at, struct err *err)
{
	struct str name, value = STR_NONE;
	bool has_value = str_cut(str_z(argv[*at] + 2), '=', &name, &value);
	const struct option_row *row;
	if (!has_value)
		name = str_z(argv[*at] + 2);
	row = option_by_name(p->verb, name);
	if (!row)
		return option_unknown(p->verb, "--", name, err);
	if (!row->arg && has_value)
		return err_set(err, ERR_USAGE, "option '--%s' takes no value", row->name);
	if (row->arg && !row->is_optional && !has_value) {
		if (*at + 1 >= argc)
			return err_set(
				err, ERR_USAGE, "option '--%s' needs %s", row->name, row->arg);
		value = str_z(argv[++*at]);
	}
	++*at;
	return option_take(p, row, str_c(value), err);
}

/* -f VALUE, -fVALUE, or a flag. */
static int short_option(struct parser *p, int argc, char *const *argv, int *at, struct err *err)
{
	const char *word = argv[*at];
	const struct option_row *row = option_by_letter(p->verb, word[1]);
	const char *value = word + 2;
	if (!row)
		return option_unknown(p->verb, "-", str_slice(str_z(word), 1, 2), err);
	if (!row->arg && *value)
		return err_set(err, ERR_USAGE, "option '-%c' takes no value", word[1]);
	if (row->arg && !*value) {
		if (*at + 1 >= argc)
			return err_set(
				err, ERR_USAGE, "option '-%c' needs %s", word[1], row->arg);
		value = argv[++*at];
	}
	++*at;
	return option_take(p, row, value, err);
}

static int words_read(struct parser *p, int argc, char *const *argv, struct err *err)
{
	bool only_words = false;
	for (int i = 2; i < argc;) {
		const char *word = argv[i];
		int r = 0;
		if (only_words && p->verb->groups & GROUP_SHELL) {
			vec_push(&p->command, arena_strz(p->arena, word));
			i++;
		} else if (only_words || word[0] != '-' || word[1] == '\0') {
			vec_push(&p->args, arena_strz(p->arena, word));
			i++;
		} else if (str_eqz(str_z(word), "--")) {
			only_words = true;
			i++;
		} else if (word[1] == '-') {
			r = long_option(p, argc, argv, &i, err);
		} else {
			r = short_option(p, argc, argv, &i, err);
		}
		if (r)
			return -1;
	}
	return 0;
}

#define take(member)                                                                           \
	do {                                                                                   \
		p->o->member = vec_freeze(&p->member, p->arena);                               \
		p->o->n_##member = p->member.n;                                                \
		vec_release(&p->member);                                                       \
	} while (0)

static void words_take(struct parser *p)
{
	take(args);
	take(command);
}

static void vectors_take(struct parser *p)
{
	take(files);
	take(params);
	take(workspaces);
	take(volumes);
	take(claims);
	take(breaks);
	take(host_paths);
	take(images);
	take(image_maps);
	take(image_map_files);
	take(pack_env);
	words_take(p);
}

static int words_check(struct parser *p, struct err *err)
{
	struct options *o = p->o;
	if (o->n_args > p->verb->max_words)
		return err_set(err, ERR_USAGE,
			"'" STR_FMT "' is one word too many; usage: monopod %s %s",
			STR_ARG(o->args[p->verb->max_words]), p->verb->name, p->verb->usage);
	if (p->verb->needs_file && o->n_files == 0)
		return err_set(err, ERR_USAGE,
			"no input: expected -f FILE; see 'monopod help %s'", p->verb->name);
	if (o->resume && o->dry_run)
		return err_set(err, ERR_USAGE, "--resume and --dry-run exclude each other");
	if (o->resources && o->output == OUTPUT_DOT)
		return err_set(err, ERR_USAGE, "--resources is not in what -o dot prints");
	if (p->verb->needs_file && o->n_args)
		o->name = o->args[0];
	return 0;
}

/* `VERB … --help` is `help VERB`. */
static bool wants_help(int argc, char *const *argv)
{
	for (int i = 2; i < argc && !str_eqz(str_z(argv[i]), "--"); i++)
		if (str_eqz(str_z(argv[i]), "--help") || str_eqz(str_z(argv[i]), "-h"))
			return true;
	return false;
}

static void help_instead(struct parser *p, cli_verb_fn **ret_fn)
{
	struct str *word = arena_new_object(p->arena, struct str);
	*word = str_z(p->verb->name);
	p->o->verb = STR("help");
	p->o->args = word;
	p->o->n_args = 1;
	*ret_fn = cmd_help;
}

int cli_read(struct arena *a, int argc, char *const *argv, struct options *ret,
	cli_verb_fn **ret_fn, struct err *err)
{
	struct parser p = {.arena = a, .o = ret};
	int r;
	*ret = (struct options){.arena = a,
		.grace_ns = OPTIONS_GRACE_NS,
		.log_level = LOG_INFO,
		.require_level = SANDBOX_NONE,
		.attempt = SIZE_MAX};
	p.verb = verb_find(argc > 1 ? str_z(argv[1]) : STR("help"), err);
	if (!p.verb)
		return -1;
	if (wants_help(argc, argv)) {
		help_instead(&p, ret_fn);
		return 0;
	}
	ret->verb = str_z(p.verb->name);
	ret->no_color = getenv("NO_COLOR") && *getenv("NO_COLOR");
	r = words_read(&p, argc, argv, err);
	vectors_take(&p);
	if (r || words_check(&p, err))
		return -1;
	*ret_fn = p.verb->fn;
	return 0;
}

int cli_parse(
	struct arena *a, int argc, char *const *argv, struct options *ret, cli_verb_fn **ret_fn)
{
	struct err err = {0};
	if (cli_read(a, argc, argv, ret, ret_fn, &err))
		return input_refuse(ret, &err);
	return -1;
}
