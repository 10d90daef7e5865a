/* SPDX-License-Identifier: MIT */
#include "http/tracez_page.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/timestamp.h"
#include "http/html.h"
#include "http/tracez_style.h"

enum { ID_HEX = 33, DEEP = 12, NUMBER_SIZE = 32 };

#define PATH "/debug/tracez"

static void put_format(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Escapes nothing, so use it only for numbers and constant words. */
static void put_format(struct buf *out, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  buf_puts(out, text);
}

static void id_hex(char *out, const uint8_t *id, size_t len) {
  *hex_write(out, id, len) = '\0';
}

/* Three significant digits and a suitable unit. */
static const char *duration(uint64_t ns, char out[NUMBER_SIZE]) {
  static const struct {
    double ns;
    const char *name;
  } units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}, {1, "ns"}};
  size_t unit = 0;
  while (unit < 3 && (double)ns < units[unit].ns) unit++;
  double value = (double)ns / units[unit].ns;
  snprintf(out, NUMBER_SIZE, "%.*f %s",
           value < 9.995 && unit < 3   ? 2
           : value < 99.95 && unit < 3 ? 1
                                       : 0,
           value, units[unit].name);
  return out;
}

static void put_time(struct buf *out, uint64_t unix_ns, bool date) {
  char text[TIMESTAMP_MAX];
  char *end = timestamp_write(text, unix_ns, 3) - 1; /* without the Z */
  char *hours = strchr(text, 'T') + 1, *from = date ? text : hours;
  hours[-1] = ' ';
  buf_append(out, from, (size_t)(end - from));
}

static void begin_page(struct buf *out, const char *title) {
  buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                "<meta name=\"color-scheme\" content=\"light dark\"><title>");
  buf_puts(out, title);
  buf_puts(out, "</title><style>");
  buf_puts(out, tracez_style);
  buf_puts(out, "</style></head>\n<body>\n");
}

static void end_page(struct buf *out) {
  buf_puts(out, "</body></html>\n");
}

/* --- The table of all kept traces --- */

/* Writes the link to a list. Leaves NULL and negative values out of the query. */
static void put_list_link(struct buf *out, const char *route, int latency_class, int error) {
  const char *separator = "?";
  buf_puts(out, PATH);
  if (route && *route) {
    buf_puts(out, "?route=");
    http_html_query_value(out, route);
    separator = "&amp;";
  }
  if (latency_class >= 0) {
    put_format(out, "%sclass=%s", separator, tel_recent_class_name((unsigned)latency_class));
    separator = "&amp;";
  }
  if (error >= 0) put_format(out, "%soutcome=%s", separator, error ? "error" : "ok");
}

static void put_count(struct buf *out, const char *route, int latency_class, int error, uint32_t count) {
  if (count == 0) return;
  put_format(out, "<a class=\"%s\" href=\"", error == 1 ? "bad" : "good");
  put_list_link(out, route, latency_class, error);
  put_format(out, "\" title=\"%s\">%" PRIu32 "</a>", error == 1 ? "failed" : "not failed", count);
}

/* Merges the rows of a route: its requests may have spans with different names. */
static size_t merge(struct tel_recent_row *rows, size_t count) {
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    size_t same = 0;
    while (same < kept && strcmp(rows[same].route, rows[i].route) != 0) same++;
    if (same == kept) {
      rows[kept++] = rows[i];
      continue;
    }
    for (int c = 0; c < TEL_RECENT_CLASSES; c++)
      for (int error = 0; error < 2; error++) rows[same].counts[c][error] += rows[i].counts[c][error];
  }
  return kept;
}

static void put_row(struct buf *out, const struct tel_recent_row *row, const bool used[TEL_RECENT_CLASSES]) {
  uint32_t sum[2] = {0, 0};
  for (int c = 0; c < TEL_RECENT_CLASSES; c++)
    for (int error = 0; error < 2; error++) sum[error] += row->counts[c][error];
  buf_puts(out, "<tr><th scope=\"row\"><a href=\"");
  put_list_link(out, row->route, -1, -1);
  buf_puts(out, "\">");
  http_html_string(out, *row->route ? row->route : row->name);
  buf_puts(out, "</a><small>");
  http_html_string(out, row->name);
  buf_puts(out, "</small></th>");
  for (int c = 0; c < TEL_RECENT_CLASSES; c++) {
    if (!used[c]) continue;
    buf_puts(out, "<td>");
    for (int error = 0; error < 2; error++) put_count(out, row->route, c, error, row->counts[c][error]);
    buf_puts(out, "</td>");
  }
  buf_puts(out, "<td>");
  for (int error = 0; error < 2; error++) put_count(out, row->route, -1, error, sum[error]);
  buf_puts(out, "</td></tr>\n");
}

