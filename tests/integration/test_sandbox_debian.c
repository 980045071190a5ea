/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Debian image in a step: apt, dpkg, chown, su, tar and sshd work. The image is made once by
 * mmdebstrap and kept as build/cache/sandbox-debian.tar; without a mirror and without that file
 * the tests are skipped.
 */
#include "sandbox_fixture.h"

#include <sandbox/ns.h>

#define IMAGE     "build/cache/sandbox-debian.tar"
#define IMAGE_NEW "build/cache/sandbox-debian.new.tar"

static struct ended out;
static int tar_fd = -1;

static int run_program(char *const *argv)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return status;
}

static bool image_make(void)
{
	char *const argv[] = {ARG("/usr/bin/mmdebstrap"), ARG("--quiet"), ARG("--variant=apt"),
		ARG("--include=openssh-server,openssh-client"),
		ARG("--customize-hook=chroot \"$1\" sh -c 'cd /root && apt-get download sudo "
		    "hello'"),
		ARG("bookworm"), ARG(IMAGE_NEW), NULL};

	if (access(IMAGE, R_OK) == 0)
		return true;
	if (geteuid() != 0)
		return false;
	(void)mkdir("build", 0755);
	(void)mkdir("build/cache", 0755); /* may be there */
	return run_program(argv) == 0 && rename(IMAGE_NEW, IMAGE) == 0;
}

/* Unpacked as the place can: with the image's owners, with the run's, or squashed. */
static int image_unpack(void)
{
	struct err err = {0};
	struct str from = arena_printf(fix.a, "/proc/self/fd/%d", tar_fd);
	struct str to = arena_printf(fix.a, "%s/debian", fix.base);
	char *const argv[] = {ARG("/usr/bin/tar"), ARG("-x"), ARG("--numeric-owner"),
		ARG("--exclude=./dev/*"), ARG("-C"), (char *)(uintptr_t)to.p, ARG("-f"),
		(char *)(uintptr_t)from.p,
		fix.place == AS_SINGLE ? ARG("--no-same-owner") : ARG("--same-owner"), NULL};
	int dfd = fix_dir("debian", 0755), status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		(void)fcntl(tar_fd, F_SETFD, 0); /* for tar */
		if (fix.place == AS_USER && ns_join(fix.ns, &err))
			_exit(126);
		execv(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	return dfd;
}

static void debian(int dfd, struct sandbox_ns *ns, char *script)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char frontend[] = "DEBIAN_FRONTEND=noninteractive";
	char *const env[] = {path, frontend, NULL};
	struct sandbox_layer layer = {.dfd = dfd, .owners_are_real = fix.place == AS_ROOT};
	struct step s;

	fix_step(&s, (char *const[]){ARG("/bin/sh"), ARG("-ec"), script, NULL});
	s.c.layers = &layer;
	s.c.envp = env;
	s.c.ns = ns;
	s.c.is_hermetic = ns == fix.net;
	s.c.etc_hosts = STR("127.0.0.1 localhost\n");
	fix_run(&s, &out);
	if (!out.is_known || out.e.exec_errno || out.e.signal || out.e.code)
		fail_msg("errno %u, code %d, signal %d: %s", out.e.exec_errno, out.e.code,
			out.e.signal, out.text);
}

static char packages[] = "apt-get install -y /root/*.deb 2>&1\n"
			 "hello\n"
			 "stat -c '%U %A' /usr/bin/sudo\n"
			 "dpkg -s sudo | grep Status\n"
			 "apt-get remove -y hello 2>&1 && ! test -e /usr/bin/hello\n";

static char users[] = "useradd -m bob\n"
		      "su bob -c 'id -un; touch ~/x; stat -c %U:%G ~/x'\n"
		      "su bob -c 'grep CapEff /proc/self/status'\n"
		      "su -s /bin/sh nobody -c 'id -un'\n"
		      "mkdir /t && cd /t && touch a b && chown bob:bob a && chown nobody b\n"
		      "tar cf x.tar a b && mkdir o && tar xf x.tar -C o\n"
		      "stat -c '%n %U:%G' o/a o/b\n"
		      "chroot / id -un\n";

static char ssh[] =
	"useradd -m bob; mkdir -p /run/sshd\n"
	"ssh-keygen -q -t ed25519 -N '' -f /tmp/id\n"
	"cp /tmp/id.pub /etc/ssh/keys\n"
	"/usr/sbin/sshd -p 22 -E /tmp/log -o AuthorizedKeysFile=/etc/ssh/keys\n"
	"for u in root bob; do\n"
	"  ssh -ntt -o ConnectionAttempts=50 -o LogLevel=ERROR -i /tmp/id \\\n"
	"    -o StrictHostKeyChecking=no $u@127.0.0.1 'id -un; tty' || cat /tmp/log\n"
	"done\n";

static void test_debian(void **state)
{
	int dfd;

	(void)state;
	if (tar_fd < 0) {
		print_message("# skip: no %s and no mirror to make it from\n", IMAGE);
		skip();
	}
	dfd = image_unpack();
	if (fix.place == AS_SINGLE) { /* one id: no other users, and it says so */
		debian(dfd, fix.ns, ARG("id -un; dpkg -l | grep -c '^ii'"));
		assert_has(out.text, "root\n");
		close(dfd);
		return;
	}
	debian(dfd, fix.ns, packages);
	assert_has(out.text, "Hello, world!\n");
	assert_has(out.text, "root -rwsr-xr-x\n");
	assert_has(out.text, "Status: install ok installed\n");
	debian(dfd, fix.ns, users);
	assert_has(out.text, "bob\nbob:bob\nCapEff:\t0000000000000000\nnobody\n"
			     "o/a bob:bob\no/b nobody:root\nroot\n");
	debian(dfd, fix.net, ssh);
	assert_has(out.text, "root\r\n/dev/pts/");
	assert_has(out.text, "bob\r\n/dev/pts/");
	close(dfd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_debian),
	};

	(void)argc;
	if (image_make())
		tar_fd = open(IMAGE, O_RDONLY | O_CLOEXEC);
	return FIX_MAIN(tests);
}
