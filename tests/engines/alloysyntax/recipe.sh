# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The parser of Alloy's language, with Alloy's own licence. Alloy itself needs parts of Loki, which has the AGPL.
compile "$2" "$1/alloysyntax" .
