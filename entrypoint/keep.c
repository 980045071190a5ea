/* SPDX-License-Identifier: Apache-2.0 */
/* Removing the directories of old runs. */
#include "keep.h"

#include "lock.h"
#include "record.h"

#include <base/fd.h>
#include <base/log.h>
#include <base/path.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum fate {
	FATE_UNKNOWN, /* no end is recorded: not ours to judge */
	FATE_SUCCEEDED,
	FATE_FAILED,
};

/* Of several runs in one directory all must have an end. */
static enum fate keep_fate(struct arena *a, struct str dir)
{
	enum fate fate = FATE_SUCCEEDED;
	struct record *r;
	size_t n;

	if (record_find(a, dir, dir, &r, &n, NULL) || n == 0)
		return FATE_UNKNOWN;
	for (size_t i = 0; i < n; i++) {
		struct str status = record_run_condition(&r[i]).status;

		if (str_eqz(status, "False"))
			fate = FATE_FAILED;
		else if (!str_eqz(status, "True"))
			return FATE_UNKNOWN;
	}
	return fate;
}

/* Under its final name it would look like a run as long as it is being removed. */
static int keep_remove(
	const struct rundir *rd, struct arena *a, struct str name, struct sandbox_ns *ns)
{
	struct str gone = arena_printf(a, RUNDIR_GONE STR_FMT, STR_ARG(name));
	struct err err = {0};

	if (renameat(rd->parent_dfd, str_c(name), rd->parent_dfd, str_c(gone)) < 0)
		(void)err_sys(&err, "rename '%s'", str_c(name));
	else if (sandbox_remove_tree(ns, rd->parent_dfd, str_c(gone), &err) == 0)
		return 0;
	log_warn("remove run '%s': %s", str_c(name), err.msg);
	return -1;
}

/* True: it counts as one that is kept. */
static bool keep_judge(const struct keep *k, const struct rundir *rd, struct str name,
	size_t n_kept, struct sandbox_ns *ns)
{
	struct arena *a cleanup_arena = arena_new();
	int dfd cleanup_fd = openat(
		rd->parent_dfd, str_c(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int lock_fd cleanup_fd = -1;
	enum fate fate;
	bool stays;

	fate = dfd < 0 ? FATE_UNKNOWN : keep_fate(a, path_join(a, path_dir(a, rd->path), name));
	lock_fd = fate == FATE_UNKNOWN ? -1 : lock_take(dfd, 0, NULL);
	if (lock_fd < 0)
		return false;
	stays = k->only_failed ? fate == FATE_FAILED : n_kept < k->n_runs;
	if (!stays && keep_remove(rd, a, name, ns) == 0)
		return false;
	lock_release(dfd, &lock_fd);
	return true;
}

void keep_apply(const struct keep *k, const struct rundir *rd, struct sandbox_ns *ns)
{
	struct arena *a cleanup_arena = arena_new();
	struct str *names;
	size_t n;
	size_t n_kept = 1; /* this one */

	if ((!k->only_failed && !k->n_runs) || !rd->is_numbered ||
		rundir_siblings(rd, a, &names, &n))
		return;
	while (n-- > 0)
		n_kept += keep_judge(k, rd, names[n], n_kept, ns);
}
