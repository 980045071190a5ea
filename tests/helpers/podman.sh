# SPDX-License-Identifier: Apache-2.0
# Containers for shell tests, after tap.sh: podman with runc, storage of its own below $T, no network. Sets $image (made by
# `make image`) and $name; ends the test where there is no podman that can start anything, saying why.
#
#   pm WORD…   podman

[ "${VARIANT:-debug}" != san ] || skip_all "the image holds the static program in every variant"
[ "$(id -u)" = 0 ] || skip_all "not root"
for p in podman buildah runc catatonit python3; do
	command -v "$p" >/dev/null || skip_all "no $p"
done
[ -e build/deps/cjson/cJSON.c ] || skip_all "no source of cJSON for the static program: make setup"

image=localhost/monopod-test:$$
name=monopod-test-$$
driver=overlay
[ "$(stat -f -c %T "$T")" != overlayfs ] || driver=vfs
printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' "$driver" "$T/graph" "$T/runroot" >"$T/storage.conf"
printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n' >"$T/containers.conf"
export CONTAINERS_STORAGE_CONF=$T/storage.conf CONTAINERS_CONF=$T/containers.conf

# conmon leaves files in the current directory
pm() (
	cd "$T" && exec podman --runtime runc "$@"
)

podman_end() {
	{
		pm pod rm -f -t 0 -a
		pm rm -f -t 0 -a
		pm volume rm -f -a
		pm rmi -f -a
		umount -l "$T/graph/overlay"
	} >/dev/null 2>&1
	tap_end
}
trap 'podman_end' EXIT

make --no-print-directory image IMAGE="$image" >"$T/out" 2>&1
ok $? "make image" "$(tail -5 "$T/out")" || done_testing
pm run --rm --name "$name" --network none "$image" version >"$T/out" 2>"$T/err"
case $? in
0) ok 0 "the program of the image starts without any privilege" ;;
12[567]) skip_all "no container can be started here: $(tail -1 "$T/err")" ;;
*) ok 1 "the program of the image starts without any privilege" "$(cat "$T/err")" ;;
esac
