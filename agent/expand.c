/* SPDX-License-Identifier: Apache-2.0 */
/* $(VAR) as kubelet reads it. */
#include "expand.h"

#include <base/bounds.h>
#include <base/buf.h>

static const struct env_entry *find(const struct env_entry *env, size_t n, struct str name)
{
	while (n-- > 0)
		if (str_eq(env[n].name, name))
			return &env[n];
	return NULL;
}

/* Handles what follows a '$' at text[i - 1]; returns how many bytes of it were used. */
static size_t expand_one(
	struct buf *out, struct str rest, const struct env_entry *env, size_t n_env)
{
	const struct env_entry *e;
	ptrdiff_t close;

	if (rest.p[0] == '$') {
		buf_addc(out, '$');
		return 1;
	}
	close = rest.p[0] == '(' ? str_chr(rest, ')') : -1;
	if (close < 0) {
		buf_addc(out, '$');
		buf_addc(out, rest.p[0]);
		return 1;
	}
	e = find(env, n_env, str_slice(rest, 1, (size_t)close));
	if (e) {
		buf_adds(out, e->value);
	} else {
		buf_addc(out, '$');
		buf_adds(out, str_slice(rest, 0, (size_t)close + 1));
	}
	return (size_t)close + 1;
}

struct str expand_missing(struct str text, const struct env_entry *env, size_t n_env)
{
	for (size_t i = 0; i + 1 < text.n; i++) {
		const struct env_entry *e;
		struct str rest = str_slice(text, i + 1, text.n);
		ptrdiff_t close;

		if (text.p[i] != '$')
			continue;
		close = rest.p[0] == '(' ? str_chr(rest, ')') : -1;
		if (close < 0) {
			i++;
			continue;
		}
		e = find(env, n_env, str_slice(rest, 1, (size_t)close));
		if (!e || !e->value.n)
			return str_slice(rest, 1, (size_t)close);
		i += (size_t)close + 1;
	}
	return STR_NONE;
}

struct str expand_text(
	struct arena *a, struct str text, const struct env_entry *env, size_t n_env)
{
	struct str result;
	struct buf out;

	if (str_chr(text, '$') < 0)
		return text;
	buf_init(&out, BOUND_SUBST_BYTES);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '$' || i + 1 == text.n)
			buf_addc(&out, text.p[i]);
		else
			i += expand_one(&out, str_slice(text, i + 1, text.n), env, n_env);
	}
	result = out.full ? text : arena_str(a, buf_str(&out));
	buf_release(&out);
	return result;
}
