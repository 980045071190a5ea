/* SPDX-License-Identifier: Apache-2.0 */
/* Problems that only follow from another one: told once, where the mistake is. */
#include "spec/validate.h"

static bool has_code(const struct diag *one, const char *code)
{
	return str_eqz(str_z(one->code), code);
}

static bool same_object(const struct diag *a, const struct diag *b)
{
	return a->object.line && a->object.source == b->object.source &&
	       a->object.line == b->object.line && a->object.col == b->object.col;
}

/* The field itself or something in it. */
static bool is_within(struct str path, struct str field)
{
	if (!field.n || !str_starts(path, field))
		return false;
	return path.n == field.n || path.p[field.n] == '.' || path.p[field.n] == '[';
}

/* A mistake in a field that is not carried out: the mistake is worth telling. */
static bool is_named_better(const struct diag *refused, const struct diag *other)
{
	return other->severity == DIAG_ERROR && !has_code(other, "not-supported") &&
	       is_within(other->path, refused->path);
}

static struct str parent_of(struct str path)
{
	ptrdiff_t dot = str_rchr(path, '.');

	return str_slice(path, 0, dot < 0 ? 0 : (size_t)dot);
}

/* Codes of problems that a misspelt key causes, and the key that it should have been. */
struct effect {
	const char *code;
	const char *meant; /* as the hint has it; NULL: the missing key is beside the other */
};
static const struct effect effects[] = {
	{"missing-field", NULL},
	{"unknown-param", "'params'"},
	{"unknown-result", "'results'"},
	{"undefined-workspace", "'workspaces'"},
	{"unknown-task", "'tasks'"},
};

static bool is_effect(const struct diag *one, const struct diag *unknown)
{
	if (!has_code(unknown, "unknown-field"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(effects); i++) {
		if (!has_code(one, effects[i].code))
			continue;
		if (!effects[i].meant)
			return str_eq(parent_of(one->path), parent_of(unknown->path));
		return str_has(unknown->hint, str_z(effects[i].meant));
	}
	return false;
}

static bool is_worth_telling(const struct diags *d, const struct diag *one)
{
	bool refused = has_code(one, "not-supported");

	for (size_t i = 0; i < d->n; i++) {
		const struct diag *other = &d->items[i];

		if (other == one || !same_object(one, other))
			continue;
		if (refused ? is_named_better(one, other) : is_effect(one, other))
			return false;
	}
	return true;
}

void followup_drop(struct diags *d)
{
	diags_filter(d, is_worth_telling);
}
