/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the steps of a task run get of its ServiceAccount's Secrets (tekton-semantics 24): the
 * Secrets themselves, and the files that git, ssh and docker read in a home directory.
 */
#ifndef AGENT_CREDENTIAL_H
#define AGENT_CREDENTIAL_H

#include <base/err.h>
#include <monopod/runner.h>

/*
 * The files of LAUNCH_SECRETS: NAME/KEY of every Secret that matches, and below
 * LAUNCH_HOME_FILES what goes into the home. None when no Secret matches. ERR_NOT_FOUND: a
 * Secret that matches cannot become a credential.
 */
int credential_volume(struct arena *a, const struct spec *spec, struct str account,
	struct launch_volume *ret, struct err *err);

/*
 * Warns of an account, or of a Secret of it, that is not in the input: a login that is missing
 * is else found out by a step that fails. Once for each, whoever uses it.
 */
void credential_warn(const struct spec *spec, const struct text *account, struct diags *diags);

#endif
