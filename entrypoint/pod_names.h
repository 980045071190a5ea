/* SPDX-License-Identifier: Apache-2.0 */
/* Names as the API server takes them (k8s.io/apimachinery/pkg/util/validation). */
#ifndef ENTRYPOINT_POD_NAMES_H
#define ENTRYPOINT_POD_NAMES_H

#include <base/str.h>

bool pod_is_label(struct str s);       /* RFC 1123 label: of namespaces */
bool pod_is_subdomain(struct str s);   /* labels with dots, at most 253: of objects */
bool pod_is_qualified(struct str s);   /* [prefix/]name: keys of labels and annotations */
bool pod_is_label_value(struct str s); /* may be empty */

#endif
