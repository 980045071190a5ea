/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pax extended headers: "LENGTH KEY=VALUE\n" records, POSIX.1-2001. Unknown keys are
 * vendor data and skipped; keys that would change how the data is read are refused.
 */
#include "pax.h"

#include <base/attr.h>
#include <base/num.h>
#include <string.h>

static int pax_bad(struct err *err, const char *key, const char *why)
{
	return err_set(err, ERR_IMAGE, "pax header: '%s' %s", key, why);
}

static int set_text(struct str value, struct str *to, const char *key, struct err *err)
{
	if (!value.n || memchr(value.p, '\0', value.n))
		return pax_bad(err, key, "is empty or holds a NUL byte");
	*to = value;
	return 0;
}

static int set_path(struct tar_reader *r, struct pax_values *v, struct str s, struct err *err)
{
	(void)r;
	return set_text(s, &v->path, "path", err);
}

static int set_linkpath(
	struct tar_reader *r, struct pax_values *v, struct str s, struct err *err)
{
	(void)r;
	return set_text(s, &v->linkpath, "linkpath", err);
}

static int set_number(struct str s, uint64_t max, int64_t *to, const char *key, struct err *err)
{
	uint64_t n;

	if (num_u64(s, max, &n, NULL) < 0)
		return pax_bad(err, key, "is not a number in range");
	*to = (int64_t)n;
	return 0;
}

static int set_size(struct tar_reader *r, struct pax_values *v, struct str s, struct err *err)
{
	(void)r;
	return set_number(s, INT64_MAX, &v->size, "size", err);
}

static int set_uid(struct tar_reader *r, struct pax_values *v, struct str s, struct err *err)
{
	(void)r;
	return set_number(s, UINT32_MAX - 1U, &v->uid, "uid", err);
}

static int set_gid(struct tar_reader *r, struct pax_values *v, struct str s, struct err *err)
{
	(void)r;
	return set_number(s, UINT32_MAX - 1U, &v->gid, "gid", err);
}

/* [-]SECONDS[.FRACTION]; the fraction of a negative time counts away from zero. */
static int set_mtime(struct tar_reader *r, struct pax_values *v, struct str s, struct err *err)
{
	struct str whole = s, frac = STR_NONE;
	uint32_t ns = 0, unit = 100000000;
	const int64_t far = INT64_C(1) << 55;

	(void)r;
	ptrdiff_t dot = str_chr(s, '.');
	if (dot >= 0) {
		whole = str_slice(s, 0, (size_t)dot);
		frac = str_slice(s, (size_t)dot + 1, s.n);
	}
	if (num_i64(whole, -far, far, &v->mtime_s, NULL) < 0)
		return pax_bad(err, "mtime", "is not a time");
	for (size_t i = 0; i < frac.n; i++, unit /= 10) {
		if (frac.p[i] < '0' || frac.p[i] > '9')
			return pax_bad(err, "mtime", "is not a time");
		ns += (uint32_t)(frac.p[i] - '0') * unit;
	}
	if (ns && whole.p[0] == '-') {
		v->mtime_s--;
		ns = 1000000000 - ns;
	}
	v->mtime_ns = ns;
	v->has_mtime = true;
	return 0;
}

static int set_charset(
	struct tar_reader *r, struct pax_values *v, struct str s, struct err *err)
{
	(void)r;
	(void)v;
	if (!str_eqz(s, "BINARY") && !str_eqz(s, "ISO-IR 10646 2000 UTF-8"))
		return err_set(err, ERR_UNSUPPORTED, "pax header: 'hdrcharset' is not UTF-8");
	return 0;
}

static int refuse_sparse(
	struct tar_reader *r, struct pax_values *v, struct str s, struct err *err)
{
	(void)r;
	(void)v;
	(void)s;
	return err_set(err, ERR_UNSUPPORTED, "pax header: sparse files are not supported");
}

static const struct pax_key {
	const char *key;
	bool is_prefix;
	int (*set)(struct tar_reader *r, struct pax_values *v, struct str s, struct err *err);
} keys[] = {
	{"path", false, set_path},
	{"linkpath", false, set_linkpath},
	{"size", false, set_size},
	{"uid", false, set_uid},
	{"gid", false, set_gid},
	{"mtime", false, set_mtime},
	{"hdrcharset", false, set_charset},
	{"GNU.sparse.", true, refuse_sparse},
	{"SCHILY.realsize", false, refuse_sparse},
	{"SUN.holesdata", false, refuse_sparse},
};

/* Later records of one header replace earlier ones (POSIX). */
static void set_xattr(struct tar_reader *r, struct str name, struct str value)
{
	for (size_t i = 0; i < r->xattrs.n; i++)
		if (str_eq(r->xattrs.p[i].name, name)) {
			r->xattrs.p[i].value = value;
			return;
		}
	vec_push(&r->xattrs, ((struct tar_xattr){.name = name, .value = value}));
}

static int pax_record(struct tar_reader *r, struct pax_values *v, struct str key,
	struct str value, struct err *err)
{
	struct str xattr = STR("SCHILY.xattr.");

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct str k = str_z(keys[i].key);

		if (keys[i].is_prefix ? str_starts(key, k) : str_eq(key, k))
			return keys[i].set(r, v, value, err);
	}
	if (!str_starts(key, xattr))
		return 0;
	struct str name = str_slice(key, xattr.n, key.n);
	if (!name.n || name.n > 255 || memchr(name.p, '\0', name.n))
		return pax_bad(
			err, "SCHILY.xattr", "has a name that is empty, too long or holds NUL");
	if (r->xattrs.n >= 1000)
		return err_set(
			err, ERR_LIMIT, "pax header: more than 1000 extended attributes");
	set_xattr(r, name, value);
	return 0;
}

int pax_parse(struct tar_reader *r, struct pax_values *v, struct err *err)
{
	struct str rest = buf_str(&r->pax);

	while (rest.n) {
		struct str len_text, key, value;
		uint64_t len;
		ptrdiff_t space = str_chr(str_slice(rest, 0, 20), ' ');

		if (space <= 0)
			return pax_bad(err, "record", "has no length");
		len_text = str_slice(rest, 0, (size_t)space);
		if (num_u64(len_text, rest.n, &len, NULL) < 0 || len < (uint64_t)space + 4 ||
			rest.p[len - 1] != '\n')
			return pax_bad(err, "record", "has a wrong length");
		struct str body = str_slice(rest, (size_t)space + 1, (size_t)len - 1);
		if (!str_cut(body, '=', &key, &value) || !key.n)
			return pax_bad(err, "record", "has no key");
		if (pax_record(r, v, key, value, err) < 0)
			return -1;
		rest = str_slice(rest, (size_t)len, rest.n);
	}
	return 0;
}
