/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding values: an Aho-Corasick automaton. A state is the longest end of the text that is a
 * beginning of some pattern, so what lies before it is decided, and nothing else is held.
 */
#include <base/mask.h>

#include <base/attr.h>
#include <base/bounds.h>
#include <base/num.h>
#include <base/vec.h>
#include <stdlib.h>
#include <string.h>

enum {
	RING = 512,       /* places of the last significant bytes; more than MASK_PIECE */
	CHUNK = 16 * KIB, /* of input, taken at once */
	PAIRS = 256 * 256,
	MANY_FORMS = 16 * MIB,
	ROW_LEAST = 2, /* a state with more children than that gets a row */
	ROWS = 1024,   /* of 1 KiB each, the states nearest to the root first */
};
_Static_assert((RING & (RING - 1)) == 0 && RING > MASK_PIECE + 1, "a power of two");

static const char stars[] = "***";

struct node {
	uint32_t fail;    /* the longest proper end of it that is a beginning, too */
	uint32_t child;   /* the first; 0: none */
	uint32_t sibling; /* the next child of its parent; 0: none */
	uint16_t depth;
	uint16_t n_open;  /* length of its longest end that may go on; less than depth in a leaf
			   */
	uint16_t n_match; /* length of the longest pattern that ends here; 0: none */
	uint16_t row;     /* one of rows, counted from 1; 0: its children are a list */
	uint8_t byte;
	bool eats_before; /* of that pattern */
	bool eats_after;  /* of any that ends here */
};

struct row { /* where each byte leads from a state */
	uint32_t next[256];
};

struct mask {
	VEC(struct node) nodes; /* [0] is the root */
	VEC(struct row) rows;
	bool is_much; /* the last value had no room */
	uint32_t root[256];
	uint8_t pairs[PAIRS / 8]; /* two bytes that can be the first two of a pattern */
};

static bool is_eol(char c)
{
	return c == '\n' || c == '\r';
}

/* --- values ------------------------------------------------------------------------------ */

struct mask *mask_new(void)
{
	struct mask *m = mem_zalloc(sizeof(*m));

	(void)vec_add(&m->nodes);
	return m;
}

void mask_free(struct mask *m)
{
	if (!m)
		return;
	vec_release(&m->nodes);
	vec_release(&m->rows);
	free(m);
}

bool mask_is_empty(const struct mask *m)
{
	return !m || m->nodes.n == 1;
}

static uint32_t child_of(const struct mask *m, uint32_t at, uint8_t byte)
{
	uint32_t c = m->nodes.p[at].child;

	while (c && m->nodes.p[c].byte != byte)
		c = m->nodes.p[c].sibling;
	return c;
}

static uint32_t child_add(struct mask *m, uint32_t at, uint8_t byte)
{
	struct node n = {.byte = byte,
		.depth = (uint16_t)(m->nodes.p[at].depth + 1),
		.sibling = m->nodes.p[at].child};

	m->nodes.p[at].child = (uint32_t)m->nodes.n;
	vec_push(&m->nodes, n);
	return m->nodes.p[at].child;
}

/* Of at most MASK_PIECE bytes, without line ends. */
static void pattern_add(struct mask *m, const struct mask_form *f)
{
	uint32_t at = 0;

	if (m->nodes.n + f->bytes.n > MASK_NODES) {
		m->is_much = true;
		return;
	}
	for (size_t i = 0; i < f->bytes.n; i++) {
		uint8_t byte = (uint8_t)f->bytes.p[i];
		uint32_t next = child_of(m, at, byte);

		at = next ? next : child_add(m, at, byte);
	}
	m->nodes.p[at].n_match = (uint16_t)f->bytes.n;
	m->nodes.p[at].eats_before |= f->eats_before;
	m->nodes.p[at].eats_after |= f->eats_after;
}

static void form_add(void *arg, const struct mask_form *f)
{
	cleanup_buf struct buf plain = {0};
	struct mask_form piece;
	size_t at = 0;

	buf_init(&plain, MANY_FORMS);
	for (size_t i = 0; i < f->bytes.n; i++) {
		if (!is_eol(f->bytes.p[i]))
			buf_addc(&plain, f->bytes.p[i]);
	}
	if (plain.n < MASK_LEAST_BYTES)
		return;
	do { /* the last piece overlaps, so that none is short */
		size_t end = at + MASK_PIECE < plain.n ? at + MASK_PIECE : plain.n;
		size_t from = end == plain.n && at ? end - MASK_PIECE : at;

		piece = (struct mask_form){.bytes = str_slice(buf_str(&plain), from, end),
			.eats_before = f->eats_before && from == 0,
			.eats_after = f->eats_after && end == plain.n};
		pattern_add(arg, &piece);
		at = end;
	} while (at < plain.n);
}

enum mask_fit mask_add(struct mask *m, struct str value)
{
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++)
		n += !is_eol(value.p[i]);
	if (n < MASK_LEAST_BYTES)
		return MASK_SHORT;
	m->is_much = value.n > MANY_FORMS;
	if (!m->is_much)
		mask_forms(value, form_add, m);
	return m->is_much ? MASK_MUCH : MASK_FITS;
}

