/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of YAML scalars as go-yaml v2 resolves them, private to spec/: YAML 1.1 booleans, Go's
 * integers and floats, timestamps left as strings.
 */
#ifndef SPEC_YAML_SCALAR_H
#define SPEC_YAML_SCALAR_H

#include "yaml.h"

/*
 * Sets type and json of a scalar from text, tag and style. Returns 0, or -1 with err when the
 * tag forbids the text (!!int abc) or JSON cannot carry the value (.nan).
 */
int yaml_scalar_resolve(struct arena *a, struct yaml_node *n, struct err *err);
/* A merge key: plain << without a tag, or tagged !!merge. */
bool yaml_scalar_is_merge(const struct yaml_node *n);
/* yaml_float.c: a decimal ([-+]digits[.digits][e[-+]digits], not checked) to the nearest
 * double. */
double yaml_float_parse(struct str s);
/* A finite number as Go's encoding/json prints a float64: 1.5, 1000, 1e+21, 1e-7. */
struct str yaml_float_json(struct arena *a, double v);
/* yaml_utf16.c: a JSON text with \ud83d\ude00 written as \U0001f600; other texts as they are.
 */
struct str yaml_utf16_pairs(struct arena *a, struct str text);

#endif
