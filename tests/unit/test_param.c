/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults of pipelines and tasks, object params, the lists of offenders (section 5). */
#include "agent/param.h"
#include "agent_rig.h"

static struct text text(const char *z)
{
	return (struct text){.s = str_z(z), .pos = {.line = 1}};
}

static struct value string(const char *z)
{
	return (struct value){.type = VALUE_STRING, .string = text(z), .pos = {.line = 1}};
}

static struct param_spec decl(const char *name, const char *fallback)
{
	struct param_spec s = {.name = text(name), .type = VALUE_STRING};

	if (fallback)
		s.default_value = string(fallback);
	return s;
}

static struct str value_of(const struct param *p, size_t n, const char *name)
{
	const struct param *found = param_find(p, n, str_z(name));

	return found ? found->value.string.s : STR("(none)");
}

struct defaults_case {
	const char *name;
	const char *decls[8];                        /* name, default … */
	const char *given[4];                        /* name, value … */
	const char *ask, *want_pipeline, *want_task; /* NULL: fails */
};

static const struct defaults_case defaults[] = {
	{"plain", {"a", "x"}, {0}, "a", "x", "x"},
	{"given wins", {"a", "x"}, {"a", "y"}, "a", "y", "y"},
	{"undeclared", {"a", "x"}, {"b", "y"}, "b", "y", "y"},
	{"refers to a default", {"a", "<$(params.b)>", "b", "x"}, {0}, "a", "<x>", "<x>"},
	/* a pipeline sees what was given, a task only defaults */
	{"refers to a given one", {"a", "<$(params.b)>", "b", "x"}, {"b", "y"}, "a", "<y>",
		"<x>"},
	{"refers to one without default", {"a", "<$(params.b)>", "b", NULL}, {"b", "y"}, "a",
		"<y>", "(none)"},
	{"two deep", {"a", "$(params.b)a", "b", "$(params.c)b", "c", "c"}, {0}, "a", "cba",
		"(none)"},
	{"itself", {"a", "$(params.a)"}, {0}, "a", NULL, "(none)"},
	{"in a circle", {"a", "$(params.b)", "b", "$(params.a)"}, {0}, "a", NULL, "(none)"},
	{"unknown", {"a", "$(params.zz)"}, {0}, "a", NULL, "(none)"},
	{"other variables stay", {"a", "$(context.x) $(B)"}, {0}, "a", "$(context.x) $(B)",
		"$(context.x) $(B)"},
};

static void test_defaults(void **state)
{
	struct arena *a = arena_new();
	struct rig rr = {.arena = a}, *r = &rr;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		const struct defaults_case *c = &defaults[i];
		struct param_spec specs[4];
		struct param given[2], *out;
		struct param_check check = {.arena = a, .specs = specs, .given = given};
		struct err err;
		struct pos pos;
		size_t n;
		int got;

		for (size_t k = 0; k < 8 && c->decls[k]; k += 2)
			specs[check.n_specs++] = decl(c->decls[k], c->decls[k + 1]);
		for (size_t k = 0; k < 4 && c->given[k]; k += 2)
			given[check.n_given++] = (struct param){
				.name = text(c->given[k]), .value = string(c->given[k + 1])};
		got = param_resolve(&check, &out, &n, &pos, &err);
		if ((got == 0) != (c->want_pipeline != NULL))
			print_error("case '%s'\n", c->name);
		assert_int_equal(got, c->want_pipeline ? 0 : -1);
		if (c->want_pipeline)
			assert_str(value_of(out, n, c->ask), c->want_pipeline);
		param_resolve_task(&check, &out, &n);
		assert_str(value_of(out, n, c->ask), c->want_task);
	}
	arena_free(a);
}

