/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must not be read: a set of values, and a filter that puts `***` in their place in a
 * stream of bytes, however it is cut into pieces. A value is also found
 *
 *  - in base64, standard and URL alphabet, padded or not, at each of the three places at which
 *    it can begin in what was encoded, together with the digits that it shares with others;
 *  - URL-encoded, with hex digits of either case and `+` or `%20` for a space, and as a string
 *    of JSON or of a shell;
 *  - broken into lines: line ends are passed over in the value and in the text;
 *  - line by line, if it has several (MASK_LINE_BYTES and longer, blanks at the ends taken off,
 *    but for the BEGIN and END of PEM).
 *
 * All matches count, overlapping ones too; what they cover without a gap becomes one `***`. A
 * filter keeps back only bytes that may be the beginning of a value, at most MASK_HELD_BYTES.
 */
#ifndef BASE_MASK_H
#define BASE_MASK_H

#include <base/arena.h>
#include <base/buf.h>
#include <base/str.h>
#include <stdint.h>

struct mask;

enum {
	MASK_LEAST_BYTES = 4, /* without line ends; what is shorter is everywhere */
	MASK_LINE_BYTES = 8,
	MASK_PIECE = 256,     /* longer patterns are looked for in pieces of this length */
	MASK_EOL_RUN = 8,     /* more line ends in a row separate */
	MASK_NODES = 1 << 21, /* of the automaton, 24 bytes each */
	MASK_HELD_BYTES = (MASK_PIECE + 1) * (MASK_EOL_RUN + 1),
};

enum mask_fit {
	MASK_FITS,
	MASK_SHORT, /* under MASK_LEAST_BYTES: cannot be masked */
	MASK_MUCH,  /* all values together are too much: some form of it is not masked */
};

struct mask *mask_new(void);
void mask_free(struct mask *m); /* NULL is fine */
enum mask_fit mask_add(struct mask *m, struct str value);
/* No value is added after it, and nothing is masked before. */
void mask_seal(struct mask *m);
bool mask_is_empty(const struct mask *m); /* NULL: yes */

/* A text that is all there; the same view when nothing is in it. m may be NULL. */
struct str mask_text(const struct mask *m, struct arena *a, struct str text);
/*
 * A JSON text whose strings are masked one by one, as what they mean: names of members, and
 * strings that `keeps` says are the format's own, stay. member is the name of the nearest
 * member around the string, around that of the object in which it stands; either may be empty.
 * What is no JSON is masked as text.
 */
typedef bool mask_keeps_fn(struct str around, struct str member);
struct str mask_json(
	const struct mask *m, struct arena *a, struct str json, mask_keeps_fn *keeps);

typedef void mask_out_fn(void *arg, struct str bytes);

struct mask_stream;
/* m is borrowed. */
struct mask_stream *mask_stream_new(const struct mask *m, mask_out_fn *out, void *arg);
void mask_stream_free(struct mask_stream *s); /* what is held is dropped; NULL is fine */
/* What may be given out goes to `out` before the call returns. */
void mask_stream_feed(struct mask_stream *s, struct str bytes);
/* How many bytes at the end may be the beginning of a value; 0: nothing is held. */
size_t mask_stream_held(const struct mask_stream *s);
/* Gives out what is held. A value that goes on is masked from here. */
void mask_stream_flush(struct mask_stream *s);

/* --- the forms of a value (mask_forms.c) --- */

struct mask_form {
	struct str bytes;
	bool eats_before; /* the base64 digit before it is partly its own */
	bool eats_after;  /* the same behind it, and padding */
};
typedef void mask_form_fn(void *arg, const struct mask_form *form);
void mask_forms(struct str value, mask_form_fn *fn, void *arg);

#endif
