/* SPDX-License-Identifier: Apache-2.0 */
/* The program's own messages. The only mutable file-scope state there is: level, sink and mask.
 */
#include <base/log.h>

#include <base/buf.h>
#include <errno.h>
#include <unistd.h>

enum { LOG_LINE_BYTES = 4096 };

static const char *const log_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warning",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};
_Static_assert(ARRAY_SIZE(log_names) == LOG_LEVEL_N, "one name a level");

static struct {
	enum log_level level;
	void (*sink)(void *arg, enum log_level level, const char *line);
	void *arg;
	const struct mask *mask;
} log_state = {.level = LOG_WARN};

void log_set_level(enum log_level level)
{
	log_state.level = level;
}

void log_set_sink(void (*sink)(void *arg, enum log_level level, const char *line), void *arg)
{
	log_state.sink = sink;
	log_state.arg = arg;
}

void log_set_mask(const struct mask *m)
{
	log_state.mask = m;
}

/* A control character inside a message would end the line or drive the terminal. */
static void log_add_clean(struct buf *line, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == '\t' || (c >= 0x20 && c != 0x7f))
			buf_addc(line, text.p[i]);
		else
			buf_addf(line, "\\x%02x", c);
	}
}

/* Nothing can be done when standard error is gone; errors of write are dropped. */
static void log_write(struct buf *line)
{
	size_t at = 0;

	buf_addc(line, '\n');
	while (at < line->n) {
		ssize_t n = write(STDERR_FILENO, line->p + at, line->n - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		at += (size_t)n;
	}
}

static void attr_printf(2, 0) log_vline(enum log_level level, const char *fmt, va_list ap)
{
	cleanup_buf struct buf line = {0};
	cleanup_buf struct buf text = {0};
	struct arena *a cleanup_arena = NULL;
	int saved = errno;

	if (level > log_state.level)
		return;
	buf_init(&line, 4 * LOG_LINE_BYTES + 64); /* escapes are up to four times as long */
	buf_init(&text, LOG_LINE_BYTES);
	buf_vaddf(&text, fmt, ap);
	buf_addf(&line, "monopod: %s: ", log_names[level]);
	if (log_state.mask)
		a = arena_new();
	log_add_clean(&line, mask_text(log_state.mask, a, buf_str(&text)));
	if (log_state.sink)
		log_state.sink(log_state.arg, level, line.p);
	else
		log_write(&line);
	errno = saved;
}

void log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vline(LOG_ERROR, fmt, ap);
	va_end(ap);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vline(LOG_WARN, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vline(LOG_INFO, fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vline(LOG_DEBUG, fmt, ap);
	va_end(ap);
}
