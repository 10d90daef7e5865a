# SPDX-License-Identifier: MIT
# The project's own macros: libraries, warnings, sanitizers, the commit, the summary.

# MINISHOP_MISSING(WHAT, PACKAGE): notes a missing requirement; MINISHOP_SUMMARY reports all of them.
AC_DEFUN([MINISHOP_MISSING], [AS_VAR_APPEND([minishop_missing], ["
  $1 (Debian: apt-get install $2)"])])

# MINISHOP_LIB(PREFIX, MODULE, PACKAGE): a required library by pkg-config.
AC_DEFUN([MINISHOP_LIB], [PKG_CHECK_MODULES([$1], [$2], [], [MINISHOP_MISSING([$2], [$3])])])

# MINISHOP_LIB_OPTIONAL(PREFIX, MODULE, PACKAGE): its conditional is HAVE_PREFIX.
AC_DEFUN([MINISHOP_LIB_OPTIONAL], [
  PKG_CHECK_MODULES([$1], [$2], [minishop_have_$1=yes], [minishop_have_$1=no])
  AM_CONDITIONAL([HAVE_$1], [test "x$minishop_have_$1" = xyes])
])

AC_DEFUN([MINISHOP_PROG_PROTOC_C], [
  AC_CHECK_PROGS([PROTOC_C], [protoc-c])
  AS_IF([test -z "$PROTOC_C"], [MINISHOP_MISSING([protoc-c], [protobuf-c-compiler])])
])

# Tools that link each static library into one object: see src/telemetry/link-library.sh.
AC_DEFUN([MINISHOP_PROG_OBJCOPY], [
  AC_CHECK_TOOLS([OBJCOPY], [objcopy llvm-objcopy])
  AS_IF([test -z "$OBJCOPY"], [MINISHOP_MISSING([objcopy], [binutils])])
  AC_SUBST([objdir])
  AC_MSG_CHECKING([for the $CC flag that links LTO objects into one object])
  RELOCATABLE_FLAGS=
  AC_COMPILE_IFELSE([AC_LANG_SOURCE([int one;])],
    [AS_IF([$CC $CFLAGS -r -nostdlib -flinker-output=nolto-rel -o conftest.one conftest.$OBJEXT >&AS_MESSAGE_LOG_FD 2>&1],
      [RELOCATABLE_FLAGS=-flinker-output=nolto-rel])
    rm -f conftest.one])
  AC_MSG_RESULT([${RELOCATABLE_FLAGS:-no flag}])
  AC_SUBST([RELOCATABLE_FLAGS])
])

# The project's warnings. CI adds -Werror (--enable-werror). The user's CFLAGS come last.
AC_DEFUN([MINISHOP_WARNINGS], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [treat warnings as errors])])
  WARN_CFLAGS="-Wall -Wextra -Wformat=2 -Wshadow -Wpointer-arith -Wcast-qual -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wwrite-strings -Wimplicit-fallthrough"
  AS_IF([test "x$enable_werror" = xyes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
  AC_SUBST([WARN_CFLAGS])
])

# --enable-sanitizers[=address|thread]: address includes undefined.
AC_DEFUN([MINISHOP_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers], [AS_HELP_STRING([--enable-sanitizers@<:@=address|thread@:>@],
    [instrument with ASan and UBSan (address, the default) or TSan (thread)])], [], [enable_sanitizers=no])
  AS_CASE([$enable_sanitizers],
    [no], [SANITIZER_FLAGS=],
    [yes|address], [SANITIZER_FLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"],
    [thread], [SANITIZER_FLAGS="-fsanitize=thread -fno-omit-frame-pointer"],
    [AC_MSG_ERROR([--enable-sanitizers takes address or thread, not $enable_sanitizers])])
  AC_SUBST([SANITIZER_FLAGS])
])

# --enable-coverage: counts executed lines and branches, for gcovr. It turns optimization off, so that lines stay distinct. Call it before
# MINISHOP_HARDENING, which checks for optimization.
AC_DEFUN([MINISHOP_COVERAGE], [
  AC_ARG_ENABLE([coverage], [AS_HELP_STRING([--enable-coverage], [count executed lines and branches, for gcovr])], [], [enable_coverage=no])
  AS_CASE([$enable_coverage],
    [no], [COVERAGE_FLAGS=],
    [yes], [COVERAGE_FLAGS="--coverage -fprofile-update=atomic"
            AS_IF([test "x$minishop_user_CFLAGS" = x], [CFLAGS="-g -O0"])],
    [AC_MSG_ERROR([--enable-coverage takes no value, not $enable_coverage])])
  AC_SUBST([COVERAGE_FLAGS])
])

# The commit that /version reports: from git, or "release" in a tarball, which may lie in a git repository of somebody else.
AC_DEFUN([MINISHOP_GIT_COMMIT], [
  minishop_commit=$(test -e "$srcdir/.git" && git -C "$srcdir" rev-parse --short=12 HEAD 2>/dev/null || echo release)
  AC_DEFINE_UNQUOTED([MINISHOP_COMMIT], ["$minishop_commit"], [The commit this was built from.])
])

AC_DEFUN([MINISHOP_SUMMARY], [
  AS_IF([test -n "$minishop_missing"], [AC_MSG_ERROR([these are missing:$minishop_missing
On Debian and Ubuntu, ./lab up installs everything by itself.])])
  AC_MSG_NOTICE([
  $PACKAGE_NAME $PACKAGE_VERSION ($minishop_commit)
    prefix       $prefix
    compiler     $CC $CFLAGS
    sanitizers   $enable_sanitizers
    hardening    _FORTIFY_SOURCE $minishop_fortify_why;$HARDENING_CFLAGS$PIE_LDFLAGS$HARDENING_LDFLAGS
    unit tests   $minishop_have_CHECK
  Now: make && make check && make install])
])