static void put_table(struct tel_recent *recent, struct buf *out) {
  struct tel_recent_row rows[TEL_RECENT_ROUTES];
  size_t count = merge(rows, tel_recent_table(recent, rows));
  bool used[TEL_RECENT_CLASSES] = {false};
  for (size_t i = 0; i < count; i++)
    for (int c = 0; c < TEL_RECENT_CLASSES; c++) used[c] |= rows[i].counts[c][0] || rows[i].counts[c][1];
  buf_puts(out, "<div class=\"wide\"><table class=\"classes\"><thead><tr><th scope=\"col\">Route</th>");
  for (unsigned c = 0; c < TEL_RECENT_CLASSES; c++)
    if (used[c]) put_format(out, "<th scope=\"col\">&ge; %s</th>", tel_recent_class_name(c));
  buf_puts(out, "<th scope=\"col\">all</th></tr></thead><tbody>\n");
  for (size_t i = 0; i < count; i++) put_row(out, &rows[i], used);
  buf_puts(out, "</tbody></table></div>\n<p class=\"note\">Kept traces by how long the request took: "
                "<span class=\"good\">not failed</span> and <span class=\"bad\">failed</span>. A trace has "
                "failed if one of its spans has the status Error.</p>\n");
}

/* --- The list --- */

static void put_filter(struct buf *out, const struct tel_recent_filter *filter) {
  if (!filter->route && filter->latency_class < 0 && filter->error < 0) return;
  buf_puts(out, "<p class=\"filter\">Only");
  if (filter->error >= 0) put_format(out, " <b>%s</b>", filter->error ? "failed" : "not failed");
  if (filter->route) {
    buf_puts(out, " <b>");
    http_html_string(out, filter->route);
    buf_puts(out, "</b>");
  }
  if (filter->latency_class >= 0) {
    unsigned c = (unsigned)filter->latency_class;
    put_format(out, " from <b>%s</b>", tel_recent_class_name(c));
    if (c + 1 < TEL_RECENT_CLASSES) put_format(out, " to below <b>%s</b>", tel_recent_class_name(c + 1));
  }
  buf_puts(out, ". <a href=\"" PATH "\">Show all</a></p>\n");
}

static void put_entry(struct buf *out, const struct tel_recent_summary *trace) {
  char id[ID_HEX], number[NUMBER_SIZE];
  id_hex(id, trace->trace_id, sizeof trace->trace_id);
  put_format(out, "<tr class=\"%s\"><td class=\"time\">", trace->error ? "failed" : "");
  put_time(out, trace->start_unix_ns, false);
  put_format(out, "</td><td><a href=\"" PATH "?trace_id=%s\">", id);
  http_html_string(out, trace->name);
  buf_puts(out, "</a>");
  if (trace->error) {
    buf_puts(out, " <span class=\"bad\">");
    http_html_string(out, *trace->error_type ? trace->error_type : "error");
    buf_puts(out, "</span>");
  }
  buf_puts(out, "</td><td class=\"where\">");
  http_html_string(out, trace->method);
  buf_putc(out, ' ');
  http_html_string(out, trace->route);
  put_format(out, "</td><td class=\"number\">%s</td><td class=\"number\">%u</td>",
             duration(trace->duration_ns, number), (unsigned)trace->status);
  put_format(out, "<td class=\"number spans\">%" PRIu32 "</td><td class=\"id\">%.8s&hellip;</td></tr>\n",
             trace->spans, id);
}

