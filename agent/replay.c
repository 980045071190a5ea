/* SPDX-License-Identifier: Apache-2.0 */
/* A run made again from its journal. */
#include "state.h"

int agent_replay(struct agent *a, const struct str *records, size_t n_records, bool force,
	struct replay_end *ret, struct err *err)
{
	(void)a;
	(void)records;
	(void)n_records;
	(void)force;
	*ret = (struct replay_end){0};
	return err_set(err, ERR_UNSUPPORTED, "a journal cannot be replayed yet");
}
