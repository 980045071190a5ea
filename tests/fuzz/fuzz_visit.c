/* SPDX-License-Identifier: Apache-2.0 */
/* A request that is understood says what it says in one way alone, and nothing beyond its
 * bounds; so do the short messages and the answers. */
#include <entrypoint/visit_request.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_request(struct str text)
{
	cleanup_arena struct arena *a = arena_new();
	struct buf again attr_cleanup(buf_release) = {0};
	struct visit_request r;
	struct err err = {0};

	if (visit_request_read(a, text, &r, &err)) {
		BUG_ON(err.kind != ERR_USAGE);
		return;
	}
	BUG_ON((r.verb == VISIT_EXEC) != (r.n_command > 0) || !visit_is_term(r.term));
	buf_init(&again, VISIT_REQUEST_MAX);
	visit_request_print(&r, &again);
	BUG_ON(again.full || !str_eq(buf_str(&again), text));
}

static void fuzz_message(struct str text)
{
	struct visit_message m;

	if (!visit_message_read(text, &m))
		return;
	BUG_ON(m.slot < 0 || m.slot >= VISIT_SLOTS || (m.is_terminal && m.slot));
	BUG_ON(m.signal < 0 || m.signal > VISIT_SIGNAL_MAX);
	BUG_ON((m.kind == VISIT_MESSAGE_SIGNAL) != (m.signal > 0));
}

static void fuzz_reply(struct str text)
{
	struct visit_reply r = {0};

	memcpy(&r, text.p, text.n < sizeof(r) ? text.n : sizeof(r));
	if (!visit_reply_check(&r, sizeof(r)))
		return;
	BUG_ON(r.kind == VISIT_REFUSED && (r.value <= ERR_NONE || r.value >= ERR_KIND_N));
	BUG_ON(strlen(r.text) >= sizeof(r.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str text = {.p = (const char *)data, .n = size};

	fuzz_request(text);
	fuzz_message(text);
	if (size)
		fuzz_reply(text);
	return 0;
}
