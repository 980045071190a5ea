/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that tests run inside steps: static, one sub-command each, plain lines out.
 * Attacks print "name=ERRNO" or "name=ok"; the test knows what is right.
 */
#include "probe/probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int number(const char *s)
{
	int n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (*s - '0');
	return n;
}

void say(const char *name, long ret)
{
	if (ret < 0)
		printf("%s=%s\n", name, strerrorname_np(errno));
	else
		printf("%s=ok\n", name);
}

static const struct command {
	const char *name;
	int (*run)(char **argv);
	int n_args;
} commands[] = {
	{"abort", cmd_abort, 0},
	{"abstract", cmd_abstract, 1},
	{"attack", cmd_attack, 0},
	{"cat", cmd_cat, 1},
	{"chmod", cmd_chmod, 1},
	{"chown", cmd_chown, 3},
	{"chroot-escape", cmd_chroot_escape, 0},
	{"connect", cmd_connect, 2},
	{"cwd", cmd_cwd, 0},
	{"die", cmd_die, 1},
	{"echo", cmd_echo, 0},
	{"env", cmd_env, 0},
	{"exit", cmd_exit, 1},
	{"family", cmd_family, 0},
	{"fds", cmd_fds, 0},
	{"ids", cmd_ids, 0},
	{"limits", cmd_limits, 0},
	{"list", cmd_list, 1},
	{"loopback", cmd_loopback, 1},
	{"ns", cmd_ns, 0},
	{"meet", cmd_meet, 0},
	{"meet-at", cmd_meet_at, 1},
	{"nested", cmd_nested, 0},
	{"orphan", cmd_orphan, 1},
	{"others", cmd_others, 0},
	{"privileged", cmd_privileged, 0},
	{"proc", cmd_proc, 0},
	{"remove", cmd_remove, 1},
	{"rename", cmd_rename, 2},
	{"seize", cmd_seize, 0},
	{"serve", cmd_serve, 1},
	{"stat", cmd_stat, 1},
	{"trace", cmd_trace, 0},
	{"trap", cmd_trap, 0},
	{"wait", cmd_wait, 0},
	{"watch", cmd_watch, 2},
	{"write", cmd_write, 2},
	{"zombie", cmd_zombie, 0},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < N_OF(commands); i++)
		if (strcmp(commands[i].name, argv[1]) == 0 && argc - 2 >= commands[i].n_args)
			return commands[i].run(argv + 2);
	fprintf(stderr, "probe: no such command\n");
	return 64;
}
