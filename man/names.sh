#!/bin/sh
# SPDX-License-Identifier: MIT
# names.sh PAGE...: prints the other names in the NAME sections of these pages. Each of them becomes a page that refers to its page.
for page; do
	sed -n '/^\.SH NAME/,/\\-/ { /^\.SH/d; s/ \\-.*//; s/,$//; p; }' "$page" | grep -vx "$(basename "$page" .3)"
done
exit 0
