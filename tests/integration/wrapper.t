#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kubectl monopod, the plug-in, under dash and busybox' shell, with a kubectl that records its calls and plays a cluster.
. tests/helpers/tap.sh

PLUGIN=$TOP/wrapper/kubectl-monopod
python3 -c 'import yaml' 2>/dev/null || skip_all "no python3-yaml"
mkdir -p "$T/bin"
export MONOPOD_POLL=0.1

shellcheck -s sh "$PLUGIN" >"$T/out" 2>&1
ok $? "shellcheck" "$(cat "$T/out")"

# --- the cluster --------------------------------------------------------------------------------
# $S/phases   what each look at the pods finds: Pending, Running …, GONE (no pod), ERROR; the last one stays
# $S/log.N    what the Nth `logs -f` gives; `hold` in it: it goes on until the run is cancelled or deleted
# $S/POD.json  the Pod of that name, else $S/pod.json; $S/job what each look at the Job finds
#              $S/refuse: the cluster takes nothing but the first object
cat >"$T/bin/kubectl" <<'SH'
#!/bin/bash
printf '%s\n' "$*" >>"$S/calls"
since=
args=()
for a in "$@"; do
	case $a in
	--since-time=*) since=${a#*=} ;;
	--context=* | --namespace=*) ;;
	*) args+=("$a") ;;
	esac
done
set -- "${args[@]}"
play_log() {
	while IFS= read -r line; do
		case $line in
		*" hold") until [ -e "$S/cancelled" ] || [ -e "$S/deleted" ]; do read -r -t 0.05 <>"$S/never"; done ;;
		*) [[ $line < $since ]] || printf '%s\n' "$line" ;;
		esac
	done
}
case $1:$2 in
create:*)
	cp "$3" "$S/created" 2>/dev/null || cp "$4" "$S/created"
	echo configmap/sample-input
	[ ! -e "$S/refuse" ] || { echo 'Error from server (Forbidden): pods "sample" is forbidden: violates PodSecurity' >&2; exit 1; }
	cat "$S/kind" 2>/dev/null || echo pod/sample
	;;
get:pods)
	phase=$(head -n 1 "$S/phases")
	[ "$(wc -l <"$S/phases")" = 1 ] || sed -i 1d "$S/phases"
	[ ! -e "$S/deleted" ] || phase=GONE
	case $phase in
	GONE) ;;
	ERROR) echo 'The connection to the server was refused' >&2; exit 1 ;;
	*:*) printf 'sample-old Failed\n%s\n' "${phase/:/ }" ;; # POD:PHASE
	*) printf 'sample-old Failed\nsample-pod %s\n' "$phase" ;;
	esac
	;;
get:pod) [ ! -e "$S/unreadable" ] || { echo 'pods "sample-pod" is forbidden' >&2; exit 1; }
	[ ! -e "$S/deleted" ] && { cat "$S/$3.json" 2>/dev/null || cat "$S/pod.json"; } ;;
get:job)
	# what each look at the Job finds: a line of conditions, none, or GONE; the last one stays
	[ -e "$S/job" ] || { echo there; echo "Failed BackoffLimitExceeded: Job has reached the specified backoff limit"; exit; }
	state=$(head -n 1 "$S/job")
	[ "$(wc -l <"$S/job")" = 1 ] || sed -i 1d "$S/job"
	[ "$state" = GONE ] || printf 'there\n%s\n' "$state"
	;;
get:pod,*) [ -e "$S/none" ] || echo pod/sample ;;
logs:-f)
	[ ! -e "$S/nolog" ] || { echo 'pods/log is forbidden' >&2; exit 1; }
	n=$(($(cat "$S/n" 2>/dev/null || echo 0) + 1))
	echo $n >"$S/n"
	[ ! -e "$S/log.$n" ] || play_log <"$S/log.$n"
	[ ! -e "$S/log.$((n + 1))" ] || { echo 'error: unexpected EOF' >&2; exit 1; }
	;;
