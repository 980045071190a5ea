/* SPDX-License-Identifier: Apache-2.0 */
/* Responses of hostile servers, and where a redirect leads. */
#include <entrypoint/dial.h>
#include <entrypoint/http_response.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define OK "HTTP/1.1 200 OK\r\n"

static const struct {
	const char *text;
	enum http_state state; /* after it, and when `ends` after the end of the connection */
	bool ends;
	int status;
	const char *other; /* Location, or the problem */
} cases[] = {
	{OK "\r\n", HTTP_BODY, false, 200, ""},
	{OK "\r\n", HTTP_DONE, true, 200, ""},
	{OK "\r\nbody", HTTP_DONE, true, 200, ""},
	{OK "Content-Length: 4\r\n\r\nbody", HTTP_DONE, false, 200, ""},
	{OK "Content-Length: 0\r\n\r\n", HTTP_DONE, false, 200, ""},
	{OK "Content-Length: 5\r\n\r\nbody", HTTP_BAD, true, 200, "ended within"},
	{OK "content-length: 5\nContent-Length: 5\n\nbody5", HTTP_DONE, false, 200, ""},
	{OK "Content-Length: 4\r\nContent-Length: 5\r\n\r\n", HTTP_BAD, false, 200,
		"not one number"},
	{OK "Content-Length: -1\r\n\r\n", HTTP_BAD, false, 200, "not one number"},
	{OK "Content-Length: 99999999999999999999\r\n\r\n", HTTP_BAD, false, 200,
		"not one number"},
	{OK "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", HTTP_DONE, false, 200,
		""},
	{OK "Transfer-Encoding: chunked\r\n\r\nA;x=y\r\n0123456789\r\n0\r\nT: r\r\n\r\n",
		HTTP_DONE, false, 200, ""},
	{OK "Transfer-Encoding: chunked\r\n\r\n4\r\nbodyX\r\n", HTTP_BAD, false, 200,
		"does not end"},
	{OK "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n", HTTP_BAD, true, 200,
		"ended within"},
	{OK "Transfer-Encoding: chunked\r\n\r\nx\r\n", HTTP_BAD, false, 200, "no size"},
	{OK "Transfer-Encoding: chunked\r\n\r\n1000000000000000\r\n", HTTP_BAD, false, 200,
		"no size"},
	{OK "Transfer-Encoding: gzip\r\n\r\n", HTTP_BAD, false, 200, "unknown transfer"},
	{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", HTTP_DONE, false, 204,
		""},
	{"HTTP/1.1 304\r\nContent-Length: 9\r\n\r\n", HTTP_DONE, false, 304, ""},
	{"HTTP/1.1 101 Switching\r\n\r\n", HTTP_DONE, false, 101, ""},
	{"HTTP/1.0 302 Found\r\nLocation: /there \r\nContent-Length: 0\r\n\r\n", HTTP_DONE,
		false, 302, "/there"},
	{"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", HTTP_DONE, false, 999, ""},
	{"HTTP/1.1 20x OK\r\n", HTTP_BAD, false, 20, "not a number"},
	{"HTTP/1.1 2000 OK\r\n", HTTP_BAD, false, 0, "not HTTP"},
	{"HTTP/2 200\r\n", HTTP_BAD, false, 0, "not HTTP"},
	{"SSH-2.0-OpenSSH\r\n", HTTP_BAD, false, 0, "not HTTP"},
	{"\r\n", HTTP_BAD, false, 0, "not HTTP"},
	{OK "no colon\r\n", HTTP_BAD, false, 200, "without a name"},
	{OK ": v\r\n", HTTP_BAD, false, 200, "without a name"},
	{OK "A: b\r\n more of it\r\n\r\n", HTTP_BODY, false, 200, ""},
	{"", HTTP_BAD, true, 0, "ended within"},
	{OK, HTTP_BAD, true, 200, "ended within"},
};

/* Whole, and byte for byte. */
static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (int bytewise = 0; bytewise < 2; bytewise++) {
			size_t n = strlen(cases[i].text);
			struct http_response r;

			http_response_init(&r);
			for (size_t k = 0; k < n; k += bytewise ? 1 : n)
				http_response_feed(&r, cases[i].text + k, bytewise ? 1 : n);
			if (cases[i].ends)
				http_response_end(&r);
			if (r.state != cases[i].state || r.status != cases[i].status)
				fail_msg("%s: state %d, status %d", cases[i].text, (int)r.state,
					r.status);
			if (r.state == HTTP_BAD)
				assert_non_null(strstr(r.problem, cases[i].other));
			else
				assert_true(str_eqz(buf_str(&r.location), cases[i].other));
			http_response_release(&r);
		}
	}
}

static enum http_state feed_many(struct http_response *r, const char *text, size_t n)
{
	enum http_state s = HTTP_STATUS_LINE;

