/* SPDX-License-Identifier: MIT */
#include "app/pidfile.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/files.h"
#include "support/test.h"

static char directory[64], path[80];

static void place_make(void) {
  strcpy(directory, "/tmp/minishop-pid-XXXXXX");
  ck_assert(mkdtemp(directory) != NULL);
  snprintf(path, sizeof path, "%s/pid", directory);
}

static void place_remove(void) {
  ck_assert_int_eq(rmdir(directory), 0); /* nothing was left behind */
}

static long read_pid(void) {
  long pid = 0;
  FILE *file = fopen(path, "r");
  ck_assert(file != NULL);
  if (fscanf(file, "%ld\n", &pid) != 1) pid = 0;
  fclose(file);
  return pid;
}

static struct app_pidfile *take(void) {
  struct app_pidfile *file = NULL;
  struct error error = {""};
  ck_assert_msg(app_pidfile_take(path, geteuid(), getegid(), &file, &error) == 0, "%s", error.text);
  ck_assert_int_eq(read_pid(), getpid());
  return file;
}

START_TEST(it_is_made_and_removed) {
  place_make();
  struct app_pidfile *file = take();
  app_pidfile_free(file);
  ck_assert_int_ne(access(path, F_OK), 0);
  place_remove();
}
END_TEST

START_TEST(without_a_path_there_is_none) {
  struct app_pidfile *file = (struct app_pidfile *)&file;
  struct error error;
  ck_assert_int_eq(app_pidfile_take("", 0, 0, &file, &error), 0);
  ck_assert_ptr_null(file);
  app_pidfile_free(NULL);
}
END_TEST

START_TEST(a_stale_one_is_replaced) {
  place_make();
  files_write(path, "4194304999999999\nand more that must go\n");
  app_pidfile_free(take());
  files_write(path, "1\n"); /* a process that lives, but does not hold the lock */
  app_pidfile_free(take());
  place_remove();
}
END_TEST

/* Somebody removed the file, and a second process made a new one: its file stays. */
START_TEST(the_file_of_another_process_stays) {
  place_make();
  struct app_pidfile *file = take();
  ck_assert_int_eq(unlink(path), 0);
  app_pidfile_free(file);
  file = take();
  ck_assert_int_eq(unlink(path), 0);
  files_write(path, "7\n");
  app_pidfile_free(file);
  ck_assert_int_eq(read_pid(), 7);
  file = take();
  ck_assert_int_eq(unlink(path), 0);
  ck_assert_int_eq(symlink("elsewhere", path), 0);
  app_pidfile_free(file);
  ck_assert_int_eq(unlink(path), 0);
  place_remove();
}
END_TEST

/* In a separate process, because a lock does not exclude its own process. */
static int second_take(char *message, size_t size) {
  int ends[2], status;
  ck_assert_int_eq(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    struct app_pidfile *file;
    struct error error = {""};
    int result = app_pidfile_take(path, geteuid(), getegid(), &file, &error);
    if (result != 0 && write(ends[1], error.text, strlen(error.text)) < 0) _exit(9);
    _exit(result == 0 ? 0 : 1);
  }
  close(ends[1]);
  ssize_t len = read(ends[0], message, size - 1);
  message[len > 0 ? len : 0] = '\0';
  close(ends[0]);
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  return WEXITSTATUS(status);
}

START_TEST(a_second_one_is_refused_with_the_firsts_pid) {
  char message[512], wanted[64];
  place_make();
  struct app_pidfile *file = take();
  ck_assert_int_eq(second_take(message, sizeof message), 1);
  snprintf(wanted, sizeof wanted, "already running with pid %ld:", (long)getpid());
  ck_assert_msg(strstr(message, wanted) != NULL, "%s", message);
  ck_assert_int_eq(read_pid(), getpid()); /* the content is unchanged */
  app_pidfile_free(file);
  ck_assert_int_eq(second_take(message, sizeof message), 0);
  unlink(path); /* the second ended without removing it */
  place_remove();
}
END_TEST

START_TEST(only_a_plain_file_is_taken) {
  char other[100];
  struct app_pidfile *file;
  struct error error = {""};
  struct stat info;
  place_make();
  snprintf(other, sizeof other, "%s/other", directory);
  files_write(other, "precious");
  ck_assert_int_eq(symlink(other, path), 0);
  ck_assert_int_eq(app_pidfile_take(path, 0, 0, &file, &error), -1);
  ck_assert_ptr_nonnull(strstr(error.text, "it is a symlink: name the file itself"));
  unlink(path);
  ck_assert_int_eq(link(other, path), 0);
  ck_assert_int_eq(app_pidfile_take(path, 0, 0, &file, &error), -1);
  ck_assert_ptr_nonnull(strstr(error.text, "not a plain file"));
  unlink(path);
  ck_assert_int_eq(stat(other, &info), 0);
  ck_assert_int_eq(info.st_size, 8);
  ck_assert_int_eq(mkfifo(path, 0600), 0);
  ck_assert_int_eq(app_pidfile_take(path, 0, 0, &file, &error), -1);
  unlink(path);
  ck_assert_int_eq(app_pidfile_take(directory, 0, 0, &file, &error), -1);
  unlink(other);
  place_remove();
  ck_assert_int_eq(app_pidfile_take(path, 0, 0, &file, &error), -1); /* its directory is gone */
  ck_assert_ptr_nonnull(strstr(error.text, "No such file"));
}
END_TEST

TEST_MAIN("pidfile", it_is_made_and_removed, without_a_path_there_is_none, a_stale_one_is_replaced,
          the_file_of_another_process_stays, a_second_one_is_refused_with_the_firsts_pid,
          only_a_plain_file_is_taken)
