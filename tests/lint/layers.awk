# SPDX-License-Identifier: Apache-2.0
# The arrows of ARCHITECTURE.md: which folder may include which contract, and nobody another folder's private
# header. usage: awk -f layers.awk FILE…
BEGIN {
	n = split("base spec agent sandbox images entrypoint", names, " ")
	for (i = 1; i <= n; i++)
		folders[names[i]] = 1
	may["base"] = " version.h "
	may["spec"] = " artifact.h name.h text.h pod.h spec.h subst.h seccomp.h version.h "
	may["agent"] = " artifact.h name.h text.h pod.h spec.h subst.h runner.h agent.h health.h version.h "
	may["sandbox"] = " sandbox.h seccomp.h version.h "
	may["images"] = " images.h version.h "
	may["entrypoint"] = " artifact.h name.h text.h pod.h spec.h subst.h runner.h agent.h health.h sandbox.h seccomp.h images.h version.h "
	# contracts build upon each other in one direction
	may["artifact.h"] = " "
	may["name.h"] = " "
	may["text.h"] = " "
	may["pod.h"] = " text.h "
	may["spec.h"] = " pod.h text.h version.h "
	may["subst.h"] = " spec.h "
	may["runner.h"] = " spec.h subst.h "
	may["agent.h"] = " artifact.h spec.h subst.h runner.h "
	may["health.h"] = " spec.h runner.h "
	may["sandbox.h"] = " seccomp.h "
	may["seccomp.h"] = " "
	may["images.h"] = " "
	may["version.h"] = " "
}
function bad(text) {
	printf "%s:%d: %s\n", FILENAME, FNR, text
	failed = 1
}
FNR == 1 {
	folder = FILENAME
	sub(/^\.\//, "", folder)
	base = folder
	sub(/.*\//, "", base)
	if (folder ~ /^include\/monopod\//)
		from = base
	else {
		from = folder
		sub(/\/.*/, "", from)
	}
}
/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
	path = $0
	sub(/^[^<"]*[<"]/, "", path)
	sub(/[>"].*/, "", path)
	if (path ~ /^monopod\//) {
		sub(/^monopod\//, "", path)
		if (index(may[from], " " path " ") == 0)
			bad(from " must not include the contract " path)
	} else if (path ~ /^\.\.|\/\.\.\//) {
		bad("include by a parent path: " path)
	} else if (path ~ /\//) {
		top = path
		sub(/\/.*/, "", top)
		if ((top in folders) && top != "base" && top != from)
			bad(from " must not include the private header " path)
	} else if ($0 ~ /include[ \t]*"/) {
		own = FILENAME
		sub(/[^\/]*$/, "", own)
		if ((getline line < (own path)) < 0)
			bad("private header " path " is not in this folder")
		close(own path)
	}
}
END { exit failed }
