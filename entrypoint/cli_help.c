/* SPDX-License-Identifier: Apache-2.0 */
/* `help`, `help VERB` and the manual page, made from the tables. */
#include "cli_table.h"

#include <base/bounds.h>
#include <monopod/version.h>

enum { HELP_COLUMN = 26, HELP_VERB_COLUMN = 12, HELP_WIDTH = 90 };

/* Wraps words from column `from` on; the first line is already indented. */
static void help_wrap(struct buf *out, const char *text, size_t from)
{
	size_t col = from;
	struct str rest = str_z(text);
	bool first = true;
	while (rest.n) {
		struct str word, tail = STR_NONE;
		if (!str_cut(rest, ' ', &word, &tail))
			word = rest;
		if (!first && col + 1 + word.n > HELP_WIDTH) {
			buf_addf(out, "\n%*s", (int)from, "");
			col = from;
			first = true;
		}
		if (!first) {
			buf_addc(out, ' ');
			col++;
		}
		buf_adds(out, word);
		col += word.n;
		first = false;
		rest = tail;
	}
	buf_addc(out, '\n');
}

static void help_row(struct buf *out, struct str left, size_t column, const char *text)
{
	buf_adds(out, left);
	if (left.n + 2 > column)
		buf_addf(out, "\n%*s", (int)column, "");
	else
		buf_addf(out, "%*s", (int)(column - left.n), "");
	help_wrap(out, text, column);
}

static void help_option(struct buf *out, const struct option_row *row)
{
	struct buf left;
	buf_init(&left, KIB);
	buf_addf(&left, "  %c%c%s --%s", row->letter ? '-' : ' ',
		row->letter ? row->letter : ' ', row->letter ? "," : " ", row->name);
	if (row->arg)
		buf_addf(&left, row->is_optional ? "[=%s]" : " %s", row->arg);
	help_row(out, buf_str(&left), HELP_COLUMN, row->help);
	buf_release(&left);
}

static void help_overview(struct buf *out)
{
	buf_addz(out, "monopod runs a whole Tekton pipeline inside one pod, or at a desk.\n\n"
		      "usage: monopod VERB [OPTION]... [WORD]...\n\n");
	for (size_t i = 0; i < verbs_n; i++) {
		struct buf left;
		buf_init(&left, KIB);
		buf_addf(&left, "  %s", verbs[i].name);
		help_row(out, buf_str(&left), HELP_VERB_COLUMN, verbs[i].summary);
		buf_release(&left);
	}
	buf_addz(out, "\n'monopod help VERB' tells the rest.\n");
}

static void help_verb(const struct verb *v, struct buf *out)
{
	buf_addf(out, "monopod %s: %s\n\nusage: monopod %s%s%s%s\n", v->name, v->summary,
		v->name, v->groups ? " [OPTION]..." : "", *v->usage ? " " : "", v->usage);
	if (*v->details) {
		buf_addc(out, '\n');
		help_wrap(out, v->details, 0);
	}
	buf_addz(out, "\noptions:\n");
	for (size_t i = 0; i < option_rows_n; i++)
		if (verb_takes(v, &option_rows[i]))
			help_option(out, &option_rows[i]);
}

int cli_help(struct str verb, struct buf *out, struct err *err)
{
	const struct verb *v;
	if (verb.n == 0) {
		help_overview(out);
		return 0;
	}
	v = verb_find(verb, err);
	if (!v)
		return -1;
	help_verb(v, out);
	return 0;
}

/* --- roff ---------------------------------------------------------------------------- */

static void man_text(struct buf *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '-')
			buf_addz(out, "\\-");
		else if (*c == '\\')
			buf_addz(out, "\\e");
		else if ((*c == '\'' || *c == '.') && (c == text || c[-1] == '\n'))
			buf_addf(out, "\\&%c", *c);
		else
			buf_addc(out, *c);
	}
}

