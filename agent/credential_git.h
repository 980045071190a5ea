/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The credential files of git and ssh, and what they share with those of docker: which Secret
 * is for which URL, and the files made so far.
 */
#ifndef AGENT_CREDENTIAL_GIT_H
#define AGENT_CREDENTIAL_GIT_H

#include <base/err.h>
#include <base/vec.h>
#include <monopod/runner.h>

struct login { /* one Secret for one URL, host or registry */
	const struct data_object *secret;
	struct str url; /* as the annotation has it */
};
typedef VEC(struct login) login_vec;

struct creds {
	struct arena *arena;
	login_vec git;    /* basic-auth */
	login_vec ssh;    /* ssh-auth */
	login_vec docker; /* basic-auth */
	VEC(struct launch_file) files;
};

enum { CREDENTIAL_FILE_BYTES = 16 * 1048576 };

/* The value of a key; p is NULL when the Secret does not have it. */
struct str credential_key(const struct data_object *o, const char *key);
/* A file below LAUNCH_SECRETS; both are borrowed. */
void credential_file(struct creds *c, struct str path, struct str value);
/* .gitconfig, .git-credentials and what is in .ssh. ERR_NOT_FOUND: an annotation names no URL.
 */
int credential_git(struct creds *c, struct err *err);

#endif
