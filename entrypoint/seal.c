/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the journal that hold masked values: kept aside. */
#include "seal.h"

#include "header.h"
#include "secrets.h"

#include <base/file.h>
#include <base/num.h>
#include <stdlib.h>

#define SEALED "{\"sealed\":"

struct seal {
	int dfd;
	const struct mask *mask;
	struct arena *arena;
	struct str path;
	struct journal file; /* fd -1: not yet */
	size_t n;            /* lines in it */
	bool is_broken;      /* it could not be made */
};

static struct str seal_path(struct arena *a, struct str path)
{
	return arena_printf(a, STR_FMT ".sealed", STR_ARG(path));
}

struct seal *seal_new(int dfd, struct str path, const struct mask *mask)
{
	struct arena *a = arena_new();
	struct seal *s = arena_new_object(a, struct seal);

	*s = (struct seal){.dfd = dfd, .mask = mask, .arena = a, .file = {.fd = -1}};
	s->path = seal_path(a, path);
	return s;
}

void seal_free(struct seal *s)
{
	if (!s)
		return;
	journal_close(&s->file);
	arena_free(s->arena);
}

bool seal_is_whole(const struct seal *s)
{
	return !s || (!s->is_broken && (s->file.fd < 0 || journal_is_whole(&s->file)));
}

/* Goes on with the one of the agent before. */
static int seal_open(struct seal *s, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct journal_text text;
	struct err low = {0};

	if (s->file.fd >= 0)
		return 0;
	s->is_broken = true;
	if (journal_open(&s->file, s->dfd, str_c(s->path), a, &text, &low) == 0) {
		s->n = text.n;
	} else if (low.kind != ERR_NOT_FOUND) {
		*err = low;
		return -1;
	} else if (journal_create(&s->file, s->dfd, str_c(s->path), err)) {
		journal_close(&s->file);
		return -1;
	} else if (file_sync_parent(s->dfd, str_c(s->path), err)) {
		return -1; /* the journal is not to name lines that may not be found */
	}
	s->is_broken = false;
	return 0;
}

int seal_record(
	struct seal *s, struct arena *a, struct str record, struct str *ret, struct err *err)
{
	struct str masked = record;

	*ret = record;
	if (!header_is_file_record(
		    record)) /* those have digests alone, and are read as they are */
		masked = secrets_json(s->mask, a, record);
	if (masked.p == record.p || !str_starts(masked, STR("{")))
		return 0;
	if (seal_open(s, err)) {
		*ret = masked;
		return -1;
	}
	*ret = arena_printf(
		a, SEALED "%zu," STR_FMT, s->n, STR_ARG(str_slice(masked, 1, masked.n)));
	s->n++;
	return journal_append(&s->file, record, true, err);
}

/* Which line a record stands for; false: it stands for itself. */
static bool seal_number(struct str record, size_t *ret)
{
	struct err passed = {0};
	struct str digits;
	struct str rest;
	uint64_t n;

	if (!str_starts(record, STR(SEALED)))
		return false;
	*ret = SIZE_MAX; /* no line */
	record = str_slice(record, sizeof(SEALED) - 1, record.n);
	if (str_cut(record, ',', &digits, &rest) && num_u64(digits, SIZE_MAX, &n, &passed) == 0)
		*ret = (size_t)n;
	return true;
}

int seal_break(
	int dfd, struct str path, struct arena *a, struct journal_text *text, struct err *err)
{
	struct journal_text sealed = {0};
	bool is_read = false;

	for (size_t i = 0; i < text->n; i++) {
		struct err low = {0};
		size_t n;

		if (!seal_number(text->records[i], &n))
			continue;
		if (!is_read &&
			journal_read(dfd, str_c(seal_path(a, path)), a, &sealed, &low) &&
			low.kind != ERR_NOT_FOUND) {
			*err = low;
			return -1;
		}
		is_read = true;
		if (n >= sealed.n)
			return err_set(err, ERR_USAGE,
				"record %zu of the journal holds a Secret, and journal.sealed "
				"does not have it",
				i + 1);
		text->records[i] = sealed.records[n];
	}
	return 0;
}
