/* SPDX-License-Identifier: Apache-2.0 */
/* hosts and resolv.conf of a step. */
#include "../../entrypoint/etc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_hosts(void **state)
{
	struct arena *a = arena_new();
	struct str names[] = {STR("db"), STR("cache")};
	struct launch_host host = {.ip = STR("10.0.0.1"), .names = names, .n_names = 2};
	struct task_launch l = {.hosts = &host, .n_hosts = 1};

	(void)state;
	assert_string_equal(etc_hosts(a, STR("127.0.0.1\tlocalhost"), STR("pod"), &l).p,
		"127.0.0.1\tlocalhost\n127.0.1.1\tpod\n10.0.0.1\tdb\tcache\n");
	arena_free(a);
}

static void test_resolv_conf(void **state)
{
	static const char base[] = "# made by hand\nnameserver 1.1.1.1\nsearch old\n"
				   "search a b\noptions ndots:5 rotate\nnameserver\t2.2.2.2";
	struct str servers[] = {STR("1.1.1.1"), STR("9.9.9.9")};
	struct str searches[] = {STR("b"), STR("c")};
	struct launch_option options[] = {
		{.name = STR("ndots"), .value = STR("2")}, {.name = STR("edns0")}};
	struct launch_dns dns = {.nameservers = servers,
		.n_nameservers = 2,
		.searches = searches,
		.n_searches = 2,
		.options = options,
		.n_options = 2};
	struct launch_dns nothing = {0};
	struct arena *a = arena_new();

	(void)state;
	/* what is not asked for stays as it is, comments included */
	assert_string_equal(etc_resolv_conf(a, str_z(base), &nothing).p, base);
	assert_string_equal(etc_resolv_conf(a, str_z(base), &dns).p,
		"search a b c\nnameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 9.9.9.9\n"
		"options ndots:2 rotate edns0\n");
	dns.own_only = true;
	assert_string_equal(etc_resolv_conf(a, str_z(base), &dns).p,
		"search b c\nnameserver 1.1.1.1\nnameserver 9.9.9.9\noptions ndots:2 edns0\n");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_resolv_conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
