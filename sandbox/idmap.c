/* SPDX-License-Identifier: Apache-2.0 */
/* Id ranges; see idmap.h and docs/ownership.md. */
#include "idmap.h"
#include <base/file.h>
#include <base/num.h>
#include <fcntl.h>
#include <unistd.h>

enum { SUBID_BYTES_MAX = 1 << 20, PASSWD_BYTES_MAX = 1 << 22 };

int64_t id_map_outside(const struct id_extent *e, size_t n, uint32_t inside)
{
	for (size_t i = 0; i < n; i++)
		if (inside >= e[i].inside && inside - e[i].inside < e[i].count)
			return (int64_t)e[i].outside + (inside - e[i].inside);
	return -1;
}

int64_t id_map_inside(const struct id_extent *e, size_t n, uint32_t outside)
{
	for (size_t i = 0; i < n; i++)
		if (outside >= e[i].outside && outside - e[i].outside < e[i].count)
			return (int64_t)e[i].inside + (outside - e[i].outside);
	return -1;
}

static void map_text_side(struct buf *b, char side, const struct id_extent *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%s%c%u:%u:%u", b->n ? " " : "", side, e[i].inside, e[i].outside,
			e[i].count);
}

struct str id_map_text(const struct id_map *m, struct arena *a)
{
	struct buf b attr_cleanup(buf_release) = {0};

	buf_init(&b, 4096);
	map_text_side(&b, 'u', m->uid, m->n_uid);
	map_text_side(&b, 'g', m->gid, m->n_gid);
	return arena_str(a, buf_str(&b));
}

void id_extents_text(const struct id_extent *e, size_t n, struct buf *b)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%u %u %u\n", e[i].inside, e[i].outside, e[i].count);
}

void id_extents_same_text(const struct id_extent *e, size_t n, struct buf *b)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%u %u %u\n", e[i].inside, e[i].inside, e[i].count);
}

/* Adds [from, to) seen as itself. */
static size_t extent_same(struct id_extent *e, size_t n, uint64_t from, uint64_t to)
{
	if (from >= to || n == ID_EXTENTS_MAX)
		return n;
	e[n] = (struct id_extent){.inside = (uint32_t)from,
		.outside = (uint32_t)from,
		.count = (uint32_t)(to - from)};
	return n + 1;
}

size_t id_extents_caller(
	const struct id_extent *run, size_t n, uint32_t owner, struct id_extent *ret)
{
	int64_t zero = id_map_outside(run, n, 0);
	size_t n_ret = 1;

	/* "inside" is what the disk says, "outside" what the step's namespace is given */
	ret[0] = (struct id_extent){.inside = owner, .outside = (uint32_t)zero, .count = 1};
	for (size_t i = 0; i < n; i++) {
		uint64_t from = run[i].outside, to = from + run[i].count;

		if (from == (uint64_t)zero)
			from++;
		if (owner >= from && owner < to) {
			n_ret = extent_same(ret, n_ret, from, owner);
			from = (uint64_t)owner + 1;
		}
		n_ret = extent_same(ret, n_ret, from, to);
	}
	return n_ret;
}

/* The text up to the separator, or all of it; the rest stays. */
static struct str text_next(struct str *text, char sep)
{
	struct str head;

	if (str_cut(*text, sep, &head, text))
		return head;
	head = *text;
	*text = STR_NONE;
	return head;
}

/* The name of a user id in /etc/passwd, read by our own code; empty when it has none. */
static struct str passwd_name(struct arena *a, uint32_t uid)
{
	struct str text = STR_NONE, line, name, rest, field;
	uint64_t id;

	if (file_read(a, AT_FDCWD, "/etc/passwd", PASSWD_BYTES_MAX, &text, NULL))
		return STR_NONE;
	while (text.n) {
		line = text_next(&text, '\n');
		if (!str_cut(line, ':', &name, &rest) || !str_cut(rest, ':', &field, &rest) ||
			!str_cut(rest, ':', &field, &rest))
			continue;
		if (num_u64(field, UINT32_MAX, &id, NULL) == 0 && id == uid)
			return name;
	}
	return STR_NONE;
}

/* The first range of a user in a sub-id file: "name:start:count" or "uid:start:count". */
static bool subid_range(
	struct arena *a, const char *path, struct str name, uint32_t uid, struct id_extent *ret)
{
	struct str text = STR_NONE, line, who, rest, from, count;
	struct str number = arena_printf(a, "%u", uid);
	uint64_t start, n;

