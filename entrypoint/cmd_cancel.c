/* SPDX-License-Identifier: Apache-2.0 */
/* `cancel`: asks a running run to end, through the control socket of its run directory. */
#include "cmd.h"
#include "control.h"
#include "input.h"
#include "record.h"

#include <base/log.h>

int cmd_cancel(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	enum cancel_mode mode = CANCEL_NOW;
	struct record *r;
	size_t n;
	struct err err = {0};

	if (o->graceful && o->stop) {
		(void)err_set(&err, ERR_USAGE,
			"options '--graceful' and '--stop': expected one of them");
		return input_refuse(o, &err);
	}
	if (o->graceful)
		mode = CANCEL_GRACEFUL;
	else if (o->stop)
		mode = CANCEL_STOP;
	if (record_asked(o, a, &r, &n, &err) ||
		control_ask(record_control_dir(a, r[0].path), mode, &err))
		return input_refuse(o, &err);
	log_info("run '" STR_FMT "' was asked to end", STR_ARG(record_name(&r[0])));
	return EXIT_RUN_OK;
}
