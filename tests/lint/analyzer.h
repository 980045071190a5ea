/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Put in front of every file for clang's analyzer, which sees one file at a time: what it
 * cannot know about functions of other files.
 */
#ifndef LINT_ANALYZER_H
#define LINT_ANALYZER_H

#include <base/err.h>

#define err_set(...)     ((void)err_set(__VA_ARGS__), -1)
#define err_sys(...)     ((void)err_sys(__VA_ARGS__), -1)
#define err_sysno(...)   ((void)err_sysno(__VA_ARGS__), -1)
#define err_wrap(...)    ((void)err_wrap(__VA_ARGS__), -1)
#define err_wrap_as(...) ((void)err_wrap_as(__VA_ARGS__), -1)

#endif
