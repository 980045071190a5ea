/* SPDX-License-Identifier: Apache-2.0 */
/* What clients of `shell` and the agent say to each other. */
#include <entrypoint/visit_request.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *name;
	struct str text;
	enum visit_verb verb;
	const char *words; /* run|task|step|term, and |word of the command; NULL: refused */
} requests[] = {
	{"all empty", STR_INIT("shell\0\0\0\0\0"), VISIT_SHELL, "|||"},
	{"a shell", STR_INIT("shell\0r\0t\0s\0xterm-256color\0"), VISIT_SHELL,
		"r|t|s|xterm-256color"},
	{"a command", STR_INIT("exec\0r\0\0\0\0sh\0-c\0\0"), VISIT_EXEC, "r||||sh|-c|"},
	{"an empty command", STR_INIT("exec\0r\0t\0s\0\0\0"), VISIT_EXEC, "r|t|s||"},
	{"continue", STR_INIT("continue\0r\0t\0s\0\0"), VISIT_CONTINUE, "r|t|s|"},
	{"fail", STR_INIT("fail\0r\0t\0s\0\0"), VISIT_FAIL, "r|t|s|"},
	{"foreign bytes", STR_INIT("shell\0\xff\x01\0\n\0\x1b[0m\0\0"), VISIT_SHELL,
		"\xff\x01|\n|\x1b[0m|"},
	{"nothing", STR_INIT(""), VISIT_SHELL, NULL},
	{"a NUL", STR_INIT("\0"), VISIT_SHELL, NULL},
	{"a word less", STR_INIT("shell\0r\0t\0s\0"), VISIT_SHELL, NULL},
	{"the last NUL", STR_INIT("shell\0r\0t\0s\0vt100"), VISIT_SHELL, NULL},
	{"the last NUL of a command", STR_INIT("exec\0r\0t\0s\0\0id"), VISIT_SHELL, NULL},
	{"no verb", STR_INIT("\0r\0t\0s\0\0"), VISIT_SHELL, NULL},
	{"an unknown verb", STR_INIT("Shell\0r\0t\0s\0\0"), VISIT_SHELL, NULL},
	{"a verb and more", STR_INIT("shells\0r\0t\0s\0\0"), VISIT_SHELL, NULL},
	{"a shell with a command", STR_INIT("shell\0r\0t\0s\0\0id\0"), VISIT_SHELL, NULL},
	{"continue with a command", STR_INIT("continue\0r\0t\0s\0\0id\0"), VISIT_SHELL, NULL},
	{"exec without one", STR_INIT("exec\0r\0t\0s\0\0"), VISIT_SHELL, NULL},
	{"a terminal with an escape", STR_INIT("shell\0r\0t\0s\0vt\x1b\0"), VISIT_SHELL, NULL},
	{"a terminal with a path", STR_INIT("shell\0r\0t\0s\0../x\0"), VISIT_SHELL, NULL},
};

static struct str words_of(struct arena *a, const struct visit_request *r)
{
	struct str ret = arena_printf(a, STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT,
		STR_ARG(r->run), STR_ARG(r->task), STR_ARG(r->step), STR_ARG(r->term));

	for (size_t i = 0; i < r->n_command; i++)
		ret = arena_printf(
			a, STR_FMT "|" STR_FMT, STR_ARG(ret), STR_ARG(r->command[i]));
	return ret;
}

static void test_requests(void **state)
{
	struct arena *a cleanup_arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		struct buf again cleanup_buf = {0};
		struct visit_request r = {0};
		struct err err = {0};
		int rc = visit_request_read(a, requests[i].text, &r, &err);

		if ((rc == 0) != (requests[i].words != NULL))
			fail_msg("%s: %d", requests[i].name, rc);
		if (rc) {
			assert_int_equal(err.kind, ERR_USAGE);
			continue;
		}
		if (r.verb != requests[i].verb || !str_eqz(words_of(a, &r), requests[i].words))
			fail_msg("%s: %s", requests[i].name, words_of(a, &r).p);
		buf_init(&again, VISIT_REQUEST_MAX);
		visit_request_print(&r, &again);
		assert_true(str_eq(buf_str(&again), requests[i].text));
	}
}

