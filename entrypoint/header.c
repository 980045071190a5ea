/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the journal's file: header, resumes, exit code; and the seed. */
#include "header.h"

#include "input.h"

#include <base/buf.h>
#include <base/json.h>
#include <monopod/images.h>
#include <monopod/version.h>
#include <string.h>

/* Raised with docs/journal.md. */
enum { FORMAT = 1, HEADER_MAX = 256 * 1024 * 1024, DIGEST_CHARS = 16, SUFFIX_CHARS = 5 };
enum { DIGEST_AT = sizeof("sha256:") - 1 }; /* of image_digest_text */

#define FILE_RECORD "{\"journal\":"

/* --- the seed ---------------------------------------------------------------------------- */

struct str seed_new(struct arena *a)
{
	return input_random_uid(a);
}

/* 64 hexadecimal digits. */
static struct str seed_digest(struct arena *a, struct str seed, const char *what, size_t n)
{
	struct str text = image_digest_text(
		a, arena_printf(a, STR_FMT "/%s/%zu", STR_ARG(seed), what, n));

	return str_slice(text, DIGEST_AT, text.n);
}

struct str seed_uid(struct arena *a, struct str seed, const char *what, size_t n)
{
	const char *h = seed_digest(a, seed, what, n).p;

	/* version 4, variant 1, as if it were random */
	return arena_printf(a, "%.8s-%.4s-4%.3s-a%.3s-%.12s", h, h + 8, h + 12, h + 15, h + 18);
}

static unsigned hex_value(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

struct str seed_suffix(struct arena *a, struct str seed, const char *what, size_t n)
{
	static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
	struct str digest = seed_digest(a, seed, what, n);
	char text[SUFFIX_CHARS];

	for (size_t i = 0; i < SUFFIX_CHARS; i++) {
		unsigned v = 0;

		for (size_t k = 0; k < 4; k++)
			v = v * 16 + hex_value(digest.p[4 * i + k]);
		text[i] = alphabet[v % (sizeof(alphabet) - 1)];
	}
	return arena_strn(a, text, sizeof(text));
}

/* --- writing ----------------------------------------------------------------------------- */

static struct str digest(void *arg, struct arena *a, struct str text)
{
	const struct str *salt = arg;
	struct str d = image_digest_text(
		a, arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(*salt), STR_ARG(text)));

	return str_slice(d, DIGEST_AT, DIGEST_AT + DIGEST_CHARS);
}

static void put_params(const struct header_facts *f, struct arena *a, struct json_writer *w)
{
	struct str salt = f->seed;

	json_key(w, "params");
	json_open(w, '[');
	for (size_t i = 0; i < f->options->n_params; i++) {
		json_open(w, '{');
		json_field(w, "name", f->options->params[i].name);
		json_field(w, "digest", digest(&salt, a, f->options->params[i].text));
		json_close(w, '}');
	}
	json_close(w, ']');
}

