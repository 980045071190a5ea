/* SPDX-License-Identifier: Apache-2.0 */
/* Error values: formatting, prefixing, and the one table from kind to exit code. */
#include <base/err.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	enum exit_code exit;
} err_table[] = {
	[ERR_NONE] = {"none", EXIT_RUN_OK},
	[ERR_USAGE] = {"usage", EXIT_INPUT},
	[ERR_SPEC] = {"spec", EXIT_INPUT},
	[ERR_LIMIT] = {"limit", EXIT_INPUT},
	[ERR_UNSUPPORTED] = {"unsupported", EXIT_INPUT},
	[ERR_NOT_FOUND] = {"not-found", EXIT_INPUT},
	[ERR_IMAGE] = {"image", EXIT_PLACE},
	[ERR_SANDBOX] = {"sandbox", EXIT_PLACE},
	[ERR_STEP] = {"step", EXIT_RUN_FAILED},
	[ERR_CANCELLED] = {"cancelled", EXIT_RUN_FAILED},
	[ERR_SYS] = {"system", EXIT_INTERNAL},
	[ERR_BUG] = {"bug", EXIT_INTERNAL},
};
_Static_assert(ARRAY_SIZE(err_table) == ERR_KIND_N, "one row a kind");

static const char err_ellipsis[] = "\xe2\x80\xa6";

/*
 * Ends an overlong text in "…", without cutting a character in half. n_wanted is what the
 * text would have needed, as snprintf counts.
 */
static void err_mark_cut(char *msg, size_t size, size_t n_wanted)
{
	size_t keep = size - sizeof(err_ellipsis);

	if (n_wanted < size)
		return;
	while (keep > 0 && ((unsigned char)msg[keep] & 0xc0) == 0x80)
		keep--;
	memcpy(msg + keep, err_ellipsis, sizeof(err_ellipsis));
}

static void attr_printf(2, 0) err_vformat(char *msg, const char *fmt, va_list ap)
{
	int n = vsnprintf(msg, ERR_MSG_BYTES, fmt, ap);

	if (n < 0)
		msg[0] = '\0';
	else
		err_mark_cut(msg, ERR_MSG_BYTES, (size_t)n);
}

/* Puts head before or tail behind; both may be as long as a message. */
static void err_join(char *msg, const char *head, const char *between, const char *tail)
{
	char joined[3 * ERR_MSG_BYTES];
	int n = snprintf(joined, sizeof(joined), "%s%s%s", head, between, tail);

	BUG_ON(n < 0 || (size_t)n >= sizeof(joined));
	if (n >= ERR_MSG_BYTES)
		err_mark_cut(joined, ERR_MSG_BYTES, (size_t)n);
	memcpy(msg, joined, ERR_MSG_BYTES);
	msg[ERR_MSG_BYTES - 1] = '\0';
}

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	err->kind = kind;
	err->sys = 0;
	va_start(ap, fmt);
	err_vformat(err->msg, fmt, ap);
	va_end(ap);
	return -1;
}

/* The C library's untranslated sentence with a lower-case first letter ("No such …"). */
static void err_describe(int sys, char *text, size_t size)
{
	const char *what = strerrordesc_np(sys);

	if (!what)
		snprintf(text, size, "error %d", sys);
	else
		snprintf(text, size, "%s", what);
	/* "RFS specific error" keeps its capitals. */
	if (text[0] >= 'A' && text[0] <= 'Z' && !(text[1] >= 'A' && text[1] <= 'Z'))
		text[0] = (char)(text[0] - 'A' + 'a');
}

static void attr_printf(3, 0) err_vsys(struct err *err, int sys, const char *fmt, va_list ap)
{
	char head[ERR_MSG_BYTES];
	char what[96];

	err->kind = ERR_SYS;
	err->sys = sys;
	err_vformat(head, fmt, ap);
	err_describe(sys, what, sizeof(what));
	err_join(err->msg, head, ": ", what);
}

int err_sys(struct err *err, const char *fmt, ...)
{
	int sys = errno;
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	err_vsys(err, sys, fmt, ap);
	va_end(ap);
	return -1;
}

int err_sysno(struct err *err, int sys, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	err_vsys(err, sys, fmt, ap);
	va_end(ap);
	return -1;
}

static void attr_printf(2, 0) err_vwrap(struct err *err, const char *fmt, va_list ap)
{
	char head[ERR_MSG_BYTES];

	err_vformat(head, fmt, ap);
	err_join(err->msg, head, ": ", err->msg);
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	err_vwrap(err, fmt, ap);
	va_end(ap);
	return -1;
}

int err_wrap_as(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	err->kind = kind;
	va_start(ap, fmt);
	err_vwrap(err, fmt, ap);
	va_end(ap);
	return -1;
}

bool err_is_machine(const struct err *err)
{
	static const int all[] = {EIO, ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM, ENOLCK, ESTALE};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (err->sys == all[i])
			return true;
	}
	return false;
}

const char *err_kind_name(enum err_kind kind)
{
	return err_table[kind].name;
}

enum exit_code err_kind_exit(enum err_kind kind)
{
	return err_table[kind].exit;
}
