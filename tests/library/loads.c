/* SPDX-License-Identifier: MIT */
/* loads LIBRARY TIMES: the life of a plug-in. Loads, uses and unloads the library this many times. In the end
 * no thread, descriptor or mapping of it is left, and the heap has not grown. */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>

#include "check.h"

enum { WARM_UP = 5 };

static int mappings_of(const char *name) {
  char line[512];
  int count = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  CHECK(maps);
  while (fgets(line, sizeof line, maps)) count += strstr(line, name) != NULL;
  fclose(maps);
  return count;
}

static void *find(void *library, const char *name) {
  void *found = dlsym(library, name);
  if (!found) fprintf(stderr, "%s is missing\n", name);
  CHECK(found);
  return found;
}

#define FIND(name) __typeof__(&name) f_##name = (__typeof__(&name))find(library, #name)

static void use(void *library) {
  FIND(tel_new);
  FIND(tel_start);
  FIND(tel_free);
  FIND(tel_tracer);
  FIND(tel_logger);
  FIND(tel_span_start);
  FIND(tel_span_end);
  FIND(tel_log_event);
  struct tel *tel = f_tel_new("plug-in", "1.0");
  CHECK(f_tel_start(tel) == 0);
  f_tel_span_end(f_tel_span_start(f_tel_tracer(tel), "loaded", TEL_SPAN_INTERNAL, NULL, NULL, 0), 0);
  f_tel_log_event(f_tel_logger(tel), TEL_INFO, "loaded", NULL);
  CHECK(f_tel_free(tel, 20000) == 0);
}

static void *nothing(void *cls) {
  return cls;
}

/* The number of threads before the library is loaded. ThreadSanitizer adds its own with the first thread. */
static int threads_before(void) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, nothing, NULL) == 0);
  pthread_join(thread, NULL);
  return entries("/proc/self/task");
}

int main(int argc, char **argv) {
  int times = argc > 2 ? atoi(argv[2]) : 0, threads = threads_before(), descriptors = 0;
  size_t heap = 0;
  CHECK(times > WARM_UP);
  CHECK(mappings_of("libtel.so") == 0);
  for (int i = 0; i < times; i++) {
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) fprintf(stderr, "%s\n", dlerror());
    CHECK(library);
    use(library);
    CHECK(dlclose(library) == 0);
    CHECK(mappings_of("libtel.so") == 0);
    threads_become(threads);
    if (i != WARM_UP) continue;
    heap = mallinfo2().uordblks;
    descriptors = entries("/proc/self/fd");
  }
  CHECK(entries("/proc/self/fd") == descriptors);
  size_t now = mallinfo2().uordblks;
  fprintf(stderr, "grown by %td bytes\n", (ptrdiff_t)(now - heap));
  return now > heap;
}
