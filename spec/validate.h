/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of a decoded spec, private to spec/: what Tekton's admission refuses (section 28). */
#ifndef SPEC_VALIDATE_H
#define SPEC_VALIDATE_H

#include <monopod/spec.h>

/*
 * Validates every Task, Pipeline, PipelineRun and TaskRun of the spec and adds what it finds to
 * s->diags (stage DIAG_ADMISSION). Called once by spec_load after decoding; tolerates whatever
 * a decoder leaves behind after its own errors (absent texts, NULL specs, empty lists).
 */
void validate_spec(struct spec *s);

/*
 * Takes problems out of a finished list that only follow from another one of the same object:
 * a field is not called "not supported" beside a mistake in it, and what a misspelt key
 * would have brought is not called missing or unknown.
 */
void followup_drop(struct diags *d);

#endif