/* --- the automaton ----------------------------------------------------------------------- */

static uint32_t step_from(const struct mask *m, uint32_t at, uint8_t byte)
{
	while (at) {
		const struct node *n = &m->nodes.p[at];
		uint32_t next;

		if (n->row)
			return m->rows.p[n->row - 1].next[byte];
		next = child_of(m, at, byte);
		if (next)
			return next;
		at = n->fail;
	}
	return m->root[byte];
}

/* The fallback of a state is nearer to the root, so it has its row already. */
static void row_fill(struct mask *m, uint32_t at)
{
	const struct node *n = &m->nodes.p[at];
	size_t n_children = 0;
	struct row *r;

	for (uint32_t c = n->child; c; c = m->nodes.p[c].sibling)
		n_children++;
	if (!at || n_children <= ROW_LEAST || m->rows.n == ROWS)
		return;
	r = vec_add(&m->rows);
	for (size_t i = 0; i < ARRAY_SIZE(r->next); i++)
		r->next[i] = step_from(m, n->fail, (uint8_t)i);
	for (uint32_t c = n->child; c; c = m->nodes.p[c].sibling)
		r->next[m->nodes.p[c].byte] = c;
	m->nodes.p[at].row = (uint16_t)m->rows.n;
}

/* The fallback of a node is nearer to the root, so it is complete already. */
static void node_complete(struct mask *m, uint32_t parent, uint32_t at)
{
	struct node *n = &m->nodes.p[at];
	const struct node *f;

	n->fail = parent ? step_from(m, m->nodes.p[parent].fail, n->byte) : 0;
	f = &m->nodes.p[n->fail];
	if (!n->n_match) {
		n->n_match = f->n_match;
		n->eats_before = f->eats_before;
	}
	n->eats_after |= f->eats_after;
	n->n_open = n->child ? n->depth : f->n_open;
}

static void pair_add(struct mask *m, uint8_t a, uint8_t b)
{
	unsigned int at = (unsigned int)a << 8 | b;

	m->pairs[at / 8] |= (uint8_t)(1U << at % 8);
}

static void pairs_fill(struct mask *m)
{
	const struct node *n = m->nodes.p;

	for (uint32_t c = n[0].child; c; c = n[c].sibling) {
		m->root[n[c].byte] = c;
		pair_add(m, n[c].byte, '\n');
		pair_add(m, n[c].byte, '\r');
		for (uint32_t d = n[c].child; d; d = n[d].sibling)
			pair_add(m, n[c].byte, n[d].byte);
	}
}

void mask_seal(struct mask *m)
{
	VEC(uint32_t) queue = {0};

	pairs_fill(m);
	vec_push(&queue, 0);
	for (size_t i = 0; i < queue.n; i++) {
		uint32_t at = queue.p[i];

		row_fill(m, at);
		for (uint32_t c = m->nodes.p[at].child; c; c = m->nodes.p[c].sibling) {
			node_complete(m, at, c);
			vec_push(&queue, c);
		}
	}
	vec_release(&queue);
}

/* --- a stream ---------------------------------------------------------------------------- */

struct mask_stream {
	const struct mask *m;
	mask_out_fn *out;
	void *arg;
	uint32_t at;          /* state */
	size_t n_eol;         /* line ends since the last significant byte */
	unsigned int n_after; /* what may be eaten yet: a digit and two pads */
	bool is_masked;       /* the last byte given out was */
	uint64_t n_given;     /* bytes given out: the place of text[0] */
	uint64_t n_seen;      /* significant bytes, of which places[] has the last */
	uint64_t places[RING];
	size_t n; /* held, and of the chunk that is worked on */
	char text[MASK_HELD_BYTES + CHUNK];
	char marks[MASK_HELD_BYTES + CHUNK]; /* 1: is masked */
	char starred[MASK_HELD_BYTES + CHUNK + 2 * sizeof(stars)];
};

struct mask_stream *mask_stream_new(const struct mask *m, mask_out_fn *out, void *arg)
{
	struct mask_stream *s = mem_zalloc(sizeof(*s));

	s->m = m;
	s->out = out;
	s->arg = arg;
	return s;
}

void mask_stream_free(struct mask_stream *s)
{
	free(s);
}

size_t mask_stream_held(const struct mask_stream *s)
{
	const size_t n_open = s->m->nodes.p[s->at].n_open;

	return s->n && !n_open ? 1 : s->n ? n_open : 0;
}

static bool is_digit64(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/' || c == '-' || c == '_';
}

/* The first n bytes as they are given out; marked ones begin or end a piece or are four at
 * least, so stars hardly ever take more room than what they stand for. */
static struct str stream_starred(struct mask_stream *s, size_t n)
{
	size_t at = 0;
	size_t n_out = 0;

