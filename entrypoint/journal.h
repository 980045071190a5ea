/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: every transition of a run, one record a line, appended by one function.
 *
 *     CRC32 (8 hex digits, of the record's bytes) SPACE RECORD (compact JSON) NEWLINE
 *
 * A reader stops at the first line that is incomplete or does not match: that is where the
 * writer died, or the file was damaged. The framing is described in docs/journal.md.
 */
#ifndef ENTRYPOINT_JOURNAL_H
#define ENTRYPOINT_JOURNAL_H

#include <base/arena.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/str.h>
#include <stdint.h>

struct seal;
struct journal {
	int fd;             /* owned; -1: not open */
	size_t n_bytes;     /* complete records in the file */
	bool is_torn;       /* an append failed half way; the next one repairs it first */
	bool is_unsure;     /* a sync failed: what is on the disk nobody knows */
	struct seal *seal;  /* what takes values out of records; owned, NULL: they stay */
	struct buf pending; /* lines that could not be written yet, in order */
};

enum { JOURNAL_RESERVE = 256 * 1024 }; /* bytes kept ahead, for the day the disk is full */

/* Creates `name` (mode 0600), which must not exist. */
int journal_create(struct journal *j, int dfd, const char *name, struct err *err);
struct journal_text {        /* what is in a file */
	struct str *records; /* valid ones */
	size_t n;
	size_t n_valid_bytes;
	size_t n_torn_bytes; /* behind them: a writer died there */
	bool is_damaged;     /* not so: whole records stand behind those bytes */
};
/*
 * Opens one that is there, to go on with it: what is torn is cut off before anything is
 * appended. ERR_NOT_FOUND when there is none; ERR_USAGE when it is no plain file of ours.
 */
int journal_open(struct journal *j, int dfd, const char *name, struct arena *a,
	struct journal_text *ret, struct err *err);
/* The same without touching it. */
int journal_read(
	int dfd, const char *name, struct arena *a, struct journal_text *ret, struct err *err);
/*
 * durable: on the disk before the call returns. After a failure the record is kept and written
 * before the next one, so that the file is at every moment a beginning of the journal.
 */
int journal_append(struct journal *j, struct str record, bool durable, struct err *err);
/* All that was appended is on the disk: one sync serves many records. */
int journal_sync(struct journal *j, struct err *err);
/* Every record is in the file and no sync has failed. */
bool journal_is_whole(const struct journal *j);
void journal_close(struct journal *j);

/* Splits the text of a journal into its valid records, which are views into it. */
void journal_parse(struct arena *a, struct str text, struct journal_text *ret);

uint32_t journal_crc(struct str bytes);

#endif
