# Benchmarks: built by "make bench-programs", run by hand and by ./lab bench, never by make check.
benchmarks = bench/bench_metrics
EXTRA_PROGRAMS += $(benchmarks)
CLEANFILES += $(benchmarks)
bench-programs: $(benchmarks)
.PHONY: bench-programs

bench_bench_metrics_SOURCES = bench/bench_metrics.c
bench_bench_metrics_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
