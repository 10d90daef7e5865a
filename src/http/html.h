/* SPDX-License-Identifier: MIT */
/* Escapes untrusted text for an HTML page or for the query of a link. */
#ifndef HTTP_HTML_H
#define HTTP_HTML_H

#include "base/buf.h"

/* Appends the text, escaped for HTML text and quoted attribute values. Control characters and invalid UTF-8
 * become U+FFFD. */
void http_html_text(struct buf *out, const char *text, size_t len);
void http_html_string(struct buf *out, const char *text);
/* Appends the text, percent-encoded. The result is also safe in a quoted attribute value. */
void http_html_query_value(struct buf *out, const char *text);

#endif
