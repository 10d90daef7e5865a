/* SPDX-License-Identifier: MIT */
#include "telemetry/metrics/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "telemetry/metrics/metrics_model.h"

enum field { CPU, MAX_FDS, OPEN_FDS, RESIDENT, START, THREADS, VIRTUAL, FIELD_COUNT };

/* One reading serves all families of a scrape, because reading /proc/self/stat is slow: the kernel adds up
 * all threads. */
struct process {
  uint64_t scrape;            /* the scrape of the values */
  double values[FIELD_COUNT]; /* NaN: not known */
  double boot_time;           /* in s since 1970; read once, because it varies slightly. NaN: not known */
  struct cls {
    struct process *process;
    enum field field;
  } fields[FIELD_COUNT];
  char proc[];
};

/* Reads a small file as a string. */
static bool read_file(const struct process *process, const char *name, char *out, size_t size) {
  char path[512];
  if ((size_t)snprintf(path, sizeof path, "%s/%s", process->proc, name) >= sizeof path) return false;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t len = read(fd, out, size - 1); /* one read returns a whole file of /proc */
  close(fd);
  if (len < 0) return false;
  out[len] = '\0';
  return true;
}

/* proc(5) numbers the fields of stat from 1. The state is the third. It follows the command's name in
 * brackets. The name itself may hold blanks and brackets. */
enum { STATE = 3, UTIME = 14, STIME = 15, NUM_THREADS = 20, STARTTIME = 22, VSIZE = 23, RSS = 24 };

static void read_stat(struct process *process) {
  char text[2048];
  unsigned long long field[RSS + 1];
  if (!read_file(process, "self/stat", text, sizeof text)) return;
  char *at = strrchr(text, ')');
  if (!at || at[1] != ' ' || at[2] == '\0') return;
  at += 3; /* after the state's letter */
  for (int i = STATE + 1; i <= RSS; i++) {
    char *end;
    field[i] = strtoull(at, &end, 10); /* some fields before utime are negative; they are not used */
    if (end == at) return;
    at = end;
  }
  double ticks = (double)sysconf(_SC_CLK_TCK);
  process->values[CPU] = (double)(field[UTIME] + field[STIME]) / ticks;
  process->values[THREADS] = (double)field[NUM_THREADS];
  process->values[VIRTUAL] = (double)field[VSIZE];
  process->values[RESIDENT] = (double)field[RSS] * (double)sysconf(_SC_PAGESIZE);
  process->values[START] = process->boot_time + (double)field[STARTTIME] / ticks;
}

static void read_boot_time(struct process *process) {
  char path[512], line[256];
  process->boot_time = NAN;
  if ((size_t)snprintf(path, sizeof path, "%s/stat", process->proc) >= sizeof path) return;
  FILE *file = fopen(path, "re");
  if (!file) return;
  unsigned long long seconds;
  bool at_start = true; /* of a line; some lines are longer than the buffer */
  while (fgets(line, sizeof line, file)) {
    if (at_start && sscanf(line, "btime %llu", &seconds) == 1) process->boot_time = (double)seconds;
    at_start = strchr(line, '\n') != NULL;
  }
  fclose(file);
}

static void count_open_fds(struct process *process) {
  char path[512];
  if ((size_t)snprintf(path, sizeof path, "%s/self/fd", process->proc) >= sizeof path) return;
  DIR *dir = opendir(path);
  if (!dir) return;
  char own[16]; /* the directory's own descriptor does not count */
  snprintf(own, sizeof own, "%d", dirfd(dir));
  double count = 0;
  for (struct dirent *entry; (entry = readdir(dir));)
    if (entry->d_name[0] != '.' && strcmp(entry->d_name, own) != 0) count++;
  closedir(dir);
  process->values[OPEN_FDS] = count;
}

static void read_max_fds(struct process *process) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  process->values[MAX_FDS] = limit.rlim_cur == RLIM_INFINITY ? INFINITY : (double)limit.rlim_cur;
}

static void read_field(void *cls, struct tel_emit *emit) {
  const struct cls *field = cls;
  struct process *process = field->process;
  uint64_t scrape = emit->family->registry->scrapes;
  if (process->scrape != scrape) {
    process->scrape = scrape;
    for (size_t i = 0; i < FIELD_COUNT; i++) process->values[i] = NAN;
    read_stat(process);
    read_max_fds(process);
    count_open_fds(process);
  }
  if (!isnan(process->values[field->field])) tel_emit_value(emit, NULL, process->values[field->field]);
}

static const struct {
  enum tel_metric_type type;
  struct tel_family_spec spec;
} families[FIELD_COUNT] = {
    [CPU] = {TEL_METRIC_COUNTER,
             {.name = "process_cpu_seconds_total",
              .help = "User and system CPU time spent.",
              .unit = "seconds"}},
    [MAX_FDS] = {TEL_METRIC_GAUGE,
                 {.name = "process_max_fds", .help = "Maximum number of open file descriptors."}},
    [OPEN_FDS] = {TEL_METRIC_GAUGE, {.name = "process_open_fds", .help = "Open file descriptors."}},
    [RESIDENT] = {TEL_METRIC_GAUGE,
                  {.name = "process_resident_memory_bytes", .help = "Resident memory.", .unit = "bytes"}},
    [START] = {TEL_METRIC_GAUGE,
               {.name = "process_start_time_seconds", .help = "Start time since 1970.", .unit = "seconds"}},
    [THREADS] = {TEL_METRIC_GAUGE, {.name = "process_threads", .help = "Threads."}},
    [VIRTUAL] = {TEL_METRIC_GAUGE,
                 {.name = "process_virtual_memory_bytes", .help = "Virtual memory.", .unit = "bytes"}},
};

int tel_process_register_at(struct tel_registry *registry, const char *proc) {
  struct process *process = calloc(1, sizeof *process + strlen(proc) + 1);
  if (!process) return TEL_E_MEMORY;
  memcpy(process->proc, proc, strlen(proc) + 1);
  read_boot_time(process);
  int error = TEL_OK;
  for (size_t i = 0; i < FIELD_COUNT && !error; i++) {
    process->fields[i] = (struct cls){process, (enum field)i};
    /* The first registered family owns the reading. All families live until the registry is freed. */
    error = tel_read_family_owned(registry, &families[i].spec, families[i].type, read_field,
                                  &process->fields[i], i == 0 ? process : NULL);
    if (error && i == 0) free(process);
  }
  return error;
}

int tel_process_register(struct tel_registry *registry) {
  return tel_process_register_at(registry, "/proc");
}
