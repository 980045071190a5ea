/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials as files, byte by byte (section 24), and what may not become one. */
#include "agent_rig.h"

#define RUN                                                                                    \
	"apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: tr}\nspec:\n"              \
	"  serviceAccountName: bot\n  taskSpec: {steps: [{name: s, image: x}]}\n"
#define SECRET(name, annotations, type, data)                                                  \
	"---\napiVersion: v1\nkind: Secret\nmetadata: {name: " name                            \
	", annotations: {" annotations "}}\ntype: kubernetes.io/" type "\nstringData: {" data  \
	"}\n"
#define BASIC(name, annotations, user, password)                                               \
	SECRET(name, annotations, "basic-auth", "username: " user ", password: " password)
#define SSH(name, annotations, more)                                                           \
	SECRET(name, annotations, "ssh-auth", "ssh-privatekey: key-of-" name more)
#define CONFIG(name, json) SECRET(name, "", "dockerconfigjson", ".dockerconfigjson: '" json "'")
#define CFG(name, json)    SECRET(name, "", "dockercfg", ".dockercfg: '" json "'")
#define GIT(n, url)        "tekton.dev/git-" n ": " url
#define DOCKER(n, url)     "tekton.dev/docker-" n ": " url

/* A run whose account lists the Secrets a, b, c and d. */
static struct rig *started(const char *secrets)
{
	cleanup_arena struct arena *a = arena_new();
	struct rig *r = rig_new(str_c(arena_printf(a,
		RUN "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: bot}\n"
		    "secrets: [{name: a}, {name: b}, {name: c}, {name: a}, {name: none}]\n%s",
		secrets)));

	r->holds_tasks = true;
	rig_start(r, NULL, 0);
	return r;
}

static const struct launch_volume *volume(struct rig *r)
{
	const struct task_launch *l = rig_launch(r, "tr");

	for (size_t i = 0; i < l->n_volumes; i++) {
		if (str_eqz(l->volumes[i].name, "credentials"))
			return &l->volumes[i];
	}
	return NULL;
}

struct file_case {
	const char *what;
	const char *secrets;
	const char *path;
	const char *want; /* NULL: no such file */
};

static void check_files(const struct file_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct rig *r = started(cases[i].secrets);
		const struct launch_volume *v = volume(r);
		struct str got = STR_NONE;

		for (size_t k = 0; v && k < v->n_files; k++) {
			assert_true(v->files[k].is_secret);
			assert_int_equal(v->files[k].mode, 0444);
			if (str_eqz(v->files[k].path, cases[i].path)) {
				assert_null(got.p);
				got = v->files[k].value;
			}
		}
		if (cases[i].want ? !str_eqz(got, cases[i].want) : got.p != NULL) {
			print_error("%s: %s\n", cases[i].what, cases[i].path);
			assert_string_equal(str_c(arena_str(r->arena, got)),
				cases[i].want ? cases[i].want : "");
		}
		rig_free(r);
	}
}

#define HELPER "[credential]\n\thelper = store\n"

