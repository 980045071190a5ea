/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of system calls: files below the directory that --seccomp-profile-root names. */
#ifndef ENTRYPOINT_PROFILE_H
#define ENTRYPOINT_PROFILE_H

#include "options.h"

#include <monopod/spec.h>

/* Reads every profile that the input names; errors go to its diagnostics. */
void profile_read(const struct options *o, struct spec *s);

#endif
