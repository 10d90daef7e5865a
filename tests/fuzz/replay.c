/* SPDX-License-Identifier: MIT */
/* Passes every file of a corpus to a fuzz target, so that "make check" repeats all inputs that a fuzzer
 * found, with any compiler. Arguments: files and directories; without any, the target's own corpus,
 * tests/fuzz/corpus/NAME for fuzz_NAME. To search for new inputs, compile the target and the sources that it
 * tests without this file: clang -g -O1 -fsanitize=fuzzer,address,undefined -Isrc tests/fuzz/fuzz_NAME.c ...
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed;

static int replay_file(const char *path, size_t size) {
  FILE *file = fopen(path, "rb");
  uint8_t *data = malloc(size ? size : 1); /* exactly its size, so that a sanitizer detects an overrun */
  int result = -1;
  if (file && data && fread(data, 1, size, file) == size) {
    LLVMFuzzerTestOneInput(data, size);
    replayed++;
    result = 0;
  } else {
    perror(path);
  }
  free(data);
  if (file) fclose(file);
  return result;
}

static int replay(const char *path) {
  struct stat info;
  if (stat(path, &info) != 0) {
    perror(path);
    return -1;
  }
  if (!S_ISDIR(info.st_mode)) return replay_file(path, (size_t)info.st_size);
  DIR *dir = opendir(path);
  if (!dir) {
    perror(path);
    return -1;
  }
  int result = 0;
  for (struct dirent *entry; (entry = readdir(dir));) {
    char inner[4096];
    if (entry->d_name[0] == '.') continue;
    if ((size_t)snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) >= sizeof inner ||
        replay(inner) != 0)
      result = -1;
  }
  closedir(dir);
  return result;
}

int main(int argc, char **argv) {
  int result = 0;
  for (int i = 1; i < argc; i++) result |= replay(argv[i]);
  if (argc < 2) {
    char corpus[4096];
    const char *data = getenv("TEST_DATA"), *target = strstr(argv[0], "fuzz_");
    for (const char *later; target && (later = strstr(target + 1, "fuzz_"));) target = later;
    if (!data || !target) {
      fprintf(stderr, "TEST_DATA is not set, or this program is not called fuzz_something\n");
      return EXIT_FAILURE;
    }
    snprintf(corpus, sizeof corpus, "%s/../fuzz/corpus/%s", data, target + strlen("fuzz_"));
    result = replay(corpus);
  }
  printf("%u inputs replayed\n", replayed);
  return result == 0 && replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