static void test_gitconfig(void **state)
{
	static const struct file_case cases[] = {
		{"one host", BASIC("a", GIT("0", "https://h.example"), "u", "p"),
			".home/.gitconfig",
			HELPER "[credential \"https://h.example\"]\n\tusername = u\n"},
		{"values order the annotations, not their names",
			BASIC("a", GIT("0", "https://z") ", " GIT("1", "https://b"), "u", "p"),
			".home/.gitconfig",
			HELPER "[credential \"https://b\"]\n\tusername = u\n"
			       "[credential \"https://z\"]\n\tusername = u\n"},
		{"the account orders the Secrets",
			BASIC("b", GIT("0", "https://a"), "ub", "p")
				BASIC("a", GIT("0", "https://z"), "ua", "p"),
			".home/.gitconfig",
			HELPER "[credential \"https://z\"]\n\tusername = ua\n"
			       "[credential \"https://a\"]\n\tusername = ub\n"},
		{"a path", BASIC("a", GIT("x", "https://h:8443/o/r"), "u", "p"),
			".home/.gitconfig",
			HELPER "[credential \"https://h:8443/o/r\"]\n\tusername = u\n"
			       "\tuseHttpPath = true\n"},
		{"a slash is no path", BASIC("a", GIT("x", "https://h/"), "u", "p"),
			".home/.gitconfig",
			HELPER "[credential \"https://h/\"]\n\tusername = u\n"},
		{"backslashes", BASIC("a", GIT("0", "https://h"), "'foo\\bar\\banana'", "p"),
			".home/.gitconfig",
			HELPER "[credential \"https://h\"]\n"
			       "\tusername = foo\\\\bar\\\\banana\n"},
		{"a user that ends the line",
			BASIC("a", GIT("0", "https://h"), "\"u\\n[core]\\n\\tpager = evil\"",
				"p"),
			".home/.gitconfig",
			HELPER "[credential \"https://h\"]\n"
			       "\tusername = \"u\\n[core]\\n\tpager = evil\"\n"},
		{"a comment, quotes and blanks",
			BASIC("a", GIT("0", "https://h"), "' #;\"x\" '", "p"),
			".home/.gitconfig",
			HELPER "[credential \"https://h\"]\n"
			       "\tusername = \" #;\\\"x\\\" \"\n"},
		{"a section that ends in its URL",
			BASIC("a", GIT("0", "'https://h/\"]\\x'"), "u", "p"),
			".home/.gitconfig",
			HELPER "[credential \"https://h/\\\"]\\\\x\"]\n\tusername = u\n"
			       "\tuseHttpPath = true\n"},
		{"no annotation", BASIC("a", "other: https://h", "u", "p"), ".home/.gitconfig",
			NULL},
		{"another's Secret", BASIC("d", GIT("0", "https://h"), "u", "p"),
			".home/.gitconfig", NULL},
		{"another type",
			SECRET("a", GIT("0", "https://h"), "tls",
				"tls.crt: x, tls.key: x, username: u, password: p"),
			".home/.gitconfig", NULL},
		{"an ssh key for a repository", SSH("a", GIT("0", "h/o/r.git"), ""),
			".home/.gitconfig",
			"[url \"git@h--o--r:o/r.git\"]\n\tinsteadOf = git@h:o/r.git\n"
			"[url \"ssh://git@h--o--r/o/r.git\"]\n"
			"\tinsteadOf = ssh://git@h/o/r.git\n"
			"\tinsteadOf = ssh://git@h:22/o/r.git\n"
			"[url \"ssh://h--o--r/o/r.git\"]\n"
			"\tinsteadOf = ssh://h/o/r.git\n"
			"\tinsteadOf = ssh://h:22/o/r.git\n"},
		{"both",
			SSH("b", GIT("0", "h:2222/r"), "")
				BASIC("a", GIT("0", "https://h"), "u", "p"),
			".home/.gitconfig",
			HELPER "[credential \"https://h\"]\n\tusername = u\n"
			       "[url \"git@h--r:r.git\"]\n\tinsteadOf = git@h:r.git\n"
			       "[url \"ssh://git@h--r/r.git\"]\n"
			       "\tinsteadOf = ssh://git@h/r.git\n"
			       "\tinsteadOf = ssh://git@h:2222/r.git\n"
			       "[url \"ssh://h--r/r.git\"]\n"
			       "\tinsteadOf = ssh://h/r.git\n"
			       "\tinsteadOf = ssh://h:2222/r.git\n"},
	};

	(void)state;
	check_files(cases, ARRAY_SIZE(cases));
}

