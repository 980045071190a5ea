/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The person's side of a visit: a pseudo-terminal of its own, or pipes, between this process
 * and the visitor, and this process between those and where it was started. The visitor never
 * has a descriptor of the person's: what is in a step must not type into the person's terminal
 * (TIOCSTI), nor open again a file that its output was sent to.
 */
#ifndef ENTRYPOINT_SHELL_CLIENT_H
#define ENTRYPOINT_SHELL_CLIENT_H

#include <base/err.h>
#include <base/str.h>
#include <stdbool.h>

struct shell_client;

/* With a terminal when standard input and output are one. */
int shell_client_new(struct shell_client **ret, struct err *err);
bool shell_client_has_terminal(const struct shell_client *c);
/* Sends the visitor's ends over the connection; they are closed here. */
int shell_client_hand_over(struct shell_client *c, int channel_fd, struct err *err);
/*
 * Until the visitor has ended: its exit code, or 128 + the signal that ended this process. The
 * terminal is as it was, however this ends. -1: it did not start, or its end is not known.
 */
int shell_client_run(struct shell_client *c, int channel_fd, int *ret_status, struct err *err);
void shell_client_free(struct shell_client *c);

#endif
