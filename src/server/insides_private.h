/* SPDX-License-Identifier: MIT */
/* What only works because of how libmicrohttpd 0.9 is built inside, in one place. A version of libmicrohttpd
 * that makes a function here needless makes it go, with its calls; server_insides_ finds them all. */
#ifndef SERVER_INSIDES_PRIVATE_H
#define SERVER_INSIDES_PRIVATE_H

#include <microhttpd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "server/server.h"

struct server_client;

/* --- libc's accept4(), recv() and epoll_ctl(), and MHD_start_daemon(), as libmicrohttpd calls them --- */

/* NULL, false: no longer. */
void server_insides_listens(int fd, struct server *server);
void server_insides_serves(int fd, struct server_client *client);
/* A listening socket that libmicrohttpd's threads leave: from MHD_quiesce_daemon() until it is closed. */
void server_insides_drains(int fd, bool drains);

/* --- The memory that a request was read into. Unknown to versions other than 0.9: then it is taken as clean
 * --- */

bool server_insides_known(void);
/* Of the raw target, when libmicrohttpd has just found it: no NUL hides a part of it. */
bool server_insides_target_is_whole(const char *target);
/* Of the raw target, at the same moment: removes its arguments. */
void server_insides_arguments_cut(const char *target);
/* Of the raw target, at the same moment: the same memory, to write in. */
char *server_insides_writable(const char *target);
/* No NUL hides a part of the method, and one space follows it. */
bool server_insides_method_is_whole(const char *method, const char *target);
/* Each line of a header block ends with CR LF, none is folded, and no NUL hides a part of a value. */
bool server_insides_block_is_clean(const char *method, const char *version, size_t block_size);

/* --- The log messages --- */

enum server_insides_event {
  SERVER_INSIDES_OTHER,
  SERVER_INSIDES_ANSWERS,   /* libmicrohttpd is about to answer by itself, with status and page */
  SERVER_INSIDES_NO_THREAD, /* it has no thread for the connection that was opened last */
};
/* What a message says. Fills status and page for SERVER_INSIDES_ANSWERS. */
enum server_insides_event server_insides_event(const char *format, va_list arguments, unsigned *status,
                                               const char **page);
enum server_log_level server_insides_level(const char *text);
/* The detail for a page that libmicrohttpd answers 400 with; NULL: nothing more is known. */
const char *server_insides_finding(const char *page);

#endif