/* The largest is taken, and not a byte more; nor is one that is too long printed. */
static void test_request_bounds(void **state)
{
	static char text[VISIT_REQUEST_MAX + 1];
	static const char head[] = "exec\0r\0t\0s\0";
	struct arena *a cleanup_arena = arena_new();
	struct buf again cleanup_buf = {0};
	struct visit_request r;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, head, sizeof(head)); /* with the NUL of an empty TERM */
	text[VISIT_REQUEST_MAX - 1] = '\0';
	assert_int_equal(visit_request_read(
				 a, (struct str){.p = text, .n = VISIT_REQUEST_MAX}, &r, NULL),
		0);
	assert_int_equal(r.n_command, 1);
	assert_int_equal(r.command[0].n, VISIT_REQUEST_MAX - sizeof(head) - 1);
	text[VISIT_REQUEST_MAX - 1] = 'x';
	text[VISIT_REQUEST_MAX] = '\0';
	assert_int_equal(
		visit_request_read(a, (struct str){.p = text, .n = sizeof(text)}, &r, NULL),
		-1);
	buf_init(&again, VISIT_REQUEST_MAX);
	r.command[0] = (struct str){.p = text, .n = VISIT_REQUEST_MAX};
	visit_request_print(&r, &again);
	assert_true(again.full);
	/* nothing but words */
	memset(text, 0, sizeof(text));
	memcpy(text, "exec", 4);
	assert_int_equal(visit_request_read(
				 a, (struct str){.p = text, .n = VISIT_REQUEST_MAX}, &r, NULL),
		0);
	assert_int_equal(r.n_command, VISIT_REQUEST_MAX - 4 - VISIT_WORDS);
}

static void test_term(void **state)
{
	char name[66];

	(void)state;
	memset(name, 'x', sizeof(name));
	assert_true(visit_is_term(STR_NONE));
	assert_true(visit_is_term(STR("xterm+256-color.x_Y")));
	assert_true(visit_is_term((struct str){.p = name, .n = 64}));
	assert_false(visit_is_term((struct str){.p = name, .n = 65}));
	for (int c = 0; c < 256; c++) {
		const char byte = (char)c;
		const bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
				     (c >= 'A' && c <= 'Z') || (c && strchr("+-._", c) != NULL);

		if (visit_is_term((struct str){.p = &byte, .n = 1}) != is_word)
			fail_msg("byte %d", c);
	}
}

/* Every message of one byte and of two. */
static void test_messages(void **state)
{
	static const char one[] = ".t012p";
	struct visit_message m;

	(void)state;
	for (int c = 0; c < 256; c++) {
		const char byte = (char)c;
		const char pair[] = {'s', byte}, other[] = {byte, '.'};

		if (visit_message_read((struct str){.p = &byte, .n = 1}, &m) !=
			(c && strchr(one, c)))
			fail_msg("byte %d", c);
		if (visit_message_read((struct str){.p = pair, .n = 2}, &m) !=
			(c > 0 && c <= 64))
			fail_msg("signal %d", c);
		else if (c > 0 && c <= 64)
			assert_int_equal(m.signal, c);
		if (c != 's')
			assert_false(visit_message_read((struct str){.p = other, .n = 2}, &m));
	}
	assert_false(visit_message_read(STR_NONE, &m));
	assert_false(visit_message_read(STR("s"), &m));
	assert_false(visit_message_read(STR("s\002\003"), &m));
	assert_true(visit_message_read(STR("t"), &m));
	assert_true(m.is_terminal && m.slot == 0 && m.kind == VISIT_MESSAGE_DESCRIPTOR);
	for (int i = 0; i < 3; i++) {
		assert_true(visit_message_read((struct str){.p = &"012"[i], .n = 1}, &m));
		assert_true(
			!m.is_terminal && m.slot == i && m.kind == VISIT_MESSAGE_DESCRIPTOR);
	}
	assert_true(visit_message_read(STR("p"), &m));
	assert_int_equal(m.slot, VISIT_SLOT_PROGRAM);
	assert_true(visit_message_read(STR("."), &m));
	assert_int_equal(m.kind, VISIT_MESSAGE_END);
}

static void test_replies(void **state)
{
	static const struct {
		uint32_t kind;
		int32_t value;
		bool is_one;
	} cases[] = {
		{VISIT_STARTED, 0, true},
		{VISIT_ENDED, 0, true},
		{VISIT_ENDED, 255, true},
		{VISIT_ENDED, 256, false},
		{VISIT_ENDED, -1, false},
		{VISIT_DONE, 0, true},
		{VISIT_REFUSED, ERR_USAGE, true},
		{VISIT_REFUSED, ERR_BUG, true},
		{VISIT_REFUSED, ERR_NONE, false},
		{VISIT_REFUSED, ERR_KIND_N, false},
		{VISIT_REFUSED, INT32_MIN, false},
		{VISIT_REPLY_KIND_N, 0, false},
		{UINT32_MAX, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct visit_reply r = {.kind = cases[i].kind, .value = cases[i].value};

		memset(r.text, 'x', sizeof(r.text));
		if (visit_reply_check(&r, sizeof(r)) != cases[i].is_one)
			fail_msg("case %zu", i);
		if (cases[i].is_one)
			assert_int_equal(strlen(r.text), sizeof(r.text) - 1);
		assert_false(visit_reply_check(&r, sizeof(r) - 1));
		assert_false(visit_reply_check(&r, 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_request_bounds),
		cmocka_unit_test(test_term),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
