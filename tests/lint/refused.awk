#!/usr/bin/awk -f
# SPDX-License-Identifier: Apache-2.0
# The fields that tables of spec/ refuse, one a line: the last string before FIELD_REFUSED is the key.
/^#define/ || /\\$/ || /^[ \t]*\.what/ { next }
{
	line = $0
	while (match(line, /(REFUSED(_BETA|_SOURCE)?|NODE_SOURCE)\("[^"]+"[,)]/)) {
		key = substr(line, RSTART, RLENGTH)
		gsub(/^[^"]*"|"[^"]*$/, "", key)
		print key
		line = substr(line, RSTART + RLENGTH)
	}
	if (match($0, /"[A-Za-z]+"/))
		last = substr($0, RSTART + 1, RLENGTH - 2)
	if ($0 ~ /FIELD_REFUSED/ && $0 !~ /flags & FIELD_REFUSED/)
		print last
}
