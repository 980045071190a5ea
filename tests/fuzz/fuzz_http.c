/* SPDX-License-Identifier: Apache-2.0 */
/* A response in pieces and as a whole comes to the same, keeps within its bounds, and where it
 * redirects to can be asked for. */
#include <entrypoint/dial.h>
#include <entrypoint/http_response.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_check(const struct http_response *r)
{
	BUG_ON(r->state == HTTP_BAD && !r->problem);
	BUG_ON(r->line.n > HTTP_HEADER_BYTES || r->location.n > HTTP_HEADER_BYTES);
	BUG_ON(r->n_body > HTTP_BODY_BYTES || r->status < 0 || r->status > 999);
}

static void fuzz_redirect(struct str location)
{
	cleanup_arena struct arena *a = arena_new();
	const struct dial_place from = {
		.host = STR("127.0.0.1"), .port = 1, .target = STR("/a/b?c")};
	struct dial_place to;
	const char *why;

	if (!location.n || !dial_redirect(a, &from, arena_str(a, location), &to, &why))
		return;
	BUG_ON(!to.port || !str_ieq(to.host, from.host));
	BUG_ON(!to.target.n || to.target.p[0] != '/');
	for (size_t i = 0; i < to.target.n; i++)
		BUG_ON(to.target.p[i] <= ' ' || to.target.p[i] >= 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_response whole, pieces;
	size_t step = size ? data[0] % 7U + 1 : 1;

	http_response_init(&whole);
	http_response_init(&pieces);
	http_response_feed(&whole, data, size);
	for (size_t i = 0; i < size; i += step)
		http_response_feed(&pieces, data + i, size - i < step ? size - i : step);
	fuzz_check(&whole);
	BUG_ON(whole.state != pieces.state || whole.status != pieces.status);
	BUG_ON(!str_eq(buf_str(&whole.location), buf_str(&pieces.location)));
	http_response_end(&whole);
	BUG_ON(whole.state != HTTP_DONE && whole.state != HTTP_BAD);
	fuzz_check(&whole);
	fuzz_redirect(buf_str(&whole.location));
	http_response_release(&whole);
	http_response_release(&pieces);
	return 0;
}