static void man_option(struct buf *out, const struct option_row *row)
{
	buf_addz(out, ".TP\n");
	if (row->letter)
		buf_addf(out, "\\fB\\-%c\\fR, ", row->letter);
	buf_addz(out, "\\fB\\-\\-");
	man_text(out, row->name);
	buf_addz(out, "\\fR");
	if (row->arg) {
		buf_addz(out, row->is_optional ? "[=\\fI" : " \\fI");
		man_text(out, row->arg);
		buf_addz(out, row->is_optional ? "\\fR]" : "\\fR");
	}
	buf_addc(out, '\n');
	man_text(out, row->help);
	buf_addz(out, ".\n");
}

static void man_verb(struct buf *out, const struct verb *v)
{
	buf_addf(out, ".SS %s ", v->name);
	man_text(out, v->usage);
	buf_addc(out, '\n');
	man_text(out, v->summary);
	buf_addz(out, ".\n");
	if (*v->details) {
		buf_addz(out, ".PP\n");
		man_text(out, v->details);
		buf_addc(out, '\n');
	}
	for (size_t i = 0; i < option_rows_n; i++)
		if ((option_rows[i].group & v->groups) != 0)
			man_option(out, &option_rows[i]);
}

static const char man_end[] =
	".SH EXIT STATUS\n"
	".TP\n\\fB0\\fR\nthe run succeeded (Succeeded or Completed)\n"
	".TP\n\\fB1\\fR\nit failed, timeouts included\n"
	".TP\n\\fB2\\fR\nthe input is invalid; nothing was started\n"
	".TP\n\\fB3\\fR\nthis place cannot give what was asked (isolation, an image, a "
	"writable place); nothing was "
	"started\n"
	".TP\n\\fB4\\fR\nan error of monopod's own or of the machine\n"
	".TP\n\\fB130\\fR, \\fB143\\fR\na SIGINT or SIGTERM ended it\n"
	".SH SIGNALS\n"
	"The first SIGTERM, SIGINT or SIGHUP cancels the run gracefully: running steps get "
	"SIGTERM, finally tasks run within "
	"the grace. A second one cancels at once. The record is written before the exit, "
	"always.\n"
	".SH FILES\n"
	".TP\n\\fB.monopod/runs/\\fINAME\\-NNNN\\fR\na run directory: journal, run.json, "
	"logs/\\fITASKRUN\\fR/"
	"\\fIATTEMPT\\fR/\\fISTEP\\fR.log, workspaces/, results/\n"
	".TP\n\\fB/dev/termination\\-log\\fR\nthe termination file that Kubernetes reads\n"
	".SH ENVIRONMENT\n"
	".TP\n\\fBMONOPOD_STORE\\fR\nwhere unpacked layers live\n"
	".TP\n\\fBNO_COLOR\\fR\nwhen not empty: no colour\n";

void cli_man(struct buf *out)
{
	buf_addz(out,
		".TH MONOPOD 1 \"\" \"monopod " MONOPOD_VERSION "\" \"User Commands\"\n"
		".SH NAME\nmonopod \\- run a whole Tekton pipeline inside one pod\n"
		".SH SYNOPSIS\n.B monopod\n\\fIVERB\\fR [\\fIOPTION\\fR]... [\\fIWORD\\fR]...\n"
		".SH DESCRIPTION\n"
		"monopod reads Tekton v1 YAML, schedules every task itself, runs every step of "
		"every task in a "
		"sandbox of its own from the step's own container image, and writes the "
		"outcome to a termination "
		"file. No cluster, no daemon, no network.\n"
		".SH VERBS\n");
	for (size_t i = 0; i < verbs_n; i++)
		man_verb(out, &verbs[i]);
	buf_addz(out, ".SH COMMON OPTIONS\n");
	for (size_t i = 0; i < option_rows_n; i++)
		if (option_rows[i].group & GROUP_ALWAYS)
			man_option(out, &option_rows[i]);
	buf_addz(out, man_end);
}