static void test_git_credentials(void **state)
{
	static const struct file_case cases[] = {
		{"hosts before paths, else as they come",
			BASIC("a", GIT("0", "https://h/o/r") ", " GIT("1", "https://h"), "u",
				"p") BASIC("b", GIT("0", "http://i:80"), "v", "q"),
			".home/.git-credentials",
			"https://u:p@h\nhttp://v:q@i:80\nhttps://u:p@h/o/r\n"},
		{"what Go escapes in a user and a password",
			BASIC("a", GIT("0", "https://h"), "'a@b:c/d?e#f g\\'",
				"'-_.~$&+,;=!*()%[]\"é'"),
			".home/.git-credentials",
			"https://a%40b%3Ac%2Fd%3Fe%23f%20g%5C:-_.~$&+,;=%21%2A%28%29%25%5B%5D%"
			"22%C3%A9@h\n"},
		{"line ends",
			BASIC("a", GIT("0", "https://h"), "\"u\\n\"",
				"\"p\\r\\nhttps://x:y@evil\""),
			".home/.git-credentials",
			"https://u%0A:p%0D%0Ahttps%3A%2F%2Fx%3Ay%40evil@h\n"},
		{"an empty password", BASIC("a", GIT("0", "https://h"), "u", "''"),
			".home/.git-credentials", "https://u:@h\n"},
		{"a user in the URL gives way",
			BASIC("a", GIT("0", "HTTPS://old:pw@h/x"), "u", "p"),
			".home/.git-credentials", "https://u:p@h/x\n"},
		{"no scheme, as Tekton writes it", BASIC("a", GIT("0", "h.example"), "u", "p"),
			".home/.git-credentials", "//u:p@h.example\n"},
		{"a path that must be escaped",
			BASIC("a", GIT("0", "'https://h/a b/%2F/\"ü'"), "u", "p"),
			".home/.git-credentials", "https://u:p@h/a%20b/%2F/%22%C3%BC\n"},
		{"an address", BASIC("a", GIT("0", "'http://[::1]:80/x'"), "u", "p"),
			".home/.git-credentials", "http://u:p@[::1]:80/x\n"},
		{"a key alone has none", SSH("a", GIT("0", "h"), ""), ".home/.git-credentials",
			NULL},
	};

	(void)state;
	check_files(cases, ARRAY_SIZE(cases));
}

#define KEY(name)        "    IdentityFile /tekton/creds/.ssh/id_" name "\n"
#define HOST(host, port) "Host " host "\n    HostName " host "\n    Port " port "\n"

static void test_ssh(void **state)
{
	static const struct file_case cases[] = {
		{"a host", SSH("a", GIT("0", "h.example"), ""), ".home/.ssh/config",
			HOST("h.example", "22") KEY("a")},
		{"a port", SSH("a", GIT("0", "'h:2222'"), ""), ".home/.ssh/config",
			HOST("h", "2222") KEY("a")},
		{"addresses", SSH("a", GIT("0", "'[::1]:2222'") ", " GIT("1", "'::2'"), ""),
			".home/.ssh/config",
			HOST("::2", "22") KEY("a") HOST("::1", "2222") KEY("a")},
		{"a URL", SSH("a", GIT("0", "ssh://git@h:23/"), ""), ".home/.ssh/config",
			HOST("h", "23") KEY("a")},
		{"several keys for a host, hosts as they come",
			SSH("a", GIT("0", "h"), "") SSH("b", GIT("0", "g"), "")
				SSH("c", GIT("0", "h"), ""),
			".home/.ssh/config",
			HOST("h", "22") KEY("a") KEY("c") HOST("g", "22") KEY("b")},
		{"hosts before repositories",
			SSH("a", GIT("0", "'h:2222/o/r.git/'"), "") SSH("b", GIT("0", "h"), ""),
			".home/.ssh/config",
			HOST("h", "22") KEY("b") "Host h--o--r\n    HostName h\n    Port "
						 "2222\n" KEY("a")},
		{"the key", SSH("a", GIT("0", "h"), ""), ".home/.ssh/id_a", "key-of-a"},
		{"a key for two hosts is there once",
			SSH("a", GIT("0", "h") ", " GIT("1", "i"), ", known_hosts: k"),
			".home/.ssh/known_hosts", "k"},
		{"known hosts, one after the other",
			SSH("b", GIT("0", "h"), ", known_hosts: kb") SSH("a", GIT("0", "i"),
				", known_hosts: \"ka\\n\"") SSH("c", GIT("0", "j"), ""),
			".home/.ssh/known_hosts", "ka\n\nkb"},
		{"none known", SSH("a", GIT("0", "h"), ""), ".home/.ssh/known_hosts", NULL},
		{"the Secret itself", SSH("a", GIT("0", "h"), ", more: m"), "a/more", "m"},
		{"docker has no use for it", SSH("a", DOCKER("0", "h"), ""),
			".home/.docker/config.json", NULL},
		{"nor is it of use then", SSH("a", DOCKER("0", "h"), ""), "a/ssh-privatekey",
			NULL},
	};

	(void)state;
	check_files(cases, ARRAY_SIZE(cases));
}

