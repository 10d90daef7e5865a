/* SPDX-License-Identifier: MIT */
/* The HTML of /debug/tracez, without scripts and external resources. Each function appends a whole page. */
#ifndef HTTP_TRACEZ_PAGE_H
#define HTTP_TRACEZ_PAGE_H

#include "base/buf.h"
#include "telemetry/recent/recent.h"

/* The table of all kept traces, and the list of those that match the filter: at most limit, newest first. */
void tracez_page_list(struct tel_recent *recent, const struct tel_recent_list *list,
                      const struct tel_recent_filter *filter, size_t limit, struct buf *out);
/* One trace as a waterfall. */
void tracez_page_trace(struct tel_recent *recent, const struct tel_recent_trace *trace, struct buf *out);
/* Says why a trace may be gone. */
void tracez_page_unknown(const char *trace_id, struct buf *out);

#endif
