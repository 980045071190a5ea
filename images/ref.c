/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference grammar of the distribution specification, normalised as Docker does: without
 * a domain it is docker.io's, without a namespace there it is library's, without tag and digest
 * it is latest.
 */
#include "ref.h"

#include "digest.h"

enum { REF_NAME_BYTES = 255, REF_TAG_BYTES = 128, REF_BYTES = 600 };

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static int ref_bad(struct str text, const char *why, struct err *err)
{
	return err_set(err, ERR_SPEC, "image reference '" STR_FMT "': %s",
		(int)(text.n < 200 ? text.n : 200), text.n ? text.p : "", why);
}

/* [a-z0-9]+ joined by one '.', one or two '_', or any number of '-'. */
static bool component_is_good(struct str s)
{
	size_t i = 0;

	while (i < s.n) {
		size_t from = i;

		while (i < s.n && is_lower_alnum(s.p[i]))
			i++;
		if (i == from)
			return false;
		if (i == s.n)
			return true;
		from = i;
		while (i < s.n && s.p[i] == s.p[from])
			i++;
		char c = s.p[from];
		size_t most = c == '-' ? s.n : c == '_' ? 2 : c == '.' ? 1 : 0;
		if (i - from > most)
			return false;
	}
	return false; /* empty, or it ends in a separator */
}

static bool path_is_good(struct str path)
{
	struct str head, rest = path;

	while (str_cut(rest, '/', &head, &rest))
		if (!component_is_good(head))
			return false;
	return component_is_good(rest);
}

static bool host_part_is_good(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return s.n && s.p[0] != '-' && s.p[s.n - 1] != '-';
}

static bool host_is_good(struct str host)
{
	struct str head, rest = host;

	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') { /* IPv6 */
		for (size_t i = 1; i + 1 < host.n; i++)
			if (host.p[i] != ':' && !(host.p[i] >= '0' && host.p[i] <= '9') &&
				!(host.p[i] >= 'a' && host.p[i] <= 'f') &&
				!(host.p[i] >= 'A' && host.p[i] <= 'F'))
				return false;
		return true;
	}
	while (str_cut(rest, '.', &head, &rest))
		if (!host_part_is_good(head))
			return false;
	return host_part_is_good(rest);
}

static bool domain_is_good(struct str domain)
{
	ptrdiff_t colon = str_rchr(domain, ':');
	struct str port;

	if (colon < 0 || domain.p[domain.n - 1] == ']')
		return host_is_good(domain);
	port = str_slice(domain, (size_t)colon + 1, domain.n);
	if (!port.n || port.n > 5)
		return false;
	for (size_t i = 0; i < port.n; i++)
		if (port.p[i] < '0' || port.p[i] > '9')
			return false;
	return host_is_good(str_slice(domain, 0, (size_t)colon));
}

static bool tag_is_good(struct str tag)
{
	for (size_t i = 0; i < tag.n; i++) {
		char c = tag.p[i];
		if (!is_alnum(c) && c != '_' && (i == 0 || (c != '.' && c != '-')))
			return false;
	}
	return tag.n && tag.n <= REF_TAG_BYTES;
}

/* "foo/bar" has a domain only when foo looks like one. */
static bool is_domain(struct str first)
{
	for (size_t i = 0; i < first.n; i++) {
		char c = first.p[i];
		if (c == '.' || c == ':' || (c >= 'A' && c <= 'Z'))
			return true;
	}
	return str_eqz(first, "localhost");
}

static bool is_hex64(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return s.n == 64;
}

static void ref_split_domain(struct str name, struct str *ret_domain, struct str *ret_path)
{
	if (str_cut(name, '/', ret_domain, ret_path) && is_domain(*ret_domain))
		return;
	*ret_domain = STR_NONE;
	*ret_path = name;
}

static void ref_normalise(struct arena *a, struct image_ref *r)
{
	if (!r->domain.n || str_eqz(r->domain, "index.docker.io"))
		r->domain = STR("docker.io");
	if (str_eqz(r->domain, "docker.io") && str_chr(r->path, '/') < 0)
		r->path = arena_printf(a, "library/" STR_FMT, STR_ARG(r->path));
	if (!r->tag.n && !r->digest.n)
		r->tag = STR("latest");
}

int image_ref_parse(struct arena *a, struct str text, struct image_ref *ret, struct err *err)
{
	struct image_ref r = {0};
	struct str name = text;
	ptrdiff_t at = str_chr(text, '@');

	if (!text.n)
		return ref_bad(text, "is empty", err);
	if (text.n > REF_BYTES)
		return ref_bad(text, "is too long", err);
	if (at >= 0) {
		name = str_slice(text, 0, (size_t)at);
		r.digest = str_slice(text, (size_t)at + 1, text.n);
		if (digest_check(r.digest, NULL, err) < 0)
			return err_wrap_as(err, ERR_SPEC, "image reference '" STR_FMT "'",
				(int)(name.n < 200 ? name.n : 200), name.n ? name.p : "");
	}
	ptrdiff_t colon = str_rchr(name, ':');
	if (colon >= 0 && colon > str_rchr(name, '/')) {
		r.tag = str_slice(name, (size_t)colon + 1, name.n);
		name = str_slice(name, 0, (size_t)colon);
		if (!tag_is_good(r.tag))
			return ref_bad(text, "the tag is not valid", err);
	}
	ref_split_domain(name, &r.domain, &r.path);
	if (r.domain.n && !domain_is_good(r.domain))
		return ref_bad(text, "the registry is not valid", err);
	if (!path_is_good(r.path))
		return ref_bad(text,
			"the name is not valid (lower-case letters, digits and . _ - between)",
			err);
	if (!r.domain.n && is_hex64(r.path))
		return ref_bad(text, "a bare digest is not a name; write name@sha256:...", err);
	ref_normalise(a, &r);
	if (r.domain.n + 1 + r.path.n > REF_NAME_BYTES)
		return ref_bad(text, "the name is longer than 255 bytes", err);
	r.domain = arena_str(a, r.domain);
	r.path = arena_str(a, r.path);
	r.tag = arena_str(a, r.tag);
	r.digest = arena_str(a, r.digest);
	*ret = r;
	return 0;
}

struct str image_ref_repository(struct arena *a, const struct image_ref *r)
{
	return arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(r->domain), STR_ARG(r->path));
}

struct str image_ref_tagged(struct arena *a, const struct image_ref *r)
{
	return arena_printf(a, STR_FMT "/" STR_FMT "%s" STR_FMT, STR_ARG(r->domain),
		STR_ARG(r->path), r->tag.n ? ":" : "", STR_ARG(r->tag));
}

struct str image_ref_text(struct arena *a, const struct image_ref *r)
{
	struct str tagged = image_ref_tagged(a, r);

	return arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(tagged), r->digest.n ? "@" : "",
		STR_ARG(r->digest));
}
