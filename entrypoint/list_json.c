/* SPDX-License-Identifier: Apache-2.0 */
#include "list_json.h"

void list_json_open(struct json_writer *w)
{
	json_open(w, '{');
	json_fieldz(w, "apiVersion", "v1");
	json_fieldz(w, "kind", "List");
	json_key(w, "items");
	json_open(w, '[');
}

void list_json_close(struct json_writer *w)
{
	json_close(w, ']');
	json_close(w, '}');
}
