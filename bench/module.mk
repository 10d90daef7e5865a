# SPDX-License-Identifier: MIT
# Benchmarks: "make bench-programs" builds them and ./lab bench runs them; make check does neither.
benchmarks = bench/otlp_sink bench/bare_ulfius bench/bench_operations
EXTRA_PROGRAMS += $(benchmarks)
CLEANFILES += $(benchmarks)
bench-programs: $(benchmarks)
.PHONY: bench-programs

bench_otlp_sink_SOURCES = bench/otlp_sink.c
bench_otlp_sink_LDADD = $(MICROHTTPD_LIBS)
bench_bare_ulfius_SOURCES = bench/bare_ulfius.c
bench_bare_ulfius_LDADD = $(LIBSERVER_LIBS)
bench_bench_operations_SOURCES = bench/bench_operations.c
bench_bench_operations_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
EXTRA_DIST += bench/order_and_pay.lua bench/orders.lua bench/picture.py bench/report.py bench/run.py bench/tried.md bench/where.py
