/* SPDX-License-Identifier: Apache-2.0 */
/* `shell`: into a step of a running run, or past the breakpoint that it waits at. */
#include "cmd.h"
#include "control.h"
#include "input.h"
#include "record.h"
#include "shell_client.h"
#include "visit_request.h"

#include <base/bounds.h>
#include <base/buf.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/log.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROGRAM_MAX = 16 * MIB };

struct shell {
	const struct options *o;
	struct arena *arena;
	struct visit_request request;
	int channel_fd;
};

/* --- a shell for images that have none --------------------------------------------------- */

/* It runs where no loader and no library is. */
static bool is_static(struct str file)
{
	Elf64_Ehdr head;
	Elf64_Phdr part;

	if (file.n < sizeof(head))
		return false;
	memcpy(&head, file.p, sizeof(head));
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
		head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof(part) ||
		head.e_phoff > file.n || head.e_phnum > (file.n - head.e_phoff) / sizeof(part))
		return false;
	for (size_t i = 0; i < head.e_phnum; i++) {
		memcpy(&part, file.p + head.e_phoff + i * sizeof(part), sizeof(part));
		if (part.p_type == PT_INTERP)
			return false;
	}
	return true;
}

/* A sealed copy: what is in the step may execute it, and that is all. */
static int program_seal(struct str file, struct err *err)
{
	int fd cleanup_fd = memfd_create("sh", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || fchmod(fd, 0755) < 0)
		return err_sys(err, "make a memory file");
	if (fd_write_all(fd, file.p, file.n, err))
		return -1;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) <
		0)
		return err_sys(err, "seal a memory file");
	return fd_take(&fd);
}

/* -1: there is none. */
static int program_find(struct arena *a)
{
	const char *const places[] = {getenv("MONOPOD_SHELL"), VISIT_PROGRAM_PLACE,
		"/usr/lib/monopod/busybox", "/bin/busybox", "/usr/bin/busybox"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct err err = {0};
		struct str file;
		int fd;

		if (!places[i] || file_read(a, AT_FDCWD, places[i], PROGRAM_MAX, &file, &err))
			continue;
		fd = is_static(file) ? program_seal(file, &err) : -1;
		if (fd >= 0)
			return fd;
	}
	return -1;
}

/* --- the request ------------------------------------------------------------------------- */

static struct str term_name(void)
{
	const struct str term = str_z(getenv("TERM"));

	return visit_is_term(term) ? term : STR_NONE;
}

static int request_send(const struct shell *s, bool has_terminal, struct err *err)
{
	struct visit_request r = s->request;
	struct buf b cleanup_buf = {0};

	if (has_terminal)
		r.term = term_name();
	buf_init(&b, VISIT_REQUEST_MAX);
	visit_request_print(&r, &b);
	if (b.full)
		return err_set(err, ERR_USAGE, "the command is longer than %d bytes",
			VISIT_REQUEST_MAX);
	if (send(s->channel_fd, b.p, b.n, MSG_NOSIGNAL) < 0)
		return err_sys(err, "ask the run");
	return 0;
}

/* The agent may have hung up in the middle; what it said before, or did not, tells why. */
static int request_sent(int rc, struct err *err)
{
	if (rc == 0 || (err->sys != EPIPE && err->sys != ECONNRESET))
		return rc;
	*err = (struct err){0};
	return 0;
}

static int request_end(const struct shell *s, struct err *err)
{
	return send(s->channel_fd, ".", 1, MSG_NOSIGNAL) < 0 ? err_sys(err, "ask the run") : 0;
}

static int shell_enter(struct shell *s, int *ret_status, struct err *err)
{
	struct shell_client *c;
	int program_fd cleanup_fd = s->o->n_command ? -1 : program_find(s->arena);
	int rc;

	if (shell_client_new(&c, err))
		return -1;
	rc = request_send(s, shell_client_has_terminal(c), err);
	if (rc == 0)
		rc = shell_client_hand_over(c, s->channel_fd, err);
	if (rc == 0 && program_fd >= 0)
		rc = fd_send(s->channel_fd, "p", 1, program_fd, err);
	if (rc == 0)
		rc = request_end(s, err);
	rc = request_sent(rc, err);
	if (rc == 0)
		rc = shell_client_run(c, s->channel_fd, ret_status, err);
	shell_client_free(c);
	return rc;
}

/* --continue, --fail. */
static int shell_release(struct shell *s, struct err *err)
{
	struct visit_reply r;
	ssize_t n;

	if (request_sent(request_send(s, false, err) || request_end(s, err) ? -1 : 0, err))
		return -1;
	n = recv(s->channel_fd, &r, sizeof(r), 0);
	if (n < 0 || !visit_reply_check(&r, (size_t)n) || r.kind < VISIT_DONE)
		return err_set(err, ERR_NOT_FOUND,
			"the run is over, or does not take orders of this user");
	if (r.kind != VISIT_DONE)
		return err_set(err, (enum err_kind)r.value, "%s", r.text);
	log_info("step '%s' goes on%s", r.text, s->o->shell_fail ? ", as failed" : "");
	return 0;
}

static struct str word_at(const struct options *o, size_t i)
{
	/* --run-dir stands for the first word */
	i -= o->run_dir.n > 0;
	return i < o->n_args ? o->args[i] : STR_NONE;
}

static int shell_open(struct shell *s, struct err *err)
{
	struct record *r;
	size_t n;

	if (s->o->shell_continue + s->o->shell_fail + (s->o->n_command > 0) > 1)
		return err_set(err, ERR_USAGE,
			"options '--continue' and '--fail', and a command: expected one of "
			"them");
	if (record_asked(s->o, s->arena, &r, &n, err))
		return -1;
	s->request.run = record_name(&r[0]);
	s->request.task = word_at(s->o, 1);
	s->request.step = word_at(s->o, 2);
	s->channel_fd = control_visit(record_control_dir(s->arena, r[0].path), err);
	return s->channel_fd < 0 ? -1 : 0;
}

int cmd_shell(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	struct shell s = {.o = o, .arena = a, .channel_fd = -1};
	struct err err = {0};
	int status = EXIT_RUN_OK;
	int rc;

	s.request = (struct visit_request){.command = o->command, .n_command = o->n_command};
	if (o->n_command)
		s.request.verb = VISIT_EXEC;
	else if (o->shell_continue || o->shell_fail)
		s.request.verb = o->shell_fail ? VISIT_FAIL : VISIT_CONTINUE;
	rc = shell_open(&s, &err);
	if (rc == 0 && (o->shell_continue || o->shell_fail))
		rc = shell_release(&s, &err);
	else if (rc == 0)
		rc = shell_enter(&s, &status, &err);
	fd_close(&s.channel_fd);
	return rc ? input_refuse(o, &err) : status;
}
