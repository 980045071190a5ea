/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the input, choosing runs, refusing. */
#include "input.h"

#include "deflate.h"
#include "header.h"
#include "hostpath.h"
#include "objects.h"
#include "profile.h"

#include <base/bounds.h>
#include <base/buf.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/json.h>
#include <base/path.h>
#include <base/vec.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REFUSAL_MAX = 8 * MIB };

/* --- randomness -------------------------------------------------------------------------- */

static void random_fill(unsigned char *p, size_t n)
{
	size_t at = 0;

	while (at < n) {
		ssize_t got = getrandom(p + at, n - at, 0);

		if (got > 0)
			at += (size_t)got;
		else
			BUG_ON(errno != EINTR);
	}
}

struct str input_random_uid(struct arena *a)
{
	unsigned char b[16];

	random_fill(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* version 4 */
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	return arena_printf(a,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		b[13], b[14], b[15]);
}

static struct str spec_suffix(void *arg, struct arena *a, size_t i)
{
	const struct str *seed = arg;

	return seed_suffix(a, *seed, "object", i);
}

/* --- files ------------------------------------------------------------------------------- */

typedef VEC(struct spec_input) input_vec;

/* What cannot be read is a wrong word of the caller's, unless the machine is to blame. */
static int input_unread(struct str path, struct err *err)
{
	return err_wrap_as(
		err, err_is_machine(err) ? ERR_SYS : ERR_USAGE, "read input '%s'", str_c(path));
}

static int input_unpack(struct arena *a, struct str *text, struct err *err)
{
	struct buf out cleanup_buf = {0};

	buf_init(&out, BOUND_YAML_BYTES);
	if (inflate_text(*text, DEFLATE_GZIP, &out, err))
		return -1;
	*text = arena_str(a, buf_str(&out));
	return 0;
}

static int input_add_file(struct arena *a, struct str path, input_vec *inputs, struct err *err)
{
	struct spec_input in = {.name = path};
	int rc;

	if (inputs->n >= BOUND_INPUT_FILES)
		return err_set(err, ERR_LIMIT, "more than %d input files", BOUND_INPUT_FILES);
	if (str_eqz(path, "-"))
		rc = file_read_fd(a, STDIN_FILENO, BOUND_YAML_BYTES, &in.text, err);
	else
		rc = file_read(a, AT_FDCWD, str_c(path), BOUND_YAML_BYTES, &in.text, err);
	if (rc == 0 && str_ends(path, STR(".gz")))
		rc = input_unpack(a, &in.text, err);
	if (rc)
		return input_unread(path, err);
	vec_push(inputs, in);
	return 0;
}

static bool input_is_ours(struct str name)
{
	return str_ends(name, STR(".yaml")) || str_ends(name, STR(".yml")) ||
	       str_ends(name, STR(".json")) || str_ends(name, STR(".json.gz"));
}

static int input_add_dir(struct arena *a, struct str path, input_vec *inputs, struct err *err)
{
	int dfd cleanup_fd = dir_open(AT_FDCWD, str_c(path), err);
	size_t n_before = inputs->n;
	struct str *names;
	size_t n;

	if (dfd < 0 || dir_list(a, dfd, BOUND_INPUT_FILES, &names, &n, err))
		return input_unread(path, err);
	for (size_t i = 0; i < n; i++) {
		struct str full = path_join(a, path, names[i]);

		if (input_is_ours(names[i]) && input_add_file(a, full, inputs, err))
			return -1;
	}
	if (inputs->n == n_before)
		return err_set(err, ERR_USAGE,
			"directory '%s' has no *.yaml, *.yml or *.json in it", str_c(path));
	return 0;
}

static int input_add(struct arena *a, struct str path, input_vec *inputs, struct err *err)
{
	struct stat st;

	if (!str_eqz(path, "-") && stat(str_c(path), &st) == 0 && S_ISDIR(st.st_mode))
		return input_add_dir(a, path, inputs, err);
	return input_add_file(a, path, inputs, err);
}

static int input_add_objects(
	struct arena *a, struct str dir, input_vec *inputs, struct err *err)
{
	struct spec_input *objects;
	size_t n;

