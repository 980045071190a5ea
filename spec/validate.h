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

#endif
