/* SPDX-License-Identifier: Apache-2.0 */
/* Names of objects, labels and annotations. */
#include "pod_names.h"

#include <ctype.h>

enum { LABEL_MAX = 63, SUBDOMAIN_MAX = 253 };

static bool is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool pod_is_label(struct str s)
{
	if (!s.n || s.n > LABEL_MAX || !is_lower(s.p[0]) || !is_lower(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_lower(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

bool pod_is_subdomain(struct str s)
{
	size_t from = 0;

	if (!s.n || s.n > SUBDOMAIN_MAX)
		return false;
	for (size_t i = 0; i <= s.n; i++) {
		struct str part = str_slice(s, from, i);

		if (i < s.n && s.p[i] != '.')
			continue;
		/* a part may be longer than a label */
		if (!part.n || !is_lower(part.p[0]) || !is_lower(part.p[part.n - 1]))
			return false;
		from = i + 1;
	}
	for (size_t i = 0; i < s.n; i++)
		if (!is_lower(s.p[i]) && s.p[i] != '-' && s.p[i] != '.')
			return false;
	return true;
}

static bool is_alnum(char c)
{
	return isascii(c) && isalnum((unsigned char)c);
}

bool pod_is_label_value(struct str s)
{
	if (!s.n)
		return true;
	if (s.n > LABEL_MAX || !is_alnum(s.p[0]) || !is_alnum(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.')
			return false;
	return true;
}

bool pod_is_qualified(struct str s)
{
	struct str prefix;
	struct str name = s;

	if (str_cut(s, '/', &prefix, &name) && !pod_is_subdomain(prefix))
		return false;
	return name.n && pod_is_label_value(name);
}
