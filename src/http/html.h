/* SPDX-License-Identifier: MIT */
/* Escapes untrusted text for an HTML page or for the query of a link. */
#ifndef HTTP_HTML_H
#define HTTP_HTML_H

#include "base/buf.h"

/* Escaped for text and for quoted attribute values. Control characters and invalid UTF-8 become U+FFFD. */
void http_html_text(struct buf *out, const char *text, size_t len);
void http_html_string(struct buf *out, const char *text);
/* Percent-encoded; safe in a quoted attribute value, too. */
void http_html_query_value(struct buf *out, const char *text);

#endif