void tracez_page_list(struct tel_recent *recent, const struct tel_recent_list *list,
                      const struct tel_recent_filter *filter, size_t limit, struct buf *out) {
  begin_page(out, "Recent traces");
  put_format(
      out,
      "<header><h1>Recent traces</h1><p>%.2f of %.2f MiB used; newest first, times in UTC</p></header>\n",
      (double)list->held_bytes / 0x1p20, (double)list->capacity_bytes / 0x1p20);
  put_table(recent, out);
  put_filter(out, filter);
  if (list->count == 0) {
    buf_puts(out, "<p class=\"empty\">No trace matches. Send a request, or wait until it has ended.</p>\n");
  } else {
    buf_puts(out,
             "<table class=\"list\"><thead><tr><th>Start</th><th>Span</th><th class=\"where\">Request</th>"
             "<th class=\"number\">Took</th><th class=\"number\">Status</th>"
             "<th class=\"number spans\">Spans</th><th class=\"id\">Trace</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < list->count; i++) put_entry(out, &list->items[i]);
    buf_puts(out, "</tbody></table>\n");
    if (list->count == limit) put_format(out, "<p class=\"note\">The newest %zu are shown.</p>\n", limit);
  }
  end_page(out);
}

/* --- One trace --- */

static void put_value(struct buf *out, const struct tel_attribute *pair) {
  if (pair->type == TEL_STRING)
    http_html_text(out, pair->value.string.data, pair->value.string.len);
  else
    tel_recent_json_value(out, pair); /* numbers, true and false need no escapes */
}

static void put_pairs(struct buf *out, const struct tel_recent_pairs *pairs) {
  if (pairs->count + pairs->dropped == 0) return;
  buf_puts(out, "<dl>");
  for (uint32_t i = 0; i < pairs->count; i++) {
    buf_puts(out, "<div><dt>");
    http_html_text(out, pairs->items[i].key, pairs->items[i].key_len);
    buf_puts(out, "</dt><dd>");
    put_value(out, &pairs->items[i]);
    buf_puts(out, "</dd></div>");
  }
  buf_puts(out, "</dl>");
  if (pairs->dropped) put_format(out, "<p class=\"note\">%" PRIu32 " more were dropped.</p>", pairs->dropped);
}

static void put_link(struct tel_recent *recent, struct buf *out, const struct tel_recent_item *link) {
  char trace_id[ID_HEX], span_id[ID_HEX];
  id_hex(trace_id, link->context.trace_id, sizeof link->context.trace_id);
  id_hex(span_id, link->context.span_id, sizeof link->context.span_id);
  buf_puts(out, "<h3>Link</h3><p class=\"ids\">trace ");
  if (tel_recent_has(recent, link->context.trace_id))
    put_format(out, "<a href=\"" PATH "?trace_id=%s#s%s\">%s</a>", trace_id, span_id, trace_id);
  else
    put_format(out, "%s (not kept)", trace_id);
  put_format(out, ", span %s</p>", span_id);
  put_pairs(out, &link->attributes);
}

static void put_details(struct tel_recent *recent, const struct tel_recent_trace *trace,
                        const struct tel_recent_span *span, struct buf *out) {
  static const char *const kinds[] = {"", "INTERNAL", "SERVER", "CLIENT"};
  char id[ID_HEX], number[NUMBER_SIZE];
  id_hex(id, span->span_id, sizeof span->span_id);
  put_format(out, "<div class=\"details\"><p class=\"ids\">%s, span %s, starts at %s", kinds[span->kind], id,
             duration(span->start_unix_ns - trace->start_unix_ns, number));
  if (span->status != TEL_STATUS_UNSET) {
    put_format(out, ", status <b class=\"%s\">%s</b> ", span->status == TEL_STATUS_ERROR ? "bad" : "good",
               span->status == TEL_STATUS_ERROR ? "Error" : "Ok");
    http_html_string(out, span->status_text);
  }
  buf_puts(out, "</p>");
  put_pairs(out, &span->attributes);
  for (uint32_t i = 0; i < span->events.count; i++) {
    const struct tel_recent_item *event = &span->events.items[i];
    buf_puts(out, "<h3>Event: ");
    http_html_string(out, event->name);
    put_format(
        out, " <small>at %s</small></h3>",
        duration(event->unix_ns > trace->start_unix_ns ? event->unix_ns - trace->start_unix_ns : 0, number));
    put_pairs(out, &event->attributes);
  }
  for (uint32_t i = 0; i < span->links.count; i++) put_link(recent, out, &span->links.items[i]);
  buf_puts(out, "</div>");
}

static double share(const struct tel_recent_trace *trace, uint64_t unix_ns) {
  uint64_t whole = trace->end_unix_ns - trace->start_unix_ns;
  if (whole == 0 || unix_ns <= trace->start_unix_ns) return 0;
  return fmin(100, 100 * (double)(unix_ns - trace->start_unix_ns) / (double)whole);
}

static void put_span(struct tel_recent *recent, const struct tel_recent_trace *trace,
                     const struct tel_recent_span *span, struct buf *out) {
  char id[ID_HEX], number[NUMBER_SIZE];
  double from = share(trace, span->start_unix_ns), to = share(trace, span->end_unix_ns);
  unsigned depth = span->depth < DEEP ? span->depth : DEEP;
  id_hex(id, span->span_id, sizeof span->span_id);
  put_format(
      out,
      "<details open id=\"s%s\" class=\"%s\"><summary><span class=\"name\" style=\"padding-left:%urem\">", id,
      span->status == TEL_STATUS_ERROR ? "failed" : "", depth);
  http_html_string(out, span->name);
  put_format(out,
             "</span><span class=\"took\">%s</span><span class=\"track\"><span class=\"bar\" "
             "style=\"left:%.3f%%;width:%.3f%%\"></span>",
             duration(span->end_unix_ns - span->start_unix_ns, number), from, to - from);
  for (uint32_t i = 0; i < span->events.count; i++)
    put_format(out, "<span class=\"mark\" style=\"left:%.3f%%\"></span>",
               share(trace, span->events.items[i].unix_ns));
  buf_puts(out, "</span></summary>");
  put_details(recent, trace, span, out);
  buf_puts(out, "</details>\n");
}

static int append(const char *text, size_t len, void *out) {
  http_html_text(out, text, len);
  return buf_failed(out) ? -1 : 0;
}

/* Writes the line indented, or unchanged if there is no memory to parse it. */
static void put_line(struct buf *out, const char *line) {
  json_t *json = json_loads(line, 0, NULL);
  buf_puts(out, "<pre>");
  if (!json || json_dump_callback(json, append, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) != 0)
    http_html_string(out, line);
  buf_puts(out, "</pre>\n");
  json_decref(json);
}

void tracez_page_trace(struct tel_recent *recent, const struct tel_recent_trace *trace, struct buf *out) {
  char id[ID_HEX], number[NUMBER_SIZE];
  id_hex(id, trace->trace_id, sizeof trace->trace_id);
  begin_page(out, "Trace");
  buf_puts(out, "<header><p><a href=\"" PATH "\">Recent traces</a></p><h1>");
  http_html_string(out, trace->span_count ? trace->spans[0].name : "Trace");
  put_format(out, " <small>%s</small></h1><p class=\"ids\">trace %s</p><p>",
             duration(trace->end_unix_ns - trace->start_unix_ns, number), id);
  put_time(out, trace->start_unix_ns, true);
  put_format(out, " UTC, %zu span%s</p></header>\n<section class=\"waterfall\">\n", trace->span_count,
             trace->span_count == 1 ? "" : "s");
  for (size_t i = 0; i < trace->span_count; i++) put_span(recent, trace, &trace->spans[i], out);
  buf_puts(out, "</section>\n<h2>Log</h2>\n");
  for (size_t i = 0; i < trace->log_count; i++) put_line(out, trace->log[i]);
  if (trace->log_count == 0)
    buf_puts(
        out,
        "<p class=\"note\">No line of this trace is in the log: it is off, or its level is above that of "
        "the line.</p>\n");
  put_format(out, "<p class=\"note\"><a href=\"" PATH "?trace_id=%s&amp;format=json\">As JSON</a></p>\n", id);
  end_page(out);
}

void tracez_page_unknown(const char *trace_id, struct buf *out) {
  begin_page(out, "Unknown trace");
  buf_puts(out, "<header><p><a href=\"" PATH "\">Recent traces</a></p><h1>This trace is not kept</h1>"
                "<p class=\"ids\">trace ");
  http_html_string(out, trace_id);
  buf_puts(out, "</p></header>\n<p>One of these is the reason:</p>\n<ul>"
                "<li>Its request has not ended yet. Load this page again.</li>"
                "<li>It made room for newer traces (traces.recent_bytes), or the service was restarted.</li>"
                "<li>It was not sampled, or it belongs to a probe or to an unknown path.</li>"
                "<li>Another instance of the service has it.</li></ul>\n"
                "<p>The back end that traces are exported to may still have it.</p>\n");
  end_page(out);
}
