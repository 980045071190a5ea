# SPDX-License-Identifier: Apache-2.0
# TAP for shell tests: source it, then `monopod`, `is`, `like`, `like_glob`, `ok`, and `done_testing` at the end.
#
#   $T       a directory of the test's own, removed at the end
#   $IMAGES  a layout with one image, "busybox", from Debian's busybox-static
#   monopod  runs the program; sets $code, $out and $err (what it wrote)
#   yaml     writes standard input to $T/in.yaml
#   run, run_on, start_run, kill_run  a run of it, see below
#   script   writes a TaskRun of one step: script NAME < the script's text
set -u

MONOPOD=${MONOPOD:-build/debug/monopod}
case $MONOPOD in /*) ;; *) MONOPOD=$PWD/$MONOPOD ;; esac
TOP=${TOP:-$PWD}
export MONOPOD

tap_n=0
tap_bad=0
T=$(mktemp -d "${TMPDIR:-/tmp}/monopod-test.XXXXXX")
chmod 755 "$T"
trap 'tap_end' EXIT
trap 'exit 1' HUP INT TERM

tap_end() {
	umount -l "$T"/mnt* 2>/dev/null
	rm -rf "$T"
}

# ok STATUS NAME [DETAIL…]: 0 passes
ok() {
	local status=$1 name=$2
	shift 2
	tap_n=$((tap_n + 1))
	if [ "$status" -eq 0 ]; then
		echo "ok $tap_n - $name"
		return 0
	fi
	tap_bad=$((tap_bad + 1))
	echo "not ok $tap_n - $name"
	[ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
	return 1
}

# is GOT WANT NAME
is() {
	[ "$1" = "$2" ]
	ok $? "$3" "got:  $1" "want: $2"
}

# like TEXT PART NAME: the part must be somewhere in the text, each of its characters as it is
like() {
	case $1 in
	*"$2"*) ok 0 "$3" ;;
	*) ok 1 "$3" "there is no: $2" "in: $(printf '%s' "$1" | head -c 3000)" ;;
	esac
}

# unlike TEXT PART NAME
unlike() {
	case $1 in
	*"$2"*) ok 1 "$3" "must not be there: $2" "in: $(printf '%s' "$1" | head -c 3000)" ;;
	*) ok 0 "$3" ;;
	esac
}

# like_glob TEXT GLOB NAME: the glob must match somewhere in the text
like_glob() {
	case $1 in
	*$2*) ok 0 "$3" ;;
	*) ok 1 "$3" "no match for: $2" "in: $(printf '%s' "$1" | head -c 3000)" ;;
	esac
}

skip() { # NAME WHY
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() {
	echo "1..$tap_n"
	[ "$tap_bad" -eq 0 ]
	exit
}

# wait_for SECONDS COMMAND…: polls until the command succeeds
wait_for() {
	local limit=$(($1 * 20))
	shift
	while [ "$limit" -gt 0 ]; do
		"$@" && return 0
		limit=$((limit - 1))
		read -r -t 0.05 <>"$T/.never" || :
	done
	return 1
}
mkfifo "$T/.never"

monopod() {
	"$MONOPOD" "$@" >"$T/out" 2>"$T/err" </dev/null
	code=$?
	out=$(head -c 200000 "$T/out" | tr -d '\0')
	err=$(head -c 200000 "$T/err" | tr -d '\0')
}

# Runs $T/in.yaml in the run directory $T/run as that is; more options may follow.
run_on() {
	monopod run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" "$@"
}

# The same in a fresh one.
run() {
	rm -rf "$T/run"
	run_on "$@"
}

# start_run FILE [OPTION…]: in a fresh one and in the background; sets $pid, writes to $T/run.out and $T/run.err
start_run() {
	local file=$1
	shift
	rm -rf "$T/run"
	: >"$T/run.out" >"$T/run.err"
	"$MONOPOD" run -f "$file" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" "$@" >"$T/run.out" 2>"$T/run.err" </dev/null &
	pid=$!
}

kill_run() {
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
}

# dead PID…: none of them lives; one that nobody has waited for does not
dead() {
	local p
	for p; do
		! grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$p/status" || return 1
	done
}

# term [KEY]: what the termination file $T/term says, decoded by an independent program
term() {
	python3 tests/helpers/termination.py "$T/term" "$@"
}

yaml() {
	cat >"$T/in.yaml"
}

script() {
	yaml <<-YAML
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: $1}
		spec:
		  taskSpec:
		    results: [{name: r}]
		    steps:
		    - name: s
		      image: busybox
		      script: |
		$(sed 's/^/        /')
	YAML
}

# json EXPRESSION: of $T/run/run.json, d being the List; items by kind in `run` and `tasks`
json() {
	python3 - "$T/run/run.json" "$1" <<-'PY'
		import json, sys
		d = json.load(open(sys.argv[1]))
		run = d["items"][0]
		tasks = {i["metadata"]["name"]: i for i in d["items"] if i["kind"] == "TaskRun"}
		cond = lambda o: o["status"]["conditions"][0]
		print(eval(sys.argv[2]))
	PY
}

log() { # TASKRUN STEP: the whole log of the first attempt
	cat "$T/run/logs/$1/0/$2.log"
}

# as_user subids|single COMMAND…: as an unprivileged user, in a mount namespace whose /etc knows him
as_user() {
	local kind=$1 uid=43210
	shift
	mkdir -p "$T/etc"
	{
		cat /etc/passwd
		echo "monopod-test:x:$uid:$uid::$T/home:/bin/sh"
	} >"$T/etc/passwd"
	: >"$T/etc/subuid"
	[ "$kind" = single ] || echo "$uid:700000:65536" >"$T/etc/subuid"
	mkdir -p "$T/home"
	chown "$uid:$uid" "$T/home"
	unshare --mount --propagation private sh -c '
		for f in passwd subuid; do mount --bind "$1/etc/$f" /etc/$f || exit 99; done
		mount --bind "$1/etc/subuid" /etc/subgid || exit 99
		uid=$2
		home=$1/home
		shift 2
		HOME=$home exec setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"' \
		sh "$T" "$uid" "$@"
}

[ -x "$MONOPOD" ] || skip_all "no program at $MONOPOD"
STORE=${TEST_STORE:-$T/store}
IMAGES=$T/images
export STORE IMAGES
# the layout is made once and copied: it costs more than a test
cache=${BUILD:-$T}/tests/images-busybox
mkdir -p "$(dirname "$cache")"
(
	flock 9
	"$TOP/images/from-busybox.sh" "$cache" busybox >"$T/image.log" 2>&1
) 9>"$cache.lock" || skip_all "no image: $(tail -1 "$T/image.log")"
cp -r "$cache" "$IMAGES"
chmod -R a+rX "$IMAGES"
