#!/bin/sh
# SPDX-License-Identifier: MIT
# link-library.sh COMPILER OBJCOPY OBJDIR COMMAND... -o LIBRARY.la ...: links a library, then hides its internals in the
# static archive too. Visibility hides a name from the users of a shared object only: in an archive, a program's own
# buf_append would clash with the library's. All objects become one, and its hidden names become local to it.
set -eu
compiler=$1 objcopy=$2 objdir=$3
shift 3
"$@"
while [ "$1" != -o ]; do shift; done
directory=$(dirname "$2")/$objdir
name=$(basename "$2" .la)
archive=$directory/$name.a
[ -f "$archive" ] || exit 0 # --disable-static
trap 'rm -f "$directory/$name-all.o"' EXIT
# shellcheck disable=SC2086 # a compiler and its options
$compiler -r -nostdlib -o "$directory/$name-all.o" -Wl,--whole-archive "$archive" -Wl,--no-whole-archive
"$objcopy" --localize-hidden "$directory/$name-all.o"
rm -f "$archive"
${AR:-ar} cr "$archive" "$directory/$name-all.o"
${RANLIB:-ranlib} "$archive"
