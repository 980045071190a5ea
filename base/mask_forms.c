/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in which a value is written: what mask.h lists. */
#include <base/mask.h>

#include <base/base64.h>
#include <base/bounds.h>
#include <base/num.h>
#include <string.h>

enum { FORM_BYTES = 128 * MIB };

struct forms {
	mask_form_fn *fn;
	void *arg;
};

static void form_tell(const struct forms *f, struct str bytes)
{
	struct mask_form form = {.bytes = bytes};

	f->fn(f->arg, &form);
}

/* --- base64 ------------------------------------------------------------------------------ */

/* Told as it is and with the other alphabet. */
static void digits_tell(const struct forms *f, struct mask_form *form)
{
	cleanup_buf struct buf url = {0};

	f->fn(f->arg, form);
	if (str_chr(form->bytes, '+') < 0 && str_chr(form->bytes, '/') < 0)
		return;
	buf_init(&url, FORM_BYTES);
	for (size_t i = 0; i < form->bytes.n; i++) {
		char c = form->bytes.p[i];

		buf_addc(&url, c == '+' ? '-' : c == '/' ? '_' : c);
	}
	form->bytes = buf_str(&url);
	f->fn(f->arg, form);
}

/* With `shift` bytes of something else before it: the digits that are wholly the value's. */
static void digits_at(const struct forms *f, struct str value, size_t shift)
{
	cleanup_buf struct buf bytes = {0};
	cleanup_buf struct buf digits = {0};
	const size_t end = (shift + value.n) * 8 / 6;
	const size_t from = (shift * 8 + 5) / 6;
	struct mask_form form = {
		.eats_before = shift > 0, .eats_after = (shift + value.n) % 3 != 0};

	buf_init(&bytes, FORM_BYTES);
	buf_init(&digits, FORM_BYTES);
	buf_add(&bytes, "\0\0", shift);
	buf_adds(&bytes, value);
	base64_add(&digits, buf_str(&bytes), false);
	form.bytes = str_slice(buf_str(&digits), from, end);
	digits_tell(f, &form);
}

/* --- URLs -------------------------------------------------------------------------------- */

/* What the encoders in use leave as it is, beside letters and digits. */
static const char *const url_safe[] = {
	"-._~",                 /* RFC 3986; Go, where a space can be '+' */
	"-._~/",                /* Python's quote */
	"-_.!~*'()",            /* encodeURIComponent */
	"-_.!~*'();,/?:@&=+$#", /* encodeURI */
	"-._*",                 /* forms of HTML, Java */
	"-._~!$&'()*+,;=",      /* user information of RFC 3986 */
	"-._~$&+,;=",           /* the same as Go writes it */
	"-._",                  /* older ones, which encode the tilde */
};

static bool is_url_plain(char c, const char *safe)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr(safe, c));
}

static void url_tell(
	const struct forms *f, struct str value, const char *safe, bool is_upper, bool is_plus)
{
	const char *hex = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
	cleanup_buf struct buf b = {0};

	buf_init(&b, FORM_BYTES);
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (is_url_plain(value.p[i], safe)) {
			buf_addc(&b, value.p[i]);
		} else if (c == ' ' && is_plus) {
			buf_addc(&b, '+');
		} else {
			buf_addc(&b, '%');
			buf_addc(&b, hex[c >> 4]);
			buf_addc(&b, hex[c & 15]);
		}
	}
	form_tell(f, buf_str(&b));
}

static void urls_tell(const struct forms *f, struct str value)
{
	for (size_t i = 0; i < ARRAY_SIZE(url_safe); i++) {
		for (unsigned int k = 0; k < 4; k++)
			url_tell(f, value, url_safe[i], k & 1, k & 2);
	}
}

/* --- strings of languages ---------------------------------------------------------------- */

/* The two-character escape of JSON; 0: it has none. */
static char json_short(char c)
{
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char to[] = "\"\\bfnrt";
	const char *at = c ? strchr(from, c) : NULL;

	return at ? to[at - from] : '\0';
}

static void json_tell(const struct forms *f, struct str value, const char *escaped)
{
	cleanup_buf struct buf b = {0};

	buf_init(&b, FORM_BYTES);
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (json_short(value.p[i])) {
			buf_addc(&b, '\\');
			buf_addc(&b, json_short(value.p[i]));
		} else if (c < 0x20 || (c && strchr(escaped, c))) {
			buf_addf(&b, "\\u%04x", c);
		} else {
			buf_addc(&b, value.p[i]);
		}
	}
	form_tell(f, buf_str(&b));
}

/* Between single quotes, where one of its own ends the string for a moment. */
static void shell_tell(const struct forms *f, struct str value, const char *quote)
{
	cleanup_buf struct buf b = {0};

	buf_init(&b, FORM_BYTES);
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '\'')
			buf_addz(&b, quote);
		else
			buf_addc(&b, value.p[i]);
	}
	form_tell(f, buf_str(&b));
}

/* --- all --------------------------------------------------------------------------------- */

static void value_tell(const struct forms *f, struct str value)
{
	form_tell(f, value);
	for (size_t shift = 0; shift < 3; shift++)
		digits_at(f, value, shift);
	urls_tell(f, value);
	json_tell(f, value, "");
	json_tell(f, value, "<>&"); /* as Go does unless told otherwise */
	if (str_chr(value, '\'') >= 0) {
		shell_tell(f, value, "'\\''");
		shell_tell(f, value, "'\"'\"'");
	}
}

static void lines_tell(const struct forms *f, struct str value)
{
	while (value.n) {
		ptrdiff_t end = str_chr(value, '\n');
		struct str line =
			str_trim(str_slice(value, 0, end < 0 ? value.n : (size_t)end));

		if (line.n >= MASK_LINE_BYTES && !str_starts(line, STR("-----")))
			value_tell(f, line);
		if (end < 0)
			return;
		value = str_slice(value, (size_t)end + 1, value.n);
	}
}

void mask_forms(struct str value, mask_form_fn *fn, void *arg)
{
	const struct forms f = {.fn = fn, .arg = arg};
	const struct str trimmed = str_trim(value);

	value_tell(&f, value);
	if (trimmed.n != value.n && trimmed.n >= MASK_LEAST_BYTES)
		value_tell(&f, trimmed);
	if (str_chr(trimmed, '\n') >= 0)
		lines_tell(&f, value);
}
