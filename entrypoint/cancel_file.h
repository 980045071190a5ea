/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that says that the run is to stop: one word of PipelineRun.spec.status (Cancelled,
 * CancelledRunFinally, StoppedRunFinally). It is how an annotation of a pod reaches the agent
 * without a network: the kubelet writes it into a downward API volume, a new directory each
 * time, and swaps the link "..data" (Kubernetes' atomic writer).
 */
#ifndef ENTRYPOINT_CANCEL_FILE_H
#define ENTRYPOINT_CANCEL_FILE_H

#include <base/err.h>
#include <base/loop.h>
#include <base/str.h>
#include <monopod/runner.h>

struct cancel_file;

/*
 * Watches the file, by inotify on its directory, else once a second. asked is called for each
 * word that is understood and not the last one; first from here, when one is there already. A
 * file that is missing or empty says nothing; a word that is none, and what takes its place and
 * is no plain file, is told once and ignored. ERR_USAGE: its directory is not there, or it is
 * no plain file now. Links are followed.
 */
int cancel_file_open(struct loop *loop, struct str path,
	void (*asked)(void *arg, enum cancel_mode mode), void *arg, struct cancel_file **ret,
	struct err *err);
void cancel_file_close(struct cancel_file *c); /* NULL is fine */

#endif