logs:*) sed 's/^[^ ]* //' "$S/log.1" ;;
annotate:*) : >"$S/cancelled" ;;
delete:*) : >"$S/deleted" ;;
*) echo "kubectl stand-in: $*" >&2; exit 1 ;;
esac
SH
# the verb `pod` is a table of its own tests; here it only matters what is asked of it
cat >"$T/bin/monopod" <<SH
#!/bin/sh
[ "\$1" = pod ] || exec "$MONOPOD" "\$@"
printf '<%s>' "\$@" >"\$S/asked"
[ ! -e "\$S/invalid" ] || { echo "x.yaml:1:1: error: no" >&2; exit 2; }
echo "objects"
SH
chmod 755 "$T/bin/kubectl" "$T/bin/monopod"

# cluster POD PHASE…: a fresh one
cluster() {
	S=$T/cluster
	rm -rf "$S"
	mkdir -p "$S"
	mkfifo "$S/never"
	cp "tests/pods/$1.json" "$S/pod.json"
	shift
	printf '%s\n' "$@" >"$S/phases"
	: >"$S/calls"
	export S
}

lines() { # FILE TEXT…: a log with time stamps, one line a second
	local i=10 f=$1
	shift
	for text; do
		echo "2026-11-22T12:58:$i.5Z $text"
		i=$((i + 1))
	done >"$S/$f"
}

plugin() { # WORD…
	# shellcheck disable=SC2086
	KUBECTL=$T/bin/kubectl MONOPOD=$T/bin/monopod TMPDIR=$T $shell "$PLUGIN" "$@" >"$T/out" 2>"$T/err" </dev/null
	code=$?
	out=$(cat "$T/out") err=$(cat "$T/err")
}
calls() { grep -c -- "$1" "$S/calls"; }

all_of_it() {
	cluster succeeded Pending Running Succeeded
	lines log.1 "[a/s] hello" "[a] succeeded in 4ms" "monopod-run.json begin sha256:00 1"
	plugin run -n team --context 'my cluster' -f "a b.yaml" -p "x=it's" --image img
	is "$code" 0 "$shell: a run" || printf '# %s\n' "$err"
	is "$out" "[a/s] hello
[a] succeeded in 4ms" "$shell: its log, without the record"
	is "$(cat "$S/asked")" "<pod><--namespace><team><-f><a b.yaml><-p><x=it's><--image><img><--log-record>" "$shell: the words for monopod pod"
	is "$(cat "$S/created")" objects "$shell: what that made is created"
	is "$(grep -vc -e '--namespace=team --context=my cluster' "$S/calls")" 0 "$shell: the words for kubectl, in each call"
	like "$err" "PipelineRun sample  True  Succeeded" "$shell: the verdict at the end"
	is "$(calls '^delete\|delete pod')" 0 "$shell: nothing is deleted"
	is "$(ls "$T" | grep -c '^kubectl-monopod')" 0 "$shell: nothing is left"

	cluster succeeded Running Succeeded
	# shellcheck disable=SC2086
	KUBECTL=$T/bin/kubectl TMPDIR=$T $shell "$PLUGIN" run -n team -f examples/hello.yaml --image registry.example/monopod --images-from images >"$T/out" 2>"$T/err" </dev/null
	is $? 0 "$shell: with the objects that monopod itself makes" || sed 's/^/# /' "$T/err"
	is "$(python3 -c 'import sys, yaml; print(*[(d["kind"], d["metadata"]["namespace"]) for d in yaml.safe_load_all(open(sys.argv[1]))])' "$S/created")" \
		"('ConfigMap', 'team') ('Pod', 'team')" "$shell: in their namespace"
	like "$(cat "$S/created")" "- \"--log-record\"" "$shell: and with its record in the log"

	cluster failed Running Failed
	echo job.batch/sample >"$S/kind"
	lines log.1 "[a/s] hello"
	plugin run --rm -o json -f x --job
	is "$code" 1 "$shell: a Job that fails"
	is "$(python3 -c 'import json; print(json.load(open("'"$T/out"'"))["items"][1]["status"]["conditions"][0]["reason"])')" StepFailed \
		"$shell: -o json: the document"
	like "$err" "hello" "$shell: the log beside it"
	is "$(grep -c '^delete --ignore-not-found --wait=false pod,job,configmap,secret -l app.kubernetes.io/managed-by=monopod,app.kubernetes.io/instance=sample$' "$S/calls")" \
		1 "$shell: --rm deletes by the run's label"

	cluster failed Running
	: >"$S/invalid"
	plugin run -f x.yaml
	is "$code$(cat "$S/calls")" 2 "$shell: an input that is not valid: nothing is asked of the cluster"
	like "$err" "x.yaml:1:1: error: no" "$shell: its problem is shown"

	cluster failed Running
	: >"$S/refuse"
	plugin run -f x.yaml
	is "$code" 3 "$shell: the cluster refuses the pod"
	like "$err" "violates PodSecurity" "$shell: says why"
	is "$(grep -c '^delete.*configmap/sample-input' "$S/calls")" 1 "$shell: and takes back what was created"
}