static void test_depth(void **state)
{
	struct arena *a = arena_new();
	struct param_spec specs[16];
	struct param_check check = {.arena = a, .specs = specs};
	struct param *out;
	struct err err;
	struct pos pos;
	size_t n;

	(void)state;
	for (int i = 0; i < 16; i++) {
		struct str name = arena_printf(a, "p%d", i);
		struct str next = i ? arena_printf(a, "$(params.p%d)", i - 1) : STR("x");

		specs[i] = decl(name.p, next.p);
	}
	/* ten references deep is the most, whatever the order: p11 has eleven */
	check.n_specs = 11;
	assert_int_equal(param_resolve(&check, &out, &n, &pos, &err), 0);
	check.n_specs = 12;
	assert_int_equal(param_resolve(&check, &out, &n, &pos, &err), -1);
	assert_non_null(strstr(err.msg, "\"p11\""));
	for (int i = 0; i < 16; i++) {
		struct str name = arena_printf(a, "p%d", i);
		struct str next = i < 15 ? arena_printf(a, "$(params.p%d)", i + 1) : STR("x");

		specs[i] = decl(name.p, next.p);
	}
	assert_int_equal(param_resolve(&check, &out, &n, &pos, &err), -1);
	assert_int_equal(err.kind, ERR_SPEC);
	check.specs = specs + 15 - BOUND_PARAM_DEPTH;
	check.n_specs = BOUND_PARAM_DEPTH + 1;
	assert_int_equal(param_resolve(&check, &out, &n, &pos, &err), 0);
	arena_free(a);
}

/* Partial objects: merged with their default in a TaskRun, not in a PipelineRun. */
static void test_objects(void **state)
{
	struct arena *a = arena_new();
	struct value_key have[] = {{text("k1"), text("v1")}, {text("extra"), text("e")}};
	struct value_key fall[] = {{text("k1"), text("d1")}, {text("k2"), text("d2")}};
	struct property props[] = {
		{.name = text("k1")}, {.name = text("k2")}, {.name = text("k3")}};
	struct param_spec spec = {.name = text("o"),
		.type = VALUE_OBJECT,
		.properties = props,
		.n_properties = 3,
		.default_value = {.type = VALUE_OBJECT,
			.object = fall,
			.n_object = 2,
			.pos = {.line = 1}}};
	struct param given = {.name = text("o"),
		.value = {.type = VALUE_OBJECT,
			.object = have,
			.n_object = 2,
			.pos = {.line = 1}}};
	struct param_check check = {
		.arena = a, .specs = &spec, .n_specs = 1, .given = &given, .n_given = 1};
	struct rig rr = {.arena = a}, *r = &rr;
	struct param *out;
	struct err err;
	struct pos pos;
	size_t n;

	(void)state;
	assert_str(param_missing_keys(&check), "map[o:[k3]]");
	assert_int_equal(param_missing(&check).n, 0);
	assert_int_equal(param_resolve(&check, &out, &n, &pos, &err), 0);
	assert_int_equal(out[0].value.n_object, 2);
	param_resolve_task(&check, &out, &n);
	assert_int_equal(out[0].value.n_object, 3);
	assert_str(out[0].value.object[0].value.s, "v1");
	assert_str(out[0].value.object[2].value.s, "d2");
	arena_free(a);
}

/* An object that its default would complete in a TaskRun is told of where it is given. */
static void test_partial_warning(void **state)
{
#define PARTIAL(given)                                                                         \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: p}\nspec:\n"           \
	"  params: [{name: o, value: " given "}]\n"                                            \
	"  pipelineSpec: {params: [{name: o, type: object, properties: {a: {}, b: {}}, "       \
	"default: {a: x, b: d}}], tasks: [{name: a, taskSpec: {steps: [{image: x}]}}]}\n"
	struct rig *r = rig_run(PARTIAL("{a: z}"), NULL, 0);

	(void)state;
	assert_int_equal(r->diags.n, 1);
	assert_int_equal(r->diags.items[0].severity, DIAG_WARNING);
	assert_int_equal(r->diags.items[0].pos.line, 5);
	assert_int_equal(r->diags.items[0].pos.col, 29);
	assert_non_null(strstr(str_c(r->diags.items[0].msg), "has no key [b]"));
	rig_free(r);
	r = rig_run(PARTIAL("{a: z, b: z, c: z}"), NULL, 0);
	assert_int_equal(r->diags.n, 0);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_partial_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
