/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monopod's main: phases in order, nothing else.
 *
 *   1. words → options        (cli.c)     may exit with a message
 *   2. options → verb         (cmd_*.c)   may exit with a message
 *   3. a run has started      (cmd_run.c) may not exit any more: it records, stops its steps,
 *                                         writes the report and the termination file, ends
 */
#include "cli.h"
#include "cmd.h"
#include "options.h"

#include <base/arena.h>
#include <base/log.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/* A program started with a closed standard descriptor would hand its first file to its steps.
 */
static void std_fds_fill(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY); /* as fd */
	}
}

/*
 * Whoever starts us may ignore SIGCHLD (then nothing could be waited for) and limit the size of
 * files (then a write would kill the run; it is to fail, and be told).
 */
static void signals_settle(void)
{
	(void)sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	(void)sigaction(SIGXFSZ, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

int main(int argc, char **argv)
{
	struct arena *a cleanup_arena = arena_new();
	struct options options;
	cli_verb_fn *verb;
	int code;

	std_fds_fill();
	signals_settle();
	(void)umask(022);
	code = cli_parse(a, argc, argv, &options, &verb);
	if (code >= 0)
		return code;
	log_set_level(options.log_level);
	return verb(&options);
}
