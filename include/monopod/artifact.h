/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Artifacts: what a step says of the things it took in and made, in a JSON file of its own or
 * of its task (tekton-semantics 8). The file is foreign; parsing it is bounded and never trusts
 * it.
 */
#ifndef MONOPOD_ARTIFACT_H
#define MONOPOD_ARTIFACT_H

#include <base/arena.h>
#include <base/err.h>
#include <base/json.h>
#include <base/str.h>

/* In /tekton/artifacts and in artifacts/ of a step's own directory. */
#define ARTIFACTS_FILE "provenance.json"

struct artifact_digest {
	struct str algorithm;
	struct str hex; /* as written */
};
struct artifact_value {
	struct str uri;
	struct artifact_digest *digests; /* by algorithm */
	size_t n_digests;
};
struct artifact {
	struct str name;
	struct artifact_value *values;
	size_t n_values;
	bool build_output;
};
struct artifact_list {
	struct artifact *items;
	size_t n;
};
struct artifacts {
	struct artifact_list inputs;
	struct artifact_list outputs;
};

static inline bool artifacts_any(const struct artifacts *a)
{
	return a->inputs.n || a->outputs.n;
}

/*
 * Reads a file's text as Go reads it into Tekton's type: unknown members are skipped, null
 * counts as absent, names match without regard to case. Everything is copied into the arena.
 * ERR_SPEC when it is not JSON or not of that shape, ERR_LIMIT when it holds too much.
 */
int artifacts_parse(struct arena *a, struct str text, struct artifacts *ret, struct err *err);

/*
 * All of them in one, by name in the order in which names come: values that are there already
 * are left out, and what is a build output once stays one. Texts are borrowed.
 */
struct artifacts artifacts_join(struct arena *a, const struct artifacts *sets, size_t n);

/*
 * What $(steps.S.WHICH) and $(tasks.T.WHICH) stand for, WHICH being inputs.NAME or
 * outputs.NAME; without a name the first of them. False: there is no such artifact.
 */
bool artifacts_values(
	const struct artifacts *set, struct str which, struct arena *a, struct str *ret);

/* The members inputs and outputs, those that are not empty, of an object that is open. */
void artifacts_put(const struct artifacts *set, struct json_writer *w);

#endif
