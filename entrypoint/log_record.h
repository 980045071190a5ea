/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.json in the log (`run --log-record`), for whoever has nothing but the log: gzip in
 * base64, in lines that are short enough for every collector of logs.
 *
 *     monopod-run.json begin sha256:HEX BYTES
 *     monopod-run.json 1 H4sIAAAA…
 *     monopod-run.json 2 …
 *     monopod-run.json end 2
 *
 * No step can write such a line: what steps write has "[task/step] " in front of it. What makes
 * a record believed is another thing, its digest in the termination file, which no step can
 * reach either.
 */
#ifndef ENTRYPOINT_LOG_RECORD_H
#define ENTRYPOINT_LOG_RECORD_H

#include <base/arena.h>
#include <base/err.h>
#include <base/str.h>

/* From json_fd, at its beginning, to out_fd. A reader that has stopped is an error, not waited
 * for without end. digest: of the whole file. */
int log_record_write(int json_fd, struct str digest, int out_fd, struct err *err);

/*
 * The record of this digest in the text of a log: lines may have a time before them, or what
 * CRI writes there (TIME STREAM TAG), and anything may be between them. ERR_NOT_FOUND when
 * there is none, ERR_SPEC when none is whole.
 */
int log_record_read(
	struct arena *a, struct str log, struct str digest, struct str *ret, struct err *err);

#endif
