# SPDX-License-Identifier: MIT
# Shared by the unit tests. A test links the library of its layer and those of the layers below: base alone, if it does not name others.
LDADD = $(LIBBASE) $(CHECK_LIBS)
EXTRA_DIST += tests/support/case_files.h tests/support/environment.h tests/support/files.h tests/support/loopback.h \
	tests/support/shop_settings.h tests/support/test.h tests/support/threads.h
AM_TESTS_ENVIRONMENT = TEST_DATA='$(abs_srcdir)/tests/data'; export TEST_DATA;
ALLOCATIONS = tests/support/allocations.c tests/support/allocations.h
WRAP_ALLOCATIONS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=strdup
CALLS = tests/support/calls.c tests/support/calls.h
FAILING = $(ALLOCATIONS) $(CALLS) tests/support/failing.c tests/support/failing.h
WRAP_CALLS = -Wl,--wrap=pipe2,--wrap=fork,--wrap=setsid,--wrap=waitpid,--wrap=chdir,--wrap=getcwd,--wrap=dup,--wrap=dup2,--wrap=read \
	-Wl,--wrap=write,--wrap=pwrite,--wrap=fstat,--wrap=fsync,--wrap=ftruncate,--wrap=flock,--wrap=fchown,--wrap=rename,--wrap=unlink \
	-Wl,--wrap=socket,--wrap=setsockopt,--wrap=getsockopt,--wrap=bind,--wrap=listen,--wrap=getsockname,--wrap=send,--wrap=recv \
	-Wl,--wrap=eventfd,--wrap=geteuid,--wrap=getpwnam,--wrap=initgroups,--wrap=setresgid,--wrap=setresuid,--wrap=setuid \
	-Wl,--wrap=seteuid,--wrap=setegid,--wrap=open,--wrap=prctl,--wrap=pthread_create,--wrap=connect,--wrap=poll,--wrap=__read_chk,--wrap=__recv_chk
