/* SPDX-License-Identifier: Apache-2.0 */
/* What is said when a run has ended: the summary, and at the very end what failed. */
#ifndef ENTRYPOINT_VIEW_END_H
#define ENTRYPOINT_VIEW_END_H

#include "view.h"

#include <base/buf.h>
#include <base/mask.h>

struct view_end_options {
	bool utf8;
	bool is_ascii; /* see view_text_safe */
	bool colour;
	size_t cols; /* 0: no limit */
	const struct mask
		*mask;  /* what is cut is without its values; NULL: nothing is hidden */
	struct str cwd; /* paths below it are shown relative to it; empty: none are */
};

void view_end_summary(const struct run_view *r, const struct outcome_info *info,
	const struct view_end_options *o, struct buf *out);
/* Nothing when nothing failed. */
void view_end_failures(const struct run_view *r, const struct outcome_info *info,
	const struct view_end_options *o, struct buf *out);

#endif
