/* SPDX-License-Identifier: Apache-2.0 */
/* DEFLATE in one piece: there and back, and what does not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "entrypoint/deflate.h"

enum { MAX_BYTES = 200000, NOISE_BYTES = 100000 };

/* Nothing that packs well, so that it takes several pieces. */
static void make_noise(struct buf *out)
{
	uint32_t x = 1;

	for (int i = 0; i < NOISE_BYTES; i++) {
		x = x * 1664525 + 1013904223;
		buf_addc(out, (char)(x >> 24));
	}
}

static void check_both_ways(struct str text, enum deflate_form form)
{
	cleanup_buf struct buf packed, exact, less, back, short_of;
	struct err err = {0};

	buf_init(&packed, MAX_BYTES);
	assert_true(deflate_text(text, form, &packed));
	buf_init(&exact, packed.n);
	assert_true(deflate_text(text, form, &exact));
	assert_true(str_eq(buf_str(&exact), buf_str(&packed)));
	buf_init(&less, packed.n - 1);
	assert_false(deflate_text(text, form, &less));
	buf_init(&back, text.n);
	assert_int_equal(inflate_text(buf_str(&packed), form, &back, &err), 0);
	assert_true(str_eq(buf_str(&back), text));
	buf_init(&short_of, text.n ? text.n - 1 : 0);
	assert_int_equal(
		inflate_text(buf_str(&packed), form, &short_of, &err), text.n ? -1 : 0);
	assert_int_equal(err.kind, text.n ? ERR_LIMIT : ERR_NONE);
}

static void test_both_ways(void **state attr_unused)
{
	cleanup_buf struct buf noise;

	buf_init(&noise, NOISE_BYTES);
	make_noise(&noise);
	for (int form = DEFLATE_RAW; form <= DEFLATE_GZIP; form++) {
		check_both_ways(STR(""), (enum deflate_form)form);
		check_both_ways(STR("a"), (enum deflate_form)form);
		check_both_ways(buf_str(&noise), (enum deflate_form)form);
	}
}

/* What is cut, damaged, or has something behind it is not taken. */
static void test_not_whole(void **state attr_unused)
{
	for (int form = DEFLATE_RAW; form <= DEFLATE_GZIP; form++) {
		cleanup_buf struct buf packed, out;
		struct err err = {0};

		buf_init(&packed, MAX_BYTES);
		buf_init(&out, MAX_BYTES);
		assert_true(deflate_text(STR("text"), (enum deflate_form)form, &packed));
		for (size_t n = 0; n < packed.n; n++) {
			assert_int_equal(inflate_text(str_slice(buf_str(&packed), 0, n),
						 (enum deflate_form)form, &out, &err),
				-1);
			assert_int_equal(err.kind, ERR_SPEC);
		}
		buf_addc(&packed, 'x');
		assert_int_equal(
			inflate_text(buf_str(&packed), (enum deflate_form)form, &out, &err),
			-1);
		assert_int_equal(err.kind, ERR_SPEC);
		packed.p[0] = 7; /* a kind of block that there is not; no header either */
		assert_int_equal(
			inflate_text(buf_str(&packed), (enum deflate_form)form, &out, &err),
			-1);
		assert_int_equal(err.kind, ERR_SPEC);
	}
}

/* No name and no time in the header: as RFC 1952 has it for none. */
static void test_header(void **state attr_unused)
{
	static const char header[] = {0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0};
	cleanup_buf struct buf packed;

	buf_init(&packed, MAX_BYTES);
	assert_true(deflate_text(STR("text"), DEFLATE_GZIP, &packed));
	assert_memory_equal(packed.p, header, sizeof(header));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_not_whole),
		cmocka_unit_test(test_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
