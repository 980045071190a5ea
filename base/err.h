/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors are values. A function that can fail returns 0 or -1 and takes `struct err *err` last;
 * details are written only on failure, so calls chain. The value lives in the caller's frame,
 * owns nothing and can be copied. Kinds are for decisions, messages are for people: nobody
 * parses a message.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <base/attr.h>
#include <stdbool.h>

enum err_kind {
	ERR_NONE,
	ERR_USAGE,       /* wrong command line */
	ERR_SPEC,        /* the input is not valid */
	ERR_LIMIT,       /* a bound of base/bounds.h was reached */
	ERR_UNSUPPORTED, /* known, but not carried out (yet) or not possible here */
	ERR_NOT_FOUND,   /* something named does not exist */
	ERR_IMAGE,       /* an image is missing, corrupt or hostile */
	ERR_SANDBOX,     /* this place cannot give what was asked */
	ERR_STEP,        /* a step could not be started or ended badly */
	ERR_CANCELLED,
	ERR_SYS, /* a system call failed; sys holds errno */
	ERR_BUG,
};
enum { ERR_KIND_N = ERR_BUG + 1 };

enum { ERR_MSG_BYTES = 480 };

struct err {
	enum err_kind kind;
	int sys; /* errno, or 0 */
	char msg[ERR_MSG_BYTES];
};

/* Exit codes of the program; the table in err.c maps kinds to them. */
enum exit_code {
	EXIT_RUN_OK = 0,
	EXIT_RUN_FAILED = 1,
	EXIT_INPUT = 2,
	EXIT_PLACE = 3,
	EXIT_INTERNAL = 4,
	EXIT_SIGINT = 130,
	EXIT_SIGTERM = 143,
};

/* All return -1, so that `return err_set(...)` reads well. Overlong text ends in "…". err may
 * be NULL. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...) attr_printf(3, 4);
/* Captures errno at once: "open 'x': no such file or directory" (lower-case text of our own
 * where it misleads). */
int err_sys(struct err *err, const char *fmt, ...) attr_printf(2, 3);
int err_sysno(struct err *err, int sys, const char *fmt, ...) attr_printf(3, 4);
/* Prefixes the message in place: "step 'build': " + old message. */
int err_wrap(struct err *err, const char *fmt, ...) attr_printf(2, 3);
/* As above, and changes the kind (an ERR_SYS below becomes, say, ERR_IMAGE above). */
int err_wrap_as(struct err *err, enum err_kind kind, const char *fmt, ...) attr_printf(3, 4);

/* The machine failed (a device, a table or the memory is full): nothing the input is to blame
 * for. */
bool err_is_machine(const struct err *err);

const char *err_kind_name(enum err_kind kind);
enum exit_code err_kind_exit(enum err_kind kind);

#endif