	for (size_t i = 0; i < n; i++)
		s = http_response_feed(r, text, strlen(text));
	return s;
}

/* However long it is, little is kept, and it ends. */
static void test_bounds(void **state)
{
	struct http_response r;

	(void)state;
	http_response_init(&r);
	assert_int_equal(feed_many(&r, "x", HTTP_HEADER_BYTES), HTTP_STATUS_LINE);
	assert_int_equal(feed_many(&r, "x", 1), HTTP_BAD);
	assert_non_null(strstr(r.problem, "larger than 64 KiB"));
	http_response_release(&r);

	http_response_init(&r);
	assert_int_equal(feed_many(&r, "HTTP/1.1 100 x\r\n\r\n", 10000), HTTP_BAD);
	assert_non_null(strstr(r.problem, "larger than 64 KiB"));
	http_response_release(&r);

	http_response_init(&r);
	assert_int_equal(feed_many(&r, OK "\r\n", 1), HTTP_BODY);
	assert_int_equal(feed_many(&r, "x", HTTP_BODY_BYTES - 1), HTTP_BODY);
	assert_int_equal(feed_many(&r, "x", 1), HTTP_DONE);
	http_response_release(&r);

	http_response_init(&r);
	assert_int_equal(
		feed_many(&r, OK "Transfer-Encoding: chunked\r\n\r\n", 1), HTTP_CHUNK_SIZE);
	assert_int_equal(feed_many(&r, "1\r\nx\r\n", HTTP_BODY_BYTES), HTTP_DONE);
	http_response_release(&r);
}

static void test_target(void **state)
{
	static const char *const paths[][2] = {
		{"/", "/"},
		{"", "/"},
		{"health", "/health"},
		{"/a b", "/a%20b"},
		{"/a?b=c&d#e", "/a?b=c&d"},
		{"/a%2fb%", "/a%2fb%25"},
		{"/\xc3\xa4", "/%C3%A4"},
		{"/x HTTP/1.1\r\nHost: evil", "/x%20HTTP/1.1%0D%0AHost:%20evil"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct arena *a = arena_new();

		assert_string_equal(str_c(dial_target(a, str_z(paths[i][0]))), paths[i][1]);
		arena_free(a);
	}
}

static void test_redirect(void **state)
{
	static const struct {
		const char *host, *location;
		bool goes;
		int port;
		const char *target; /* or why not; NULL: another host */
	} redirects[] = {
		{"127.0.0.1", "/x", true, 8080, "/x"},
		{"127.0.0.1", "x?y", true, 8080, "/dir/x?y"},
		{"127.0.0.1", "?y", true, 8080, "/dir/old?y"},
		{"127.0.0.1", "http://127.0.0.1:9/x", true, 9, "/x"},
		{"127.0.0.1", "HTTP://127.0.0.1", true, 80, "/"},
		{"127.0.0.1", "//127.0.0.1:7?q", true, 7, "/?q"},
		{"127.0.0.1", "http://u:p@127.0.0.1:9/x", true, 9, "/x"},
		{"::1", "http://[::1]:9/x", true, 9, "/x"},
		{"127.0.0.1", "http://127.0.0.1@evil/x", false, 0, NULL},
		{"127.0.0.1", "http://evil/127.0.0.1", false, 0, NULL},
		{"127.0.0.1", "http://localhost/", false, 0, NULL},
		{"127.0.0.1", "https://127.0.0.1/x", false, 0, "HTTPS"},
		{"127.0.0.1", "https://evil/x", false, 0, NULL},
		{"127.0.0.1", "http://127.0.0.1:x/", false, 0, "nowhere"},
		{"127.0.0.1", "http://127.0.0.1:65536/", false, 0, "nowhere"},
		{"127.0.0.1", "http://127.0.0.1:0/", false, 0, "nowhere"},
		{"127.0.0.1", "http://[::1/", false, 0, "nowhere"},
		{"127.0.0.1", "http:///x", false, 0, "nowhere"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(redirects); i++) {
		struct arena *a = arena_new();
		struct dial_place from = {.host = str_z(redirects[i].host),
			.port = 8080,
			.target = STR("/dir/old?a=/b")};
		struct dial_place to;
		const char *why;
		bool goes = dial_redirect(a, &from, str_z(redirects[i].location), &to, &why);

		if (goes != redirects[i].goes)
			fail_msg("%s", redirects[i].location);
		if (goes) {
			assert_int_equal(to.port, redirects[i].port);
			assert_string_equal(str_c(to.target), redirects[i].target);
		} else if (redirects[i].target) {
			assert_non_null(why);
			assert_non_null(strstr(why, redirects[i].target));
		} else {
			assert_null(why);
		}
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_redirect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
