/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's own messages to standard error; only entrypoint/ calls it. Keeps errno. Values of
 * env, params and results are never logged.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <base/attr.h>
#include <base/mask.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum { LOG_LEVEL_N = LOG_DEBUG + 1 };

void log_set_level(enum log_level level);
/* While a live view owns the terminal, lines go through it: sink gets one line without its end.
 * NULL: write(2) to 2. */
void log_set_sink(void (*sink)(void *arg, enum log_level level, const char *line), void *arg);
/* Values that are not shown: borrowed until it is set again; NULL: none. */
void log_set_mask(const struct mask *m);
void log_error(const char *fmt, ...) attr_printf(1, 2);
void log_warn(const char *fmt, ...) attr_printf(1, 2);
void log_info(const char *fmt, ...) attr_printf(1, 2);
void log_debug(const char *fmt, ...) attr_printf(1, 2);

#endif