static void test_docker(void **state)
{
	static const struct file_case cases[] = {
		{"a login", BASIC("a", DOCKER("0", "https://r"), "u", "p"),
			".home/.docker/config.json",
			"{\"auths\":{\"https://r\":{\"username\":\"u\",\"password\":\"p\","
			"\"auth\":\"dTpw\",\"email\":\"not@val.id\"}}}"},
		{"what survives of a configuration, in order",
			CONFIG("a", "{\"auths\":{\"z\":{\"auth\":\"QQ==\",\"x\":1},"
				    "\"b\":{\"email\":\"e\",\"username\":\"<u>\",\"auth\":"
				    "null},"
				    "\"n\":null},\"credsStore\":\"s\"}"),
			".home/.docker/config.json",
			"{\"auths\":{\"b\":{\"username\":\"\\u003cu\\u003e\",\"auth\":\"\","
			"\"email\":\"e\"},\"n\":{\"auth\":\"\"},\"z\":{\"auth\":\"QQ==\"}}}"},
		{"the old form", CFG("a", "{\"r\":{\"auth\":\"QQ==\"}}"),
			".home/.docker/config.json", "{\"auths\":{\"r\":{\"auth\":\"QQ==\"}}}"},
		{"a login wins over a configuration, that over the old form",
			BASIC("a", DOCKER("0", "r"), "u", "''") CONFIG("b",
				"{\"auths\":{\"r\":{\"auth\":\"Qg==\"},\"s\":{\"auth\":"
				"\"Qg==\"}}}")
				CFG("c", "{\"r\":{\"auth\":\"Qw==\"},\"s\":{\"auth\":\"Qw==\"},"
					 "\"t\":{\"auth\":\"Qw==\"}}"),
			".home/.docker/config.json",
			"{\"auths\":{\"r\":{\"username\":\"u\",\"auth\":\"dTo=\",\"email\":"
			"\"not@val.id\"},\"s\":{\"auth\":\"Qg==\"},\"t\":{\"auth\":\"Qw==\"}}"
			"}"},
		{"of two of a kind the later",
			CONFIG("b", "{\"auths\":{\"r\":{\"auth\":\"Qg==\"}}}")
				CONFIG("a", "{\"auths\":{\"r\":{\"auth\":\"QQ==\"}}}"),
			".home/.docker/config.json", "{\"auths\":{\"r\":{\"auth\":\"Qg==\"}}}"},
		{"nothing in it", CONFIG("a", "{\"auths\":{}}"), ".home/.docker/config.json",
			NULL},
		{"nothing of it", CONFIG("a", "{}"), ".home/.docker/config.json", NULL},
	};

	(void)state;
	check_files(cases, ARRAY_SIZE(cases));
}

