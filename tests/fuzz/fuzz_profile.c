/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a profile of system calls: refused with a reason, or read into rules that hold
 * what they promise and become a filter.
 */
#include <base/attr.h>
#include <monopod/spec.h>
#include <sandbox/seccomp.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rules(const struct seccomp_rules *r)
{
	BUG_ON((int)r->verdict >= VERDICT_N);
	for (size_t i = 0; i < r->n_rules; i++) {
		const struct seccomp_rule *one = &r->rules[i];

		BUG_ON(!one->n_names || (int)one->verdict >= VERDICT_N || one->err > 4095);
		for (size_t k = 0; k < one->n_args; k++)
			BUG_ON(one->args[k].index >= SECCOMP_ARGS ||
				(int)one->args[k].op >= SECCOMP_OP_N);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a cleanup_arena = arena_new();
	struct spec *s = spec_load(a, NULL, 0, &(struct spec_options){0});
	const struct str text = {.p = (const char *)data, .n = size};
	const struct seccomp_rules *r = NULL;
	struct sock_fprog f = {0};

	if (spec_read_profile(s, STR("in"), arena_str(a, text), &r)) {
		BUG_ON(!s->diags->n_errors);
		return 0;
	}
	check_rules(r);
	if (seccomp_compile_rules(r, data[size / 2], &f, NULL) == 0)
		free(f.filter);
	return 0;
}
