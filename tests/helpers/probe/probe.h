/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the program that tests run inside steps; each command prints plain lines. */
#ifndef PROBE_H
#define PROBE_H

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

int number(const char *s);
void say(const char *name, long ret); /* "name=ok", or "name=ERRNO" when ret is below 0 */

/* look.c */
int cmd_ids(char **argv);
int cmd_fds(char **argv);
int cmd_cat(char **argv);
int cmd_stat(char **argv);
int cmd_list(char **argv);
int cmd_cwd(char **argv);
int cmd_env(char **argv);
int cmd_echo(char **argv);
int cmd_limits(char **argv);
int cmd_ns(char **argv);
int cmd_write(char **argv);
int cmd_chown(char **argv);
int cmd_chmod(char **argv);
int cmd_remove(char **argv);
int cmd_rename(char **argv);

/* end.c */
int cmd_exit(char **argv);
int cmd_die(char **argv);
__attribute__((noreturn)) int cmd_abort(char **argv);
int cmd_orphan(char **argv);
int cmd_wait(char **argv);
int cmd_family(char **argv);
int cmd_trap(char **argv);
int cmd_zombie(char **argv);

/* attack.c */
long attack_clone(unsigned long flags);
long attack_open(const char *path, int flags);
long attack_socket(int family, int type, int protocol);
void attacks_init(void);
void attacks_kernel(void);
void attacks_abi(void);
void attacks_proc(void); /* writing what the machine is set up by */
void put_file(const char *path, const char *text);
int cmd_proc(char **argv);
int cmd_nested(char **argv);
int cmd_attack(char **argv);
int cmd_chroot_escape(char **argv);

/* privileged.c */
int cmd_privileged(char **argv);

/* meet.c */
int cmd_connect(char **argv);
int cmd_loopback(char **argv);
int cmd_serve(char **argv);
int cmd_abstract(char **argv);
int cmd_meet_at(char **argv);
int cmd_meet(char **argv);
int cmd_watch(char **argv);
int cmd_others(char **argv);
int cmd_trace(char **argv);
int cmd_seize(char **argv);

#endif
