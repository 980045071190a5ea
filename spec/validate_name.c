/* SPDX-License-Identifier: Apache-2.0 */
/* Which names are well-formed (section 4 and Kubernetes). */
#include "spec/check.h"

enum { LABEL_MAX = 63, SUBDOMAIN_MAX = 253 };

static bool is_lower_alnum(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9');
}

static bool is_alpha(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
}

static bool is_alnum(char ch)
{
	return is_alpha(ch) || (ch >= '0' && ch <= '9');
}

/* A label without its limit of length. */
static bool is_label(struct str s)
{
	if (!s.n || !is_lower_alnum(s.p[0]) || !is_lower_alnum(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_lower_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

bool name_is_dns_label(struct str s)
{
	return s.n <= LABEL_MAX && is_label(s);
}

bool name_is_dns_subdomain(struct str s)
{
	struct str part, rest = s;

	if (s.n > SUBDOMAIN_MAX)
		return false;
	while (str_cut(rest, '.', &part, &rest))
		if (!is_label(part))
			return false;
	return is_label(rest);
}

/* ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9] */
bool name_is_result(struct str s)
{
	if (!s.n || !is_alnum(s.p[0]) || !is_alnum(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.')
			return false;
	return true;
}

bool name_is_label_value(struct str s)
{
	return !s.n || (s.n <= LABEL_MAX && name_is_result(s));
}

bool name_is_qualified(struct str s)
{
	struct str prefix, name;

	if (str_cut(s, '/', &prefix, &name)) {
		if (!name_is_dns_subdomain(prefix))
			return false;
	} else {
		name = s;
	}
	return name.n && name_is_label_value(name);
}

bool name_is_annotation(struct str s)
{
	char low[SUBDOMAIN_MAX + 1 + LABEL_MAX];

	if (s.n > sizeof(low))
		return false;
	for (size_t i = 0; i < s.n; i++)
		low[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] - 'A' + 'a' : s.p[i]);
	return name_is_qualified((struct str){low, s.n});
}

/* [_a-zA-Z][_a-zA-Z0-9-]*, with dots where they are allowed */
static bool is_variable(struct str s, bool dots)
{
	if (!s.n || (!is_alpha(s.p[0]) && s.p[0] != '_'))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '_' && s.p[i] != '-' &&
			!(dots && s.p[i] == '.'))
			return false;
	return true;
}

bool name_is_param(struct str s)
{
	return is_variable(s, true);
}

bool name_is_object(struct str s)
{
	return is_variable(s, false);
}

void check_object_name(struct check *c, const struct object_meta *meta)
{
	struct str before = check_enter(c, "metadata.name");

	if (!meta->name.s.n)
		check_report(c, "missing-field", text_at(meta->pos), "", "missing field(s)");
	else if (!name_is_dns_subdomain(meta->name.s))
		check_report(c, "invalid-name", meta->name, "",
			"invalid resource name " STR_FMT ": must be a valid DNS label",
			STR_ARG(quote_go(c->arena, meta->name.s)));
	else if (meta->name.s.n > LABEL_MAX)
		check_report(c, "invalid-name", meta->name, "",
			"Invalid resource name: length must be no more than 63 characters");
	check_leave(c, before);
}
