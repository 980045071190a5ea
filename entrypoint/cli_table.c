/* SPDX-License-Identifier: Apache-2.0 */
/* What verbs and options there are. Everything that is said about them anywhere comes from
 * here. */
#include "cli_table.h"

const struct option_row option_rows[] = {
	{.letter = 'f',
		.name = "file",
		.arg = "PATH",
		.is_repeatable = true,
		.group = GROUP_INPUT,
		.kind = OPTION_FN,
		.fn = option_file,
		.help = "a YAML or JSON file, a directory of them, or '-' for standard input; "
			"repeatable; the order of definitions does not matter"},
	{.letter = 'p',
		.name = "param",
		.arg = "NAME=VALUE",
		.is_repeatable = true,
		.group = GROUP_INPUT,
		.kind = OPTION_FN,
		.fn = option_param,
		.help = "a param of the run, instead of the value in the file; repeatable; "
			"arrays and objects as JSON"},
	{.letter = 'w',
		.name = "workspace",
		.arg = "NAME=DIR",
		.is_repeatable = true,
		.group = GROUP_BIND | GROUP_INPUT,
		.kind = OPTION_FN,
		.fn = option_workspace,
		.help = "bind a directory to a workspace of the run, or a fresh one with "
			"NAME=emptyDir; repeatable"},
	{.name = "volume",
		.arg = "CLAIM=DIR",
		.is_repeatable = true,
		.group = GROUP_BIND,
		.kind = OPTION_FN,
		.fn = option_volume,
		.help = "the directory that stands for a PersistentVolumeClaim; without it one "
			"is made in the run directory; repeatable"},
	{.name = "template-claim",
		.arg = "WORKSPACE=CLAIM",
		.is_repeatable = true,
		.group = GROUP_BIND,
		.kind = OPTION_FN,
		.fn = option_template_claim,
		.help = "the name of the claim that was made from the volumeClaimTemplate of a "
			"workspace, for --volume and $(workspaces.W.claim); default: one that "
			"is made up; repeatable"},
	{.name = "object-dir",
		.arg = "DIR",
		.group = GROUP_BIND,
		.kind = OPTION_PATH,
		.offset = offsetof(struct options, object_dir),
		.help = "ConfigMaps and Secrets as a pod mounts them, beside those of the "
			"files: DIR/configmaps/NAME/KEY and DIR/secrets/NAME/KEY; what type a "
			"Secret is of, and its annotations, are in DIR/secrets.meta"},
	{.name = "allow-host-path",
		.arg = "PREFIX",
		.is_repeatable = true,
		.group = GROUP_BIND | GROUP_INPUT,
		.kind = OPTION_FN,
		.fn = option_host_path,
		.help = "let hostPath volumes name what lies below this directory; without it "
			"they are refused; repeatable"},
	{.name = "seccomp-profile-root",
		.arg = "DIR",
		.group = GROUP_BIND | GROUP_INPUT,
		.kind = OPTION_PATH,
		.offset = offsetof(struct options, profile_root),
		.help = "where the files of seccompProfile.localhostProfile are; without it "
			"profiles of type Localhost are refused"},
	{.name = "images",
		.arg = "PATH",
		.is_repeatable = true,
		.group = GROUP_IMAGES,
		.kind = OPTION_FN,
		.fn = option_images,
		.help = "an OCI layout directory, or an OCI or docker archive, to take images "
			"from; repeatable"},
	{.name = "image-map",
		.arg = "REF=TARGET",
		.is_repeatable = true,
		.group = GROUP_MAP,
		.kind = OPTION_FN,
		.fn = option_image_map,
		.help = "run images that match REF ('*' matches any text) from TARGET: another "
			"reference, dir:PATH (an unpacked root file system) or host (a "
			"read-only view of this machine's root); repeatable"},
	{.name = "image-map-file",
		.arg = "FILE",
		.is_repeatable = true,
		.group = GROUP_MAP,
		.kind = OPTION_FN,
		.fn = option_image_map_file,
		.help = "a file of such lines; '#' starts a comment; repeatable"},
	{.name = "image-lock",
		.arg = "FILE",
		.group = GROUP_MAP,
		.kind = OPTION_PATH,
		.offset = offsetof(struct options, image_lock),
		.help = "a file of 'image lock': an image that is not the locked one is "
			"refused, and a dir:PATH of the map is run as the image in the file "
			"would be; 'image lock' writes it"},
	{.name = "store",
		.arg = "DIR",
		.group = GROUP_STORE,
		.kind = OPTION_PATH,
		.offset = offsetof(struct options, store),
		.help = "where unpacked layers live; default $MONOPOD_STORE, else "
			"/var/lib/monopod for root, else $XDG_DATA_HOME/monopod"},
	{.name = "run-dir",
		.arg = "DIR",
		.group = GROUP_RUN | GROUP_RUN_DIR,
		.kind = OPTION_PATH,
		.offset = offsetof(struct options, run_dir),
		.help = "where everything about this run is kept; default "
			".monopod/runs/NAME-NNNN, or /run/monopod in a container"},
	{.name = "termination-log",
		.arg = "PATH",
		.group = GROUP_RUN,
		.kind = OPTION_PATH,
		.offset = offsetof(struct options, termination_log),
		.help = "the termination file; default /dev/termination-log when it exists"},
	{.name = "cancel-file",
		.arg = "PATH",
		.group = GROUP_RUN,
		.kind = OPTION_PATH,
		.offset = offsetof(struct options, cancel_file),
		.help = "a plain file to watch: once it says Cancelled, CancelledRunFinally or "
			"StoppedRunFinally, that is done, and the exit code is 143"},
	{.name = "results-dir",
		.arg = "DIR",
		.group = GROUP_RUN,
		.kind = OPTION_PATH,
		.offset = offsetof(struct options, results_dir),
		.help = "write one file for each pipeline result there, when the run has "
			"ended: "
			"strings as they are, arrays and objects as JSON; of a step in a "
			"Tekton Task: "
			"/tekton/results"},
	{.name = "log-record",
		.group = GROUP_RUN | GROUP_POD,
		.kind = OPTION_FLAG,
		.offset = offsetof(struct options, log_record),
		.help = "at the end print run.json among the output, packed, in lines that no "
			"step can forge; 'collect --log' takes it from there"},
	{.letter = 'o',
		.name = "output",
		.arg = "FORMAT",
		.group = GROUP_OUTPUT,
		.kind = OPTION_FN,
		.fn = option_output,
		.help = "auto (a live view on a terminal, plain elsewhere), plain, or json; "
			"plan also takes dot"},
	{.name = "require-isolation",
		.arg = "LEVEL",
		.group = GROUP_RUN | GROUP_POD,
		.kind = OPTION_FN,
		.fn = option_require_isolation,
		.help = "refuse to run when this place gives less: root, user or user-single, "
			"as probe names them; default: the strongest that works"},
	{.name = "hermetic",
		.group = GROUP_RUN | GROUP_POD,
		.kind = OPTION_FLAG,
		.offset = offsetof(struct options, hermetic),
		.help = "no task has a network, or the run is refused"},
	{.name = "debug",
		.arg = "WHERE",
		.is_repeatable = true,
		.group = GROUP_RUN,
		.kind = OPTION_FN,
		.fn = option_debug,
		.help = "breakpoints, as of TaskRun's debug.breakpoints: on-failure keeps "
			"every "
			"step that fails, before-step=TASK/STEP one that is to start, until "
			"'monopod "
			"shell' says how to go on; repeatable"},
	{.name = "max-parallel",
		.arg = "N",
		.group = GROUP_RUN | GROUP_PLAN | GROUP_POD,
		.kind = OPTION_FN,
		.fn = option_max_parallel,
		.help = "task runs at once; default: as many as open files allow"},
	{.name = "grace",
		.arg = "DURATION",
		.group = GROUP_RUN | GROUP_POD,
		.kind = OPTION_FN,
		.fn = option_grace,
		.help = "time to end in after a signal; default 25s"},
	{.name = "log-limit",
		.arg = "SIZE",
		.group = GROUP_RUN | GROUP_POD,
		.kind = OPTION_FN,
		.fn = option_log_limit,
		.help = "keep at most about SIZE (64Mi, 1G) of the log of each step: its "
			"beginning "
			"and, at least half of SIZE, its end; what is dropped in between is "
			"told; "
			"default: everything is kept"},
	{.name = "keep",
		.arg = "N|failed|all",
		.group = GROUP_RUN,
		.kind = OPTION_FN,
		.fn = option_keep,
		.help = "at the end, of the run directories NAME-NNNN of this name keep the "
			"newest "
			"N, this one included, or this one and those that did not succeed; "
			"default: all. One of a run that is running or was interrupted stays "
			"in "
			"any case"},
	{.name = "dry-run",
		.group = GROUP_RUN,
		.kind = OPTION_FLAG,
		.offset = offsetof(struct options, dry_run),
		.help = "everything but starting processes"},
	{.name = "resume",
		.arg = "force",
		.is_optional = true,
		.group = GROUP_RUN,
		.kind = OPTION_FN,
		.fn = option_resume,
		.help = "go on with the interrupted run in the run directory, or start it when "
			"there is none; without --run-dir in the newest; =force: also with "
			"another input or other options than it was started with"},
	{.name = "no-color",
		.group = GROUP_OUTPUT,
		.kind = OPTION_FLAG,
		.offset = offsetof(struct options, no_color),
		.help = "no colour; so does NO_COLOR"},
	{.name = "tag",
		.arg = "REF",
		.group = GROUP_PACK,
		.kind = OPTION_TEXT,
		.offset = offsetof(struct options, pack_tag),
		.help = "the reference the packed image gets"},
	{.name = "layout",
		.arg = "DIR",
		.group = GROUP_PACK,
		.kind = OPTION_PATH,
		.offset = offsetof(struct options, pack_layout),
		.help = "pack into this OCI layout directory, made when missing; default: the "
			"store"},
	{.name = "entrypoint",
		.arg = "JSON",
		.group = GROUP_PACK,
		.kind = OPTION_TEXT,
		.offset = offsetof(struct options, pack_entrypoint),
		.help = "ENTRYPOINT of the packed image, an array of strings"},
	{.name = "cmd",
		.arg = "JSON",
		.group = GROUP_PACK,
		.kind = OPTION_TEXT,
		.offset = offsetof(struct options, pack_cmd),
		.help = "CMD of the packed image, an array of strings"},
	{.name = "env",
		.arg = "NAME=VALUE",
		.is_repeatable = true,
		.group = GROUP_PACK,
		.kind = OPTION_FN,
		.fn = option_env,
		.help = "ENV of the packed image; repeatable"},
	{.name = "user",
		.arg = "USER[:GROUP]",
		.group = GROUP_PACK,
		.kind = OPTION_TEXT,
		.offset = offsetof(struct options, pack_user),
		.help = "USER of the packed image"},
	{.name = "workdir",
		.arg = "PATH",
		.group = GROUP_PACK,
		.kind = OPTION_TEXT,
		.offset = offsetof(struct options, pack_workdir),
		.help = "WORKDIR of the packed image"},
	{.name = "graceful",
		.group = GROUP_CANCEL,
		.kind = OPTION_FLAG,
		.offset = offsetof(struct options, graceful),
		.help = "CancelledRunFinally: running tasks are cancelled, finally tasks run"},
	{.name = "stop",
		.group = GROUP_CANCEL,
		.kind = OPTION_FLAG,
		.offset = offsetof(struct options, stop),
		.help = "StoppedRunFinally: what runs may finish, nothing new starts, finally "
			"tasks run"},
	{.name = "continue",
		.group = GROUP_SHELL,
		.kind = OPTION_FLAG,
		.offset = offsetof(struct options, shell_continue),
		.help = "end the wait at the breakpoint: a step that has not started starts, "
			"one "
			"that failed counts as a success"},
	{.name = "fail",
		.group = GROUP_SHELL,
		.kind = OPTION_FLAG,
		.offset = offsetof(struct options, shell_fail),
		.help = "end the wait at the breakpoint: the step fails, and what comes after "
			"it "
			"is skipped"},
	{.name = "journal",
		.group = GROUP_DESCRIBE,
		.kind = OPTION_FLAG,
		.offset = offsetof(struct options, journal),
		.help = "the records of the journal instead, one a line; with -o json one "
			"object a line"},
	{.name = "image",
		.arg = "IMAGE",
		.group = GROUP_POD,
		.kind = OPTION_TEXT,
		.offset = offsetof(struct options, pod_image),
		.help = "monopod's own image, whose ENTRYPOINT is the program"},
	{.name = "name",
		.arg = "NAME",
		.group = GROUP_POD,
		.kind = OPTION_TEXT,
		.offset = offsetof(struct options, pod_name),
		.help = "of the pod or job, and the beginning of all other names; default: the "
			"name of the run"},
	{.name = "namespace",
		.arg = "NAMESPACE",
		.group = GROUP_POD,
		.kind = OPTION_TEXT,
		.offset = offsetof(struct options, pod_namespace),
		.help = "default: the one of the run, or none, for kubectl to choose"},
	{.name = "profile",
		.arg = "PROFILE",
		.group = GROUP_POD,
		.kind = OPTION_FN,
		.fn = option_profile,
		.help = "the pod's security context: userns, default, restricted or "
			"privileged; without the option userns"},
	{.name = "job",
		.group = GROUP_POD,
		.kind = OPTION_FLAG,
		.offset = offsetof(struct options, is_job),
		.help = "a Job instead of a Pod"},
	{.name = "images-from",
		.arg = "volumes|CLAIM",
		.group = GROUP_POD,
		.kind = OPTION_TEXT,
		.offset = offsetof(struct options, images_from),
		.help = "where step images come from: image volumes (with --image-lock), or an "
			"OCI layout on a claim"},
	{.name = "run-claim",
		.arg = "CLAIM",
		.group = GROUP_POD,
		.kind = OPTION_TEXT,
		.offset = offsetof(struct options, run_claim),
		.help = "keep the run directory on this claim, in a directory called as the "
			"pod: the run outlives the pod, and goes on when its container is "
			"started again"},
	{.name = "resources",
		.group = GROUP_PLAN,
		.kind = OPTION_FLAG,
		.offset = offsetof(struct options, resources),
		.help = "with what is requested at most at one time, and by which tasks"},
	{.name = "attempt",
		.arg = "N",
		.group = GROUP_LOGS,
		.kind = OPTION_FN,
		.fn = option_attempt,
		.help = "which attempt of a retried task, from 0; default: the last"},
	{.name = "log",
		.arg = "FILE",
		.group = GROUP_COLLECT,
		.kind = OPTION_TEXT,
		.offset = offsetof(struct options, collect_log),
		.help = "the log of the pod, or '-' for standard input, with the run.json that "
			"'run --log-record' printed into it"},
	{.name = "man",
		.group = GROUP_HELP,
		.kind = OPTION_FLAG,
		.offset = offsetof(struct options, help_man),
		.help = "print the manual page as roff"},
	{.letter = 'v',
		.name = "verbose",
		.group = GROUP_ALWAYS,
		.kind = OPTION_FN,
		.fn = option_verbose,
		.help = "say what is done"},
	{.letter = 'q',
		.name = "quiet",
		.group = GROUP_ALWAYS,
		.kind = OPTION_FN,
		.fn = option_quiet,
		.help = "only errors"},
};
const size_t option_rows_n = ARRAY_SIZE(option_rows);
_Static_assert(ARRAY_SIZE(option_rows) <= 64, "the parser keeps a bit for each row");