	if (!dir.n)
		return 0;
	if (objects_read(a, dir, &objects, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		vec_push(inputs, objects[i]);
	return 0;
}

/* Who starts nothing here needs no values of Secrets. */
static int input_load_for(const struct options *o, struct arena *a, struct str seed,
	bool starts_here, struct spec **ret, struct err *err)
{
	struct spec_options so = {.suffix = spec_suffix,
		.suffix_arg = &seed,
		.secrets_may_lack_data = !starts_here};
	input_vec inputs = {0};
	int rc = 0;

	if (!o->n_files)
		return err_set(err, ERR_USAGE, "no input: name a file or directory with -f");
	for (size_t i = 0; i < o->n_files && rc == 0; i++)
		rc = input_add(a, o->files[i], &inputs, err);
	if (rc == 0)
		rc = input_add_objects(a, o->object_dir, &inputs, err);
	if (rc == 0)
		*ret = spec_load(a, vec_freeze(&inputs, a), inputs.n, &so);
	vec_release(&inputs);
	if (rc)
		return rc;
	host_path_check(o, *ret);
	profile_read(o, *ret);
	return 0;
}

int input_load(const struct options *o, struct arena *a, struct str seed, struct spec **ret,
	struct err *err)
{
	return input_load_for(o, a, seed, true, ret, err);
}

/* --- which runs -------------------------------------------------------------------------- */

struct str input_run_name(const struct run_ref *r)
{
	return r->kind == OBJECT_PIPELINE_RUN ? r->pipeline_run->meta.name.s
					      : r->task_run->meta.name.s;
}

/* The name that can only be meant when none was given; empty: there is a choice. */
static struct str input_only_name(const struct spec *spec)
{
	if (spec->n_pipelines == 1)
		return spec->pipelines[0].meta.name.s;
	if (spec->n_pipelines == 0 && spec->n_tasks == 1)
		return spec->tasks[0].meta.name.s;
	return STR_NONE;
}

static void input_list_names(const struct spec *spec, struct buf *out)
{
	const char *sep = "";

	for (size_t i = 0; i < spec->n_runs; i++, sep = ", ")
		buf_addf(out, "%s" STR_FMT, sep, STR_ARG(input_run_name(&spec->runs[i])));
	for (size_t i = 0; !spec->n_runs && i < spec->n_pipelines; i++, sep = ", ")
		buf_addf(out, "%s" STR_FMT, sep, STR_ARG(spec->pipelines[i].meta.name.s));
	for (size_t i = 0; !spec->n_runs && i < spec->n_tasks; i++, sep = ", ")
		buf_addf(out, "%s" STR_FMT, sep, STR_ARG(spec->tasks[i].meta.name.s));
}

static int input_no_run(const struct spec *spec, struct str name, struct err *err)
{
	struct buf names cleanup_buf = {0};

	buf_init(&names, ERR_MSG_BYTES / 2);
	input_list_names(spec, &names);
	if (!names.n)
		return err_set(err, ERR_USAGE,
			"the input has no PipelineRun, TaskRun, Pipeline or Task");
	if (!name.n)
		return err_set(err, ERR_USAGE,
			"the input has no run: name what to start, one of: %s", names.p);
	return err_set(err, ERR_USAGE, "'" STR_FMT "' is not in the input; there is: %s",
		STR_ARG(name), names.p);
}

/* A run made from a Pipeline or Task. */
static int input_made_run(const struct options *o, struct spec *spec, struct str seed,
	const struct run_ref ***ret, size_t *ret_n, struct err *err)
{
	struct str name = o->name.n ? o->name : input_only_name(spec);
	const struct run_ref *made = NULL;

	if (name.n)
		made = spec_make_run(spec, name, seed_suffix(spec->arena, seed, "name", 0));
	if (!made)
		return input_no_run(spec, o->name, err);
	*ret = arena_new_array(spec->arena, const struct run_ref *, 1);
	(*ret)[0] = made;
	*ret_n = 1;
	return 0;
}

int input_runs(const struct options *o, struct spec *spec, struct str seed,
	const struct run_ref ***ret, size_t *ret_n, struct err *err)
{
	const struct run_ref **runs;
	size_t n = 0;

	if (!spec->n_runs)
		return input_made_run(o, spec, seed, ret, ret_n, err);
	runs = arena_new_array(spec->arena, const struct run_ref *, spec->n_runs);
	for (size_t i = 0; i < spec->n_runs; i++) {
		if (!o->name.n || str_eq(o->name, input_run_name(&spec->runs[i])))
			runs[n++] = &spec->runs[i];
	}
	if (!n)
		return input_no_run(spec, o->name, err);
	*ret = runs;
	*ret_n = n;
	return 0;
}

/* --- refusing ---------------------------------------------------------------------------- */

static void out_write(int fd, const struct buf *b)
{
	(void)fd_write_all(fd, b->p, b->n, NULL); /* there is nobody else to tell */
}

static bool wants_colour(const struct options *o)
{
	return !o->no_color && isatty(STDERR_FILENO);
}

static const char *refusal_reason(enum exit_code code)
{
	switch (code) {
	case EXIT_INPUT:
		return "Invalid";
	case EXIT_PLACE:
		return "ServiceUnavailable";
	case EXIT_RUN_OK:
	case EXIT_RUN_FAILED:
	case EXIT_INTERNAL:
	case EXIT_SIGINT:
	case EXIT_SIGTERM:
		break;
	}
	return "InternalError";
}

/* The Status of product.md; d may be NULL. */
static void refusal_json(const char *reason, struct str message, const struct diags *d)
{
	struct buf out cleanup_buf = {0};
	struct json_writer w;

	buf_init(&out, REFUSAL_MAX);
	json_writer_init(&w, &out, 2);
	json_open(&w, '{');
	json_fieldz(&w, "apiVersion", "v1");
	json_fieldz(&w, "kind", "Status");
	json_fieldz(&w, "status", "Failure");
	json_fieldz(&w, "reason", reason);
	json_field(&w, "message", message);
	json_key(&w, "details");
	json_open(&w, '{');
	json_key(&w, "causes");
	json_open(&w, '[');
	for (size_t i = 0; d && i < d->n; i++)
		diag_json(d, &d->items[i], &w);
	json_close(&w, ']');
	json_close(&w, '}');
	json_close(&w, '}');
	buf_addc(&out, '\n');
	out_write(STDOUT_FILENO, &out);
}

static void diags_show(const struct options *o, const struct diags *d)
{
	struct buf out cleanup_buf = {0};

	buf_init(&out, REFUSAL_MAX);
	diags_print(d, wants_colour(o), &out);
	out_write(STDERR_FILENO, &out);
}

int input_refuse_diags(const struct options *o, const struct diags *d, enum exit_code code)
{
	struct str message = STR("the input is not valid");

	for (size_t i = 0; i < d->n; i++) {
		if (d->items[i].severity == DIAG_ERROR) {
			message = d->items[i].msg;
			break;
		}
	}
	diags_show(o, d);
	if (o->output == OUTPUT_JSON)
		refusal_json(refusal_reason(code), message, d);
	return (int)code;
}

int input_refuse(const struct options *o, const struct err *err)
{
	enum exit_code code = err_kind_exit(err->kind);

	log_error("%s", err->msg);
	if (o->output == OUTPUT_JSON)
		refusal_json(refusal_reason(code), str_z(err->msg), NULL);
	return (int)code;
}

int input_open(const struct options *o, struct arena *a, struct spec **ret_spec,
	const struct run_ref ***ret_runs, size_t *ret_n)
{
	struct str seed = seed_new(a);
	struct err err = {0};

	if (input_load_for(o, a, seed, false, ret_spec, &err))
		return input_refuse(o, &err);
	if (!spec_ok(*ret_spec))
		return input_refuse_diags(o, (*ret_spec)->diags, EXIT_INPUT);
	if (input_runs(o, *ret_spec, seed, ret_runs, ret_n, &err))
		return input_refuse(o, &err);
	return -1;
}

void input_warn(const struct options *o, const struct diags *d)
{
	if (d->n)
		diags_show(o, d);
}