waiting() {
	cluster unschedulable Pending
	plugin run -f x --start-timeout 1
	is "$code" 3 "$shell: a pod that no node takes"
	is "$(grep -c 'waiting: Pending: pod status "PodScheduled":"False"; message: "0/1 nodes' "$T/err")" 1 "$shell: why, once"
	like "$err" "pod 'sample' has not started after 1 s" "$shell: and that it is given up"
	cluster image-missing Pending
	plugin run -f x --start-timeout 0
	is "$code" 3 "$shell: an image that is not there"
	like "$err" 'waiting: ErrImageNeverPull: Container image "localhost/nothing:v1" is not present' "$shell: says so"
	cluster succeeded GONE Pending Succeeded
	plugin run -f x --job
	is "$code" 0 "$shell: a Job whose pod comes later"
}

lost() {
	cluster succeeded Running Running ERROR Succeeded
	lines log.1 "[a/s] one" "[a/s] two"
	lines log.2 "[a/s] one" "[a/s] two" "[a/s] three"
	plugin run -f x
	is "$code" 0 "$shell: the connection is lost while the log is followed" || printf '# %s\n' "$err"
	is "$out" "[a/s] one
[a/s] two
[a/s] three" "$shell: the log goes on where it was"
	is "$(calls '--since-time=2026-11-22T12:58:11.5Z')" 1 "$shell: from the last line"
	like "$err" "The connection to the server was refused" "$shell: an error of the cluster is told"
	like "$err" "log: error: unexpected EOF" "$shell: and why the log broke off"
	cluster succeeded Running Running Succeeded
	: >"$S/nolog"
	plugin run -f x
	is "$code $out" "0 " "$shell: a log that nobody may read"
	is "$(grep -c "log: pods/log is forbidden" "$T/err")" 1 "$shell: is told of, once"
	cluster succeeded Running Succeeded
	: >"$S/unreadable"
	MONOPOD_PATIENCE=3 plugin run -f x
	is "$code" 4 "$shell: a pod that can be seen and not read"
	like "$err" 'pods "sample-pod" is forbidden' "$shell: is told of"
	# the kubelet rotated the log while nobody followed: the last line that was seen is in no file that it gives
	cluster succeeded Running Running Running Running Succeeded
	lines log.1 "[a/s] one" "[a/s] two"
	{
		echo "2026-11-22T12:58:11.7Z [a/s] same second"
		echo "2026-11-22T12:58:30.5Z [a/s] later"
	} >"$S/log.2"
	echo "2026-11-22T12:58:31.5Z [a/s] last" >>"$S/log.2"
	plugin run -f x
	is "$code $out" "0 [a/s] one
[a/s] two
[a/s] same second
[a/s] later
[a/s] last" "$shell: a log that was rotated: what is there is shown"
	is "$(grep -c 'lines are missing here: the log was rotated' "$T/err")" 1 "$shell: what is not is told"
	cluster succeeded ERROR
	MONOPOD_PATIENCE=2 plugin run -f x
	is "$code" 4 "$shell: a cluster that does not answer at all"
	like "$err" "the run may go on: kubectl monopod describe sample" "$shell: says what is left to do"
	cluster running Running GONE
	lines log.1 "[a/s] one"
	plugin run -f x
	is "$code" 4 "$shell: a pod that somebody deletes"
	like "$err" "pod 'sample-pod' was deleted before its end was seen" "$shell: is no success"
	cluster evicted Running Failed
	plugin run -f x
	is "$code" 4 "$shell: an evicted pod"
	like "$err" "PipelineRun sample  False  Evicted" "$shell: says so"
}

