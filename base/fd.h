/* SPDX-License-Identifier: Apache-2.0 */
/* Owned descriptors: a variable or field ending in _fd, -1 when empty, close-on-exec from
 * birth. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <base/attr.h>
#include <base/err.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Closes and sets -1; keeps errno; never retried on EINTR (the descriptor is gone on Linux). */
void fd_close(int *fd);
int fd_take(int *fd); /* moves out, leaves -1 */
#define cleanup_fd attr_cleanup(fd_close)

int fd_pipe(int *ret_read_fd, int *ret_write_fd, struct err *err);
int fd_socketpair(int *ret_a_fd, int *ret_b_fd, struct err *err); /* SOCK_SEQPACKET */
int fd_set_nonblock(int fd, struct err *err);
int fd_write_all(
	int fd, const void *p, size_t n, struct err *err); /* blocking fds; EINTR retried */
/* For a reader that may have stopped taking (a pipe, a terminal; blocking or not): each time
 * waits at most so long for room, then ETIMEDOUT. *ret_done tells how much was written, always.
 */
int fd_write_patient(
	int fd, const void *p, size_t n, int patience_ms, size_t *ret_done, struct err *err);
/* SCM_RIGHTS: sends or takes exactly one descriptor with at most n bytes of data (at least
 * one: an empty message looks like the end). Anything else that arrives is an error, and
 * closed. */
int fd_send(int sock_fd, const void *p, size_t n, int fd, struct err *err);
int fd_receive(int sock_fd, void *p, size_t n, size_t *ret_n, int *ret_fd, struct err *err);

/* What a sync fails with on file systems that have none (FUSE, 9p): nothing better is to be
 * had there, so it is no error of the file. */
bool fd_cannot_sync(int sys);

#endif
