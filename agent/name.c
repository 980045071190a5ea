/* SPDX-License-Identifier: Apache-2.0 */
/* Names and ids: children of runs, pods, claims. */
#include "name.h"

#include "hash.h"
#include <string.h>

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

struct str name_child(struct arena *a, struct str parent, struct str suffix)
{
	enum { KEPT = NAME_MAX_BYTES - 2 * MD5_BYTES };
	struct str hash, name;
	size_t n;

	if (parent.n + suffix.n <= NAME_MAX_BYTES)
		return arena_printf(a, STR_FMT STR_FMT, STR_ARG(parent), STR_ARG(suffix));
	if (suffix.n < KEPT) {
		hash = md5_hex(a, parent, (size_t)2 * MD5_BYTES);
		return arena_printf(a, STR_FMT STR_FMT STR_FMT,
			STR_ARG(str_slice(parent, 0, KEPT - suffix.n)), STR_ARG(hash),
			STR_ARG(suffix));
	}
	name = arena_printf(a, STR_FMT STR_FMT, STR_ARG(parent), STR_ARG(suffix));
	hash = md5_hex(a, name, (size_t)2 * MD5_BYTES);
	name = arena_printf(a, STR_FMT STR_FMT STR_FMT, STR_ARG(str_slice(parent, 0, KEPT)),
		STR_ARG(hash), STR_ARG(suffix));
	n = name.n < NAME_MAX_BYTES ? name.n : NAME_MAX_BYTES;
	while (n > 0 && !is_alnum(name.p[n - 1]))
		n--;
	return arena_strn(a, name.p, n);
}

struct str name_fan_out(struct arena *a, struct str parent, struct str pt, size_t i)
{
	struct str ending = arena_printf(a, "-%zu", i);
	struct str suffix = arena_printf(a, "-" STR_FMT STR_FMT, STR_ARG(pt), STR_ARG(ending));
	struct str name = name_child(a, parent, suffix);
	struct str plain;

	if (str_ends(name, ending))
		return name;
	plain = name_child(a, parent, arena_printf(a, "-" STR_FMT, STR_ARG(pt)));
	plain = str_slice(plain, 0, NAME_MAX_BYTES - ending.n);
	return arena_printf(a, STR_FMT STR_FMT, STR_ARG(plain), STR_ARG(ending));
}

struct str name_run(struct arena *a, struct str parent, struct str pt, size_t i, size_t n)
{
	return n > 1 ? name_fan_out(a, parent, pt, i)
		     : name_child(a, parent, arena_printf(a, "-" STR_FMT, STR_ARG(pt)));
}

struct str name_pod(struct arena *a, struct str task_run, size_t attempt)
{
	if (attempt == 0)
		return name_child(a, task_run, STR("-pod"));
	return name_child(a, task_run, arena_printf(a, "-pod-retry%zu", attempt));
}

struct str name_step(struct arena *a, struct str name, size_t index)
{
	return name.n ? name : arena_printf(a, "unnamed-%zu", index);
}

struct str name_claim(
	struct arena *a, struct str template_name, struct str workspace, struct str owner_uid)
{
	struct str seed =
		arena_printf(a, STR_FMT STR_FMT, STR_ARG(workspace), STR_ARG(owner_uid));
	struct str hash = sha256_hex(a, seed, 10);

	if (template_name.n == 0)
		template_name = STR("pvc");
	return arena_printf(a, STR_FMT "-" STR_FMT, STR_ARG(template_name), STR_ARG(hash));
}

struct str name_uid(struct arena *a, struct str owner_uid, struct str name)
{
	struct str seed =
		arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(owner_uid), STR_ARG(name));
	struct str h = md5_hex(a, seed, (size_t)2 * MD5_BYTES);

	return arena_printf(
		a, "%.8s-%.4s-4%.3s-8%.3s-%.12s", h.p, h.p + 8, h.p + 13, h.p + 17, h.p + 20);
}

struct str name_letters(struct arena *a, struct str seed, size_t n)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	unsigned char sum[MD5_BYTES];
	char text[MD5_BYTES];

	BUG_ON(n > sizeof(text));
	md5_of(seed, sum);
	for (size_t i = 0; i < n; i++)
		text[i] = letters[sum[i] % (sizeof(letters) - 1)];
	return arena_strn(a, text, n);
}

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

struct str name_sidecar(struct arena *a, struct str name)
{
	struct str s = str_slice(
		arena_printf(a, "sidecar-" STR_FMT, STR_ARG(name)), 0, NAME_MAX_BYTES);

	while (!is_lower_alnum(s.p[s.n - 1]))
		s.n--;
	return arena_str(a, s);
}

bool name_is_label(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_lower_alnum(s.p[i]) && (s.p[i] != '-' || i == 0 || i + 1 == s.n))
			return false;
	return s.n > 0 && s.n <= NAME_MAX_BYTES;
}