const struct verb verbs[] = {
	{"run", "-f PATH... [NAME]",
		"run a PipelineRun or TaskRun, or start a Pipeline or Task by name",
		"Runs every PipelineRun and TaskRun of the files, one after the other, also "
		"after a failure. NAME "
		"picks one of them; when the files hold no such run object, it names the "
		"Pipeline or Task to "
		"start.",
		cmd_run,
		GROUP_INPUT | GROUP_BIND | GROUP_IMAGES | GROUP_MAP | GROUP_STORE | GROUP_RUN |
			GROUP_OUTPUT,
		1, true},
	{"check", "-f PATH...", "read and validate; print every problem; run nothing",
		"Prints each problem with file:line:col, the line and a caret. Exit 0 when "
		"there is none (warnings "
		"do not count), 2 otherwise. -o json prints a list of problems.",
		cmd_check, GROUP_INPUT | GROUP_OUTPUT, 1, true},
	{"plan", "-f PATH... [NAME]", "show what would run, in which order and why",
		"Text by default; -o json for programs, -o dot for graphviz. With --resources "
		"the peak of the requests over the graph is told: of tasks that may run side "
		"by side the heaviest set, each with its largest step and all its sidecars.",
		cmd_plan, GROUP_INPUT | GROUP_OUTPUT | GROUP_PLAN, 1, true},
	{"pod", "-f PATH... [NAME] --image IMAGE",
		"print the Kubernetes objects that run a pipeline in one pod",
		"From the files and options of run: ConfigMaps with what the run needs of the "
		"input, and a Pod or a Job, as YAML, or as one List with -o json. It prints "
		"and talks to no cluster; what cannot be expressed is refused at its place. "
		"kubectl create -f - makes them.",
		cmd_pod, GROUP_INPUT | GROUP_MAP | GROUP_OUTPUT | GROUP_POD, 1, true},
	{"probe", "", "what isolation this place permits, each item with its evidence",
		"Each item is tried, nothing is inferred. The last line is the level that run "
		"would reach here.",
		cmd_probe, GROUP_STORE | GROUP_OUTPUT, 0, false},
	{"image",
		"list | import PATH [REF] | inspect REF | remove REF | pack DIR --tag REF | "
		"lock -f PATH... [NAME]",
		"the image store",
		"list shows the images of the store. import copies an image, or all, from an "
		"OCI layout directory "
		"or an archive into the store. inspect prints digest, config and layers. "
		"remove deletes an image "
		"and what nothing else needs. pack makes an image of one layer from a "
		"directory. lock looks up the images that a pipeline needs and writes what "
		"they are and how they are run, as a file for --image-lock, or to standard "
		"output.",
		cmd_image,
		GROUP_INPUT | GROUP_STORE | GROUP_IMAGES | GROUP_MAP | GROUP_PACK |
			GROUP_OUTPUT,
		3, false},
	{"describe", "[RUN]", "how a run went, from its run directory",
		"RUN is a run directory, its name below .monopod/runs, or the name of a run "
		"(then the newest of "
		"that name); without it the newest run. -o json prints the objects.",
		cmd_describe, GROUP_RUN_DIR | GROUP_OUTPUT | GROUP_DESCRIBE, 1, false},
	{"logs", "[RUN [TASK [STEP]]]", "the logs of a run, from its run directory",
		"All of them in the order the steps started, or those of one task (its name in "
		"the pipeline or the name of its TaskRun): each line with its step, control "
		"characters made visible. Of one step the bytes as they are, unless a terminal "
		"shows them.",
		cmd_logs, GROUP_RUN_DIR | GROUP_LOGS, 3, false},
	{"cancel", "[RUN]", "stop a running run",
		"RUN as in describe. Without an option the run is Cancelled at once; its exit "
		"code is "
		"143 and the record is written all the same. Of several runs in one command "
		"the current one "
		"is cancelled and the others are not started.",
		cmd_cancel, GROUP_RUN_DIR | GROUP_CANCEL, 1, false},
	{"shell", "[--continue | --fail] [RUN [TASK [STEP]]] [-- COMMAND...]",
		"a shell in a step that runs or waits at a breakpoint; --continue and --fail "
		"end the "
		"wait",
		"RUN as in describe; TASK and STEP as in logs, a sidecar by its name. Without "
		"them "
		"the only step that waits, or runs. The shell has the step's user, "
		"environment, "
		"directory, mounts, network and confinement, and no more rights. It is the "
		"image's "
		"own, or, when that has none, a static busybox of this machine's: "
		"MONOPOD_SHELL, "
		"/usr/local/lib/monopod/busybox or /bin/busybox. With a command, "
		"that is run instead, and its exit code is the verb's. What the visitor prints "
		"goes "
		"to the terminal as it is: neither masked nor made harmless.",
		cmd_shell, GROUP_RUN_DIR | GROUP_SHELL, 3, false},
	{"list", "[DIR]", "the runs below a directory",
		"Newest first, with status, reason, start and duration. A run without an end "
		"that "
		"nobody runs any more is Unknown, Interrupted. DIR is .monopod/runs by "
		"default.",
		cmd_list, GROUP_OUTPUT, 1, false},
	{"collect", "[FILE]", "what became of a run, from the Pod that it was in",
		"Reads a Pod, or a List of the pods of one run (the newest counts), as JSON "
		"from "
		"FILE or standard input and prints the run object with its status, and its "
		"TaskRuns as far as they are known: from the termination message; with "
		"--run-dir or --log from the whole run.json, which is believed when the "
		"message "
		"names its digest. -o plain is for people. The exit code is the one that run "
		"ended with; 3 also for a pod that cannot be started, 4 also for one that has "
		"not ended, and for an end that is not known.",
		cmd_collect, GROUP_RUN_DIR | GROUP_OUTPUT | GROUP_COLLECT, 1, false},
	{"help", "[VERB]", "this text, or what is to know about one verb", "", cmd_help,
		GROUP_HELP, 1, false},
	{"version", "", "the version", "", cmd_version, 0, 0, false},
};
const size_t verbs_n = ARRAY_SIZE(verbs);