jobs() {
	# the first pod was killed, the second one goes on
	cluster succeeded GONE one:Pending one:Running one:Failed one:Failed one:Failed one:Failed two:Pending two:Pending two:Running two:Succeeded
	echo job.batch/sample >"$S/kind"
	printf '%s\n' '' '' '' '' '' '' 'SuccessCriteriaMet x: y' 'SuccessCriteriaMet x: y' 'SuccessCriteriaMet x: y' 'SuccessCriteriaMet x: y' 'Complete CompletionsReached: done' >"$S/job"
	cp tests/pods/killed-no-handler.json "$S/one.json"
	lines log.1 "[a/s] one"
	lines log.2 "[b/s] two"
	plugin run -f x --job
	is "$code" 0 "$shell: a Job that makes a second pod" || printf '# %s\n' "$err"
	is "$out" "[a/s] one
[b/s] two" "$shell: the log of both"
	is "$(grep -c "pod 'one' has ended (Failed), its Job has not" "$T/err")" 1 "$shell: the first one's end is told once"
	like "$err" "PipelineRun sample  True  Succeeded" "$shell: the second one's word counts"

	# the pod has failed before the Job says so
	cluster failed one:Running one:Failed
	echo job.batch/sample >"$S/kind"
	printf '%s\n' '' '' '' 'FailureTarget PodFailurePolicy: x' 'Failed PodFailurePolicy: Container monopod failed with exit code 1' >"$S/job"
	lines log.1 "[a/s] one"
	plugin run -f x --job
	is "$code $out" "1 [a/s] one" "$shell: a Job that ends with its run"
	like "$err" "the Job failed: PodFailurePolicy: Container monopod failed with exit code 1" "$shell: why the Job did"

	# all pods are gone, and so is the Job
	cluster failed one:Running GONE
	echo job.batch/sample >"$S/kind"
	printf '%s\n' '' '' '' GONE >"$S/job"
	plugin run -f x --job
	is "$code" 4 "$shell: a Job that somebody deletes"
	like "$err" "the Job of 'sample' ended without a pod: Deleted" "$shell: is no end of the run"

	# no pod: the Job cannot make one
	cluster failed GONE
	echo job.batch/sample >"$S/kind"
	echo 'Failed DeadlineExceeded: Job was active longer than specified deadline' >"$S/job"
	plugin run -f x --job
	is "$code" 4 "$shell: a Job that ends before it has a pod"
	like "$err" "ended without a pod: Failed, DeadlineExceeded" "$shell: says why"

	# an interrupt that the first pod did not outlive is passed on to the second
	cluster deadline one:Running one:Failed one:Failed two:Running two:Failed
	echo job.batch/sample >"$S/kind"
	printf '%s\n' '' '' '' '' 'Failed PodFailurePolicy: x' >"$S/job"
	cp tests/pods/killed-no-handler.json "$S/one.json"
	lines log.1 "[a/s] up" hold
	# shellcheck disable=SC2086
	KUBECTL=$T/bin/kubectl MONOPOD=$T/bin/monopod TMPDIR=$T $shell "$PLUGIN" run -f x --job >"$T/out" 2>"$T/err" </dev/null &
	pid=$!
	wait_for 20 grep -q up "$T/out"
	kill -TERM $pid
	wait $pid
	is $? 143 "$shell: a Job that is stopped" || sed 's/^/# /' "$T/err"
	is "$(calls '^annotate --overwrite pod one monopod/cancel=') $(calls '^annotate --overwrite pod two monopod/cancel=CancelledRunFinally')" "1 1" \
		"$shell: so is the pod that follows"
}

