/* SPDX-License-Identifier: MIT */
/* Metrics, traces and logs of a program that is not a server: a job that does some work and reports the
 * result.
 *
 *   cc no_server.c -o no_server $(pkg-config --cflags --libs tel)
 */
#include <stdio.h>

#include <tel/scrape.h>
#include <tel/telemetry.h>

static struct tel_counter *items;
static const struct tel_metric metrics[] = {
    {.type = TEL_METRIC_COUNTER, .name = "items_total", .help = "Items worked on.", .counter = &items},
};

int main(void) {
  struct tel *tel = tel_new("job", "1.0");
  struct tel_scrape scrape;

  tel_register(tel, metrics, sizeof metrics / sizeof *metrics);
  if (tel_start(tel) != 0) return fprintf(stderr, "%s\n", tel_error(tel)), 1;

  struct tel_span *job = tel_span_start(tel_tracer(tel), "job", TEL_SPAN_INTERNAL, NULL, NULL, 0);
  struct tel_span *step = tel_span_start_child(tel_tracer(tel), "step", TEL_SPAN_INTERNAL, job);
  tel_attributes_set_int(tel_span_attributes(step), "items", 3);
  tel_counter_add(items, 3);
  tel_span_end(step, 0);

  struct tel_log_record *line = tel_log_begin(tel_logger(tel), TEL_INFO);
  tel_log_context(line, tel_span_context(job));
  tel_attributes_set_int(tel_log_fields(line), "items", 3);
  tel_log_message(line, "job done");
  tel_span_end(job, 0);

  if (tel_scrape(tel_registry(tel), NULL, NULL, &scrape) == 0) {
    fwrite(scrape.body, 1, scrape.size, stderr);
    tel_scrape_free(&scrape);
  }
  return tel_free(tel, 5000) != 0;
}
