/* SPDX-License-Identifier: Apache-2.0 */
/* stepTemplate: merged into every step (section 23). */
#ifndef AGENT_TEMPLATE_H
#define AGENT_TEMPLATE_H

#include <base/arena.h>
#include <monopod/spec.h>

/* A copy of the spec whose steps carry the template; the spec itself when there is none. */
const struct task_spec *template_merge(struct arena *a, const struct task_spec *ts);

#endif
