#!/bin/sh
# SPDX-License-Identifier: MIT
# names.sh PAGE...: the names that the pages' NAME sections have besides their own: each becomes a page that leads there.
for page; do
	sed -n '/^\.SH NAME/,/\\-/ { /^\.SH/d; s/ \\-.*//; s/,$//; p; }' "$page" | grep -vx "$(basename "$page" .3)"
done
exit 0
