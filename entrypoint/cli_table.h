/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind the command line; private to cli.c, cli_table.c and cli_help.c. */
#ifndef ENTRYPOINT_CLI_TABLE_H
#define ENTRYPOINT_CLI_TABLE_H

#include "cli.h"

struct parser; /* cli.c */
typedef int option_fn(struct parser *p, struct str value, struct err *err);

/* How a value gets into struct options. */
enum option_kind {
	OPTION_FLAG, /* bool at offset */
	OPTION_TEXT, /* struct str at offset */
	OPTION_PATH, /* struct str at offset, made absolute */
	OPTION_FN,   /* fn does it */
};

/* Sets of options that verbs take. */
enum option_group {
	GROUP_INPUT = 1,  /* files, name, params */
	GROUP_BIND = 2,   /* workspaces and volumes */
	GROUP_IMAGES = 4, /* where images come from */
	GROUP_STORE = 8,
	GROUP_RUN = 16,    /* how a run is carried out */
	GROUP_OUTPUT = 32, /* -o and colour */
	GROUP_PACK = 64,
	GROUP_LOGS = 128,
	GROUP_HELP = 256,
	GROUP_ALWAYS = 512,
	GROUP_RUN_DIR = 1024,
	GROUP_MAP = 2048, /* one image for another */
	GROUP_CANCEL = 4096,
	GROUP_DESCRIBE = 8192,
	GROUP_COLLECT = 16384,
	GROUP_PLAN = 32768,
	GROUP_POD = 65536,
	GROUP_SHELL = 131072, /* and the words behind "--" are a command */
};

struct option_row {
	char letter;      /* 0: none */
	const char *name; /* without the dashes */
	const char *arg;  /* NULL: a flag */
	bool is_repeatable;
	bool is_optional; /* the value; given only as --NAME=VALUE */
	unsigned group;
	const char *help; /* one paragraph, no full stop at its end */
	enum option_kind kind;
	size_t offset;
	option_fn *fn;
};

struct verb {
	const char *name;
	const char *usage;
	const char *summary; /* one line */
	const char *details; /* paragraphs for help VERB and the man page; may be empty */
	cli_verb_fn *fn;
	unsigned groups;
	size_t max_words;
	bool needs_file;
};

extern const struct option_row option_rows[];
extern const size_t option_rows_n;
extern const struct verb verbs[];
extern const size_t verbs_n;

/* NULL with an ERR_USAGE that names the nearest verb. */
const struct verb *verb_find(struct str name, struct err *err);
bool verb_takes(const struct verb *v, const struct option_row *row);
const struct option_row *option_by_name(const struct verb *v, struct str name);
const struct option_row *option_by_letter(const struct verb *v, char letter);
bool option_is_later(struct str name); /* in the manual, but not built yet */
/* word is without its dashes and without a value. */
const struct option_row *option_nearest(const struct verb *v, struct str word);

/* The takers of OPTION_FN rows, in cli.c. */
option_fn option_file;
option_fn option_param;
option_fn option_workspace;
option_fn option_volume;
option_fn option_template_claim;
option_fn option_host_path;
option_fn option_images;
option_fn option_image_map;
option_fn option_image_map_file;
option_fn option_debug;
option_fn option_output;
option_fn option_max_parallel;
option_fn option_profile;
option_fn option_grace;
option_fn option_keep;
option_fn option_log_limit;
option_fn option_require_isolation;
option_fn option_verbose;
option_fn option_quiet;
option_fn option_env;
option_fn option_attempt;
option_fn option_resume;

int cmd_help(const struct options *o);
int cmd_version(const struct options *o);

#endif
