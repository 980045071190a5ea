/* SPDX-License-Identifier: Apache-2.0 */
/* What the block at the bottom of a terminal writes to be drawn again, cut short and taken
 * away. */
#include "entrypoint/view_screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those four first */
#include <cmocka.h>

static const struct str two[] = {STR_INIT("first"), STR_INIT("\033[32msecond\033[0m")};

struct fixture {
	struct screen screen;
	struct buf out;
};

/* Not a terminal: the size stays what the test says. */
static void begin(struct fixture *f, size_t rows, size_t cols)
{
	screen_init(&f->screen, -1);
	f->screen.rows = rows;
	f->screen.cols = cols;
	buf_init(&f->out, 4096);
}

static void end(struct fixture *f)
{
	screen_release(&f->screen);
	buf_release(&f->out);
}

static void draws(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, 24, 80);
	screen_draw(&f.screen, two, 2, &f.out);
	assert_string_equal(
		f.out.p, "\033[?25lfirst\033[K\n\033[32msecond\033[0m\033[K\n\033[J");
	buf_clear(&f.out);
	screen_draw(&f.screen, two, 1, &f.out);
	assert_string_equal(f.out.p, "\033[2A\rfirst\033[K\n\033[J");
	buf_clear(&f.out);
	screen_clear(&f.screen, &f.out);
	assert_string_equal(f.out.p, "\033[1A\r\033[J");
	buf_clear(&f.out);
	screen_clear(&f.screen, &f.out);
	assert_int_equal(f.out.n, 0); /* there is nothing to take away */
	screen_show_cursor(&f.screen, &f.out);
	screen_show_cursor(&f.screen, &f.out);
	assert_string_equal(f.out.p, "\033[?25h");
	end(&f);
}

/* A narrower terminal has wrapped the block, and colours take no columns. */
static void narrower(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, 24, 80);
	screen_draw(&f.screen, two, 2, &f.out);
	buf_clear(&f.out);
	f.screen.cols = 3;
	screen_clear(&f.screen, &f.out);
	assert_string_equal(f.out.p, "\033[4A\r\033[J");
	end(&f);
}

/* Never above the top of the screen. */
static void lower(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, 24, 80);
	screen_draw(&f.screen, two, 2, &f.out);
	buf_clear(&f.out);
	f.screen.cols = 1;
	f.screen.rows = 5;
	screen_clear(&f.screen, &f.out);
	assert_string_equal(f.out.p, "\033[4A\r\033[J");
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws),
		cmocka_unit_test(narrower),
		cmocka_unit_test(lower),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
