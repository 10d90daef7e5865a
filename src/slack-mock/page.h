/* SPDX-License-Identifier: MIT */
/* The files of the page. embed.sh turns those of page/ into constants of the program. */
#ifndef SLACK_MOCK_PAGE_H
#define SLACK_MOCK_PAGE_H

#include <stddef.h>

struct mock_page_file {
  const char *path; /* of the URL */
  const char *type;
  const unsigned char *data;
  size_t len;
};

extern const struct mock_page_file mock_page_files[];
extern const size_t mock_page_file_count;

#endif