	while (at < n) {
		const bool is_masked = s->marks[at];
		const char *end = memchr(s->marks + at, !is_masked, n - at);
		const size_t to = end ? (size_t)(end - s->marks) : n;
		const struct str piece = !is_masked      ? (struct str){s->text + at, to - at}
					 : !s->is_masked ? str_z(stars)
							 : STR("");

		BUG_ON(n_out + piece.n > sizeof(s->starred));
		memcpy(s->starred + n_out, piece.p, piece.n);
		n_out += piece.n;
		s->is_masked = is_masked;
		at = to;
	}
	return (struct str){s->starred, n_out};
}

/* Gives out the first n bytes, at once: each piece is a write to a log. */
static void stream_give(struct mask_stream *s, size_t n)
{
	struct str given = {s->text, n};

	if (memchr(s->marks, 1, n))
		given = stream_starred(s, n);
	else if (n)
		s->is_masked = false;
	if (given.n)
		s->out(s->arg, given);
	s->n -= n;
	s->n_given += n;
	memmove(s->text, s->text + n, s->n);
	memmove(s->marks, s->marks + n, s->n);
}

static void stream_mark(struct mask_stream *s, const struct node *n, size_t i)
{
	const uint64_t place = s->places[(s->n_seen - n->n_match) % RING];
	size_t from = place < s->n_given ? 0 : (size_t)(place - s->n_given);

	if (n->eats_before && from && is_digit64(s->text[from - 1]))
		from--;
	memset(s->marks + from, 1, i + 1 - from);
	s->n_after = n->eats_after ? 3 : 0;
}

/* The digit behind a value that ended, and padding. */
static void stream_eat(struct mask_stream *s, size_t i)
{
	const bool is_pad = s->text[i] == '=';

	if (is_pad || (s->n_after == 3 && is_digit64(s->text[i]))) {
		s->marks[i] = 1;
		s->n_after = is_pad && s->n_after == 3 ? 1 : s->n_after - 1;
	} else {
		s->n_after = 0;
	}
}

static void stream_byte(struct mask_stream *s, size_t i)
{
	const char c = s->text[i];
	const struct node *n;

	if (is_eol(c)) {
		if (++s->n_eol > MASK_EOL_RUN) {
			s->at = 0;
			s->n_after = 0;
		}
		return;
	}
	s->n_eol = 0;
	s->places[s->n_seen++ % RING] = s->n_given + i;
	if (s->n_after)
		stream_eat(s, i);
	s->at = step_from(s->m, s->at, (uint8_t)c);
	n = &s->m->nodes.p[s->at];
	if (n->n_match)
		stream_mark(s, n, i);
}

/* From the root on, how far nothing can begin. One byte of it is looked at all the same: it may
 * be one to eat. */
static size_t stream_skip(const struct mask_stream *s, size_t i)
{
	const uint8_t *p = (const uint8_t *)s->text;
	const size_t from = i;

	while (i + 1 < s->n) {
		unsigned int pair = (unsigned int)p[i] << 8 | p[i + 1];

		if (s->m->pairs[pair / 8] >> pair % 8 & 1)
			break;
		i++;
	}
	return i > from ? i - 1 : i;
}

/* Where what is undecided begins. */
static size_t stream_decided(const struct mask_stream *s)
{
	const size_t n_open = s->m->nodes.p[s->at].n_open;
	const uint64_t place = s->places[(s->n_seen - n_open) % RING];
	size_t n = s->n;

	if (n_open)
		n = place < s->n_given ? 0 : (size_t)(place - s->n_given);
	return n && is_digit64(s->text[n - 1]) ? n - 1 : n; /* which may be eaten */
}

static void stream_chunk(struct mask_stream *s, struct str bytes)
{
	size_t i = s->n;

	memcpy(s->text + i, bytes.p, bytes.n);
	memset(s->marks + i, 0, bytes.n);
	s->n += bytes.n;
	while (i < s->n) {
		if (!s->at && !s->n_after)
			i = stream_skip(s, i);
		stream_byte(s, i++);
	}
	stream_give(s, stream_decided(s));
}

void mask_stream_feed(struct mask_stream *s, struct str bytes)
{
	while (bytes.n) {
		struct str chunk = str_slice(bytes, 0, CHUNK);

		stream_chunk(s, chunk);
		bytes = str_slice(bytes, chunk.n, bytes.n);
	}
}

void mask_stream_flush(struct mask_stream *s)
{
	stream_give(s, s->n);
}

/* --- a text ------------------------------------------------------------------------------ */

static void text_out(void *arg, struct str bytes)
{
	buf_adds(arg, bytes);
}

struct str mask_text(const struct mask *m, struct arena *a, struct str text)
{
	cleanup_buf struct buf out = {0};
	struct mask_stream *s;

	if (mask_is_empty(m) || text.n < MASK_LEAST_BYTES)
		return text;
	buf_init(&out,
		text.n * 2 + sizeof(stars)); /* `***` is never longer than what it hides */
	s = mask_stream_new(m, text_out, &out);
	mask_stream_feed(s, text);
	mask_stream_flush(s);
	mask_stream_free(s);
	return str_eq(buf_str(&out), text) ? text : arena_str(a, buf_str(&out));
}
