/* SPDX-License-Identifier: MIT */
/* All code that depends on the internals of libmicrohttpd 0.9. If a new version makes a function unnecessary,
 * delete it and its calls (search for server_insides_). */
#ifndef SERVER_INSIDES_PRIVATE_H
#define SERVER_INSIDES_PRIVATE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "server/server.h"

struct server_client;

/* --- Replacements of accept4(), recv(), epoll_ctl() and MHD_start_daemon() --- */

/* Sets the owner of a descriptor. NULL removes it. */
void server_insides_set_server(int fd, struct server *server);
void server_insides_set_client(int fd, struct server_client *client);
/* Marks a listening socket that libmicrohttpd no longer uses, from MHD_quiesce_daemon() until its close. */
void server_insides_set_quiesced(int fd, bool quiesced);

/* --- Checks of the memory that holds a request. With versions other than 0.9 they always pass --- */

bool server_insides_known(void);
/* Returns false if a NUL hides a part of the raw target. Call it from server_connection_begun(). */
bool server_insides_target_is_whole(const char *target);
/* Returns the same memory as writable. */
char *server_insides_writable(const char *text);
/* Whether no NUL hides a part of the method, and one space follows it. */
bool server_insides_method_is_whole(const char *method, const char *target);
/* Whether each line of a header block ends with CR LF, none is folded, and no NUL hides a part of a value. */
bool server_insides_block_is_clean(const char *method, const char *version, size_t block_size);

/* --- The log messages --- */

enum server_insides_event {
  SERVER_INSIDES_OTHER,
  SERVER_INSIDES_RESPONDS,  /* libmicrohttpd is about to respond by itself, with status and page */
  SERVER_INSIDES_NO_THREAD, /* it cannot start a thread for the newest connection */
};
/* Classifies a message. Fills status and page for SERVER_INSIDES_RESPONDS. */
enum server_insides_event server_insides_event(const char *format, va_list arguments, unsigned *status,
                                               const char **page);
enum server_log_level server_insides_level(const char *text);
/* The detail for the page of libmicrohttpd's 400 response, or NULL if the page is unknown. */
const char *server_insides_finding(const char *page);

#endif
