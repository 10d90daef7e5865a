/* SPDX-License-Identifier: MIT */
/* The files of the web page. embed.sh turns the files in page/ into constants of the program. */
#ifndef SLACK_MOCK_PAGE_H
#define SLACK_MOCK_PAGE_H

#include <stddef.h>

struct mock_page_file {
  const char *path; /* of its URL */
  const char *type;
  const unsigned char *data;
  size_t len;
};

extern const struct mock_page_file mock_page_files[];
extern const size_t mock_page_file_count;

#endif
