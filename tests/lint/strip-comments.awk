#!/usr/bin/awk -f
# SPDX-License-Identifier: Apache-2.0
# Prints C with comments, strings and character constants emptied; line numbers stay.
{
	line = $0
	out = ""
	for (i = 1; i <= length(line); i++) {
		two = substr(line, i, 2)
		one = substr(line, i, 1)
		if (comment) {
			if (two == "*/") { comment = 0; i++ }
		} else if (quote != "") {
			if (one == "\\") i++
			else if (one == quote) { quote = ""; out = out one }
		} else if (two == "/*") {
			comment = 1; i++
		} else {
			if (one == "\"" || one == "'") quote = one
			out = out one
		}
	}
	quote = ""
	print out
}
