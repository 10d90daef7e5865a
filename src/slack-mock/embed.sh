#!/bin/sh
# Writes the page's files as C: embed.sh page.html page.css ... > page_files.c. Only od and sed are needed.
set -eu
echo '/* Made by embed.sh; do not change. */'
echo '#include "slack-mock/page.h"'
rows=
for file in "$@"; do
	base=${file##*/}
	name=$(printf %s "$base" | tr . _)
	case $base in
	*.html) type='text/html; charset=utf-8' ;;
	*.css) type='text/css; charset=utf-8' ;;
	*.js) type='text/javascript; charset=utf-8' ;;
	*.svg) type='image/svg+xml' ;;
	*) echo "embed.sh: what type is $base?" >&2; exit 1 ;;
	esac
	path=/$base
	test "$base" != page.html || path=/
	echo "static const unsigned char ${name}[] = {"
	od -An -v -tx1 "$file" | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'
	echo '};'
	rows="$rows    {\"$path\", \"$type\", $name, sizeof $name},
"
done
printf 'const struct mock_page_file mock_page_files[] = {\n%s};\n' "$rows"
echo 'const size_t mock_page_file_count = sizeof mock_page_files / sizeof *mock_page_files;'