restarts() {
	# no rule keeps the container from being started again: the run's word is its end
	cluster failed Running
	python3 - "$S/pod.json" <<-'PY'
		import json, sys
		d = json.load(open(sys.argv[1]))
		d["spec"]["restartPolicy"] = "OnFailure"
		d["status"]["phase"] = "Running"
		c = d["status"]["containerStatuses"][0]
		c["lastState"] = c["state"]
		c["state"] = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}}
		c["restartCount"] = 3
		json.dump(d, open(sys.argv[1], "w"))
	PY
	lines log.1 "[a/s] one"
	lines log.2 "[a/s] one" "[a/s] two"
	plugin run -f x
	is "$code" 1 "$shell: a failed run whose container is started again for ever"
	is "$out" "[a/s] one
[a/s] two" "$shell: with the end of its log"
	like "$err" "PipelineRun sample  False  Failed" "$shell: has ended"
	# one that was killed goes on in the same pod
	cluster succeeded Running Running Running Succeeded
	cp tests/pods/running.json "$S/pod.json"
	lines log.1 "[a/s] one"
	lines log.2 "[a/s] one" "[a/s] two"
	lines log.3 "[a/s] one" "[a/s] two" "[a/s] three"
	sed -i 's/get:pod) /get:pod) [ "$(head -n 1 "$S\/phases")" != Succeeded ] || cp tests\/pods\/restarted.json "$S\/pod.json"; /' "$T/bin/kubectl"
	plugin run -f x
	sed -i 's/get:pod) .*restarted.json "$S\/pod.json"; /get:pod) /' "$T/bin/kubectl"
	is "$code $out" "0 [a/s] one
[a/s] two
[a/s] three" "$shell: a container that is started again is followed to the end"
	# its log is another: nothing of that is missing
	cluster succeeded "sample-pod:Running 0" "sample-pod:Running 0" "sample-pod:Running 1" "sample-pod:Succeeded 1"
	cp tests/pods/running.json "$S/pod.json"
	lines log.1 "[a/s] one"
	echo "2026-11-22T12:59:30.5Z [b/s] two" >"$S/log.2"
	cp "$S/log.2" "$S/log.3"
	plugin run -f x
	is "$out" "[a/s] one
[b/s] two" "$shell: the log of the second container"
	unlike "$err" "rotated" "$shell: is whole"
}

interrupt() {
	cluster deadline Running Running Failed
	lines log.1 "[a/s] up" hold "[a/s] finally"
	# shellcheck disable=SC2086
	KUBECTL=$T/bin/kubectl MONOPOD=$T/bin/monopod TMPDIR=$T $shell "$PLUGIN" run -f x >"$T/out" 2>"$T/err" </dev/null &
	pid=$!
	wait_for 20 grep -q up "$T/out"
	kill -TERM $pid
	wait $pid
	is $? 143 "$shell: stopped once: the exit code is the run's" || sed 's/^/# /' "$T/err"
	is "$(calls '^annotate --overwrite pod sample-pod monopod/cancel=CancelledRunFinally')" 1 "$shell: it was cancelled with its finally tasks"
	is "$(cat "$T/out")" "[a/s] up
[a/s] finally" "$shell: whose log is shown"

	cluster running Running
	lines log.1 "[a/s] up" hold
	sed -i 's/: >"$S\/cancelled"/:/' "$T/bin/kubectl"
	# shellcheck disable=SC2086
	KUBECTL=$T/bin/kubectl MONOPOD=$T/bin/monopod TMPDIR=$T $shell "$PLUGIN" run -f x >"$T/out" 2>"$T/err" </dev/null &
	pid=$!
	wait_for 20 grep -q up "$T/out"
	kill -TERM $pid
	wait_for 20 grep -q annotate "$S/calls"
	kill -TERM $pid
	wait $pid
	is $? 130 "$shell: stopped twice"
	is "$(calls '^delete.*instance=sample$')" 1 "$shell: its objects are deleted"
	sed -i 's/annotate:\*) : ;;/annotate:*) : >"$S\/cancelled" ;;/' "$T/bin/kubectl"
	wait_for 20 eval '! pgrep -f "$T/bin/kubectl" >/dev/null'
	ok $? "$shell: and nobody follows the log any more"
}

