# SPDX-License-Identifier: MIT
# The library as programs use it: they include public headers only. Here they are linked with the layer's objects, so that the sanitizers
# see all; library_test.py builds programs against the installed tree.
SOUND_TESTS = tests/library/prefork tests/library/forks tests/library/loads tests/library/nulls \
	tests/library/quiet tests/library/restarts tests/library/workers tests/library/edge_app
check_PROGRAMS += $(SOUND_TESTS)
EXTRA_DIST += tests/library/check.h tests/library/client.h tests/library/abi tests/library/abi_test.py tests/library/sound_test.py tests/library/sound.sh \
	tests/library/headers.c \
	tests/library/library_manual_test.py tests/library/library_stack_test.py tests/library/library_test.py \
	tests/library/public_api.py tests/library/ulfius_examples_test.py
TESTS += tests/library/sound.sh

tests_library_prefork_SOURCES = tests/library/prefork.c tests/library/check.h
tests_library_prefork_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
tests_library_forks_SOURCES = tests/library/forks.c tests/library/check.h
tests_library_forks_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
tests_library_loads_SOURCES = tests/library/loads.c tests/library/check.h
tests_library_nulls_SOURCES = tests/library/nulls.c tests/library/check.h
tests_library_nulls_LDADD = libtel-ulfius.la libtel.la $(ULFIUS_LIBS) $(ORCANIA_LIBS)
tests_library_quiet_SOURCES = tests/library/quiet.c tests/library/check.h
tests_library_quiet_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
tests_library_restarts_SOURCES = tests/library/restarts.c tests/library/check.h tests/library/client.h
tests_library_restarts_LDADD = libtel-ulfius.la libtel.la $(ULFIUS_LIBS) $(ORCANIA_LIBS)
tests_library_edge_app_LDADD = libtel-ulfius.la libtel.la $(ULFIUS_LIBS) $(ORCANIA_LIBS)
tests_library_workers_SOURCES = tests/library/workers.c tests/library/check.h tests/library/client.h
tests_library_workers_LDADD = libtel-ulfius.la libtel.la $(ULFIUS_LIBS) $(ORCANIA_LIBS)
