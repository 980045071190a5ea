/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masking against a naive second implementation. Four values, each ended by a zero byte, then
 * what is written: bytes as they are, and, from 0x80 on, a value in some form, a cut between
 * two pieces, line ends. What comes out must be what the naive search says, and of a value that
 * was planted nothing may come out.
 */
#include <base/bounds.h>
#include <base/mask.h>
#include <base/num.h>
#include <base/vec.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { N_VALUES = 4, VALUE_MAX = 600, TEXT_MAX = 4 * KIB };

struct pattern {
	char *p;
	size_t n;
	bool eats_before, eats_after;
};

struct span { /* must not come out */
	size_t from, to;
};

struct input {
	struct arena *a;
	struct str values[N_VALUES];
	VEC(struct pattern) patterns;
	VEC(struct span) planted;
	VEC(size_t) cuts;
	struct buf text;
};

static bool is_eol(char c)
{
	return c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("+/-_", c));
}

/* --- what is looked for ------------------------------------------------------------------ */

static void pattern_add(struct input *in, const char *p, size_t n, bool before, bool after)
{
	struct pattern *old;

	vec_foreach (old, &in->patterns) {
		if (old->n == n && memcmp(old->p, p, n) == 0) {
			old->eats_before |= before;
			old->eats_after |= after;
			return;
		}
	}
	vec_push(&in->patterns, ((struct pattern){.p = memcpy(arena_alloc(in->a, n), p, n),
					.n = n,
					.eats_before = before,
					.eats_after = after}));
}

static void form_add(void *arg, const struct mask_form *f)
{
	struct input *in = arg;
	char *plain = arena_alloc(in->a, f->bytes.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < f->bytes.n; i++) {
		if (!is_eol(f->bytes.p[i]))
			plain[n++] = f->bytes.p[i];
	}
	if (n < MASK_LEAST_BYTES)
		return;
	if (n <= MASK_PIECE) {
		pattern_add(in, plain, n, f->eats_before, f->eats_after);
		return;
	}
	for (size_t at = 0; at + MASK_PIECE < n; at += MASK_PIECE)
		pattern_add(in, plain + at, MASK_PIECE, f->eats_before && at == 0, false);
	pattern_add(in, plain + n - MASK_PIECE, MASK_PIECE, false, f->eats_after);
}

/* --- what is written --------------------------------------------------------------------- */

static void digits_add(struct buf *b, const uint8_t *p, size_t n, const char *last, bool pad)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	for (size_t i = 0; i < n; i += 3) {
		const uint32_t v = (uint32_t)p[i] << 16 |
				   (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
				   (i + 2 < n ? p[i + 2] : 0);

		for (size_t k = 0; k < 4; k++) {
			const uint32_t d = v >> (18 - 6 * k) & 63;

			if (i + k <= n)
				buf_addc(b, d < 62 ? alphabet[d] : last[d - 62]);
			else if (pad)
				buf_addc(b, '=');
		}
	}
}

static void percent_add(struct buf *b, struct str s, bool upper, bool plus)
{
	for (size_t i = 0; i < s.n; i++) {
		const unsigned char c = (unsigned char)s.p[i];

		if ((is_digit(s.p[i]) && c != '+' && c != '/') || c == '.' || c == '~')
			buf_addc(b, s.p[i]);
		else if (c == ' ' && plus)
			buf_addc(b, '+');
		else
			buf_addf(b, upper ? "%%%02X" : "%%%02x", c);
	}
}

static void plant(struct input *in, struct str v, unsigned int form)
{
	static const char *const last[] = {"+/", "-_"};
	struct span s = {.from = in->text.n};
	cleanup_buf struct buf b = {0};
	const size_t shift = form - 4; /* for two of them */

	buf_init(&b, 64 * KIB);
	switch (form) {
	case 1:
	case 2:
	case 3:
		digits_add(&in->text, (const uint8_t *)v.p, v.n, last[form == 3], form == 1);
		break;
	case 4:
	case 5:
	case 6:
		buf_add(&b, "xyz", shift);
		buf_adds(&b, v);
		digits_add(&in->text, (const uint8_t *)b.p, b.n, last[0], false);
		s.from += (shift * 8 + 5) / 6;
		break;
	case 7:
	case 8:
	case 9:
		percent_add(&in->text, v, form == 7, form == 9);
		break;
	case 10:
		for (size_t i = 0; i < v.n; i++) {
			buf_addc(&in->text, v.p[i]);
			if (i % 3 == 2)
				buf_addz(&in->text, "\r\n");
		}
		break;
	default:
		buf_adds(&in->text, v);
	}
	s.to = in->text.n;
	vec_push(&in->planted, s);
}

static void write_all(struct input *in, struct str ops)
{
	for (size_t i = 0; i < ops.n && in->text.n < TEXT_MAX; i++) {
		const unsigned int op = (unsigned char)ops.p[i];

		if (op < 0x80)
			buf_addc(&in->text, ops.p[i]);
		else if (op < 0xC0)
			plant(in, in->values[op & 3], op >> 2 & 15);
		else if (op < 0xE0)
			vec_push(&in->cuts, in->text.n);
		else if (op < 0xF0)
			buf_addf(&in->text, "%.*s", (int)(op & 15),
				"\n\n\r\n\n\n\n\n\r\r\n\n\n\n\n");
		else
			buf_addc(&in->text, "=+/-_%*\\\"' AQ\r\n"[op & 15]);
	}
}