	if (file_read(a, AT_FDCWD, path, SUBID_BYTES_MAX, &text, NULL))
		return false;
	while (text.n) {
		line = text_next(&text, '\n');
		if (!str_cut(line, ':', &who, &rest) || !str_cut(rest, ':', &from, &count))
			continue;
		if (!str_eq(who, number) && !(name.n && str_eq(who, name)))
			continue;
		if (num_u64(from, UINT32_MAX - 1, &start, NULL) || !start ||
			num_u64(str_trim(count), UINT32_MAX - start, &n, NULL) || !n)
			continue;
		ret->outside = (uint32_t)start;
		ret->count = (uint32_t)(n < ID_RANGE ? n : ID_RANGE);
		return true;
	}
	return false;
}

/* Is [start, start+count) mapped in our own user namespace? */
static bool own_map_has(
	struct arena *a, const char *path, struct id_extent want, struct id_extent *ret_largest)
{
	struct str text = STR_NONE, line;
	bool has = false;

	*ret_largest = (struct id_extent){0};
	if (file_read(a, AT_FDCWD, path, 4096, &text, NULL))
		return true; /* no /proc: the map is tried as it is */
	while (text.n) {
		uint64_t v[3] = {0};
		size_t n = 0;

		line = text_next(&text, '\n');
		while (n < 3 && (line = str_trim(line)).n) {
			struct str word = text_next(&line, ' ');

			if (num_u64(word, UINT32_MAX, &v[n++], NULL))
				return true;
		}
		if (n != 3)
			continue;
		if (want.outside >= v[0] && (uint64_t)want.outside + want.count <= v[0] + v[2])
			has = true;
		if (v[0] == 0 && v[2]) { /* our own 0 stays out */
			v[0] = 1;
			v[2]--;
		}
		if (v[2] > ret_largest->count)
			*ret_largest = (struct id_extent){0, (uint32_t)v[0],
				(uint32_t)(v[2] < ID_RANGE ? v[2] : ID_RANGE)};
	}
	return has;
}

static int root_side(struct arena *a, const char *subid, const char *own, struct id_extent *ret,
	struct err *err)
{
	struct id_extent e = {0}, largest;

	if (!subid_range(a, subid, STR("root"), 0, &e) || e.count < ID_RANGE)
		e = (struct id_extent){0, ID_RANGE_DEFAULT, ID_RANGE};
	if (!own_map_has(a, own, e, &largest)) {
		if (largest.count < 2)
			return err_set(err, ERR_SANDBOX,
				"'%s' has no ids for steps beside the agent's own", own);
		e = largest;
	}
	*ret = e;
	return 0;
}

static int root_map(struct arena *a, struct id_map *m, struct err *err)
{
	if (root_side(a, "/etc/subuid", "/proc/self/uid_map", &m->uid[0], err) ||
		root_side(a, "/etc/subgid", "/proc/self/gid_map", &m->gid[0], err))
		return -1;
	m->n_uid = m->n_gid = 1;
	return 0;
}

static int user_map(struct arena *a, bool with_sub_ids, struct id_map *m, struct err *err)
{
	uint32_t uid = geteuid(), gid = getegid();
	struct str name;

	m->uid[0] = (struct id_extent){.outside = uid, .count = 1};
	m->gid[0] = (struct id_extent){.outside = gid, .count = 1};
	m->n_uid = m->n_gid = 1;
	m->is_single = !with_sub_ids;
	if (!with_sub_ids)
		return 0;
	name = passwd_name(a, uid);
	m->uid[1].inside = m->gid[1].inside = 1;
	if (!subid_range(a, "/etc/subuid", name, uid, &m->uid[1]) ||
		!subid_range(a, "/etc/subgid", name, uid, &m->gid[1]))
		return err_set(err, ERR_NOT_FOUND,
			"user %u has no range in /etc/subuid and /etc/subgid", uid);
	/* inside 0 to 65535, as everywhere */
	if (m->uid[1].count == ID_RANGE)
		m->uid[1].count--;
	if (m->gid[1].count == ID_RANGE)
		m->gid[1].count--;
	m->n_uid = m->n_gid = 2;
	return 0;
}

int id_map_choose(bool is_root, bool with_sub_ids, struct id_map *ret, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct id_map m = {0};

	if (is_root ? root_map(a, &m, err) : user_map(a, with_sub_ids, &m, err))
		return -1;
	*ret = m;
	return 0;
}
