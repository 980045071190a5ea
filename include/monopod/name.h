/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which names are well-formed, as the API server (k8s.io/apimachinery/pkg/util/validation) and
 * Tekton's admission (section 4) take them. An empty name is none, unless said otherwise.
 */
#ifndef MONOPOD_NAME_H
#define MONOPOD_NAME_H

#include <base/str.h>

bool name_is_dns_label(struct str s);     /* RFC 1123, at most 63 bytes: of namespaces */
bool name_is_dns_subdomain(struct str s); /* labels with dots, at most 253: of objects */
bool name_is_annotation(struct str s);    /* a key of annotations, where case does not count */
bool name_is_qualified(struct str s);     /* [prefix/]name: keys of labels and annotations */
bool name_is_label_value(struct str s);   /* at most 63; may be empty */
bool name_is_param(struct str s);         /* string and array params */
bool name_is_object(struct str s);        /* object params and their keys: no dots */
bool name_is_result(struct str s);

#endif