/* --- the naive search -------------------------------------------------------------------- */

/* Where the n significant bytes begin that end at i; SIZE_MAX: they are not the pattern. */
static size_t match_from(struct str text, size_t i, const struct pattern *p)
{
	size_t n = p->n, n_eol = 0, at = i + 1;

	while (n) {
		if (at-- == 0)
			return SIZE_MAX;
		if (is_eol(text.p[at])) {
			if (++n_eol > MASK_EOL_RUN)
				return SIZE_MAX;
			continue;
		}
		n_eol = 0;
		if (text.p[at] != p->p[--n])
			return SIZE_MAX;
	}
	return at;
}

static void mark_match(struct input *in, size_t i, char *marks, unsigned int *n_after)
{
	struct str text = buf_str(&in->text);
	const struct pattern *longest = NULL, *p;
	size_t from = 0, n_ended = 0;
	bool after = false;

	vec_foreach (p, &in->patterns) {
		size_t at = match_from(text, i, p);

		if (at == SIZE_MAX)
			continue;
		n_ended++;
		after |= p->eats_after;
		if (!longest || p->n > longest->n) {
			longest = p;
			from = at;
		}
	}
	if (!n_ended)
		return;
	if (longest->eats_before && from && is_digit(text.p[from - 1]))
		from--;
	memset(marks + from, 1, i + 1 - from);
	*n_after = after ? 3 : 0;
}

static char *naive_marks(struct input *in)
{
	struct str text = buf_str(&in->text);
	char *marks = arena_alloc(in->a, text.n + 1);
	unsigned int n_after = 0;
	size_t n_eol = 0;

	memset(marks, 0, text.n + 1);
	for (size_t i = 0; i < text.n; i++) {
		const char c = text.p[i];

		if (is_eol(c)) {
			n_after = ++n_eol > MASK_EOL_RUN ? 0 : n_after;
			continue;
		}
		n_eol = 0;
		if (n_after && (c == '=' || (n_after == 3 && is_digit(c)))) {
			marks[i] = 1;
			n_after = c == '=' && n_after == 3 ? 1 : n_after - 1;
		} else {
			n_after = 0;
		}
		mark_match(in, i, marks, &n_after);
	}
	return marks;
}

static struct str marked(struct input *in, const char *marks)
{
	struct str text = buf_str(&in->text), result;
	struct buf out;

	buf_init(&out, 4 * MIB);
	for (size_t i = 0; i < text.n; i++) {
		if (!marks[i])
			buf_addc(&out, text.p[i]);
		else if (!i || !marks[i - 1])
			buf_addz(&out, "***");
	}
	result = arena_str(in->a, buf_str(&out));
	buf_release(&out);
	return result;
}

/* --- both -------------------------------------------------------------------------------- */

static void out_add(void *arg, struct str bytes)
{
	buf_adds(arg, bytes);
}

static struct str streamed(struct input *in, const struct mask *m)
{
	struct mask_stream *s;
	struct str text = buf_str(&in->text), result;
	struct buf out;
	size_t from = 0, *cut;

	buf_init(&out, 4 * MIB);
	s = mask_stream_new(m, out_add, &out);
	vec_foreach (cut, &in->cuts) {
		mask_stream_feed(s, str_slice(text, from, *cut));
		BUG_ON(mask_stream_held(s) > MASK_HELD_BYTES);
		from = *cut;
	}
	mask_stream_feed(s, str_slice(text, from, text.n));
	mask_stream_flush(s);
	mask_stream_free(s);
	result = arena_str(in->a, buf_str(&out));
	buf_release(&out);
	return result;
}

/* Line ends in a value of more than a run separate, and a line may be too short. */
static bool is_plantable(struct str v)
{
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++) {
		n = is_eol(v.p[i]) ? n + 1 : 0;
		if (n > MASK_EOL_RUN)
			return false;
	}
	return true;
}

static void check(struct input *in, const struct mask *m, struct str ops)
{
	const struct span *s;
	const char *marks;
	struct str got, want;

	write_all(in, ops);
	marks = naive_marks(in);
	got = streamed(in, m);
	want = marked(in, marks);
	BUG_ON(!str_eq(got, want));
	BUG_ON(!str_eq(mask_text(m, in->a, buf_str(&in->text)), want));
	vec_foreach (s, &in->planted) {
		for (size_t i = s->from; i < s->to; i++)
			BUG_ON(!marks[i] && !is_eol(in->text.p[i]) && in->text.p[i] != '=');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena *a = arena_new();
	struct str rest = {.p = (const char *)data, .n = size};
	struct input in = {.a = a};
	struct mask *m = mask_new();
	bool is_usable = size <= 4 * KIB;

	for (size_t i = 0; i < N_VALUES && is_usable; i++) {
		is_usable = str_cut(rest, '\0', &in.values[i], &rest) &&
			    in.values[i].n <= VALUE_MAX && is_plantable(in.values[i]) &&
			    mask_add(m, in.values[i]) == MASK_FITS;
		if (is_usable)
			mask_forms(in.values[i], form_add, &in);
	}
	buf_init(&in.text, MIB);
	mask_seal(m);
	if (is_usable)
		check(&in, m, rest);
	mask_free(m);
	buf_release(&in.text);
	vec_release(&in.patterns);
	vec_release(&in.planted);
	vec_release(&in.cuts);
	return 0;
}
