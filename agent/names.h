/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the enums of agent/, as records and messages spell them. */
#ifndef AGENT_NAMES_H
#define AGENT_NAMES_H

#include "state.h"

const char *condition_status_name(enum condition_status s); /* "True", "False", "Unknown" */
const char *cancel_mode_name(enum cancel_mode m);           /* as spec.status spells it */
const char *release_name(enum release r);
const char *timer_kind_name(enum timer_kind k);
const char *outcome_name(enum outcome o);
const char *stop_cause_name(enum stop_cause c);

#endif
