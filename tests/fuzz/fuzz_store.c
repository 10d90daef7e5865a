/* SPDX-License-Identifier: MIT */
/* Any bytes as slack-mock's store file. A damaged file is either loaded completely, or refused and left
 * unchanged. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "slack-mock/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Opens the file and checks that the store lists what the file holds. Returns the number of messages, or -1
 * if refused. */
static long long open_store(const char *path) {
  static const struct mock_store_limits limits = {.messages = 16, .bytes = 1 << 16};
  struct mock_store *store = mock_store_new(&limits);
  struct mock_store_stats stats;
  struct error error = {""};
  struct buf list = BUF_INIT(SIZE_MAX);
  uint64_t epoch;
  if (!store) abort();
  int result = mock_store_open(store, path, &error);
  if ((result == 0) == (*error.text != '\0')) abort();
  if (result == 0) {
    buf_putc(&list, '[');
    mock_store_list(store, 0, SIZE_MAX, &list, &stats, &epoch);
    buf_putc(&list, ']');
    json_t *all = json_loads(buf_cstr(&list), 0, NULL);
    if (json_array_size(all) != stats.messages) abort();
    json_decref(all);
  }
  mock_store_free(store);
  buf_free(&list);
  return result == 0 ? (long long)stats.last_id : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char path[] = "/tmp/fuzz_store.XXXXXX";
  int fd = mkstemp(path);
  if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) != 0) abort();
  if (open_store(path) != open_store(path)) abort(); /* opening twice must give the same result */
  unlink(path);
  return 0;
}
