/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of a journal that are of the file and not of the run (docs/journal.md): the
 * header, which comes first; a note of each resume; the exit code. And the seed in the header,
 * from which every random name and id of a command comes, so that they come again.
 */
#ifndef ENTRYPOINT_HEADER_H
#define ENTRYPOINT_HEADER_H

#include "options.h"

#include <base/diag.h>
#include <base/err.h>
#include <monopod/agent.h>
#include <monopod/spec.h>

/* Random: 32 hexadecimal digits. */
struct str seed_new(struct arena *a);
/* A uuid, and five characters of generateName's alphabet; `what` and n tell one from another.
 */
struct str seed_uid(struct arena *a, struct str seed, const char *what, size_t n);
struct str seed_suffix(struct arena *a, struct str seed, const char *what, size_t n);

struct header {
	struct str seed;
	const struct json *json; /* of the record */
};
struct header_facts { /* what a header is made of */
	const struct options *options;
	const struct spec *spec;
	const struct run_view *run;
	struct str seed;
	size_t max_parallel; /* as the agent has it */
};
/* The record, in the arena. */
int header_print(
	const struct header_facts *f, struct arena *a, struct str *ret, struct err *err);
/* ERR_USAGE when it is none, or of a format that is not ours. */
int header_read(struct arena *a, struct str record, struct header *ret, struct err *err);
/* Errors for everything that is not as it was when the run was started; how many there are. */
size_t header_compare(
	const struct header *h, const struct header_facts *f, struct diags *diags);
/* The number of task runs at once that the first agent had. */
size_t header_max_parallel(const struct header *h);

/* Records of the file among those of the run. */
bool header_is_file_record(struct str record);
struct str header_resume_record(struct arena *a, bool forced, int64_t wall_ns);
struct str header_exit_record(struct arena *a, int code);
/* What such records said, all together. */
struct header_notes {
	size_t n_resumes;
	int exit_code; /* -1: none was written */
};
void header_notes_read(const struct str *records, size_t n, struct header_notes *ret);

#endif
