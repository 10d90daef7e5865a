# SPDX-License-Identifier: MIT
# Flags that make a memory error hard to exploit. Each is used if the compiler and the linker accept it. The user's CPPFLAGS, CFLAGS and
# LDFLAGS come after them and win: CFLAGS=-fno-stack-protector or LDFLAGS=-Wl,-z,lazy switch one off.

# MINISHOP_HARDENING_FLAG(VARIABLE, FLAG...): adds the flags to the variable if a program can be built with them. Uses -Werror, because
# clang only warns about an unknown flag.
AC_DEFUN([MINISHOP_HARDENING_FLAG], [
  AC_MSG_CHECKING([for $2])
  minishop_save_CFLAGS=$CFLAGS minishop_save_LDFLAGS=$LDFLAGS
  CFLAGS="$HARDENING_CFLAGS $CFLAGS -Werror"
  AS_CASE([$1], [*LDFLAGS], [LDFLAGS="$2 $LDFLAGS"], [CFLAGS="$2 $CFLAGS"])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]], [[char text[8]; strcpy(text, "text"); return text[0] == 'x';]])],
    [AC_MSG_RESULT([yes])
     AS_VAR_APPEND([$1], [" $2"])],
    [AC_MSG_RESULT([no])])
  CFLAGS=$minishop_save_CFLAGS LDFLAGS=$minishop_save_LDFLAGS
])

# _FORTIFY_SOURCE needs optimization and hides errors from sanitizers. The user may have set it already.
AC_DEFUN([MINISHOP_FORTIFY], [
  AC_MSG_CHECKING([for _FORTIFY_SOURCE])
  minishop_fortify=
  AS_CASE([" $CC $CPPFLAGS $CFLAGS $SANITIZER_FLAGS"],
    [*_FORTIFY_SOURCE*], [minishop_fortify_why="the user's own"],
    [*-fsanitize*], [minishop_fortify_why="no: sanitizers check more"],
    [AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#ifndef __OPTIMIZE__
#error "not optimized"
#endif
]])],
      [minishop_fortify_why="no: the C library does not know it"
       minishop_save_CFLAGS=$CFLAGS
       for minishop_level in 2 3; do
         CFLAGS="$minishop_save_CFLAGS -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$minishop_level"
         AC_COMPILE_IFELSE([AC_LANG_SOURCE([[#include <string.h>]])],
           [minishop_fortify="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$minishop_level" minishop_fortify_why=$minishop_level])
       done
       CFLAGS=$minishop_save_CFLAGS],
      [minishop_fortify_why="no: it needs optimization (-O1 or more)"])])
  AC_MSG_RESULT([$minishop_fortify_why])
  AC_SUBST([HARDENING_CPPFLAGS], [$minishop_fortify])
])

# Call it after MINISHOP_SANITIZERS. HARDENING_LDFLAGS are for programs and shared libraries, PIE_LDFLAGS for programs alone.
AC_DEFUN([MINISHOP_HARDENING], [
  AC_SUBST([HARDENING_CFLAGS])
  AC_SUBST([HARDENING_LDFLAGS])
  AC_SUBST([PIE_LDFLAGS])
  MINISHOP_FORTIFY
  MINISHOP_HARDENING_FLAG([HARDENING_CFLAGS], [-fstack-protector-strong])
  MINISHOP_HARDENING_FLAG([HARDENING_CFLAGS], [-fstack-clash-protection])
  MINISHOP_HARDENING_FLAG([HARDENING_CFLAGS], [-fcf-protection])
  MINISHOP_HARDENING_FLAG([HARDENING_CFLAGS], [-fPIE])
  MINISHOP_HARDENING_FLAG([PIE_LDFLAGS], [-pie])
  MINISHOP_HARDENING_FLAG([HARDENING_LDFLAGS], [-Wl,-z,relro -Wl,-z,now])
  MINISHOP_HARDENING_FLAG([HARDENING_LDFLAGS], [-Wl,-z,noexecstack])
])