others() {
	cluster failed Failed
	lines log.1 "[a/s] hello" "monopod-run.json begin sha256:00 1"
	plugin logs sample -n team
	is "$code $out" "0 [a/s] hello" "$shell: logs"
	is "$(calls '--namespace=team.*instance=sample')" 1 "$shell: of the run's newest pod"
	plugin describe sample
	is "$code" 0 "$shell: describe" || printf '# %s\n' "$err"
	like "$out" "sample-build  False  StepFailed" "$shell: in words"
	plugin describe sample -o json
	is "$(python3 -c 'import json; print(json.load(open("'"$T/out"'"))["kind"])')" List "$shell: or as a document"
	sed 's,"labels": {,"labels": {"batch.kubernetes.io/job-name": "sample"\,,' tests/pods/killed-no-handler.json >"$S/pod.json"
	grep -q job-name "$S/pod.json" || ok 1 "the pod is a Job's"
	echo >"$S/job"
	plugin describe sample
	like "$err" "pod 'sample-pod' has ended (Failed), its Job has not" "$shell: describe: a Job between two pods"
	plugin cancel sample
	is "$code$(calls '^annotate')" 20 "$shell: a pod that has ended is not cancelled"
	like "$err" "pod 'sample-pod' has ended" "$shell: which is said"
	echo Running >"$S/phases"
	for how in "Cancelled:" "CancelledRunFinally:--graceful" "StoppedRunFinally:--stop"; do
		# shellcheck disable=SC2086
		plugin cancel sample ${how#*:}
		is "$code$(tail -n 1 "$S/calls")" "0annotate --overwrite pod sample-pod monopod/cancel=${how%%:*}" "$shell: cancel ${how#*:}"
	done
	plugin delete sample
	is "$code" 0 "$shell: delete"
	is "$(calls '^delete .*instance=sample$')" 1 "$shell: by label"
	cluster failed GONE
	: >"$S/none"
	for verb in logs describe cancel delete; do
		plugin $verb nosuch
		is "$code" 2 "$shell: $verb of what is not there"
	done
	like "$err" "there is no run 'nosuch' here" "$shell: says so"
	for words in "rum" "logs" "logs a b" "delete a,b=c" "delete A" "delete *" "cancel a --bogus" "run --start-timeout x" "run -n" "run -o yaml"; do
		set -f
		# shellcheck disable=SC2086
		plugin $words
		set +f
		is "$code" 2 "$shell: '$words' is refused"
	done
	plugin help
	is "$code" 0 "$shell: help"
	like "$out" "usage: kubectl monopod run" "$shell: says what there is"
}

# a look that hangs, and the shell is told to end
ended() {
	for signal in HUP:129 INT:130 TERM:143; do
		cluster failed Failed
		lines log.1 "[a/s] hello"
		printf '#!/bin/sh\necho $$ >"$S/asking.new"\nmv "$S/asking.new" "$S/asking"\nexec cat "$S/never"\n' >"$T/bin/hangs"
		chmod 755 "$T/bin/hangs"
		# in the background a shell ignores the interrupt
		# shellcheck disable=SC2086
		KUBECTL=$T/bin/hangs MONOPOD=$T/bin/monopod TMPDIR=$T env --default-signal=INT $shell "$PLUGIN" logs x >"$T/out" 2>"$T/err" </dev/null &
		pid=$!
		wait_for 20 test -e "$S/asking"
		kill -"${signal%:*}" $pid
		kill "$(cat "$S/asking")"
		wait $pid
		is "$? $(ls "$T" | grep -c '^kubectl-monopod')" "${signal#*:} 0" "$shell: $signal: nothing is left"
		rm -rf "$T"/kubectl-monopod.*
	done
}

for shell in dash "busybox sh"; do
	all_of_it
	ended
	waiting
	lost
	jobs
	restarts
	interrupt
	others
done
done_testing
