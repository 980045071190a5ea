/* SPDX-License-Identifier: Apache-2.0 */
/* Printing runs as a Kubernetes List. */
#include "run_json.h"

#include <base/json.h>

void run_json_print(const struct run_view *const *runs, size_t n_runs, struct buf *out)
{
	struct json_writer w;

	buf_init(out, RUN_JSON_MAX);
	json_writer_init(&w, out, 2);
	json_open(&w, '{');
	json_fieldz(&w, "apiVersion", "v1");
	json_fieldz(&w, "kind", "List");
	json_key(&w, "items");
	json_open(&w, '[');
	for (size_t i = 0; i < n_runs; i++)
		report_items(runs[i], &w);
	json_close(&w, ']');
	json_close(&w, '}');
	buf_addc(out, '\n');
}
