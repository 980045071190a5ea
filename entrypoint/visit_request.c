/* SPDX-License-Identifier: Apache-2.0 */
#include "visit_request.h"

#include <string.h>

enum { TERM_MAX = 64 };

static const char *const verb_words[] = {
	[VISIT_SHELL] = "shell",
	[VISIT_EXEC] = "exec",
	[VISIT_CONTINUE] = "continue",
	[VISIT_FAIL] = "fail",
};
_Static_assert(ARRAY_SIZE(verb_words) == VISIT_VERB_N, "a word for every verb");

static int not_understood(struct err *err)
{
	return err_set(err, ERR_USAGE, "the request is not understood");
}

bool visit_is_term(struct str term)
{
	for (size_t i = 0; i < term.n; i++) {
		if (!term.p[i] || !strchr("abcdefghijklmnopqrstuvwxyz"
					  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._",
					  term.p[i]))
			return false;
	}
	return term.n <= TERM_MAX;
}

static bool verb_find(struct str word, enum visit_verb *ret)
{
	for (int i = 0; i < VISIT_VERB_N; i++) {
		if (!str_eqz(word, verb_words[i]))
			continue;
		*ret = (enum visit_verb)i;
		return true;
	}
	return false;
}

/* --- the first message ------------------------------------------------------------------- */

int visit_request_read(
	struct arena *a, struct str text, struct visit_request *ret, struct err *err)
{
	struct visit_request r = {0};
	struct str verb;
	struct str *const words[VISIT_WORDS] = {&verb, &r.run, &r.task, &r.step, &r.term};
	size_t n = 0, at = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\0';
	if (n < VISIT_WORDS || text.n > VISIT_REQUEST_MAX || text.p[text.n - 1])
		return not_understood(err);
	text = arena_str(a, text);
	r.n_command = n - VISIT_WORDS;
	r.command = arena_new_array(a, struct str, r.n_command);
	for (size_t i = 0; i < n; i++) {
		struct str word = str_z(text.p + at);

		at += word.n + 1;
		if (i < VISIT_WORDS)
			*words[i] = word;
		else
			r.command[i - VISIT_WORDS] = word;
	}
	if (!verb_find(verb, &r.verb) || (r.verb == VISIT_EXEC) != (r.n_command > 0) ||
		!visit_is_term(r.term))
		return not_understood(err);
	*ret = r;
	return 0;
}

static void word_add(struct buf *b, struct str word)
{
	buf_adds(b, word);
	buf_addc(b, '\0');
}

void visit_request_print(const struct visit_request *r, struct buf *b)
{
	word_add(b, str_z(verb_words[r->verb]));
	word_add(b, r->run);
	word_add(b, r->task);
	word_add(b, r->step);
	word_add(b, r->term);
	for (size_t i = 0; i < r->n_command; i++)
		word_add(b, r->command[i]);
}

/* --- the others -------------------------------------------------------------------------- */

bool visit_message_read(struct str text, struct visit_message *ret)
{
	static const char slots[] = {'0', '1', '2', 'p'};
	struct visit_message m = {.kind = VISIT_MESSAGE_DESCRIPTOR};
	const char first = text.n ? text.p[0] : '\0';

	_Static_assert(sizeof(slots) == VISIT_SLOTS, "a letter for each slot");
	if (text.n == 2 && first == 's') {
		m.kind = VISIT_MESSAGE_SIGNAL;
		m.signal = (unsigned char)text.p[1];
		if (!m.signal || m.signal > VISIT_SIGNAL_MAX)
			return false;
	} else if (text.n != 1) {
		return false;
	} else if (first == '.') {
		m.kind = VISIT_MESSAGE_END;
	} else if (first == 't') {
		m.is_terminal = true;
	} else {
		const char *slot = memchr(slots, first, sizeof(slots));

		if (!slot)
			return false;
		m.slot = (int)(slot - slots);
	}
	*ret = m;
	return true;
}

bool visit_reply_check(struct visit_reply *r, size_t n)
{
	if (n != sizeof(*r) || r->kind >= VISIT_REPLY_KIND_N)
		return false;
	if (r->kind == VISIT_REFUSED && (r->value <= ERR_NONE || r->value >= ERR_KIND_N))
		return false;
	if (r->kind == VISIT_ENDED && (r->value < 0 || r->value > UINT8_MAX))
		return false;
	r->text[sizeof(r->text) - 1] = '\0';
	return true;
}
