/* SPDX-License-Identifier: Apache-2.0 */
/* A List of Kubernetes objects, as kubectl prints several. */
#ifndef ENTRYPOINT_LIST_JSON_H
#define ENTRYPOINT_LIST_JSON_H

#include <base/json.h>

/* Everything up to the first item. */
void list_json_open(struct json_writer *w);
void list_json_close(struct json_writer *w);

#endif