/* Known from the manual of the whole product, not built yet. */
static const char *const later_options[] = {"isolation"};

const struct verb *verb_find(struct str name, struct err *err)
{
	size_t best = 3;
	const struct verb *near = NULL;
	if (str_eqz(name, "--help") || str_eqz(name, "-h"))
		name = STR("help");
	if (str_eqz(name, "--version") || str_eqz(name, "-V"))
		name = STR("version");
	for (size_t i = 0; i < verbs_n; i++) {
		size_t d = str_distance(name, str_z(verbs[i].name), 3);
		if (d == 0)
			return &verbs[i];
		if (d < best) {
			best = d;
			near = &verbs[i];
		}
	}
	if (near)
		err_set(err, ERR_USAGE, "verb '" STR_FMT "' is not known; did you mean '%s'?",
			STR_ARG(name), near->name);
	else
		err_set(err, ERR_USAGE, "verb '" STR_FMT "' is not known; see 'monopod help'",
			STR_ARG(name));
	return NULL;
}

bool verb_takes(const struct verb *v, const struct option_row *row)
{
	return (row->group & (v->groups | GROUP_ALWAYS)) != 0;
}

const struct option_row *option_by_name(const struct verb *v, struct str name)
{
	for (size_t i = 0; i < option_rows_n; i++)
		if (verb_takes(v, &option_rows[i]) && str_eqz(name, option_rows[i].name))
			return &option_rows[i];
	return NULL;
}

const struct option_row *option_by_letter(const struct verb *v, char letter)
{
	for (size_t i = 0; i < option_rows_n; i++)
		if (verb_takes(v, &option_rows[i]) && letter && option_rows[i].letter == letter)
			return &option_rows[i];
	return NULL;
}

bool option_is_later(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(later_options); i++)
		if (str_eqz(name, later_options[i]))
			return true;
	return false;
}

const struct option_row *option_nearest(const struct verb *v, struct str word)
{
	const struct option_row *near = NULL;
	size_t best = 3;
	for (size_t i = 0; i < option_rows_n; i++) {
		size_t d = str_distance(word, str_z(option_rows[i].name), best);
		if (!verb_takes(v, &option_rows[i]) || d >= best || d >= word.n)
			continue;
		best = d;
		near = &option_rows[i];
	}
	return near;
}