/* Broken or hostile: nothing starts, and the Secret is named. */
static void test_refused(void **state)
{
	static const struct {
		const char *secrets, *message;
	} cases[] = {
		{SECRET("a", GIT("0", "https://h"), "basic-auth", "username: u"),
			"couldn't find key password in secret \"a\""},
		{SECRET("a", DOCKER("0", "r"), "basic-auth", "password: p"),
			"couldn't find key username in secret \"a\""},
		{BASIC("a", GIT("0", "https://h"), "u", "p")
				BASIC("b", GIT("0", "https://h"), "v", "q"),
			"secrets \"a\" and \"b\" are both annotated for \"https://h\""},
		{BASIC("a", DOCKER("0", "r") ", " DOCKER("1", "r"), "u", "p"),
			"secrets \"a\" and \"a\" are both annotated for \"r\""},
		{BASIC("a", GIT("0", "https://h?a=b"), "u", "p"), "expected a URL without '='"},
		{BASIC("a", GIT("0", "\"https://h\\n[core]\""), "u", "p"),
			"annotation \"https://h?[core]\": expected a URL"},
		{BASIC("a", GIT("0", "\"https://h\\t\""), "u", "p"), "expected a URL"},
		{BASIC("a", GIT("0", "https://h:port"), "u", "p"), "expected a URL"},
		{BASIC("a", GIT("0", "'https://h\" x'"), "u", "p"), "expected a URL"},
		{BASIC("a", GIT("0", "https://h/%zz"), "u", "p"), "expected a URL"},
		{BASIC("a", GIT("0", "''"), "u", "p"), "expected a URL"},
		{BASIC("a", GIT("0", "'1:x'"), "u", "p"), "expected a URL"},
		{"---\napiVersion: v1\nkind: Secret\nmetadata: {name: a, annotations: "
		 "{tekton.dev/git-0: https://h}}\ntype: kubernetes.io/basic-auth\n"
		 "data: {username: YQBi, password: cA==}\n",
			"username without NUL"},
		{SSH("a", GIT("0", "\"h\\n    ProxyCommand evil\""), ""),
			"annotation \"h?????ProxyCommand?evil\": expected host"},
		{SSH("a", GIT("0", "'h ProxyCommand'"), ""), "expected host[:port]"},
		{SSH("a", GIT("0", "'*'"), ""), "expected host[:port]"},
		{SSH("a", GIT("0", "'-oProxyCommand'"), ""), "expected host[:port]"},
		{SSH("a", GIT("0", "'h:x'"), ""), "expected host[:port]"},
		{SSH("a", GIT("0", "'h:65536'"), ""), "expected host[:port]"},
		{SSH("a", GIT("0", "'h:0'"), ""), "expected host[:port]"},
		{SSH("a", GIT("0", "'git@h:o/r'"), ""), "expected host[:port]"},
		{SSH("a", GIT("0", "'h/o\"]'"), ""), "expected host[:port]"},
		{SSH("a", GIT("0", "'h/o r'"), ""), "expected host[:port]"},
		{SSH("a", GIT("0", "''"), ""), "expected host[:port]"},
		{SSH("a", GIT("0", "/r"), ""), "expected host[:port]"},
		{CONFIG("a", "{\"auths\":[]}"), "in secret \"a\": expected a docker"},
		{CONFIG("a", "{\"auths\":{\"r\":{\"auth\":1}}}"), "expected a docker"},
		{CONFIG("a", "{\"auths\":{\"r\":[]}}"), "expected a docker"},
		{CFG("a", "{\"r\":\"x\"}"), "key .dockercfg in secret \"a\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *r = started(cases[i].secrets);
		const struct task_run_view *t = rig_task(r, "tr");
		const char *message = str_c(arena_str(r->arena, t->condition.message));

		assert_condition(t->condition, CONDITION_FALSE, "CreateContainerConfigError");
		if (!strstr(message, cases[i].message))
			fail_msg("%zu: '%s' is not in: %s", i, cases[i].message, message);
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gitconfig),
		cmocka_unit_test(test_git_credentials),
		cmocka_unit_test(test_ssh),
		cmocka_unit_test(test_docker),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
