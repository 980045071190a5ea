/* SPDX-License-Identifier: Apache-2.0 */
/* Id ranges: which ids a run may use, kernel map texts, user namespaces made for a map. */
#ifndef SANDBOX_IDMAP_H
#define SANDBOX_IDMAP_H

#include <base/buf.h>
#include <monopod/sandbox.h>

enum { ID_RANGE = 65536, ID_RANGE_DEFAULT = 100000 };

/*
 * The map of a run for this process: a root agent gets a range without its own 0 (from
 * /etc/subuid and /etc/subgid of root, else 100000 and up, else what its own namespace has);
 * another gets its own id as 0 and, when with_sub_ids, its sub-ids from 1 on. Fails with
 * ERR_NOT_FOUND when with_sub_ids and there are none.
 */
int id_map_choose(bool is_root, bool with_sub_ids, struct id_map *ret, struct err *err);
/* The text for /proc/PID/uid_map: "0 100000 65536\n". */
void id_extents_text(const struct id_extent *e, size_t n, struct buf *b);
/* The map of a step's user namespace inside the run's: every inside id to itself. */
void id_extents_same_text(const struct id_extent *e, size_t n, struct buf *b);
/*
 * A map for an idmapped mount of a caller's directory: `owner` on disk is seen as the run's 0,
 * the run's other ids as themselves. Writes at most ID_EXTENTS_MAX extents.
 */
size_t id_extents_caller(
	const struct id_extent *run, size_t n, uint32_t owner, struct id_extent *ret);

#endif