/* Files of seccompProfile, byte by byte. */
static void put_profiles(const struct header_facts *f, struct arena *a, struct json_writer *w)
{
	struct str salt = f->seed;

	json_key(w, "profiles");
	json_open(w, '[');
	for (const struct profile_use *u = f->spec->profiles; u; u = u->next) {
		json_open(w, '{');
		json_field(w, "name", u->name.s);
		json_field(w, "digest", digest(&salt, a, u->text));
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_dir(struct json_writer *w, struct str name, struct str dir)
{
	json_open(w, '{');
	json_field(w, "name", name);
	json_field(w, "dir", dir);
	json_close(w, '}');
}

/* Left out when there are none, as before there were any. */
static void put_breaks(const struct options *o, struct arena *a, struct json_writer *w)
{
	if (!json_list(w, "debug", o->n_breaks + o->breaks_on_failure))
		return;
	if (o->breaks_on_failure)
		put_dir(w, STR("on-failure"), STR_NONE);
	for (size_t i = 0; i < o->n_breaks; i++)
		put_dir(w,
			arena_printf(a, "before-step=" STR_FMT "/" STR_FMT,
				STR_ARG(o->breaks[i].task), STR_ARG(o->breaks[i].step)),
			STR_NONE);
	json_close(w, ']');
}

static void put_options(const struct header_facts *f, struct arena *a, struct json_writer *w)
{
	const struct options *o = f->options;

	json_key(w, "options");
	json_open(w, '{');
	json_field(w, "name", o->name);
	put_params(f, a, w);
	json_key(w, "workspaces");
	json_open(w, '[');
	for (size_t i = 0; i < o->n_workspaces; i++)
		put_dir(w, o->workspaces[i].name, o->workspaces[i].dir);
	json_close(w, ']');
	json_key(w, "volumes");
	json_open(w, '[');
	for (size_t i = 0; i < o->n_volumes; i++)
		put_dir(w, o->volumes[i].claim, o->volumes[i].dir);
	json_close(w, ']');
	put_breaks(o, a, w);
	put_profiles(f, a, w);
	json_field_bool(w, "hermetic", o->hermetic);
	json_field_int(w, "maxParallel", (int64_t)o->max_parallel);
	json_close(w, '}');
}

static void put_header(const struct header_facts *f, struct arena *a, struct json_writer *w)
{
	struct str salt = f->seed;
	struct spec_digest d = {.digest = digest, .arg = &salt};

	json_open(w, '{');
	json_field_int(w, "journal", FORMAT);
	json_fieldz(w, "kind", "header");
	json_fieldz(w, "program", MONOPOD_VERSION);
	json_fieldz(w, "object", object_kind_name(f->run->kind));
	json_field(w, "namespace", f->run->ns);
	json_field(w, "name", f->run->name);
	json_field(w, "uid", f->run->uid);
	json_field(w, "seed", f->seed);
	json_field_int(w, "parallel", (int64_t)f->max_parallel);
	put_options(f, a, w);
	json_key(w, "input");
	spec_fingerprint(f->spec, &d, w);
	json_close(w, '}');
}

int header_print(
	const struct header_facts *f, struct arena *a, struct str *ret, struct err *err)
{
	struct arena *brief cleanup_arena = arena_new();
	struct buf out cleanup_buf = {0};
	struct json_writer w;

	buf_init(&out, HEADER_MAX);
	json_writer_init(&w, &out, 0);
	put_header(f, brief, &w);
	if (out.full)
		return err_set(err, ERR_LIMIT, "the journal's header is larger than it may be");
	*ret = arena_str(a, buf_str(&out));
	return 0;
}

static struct str file_record(
	struct arena *a, const char *kind, const char *member, int64_t value, const char *more)
{
	return arena_printf(a, FILE_RECORD "%d,\"kind\":\"%s\",\"%s\":%lld%s}", FORMAT, kind,
		member, (long long)value, more);
}

struct str header_resume_record(struct arena *a, bool forced, int64_t wall_ns)
{
	return file_record(a, "resume", "wall", wall_ns,
		forced ? ",\"forced\":true,\"program\":\"" MONOPOD_VERSION "\""
		       : ",\"program\":\"" MONOPOD_VERSION "\"");
}

struct str header_exit_record(struct arena *a, int code)
{
	return file_record(a, "exit", "code", code, "");
}

/* --- reading ----------------------------------------------------------------------------- */

bool header_is_file_record(struct str record)
{
	return str_starts(record, STR(FILE_RECORD));
}

int header_read(struct arena *a, struct str record, struct header *ret, struct err *err)
{
	struct json *json;
	int64_t format;

	if (!header_is_file_record(record))
		return err_set(err, ERR_USAGE, "journal: the first record is not a header");
	if (json_parse(a, record, HEADER_MAX, &json, err) ||
		json_int(json_get(json, "journal"), 0, INT32_MAX, &format, err))
		return err_wrap(err, "journal: header");
	if (format != FORMAT)
		return err_set(err, ERR_USAGE,
			"journal: format %d, this program reads and writes %d", (int)format,
			FORMAT);
	*ret = (struct header){.seed = json_str(json_get(json, "seed")), .json = json};
	if (!str_eqz(json_str(json_get(json, "kind")), "header") || !ret->seed.n)
		return err_set(err, ERR_USAGE, "journal: the first record is not a header");
	return 0;
}

void header_notes_read(const struct str *records, size_t n, struct header_notes *ret)
{
	struct arena *a cleanup_arena = arena_new();

	*ret = (struct header_notes){.exit_code = -1};
	for (size_t i = 1; i < n; i++) {
		struct json *json;
		int64_t code;

		if (!header_is_file_record(records[i]) ||
			json_parse(a, records[i], records[i].n, &json, NULL))
			continue;
		if (str_eqz(json_str(json_get(json, "kind")), "resume"))
			ret->n_resumes++;
		else if (json_int(json_get(json, "code"), 0, 255, &code, NULL) == 0)
			ret->exit_code = (int)code;
	}
}

/* --- comparing --------------------------------------------------------------------------- */

static size_t option_differs(struct diags *diags, const char *option, struct str what)
{
	(void)diag_add(diags, DIAG_ERROR, "resume-changed", (struct pos){0},
		"%s" STR_FMT " is not what the run was started with", option, STR_ARG(what));
	return 1;
}

static const struct json *entry(const struct json *list, struct str name)
{
	const struct json *found = NULL;

	/* the last one of a name counts */
	json_foreach (it, list) {
		if (str_eq(json_str(json_get(it, "name")), name))
			found = it;
	}
	return found;
}

/* Both ways: what there is against what there was. */
static size_t lists_compare(const struct json *old, const struct json *now, const char *member,
	const char *option, struct diags *diags)
{
	size_t n = 0;

	json_foreach (it, now) {
		struct str name = json_str(json_get(it, "name"));
		const struct json *was = entry(old, name);
		const struct json *is = entry(now, name);

		if (is == it && (!was || !str_eq(json_str(json_get(was, member)),
						 json_str(json_get(is, member)))))
			n += option_differs(diags, option, name);
	}
	json_foreach (it, old) {
		struct str name = json_str(json_get(it, "name"));

		if (entry(old, name) == it && !entry(now, name))
			n += option_differs(diags, option, name);
	}
	return n;
}

static size_t options_compare(
	const struct json *old, const struct json *now, struct diags *diags)
{
	static const struct {
		const char *list, *member, *option;
	} lists[] = {
		{"params", "digest", "-p "},
		{"workspaces", "dir", "-w "},
		{"volumes", "dir", "--volume "},
		{"debug", "dir", "--debug "},
		{"profiles", "digest", "seccomp profile "},
	};
	static const struct {
		const char *member, *option;
	} scalars[] = {
		{"name", "the name of the run"},
		{"hermetic", "--hermetic"},
		{"maxParallel", "--max-parallel"},
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		n += lists_compare(json_get(old, lists[i].list), json_get(now, lists[i].list),
			lists[i].member, lists[i].option, diags);
	for (size_t i = 0; i < ARRAY_SIZE(scalars); i++) {
		const struct json *a = json_get(old, scalars[i].member);
		const struct json *b = json_get(now, scalars[i].member);

		if (!a || !b || a->boolean != b->boolean || !str_eq(a->text, b->text))
			n += option_differs(diags, scalars[i].option, STR_NONE);
	}
	return n;
}

size_t header_compare(const struct header *h, const struct header_facts *f, struct diags *diags)
{
	struct arena *a cleanup_arena = arena_new();
	struct header_facts again = *f;
	struct str salt = h->seed;
	struct spec_digest d = {.digest = digest, .arg = &salt};
	struct buf out cleanup_buf = {0};
	struct json_writer w;
	struct json *now;
	size_t n;

	again.seed = h->seed;
	buf_init(&out, HEADER_MAX);
	json_writer_init(&w, &out, 0);
	json_open(&w, '{');
	put_options(&again, a, &w);
	json_close(&w, '}');
	BUG_ON(json_parse(a, buf_str(&out), HEADER_MAX, &now, NULL));
	n = options_compare(json_get(h->json, "options"), json_get(now, "options"), diags);
	return n + spec_compare(f->spec, &d, json_get(h->json, "input"), diags);
}

size_t header_max_parallel(const struct header *h)
{
	int64_t n;

	if (json_int(json_get(h->json, "parallel"), 0, INT32_MAX, &n, NULL))
		return 0;
	return (size_t)n;
}
