/* SPDX-License-Identifier: MIT */
/* Calls every public function with NULL for each pointer, then with a live object and NULL for the other
 * pointers. The test compares the names here with those of the headers. */
#include <tel/http.h>
#include <tel/ulfius.h>

#include "check.h"

static void destroy(void *object) {
  CHECK(object == NULL);
}

static void read_nothing(void *cls, struct tel_emit *emit) {
  (void)cls;
  tel_emit_value(emit, NULL, 1);
}

static void without_telemetry(void) {
  char unused[] = "";
  struct tel *nameless = tel_new(NULL, NULL);
  CHECK(tel_start(nameless) == TEL_E_VALUE);
  CHECK(tel_free(nameless, 0) == 0);
  CHECK(tel_start(NULL) == TEL_E_MEMORY);
  CHECK(tel_error(NULL) != NULL);
  tel_fail(NULL, TEL_E_MEMORY, NULL);
  CHECK(tel_register(NULL, NULL, 1) == 0);
  CHECK(tel_free(NULL, 1000) == 0);
  CHECK(!tel_registry(NULL) && !tel_tracer(NULL) && !tel_logger(NULL));
  CHECK(tel_own(NULL, destroy, NULL) == TEL_E_MEMORY);
  CHECK(tel_own(NULL, NULL, unused) == TEL_E_MEMORY);
  CHECK(tel_at_end(NULL, NULL, NULL) == TEL_E_MEMORY);
  CHECK(tel_error_text(1) != NULL);
}

static void without_lists(void) {
  tel_attributes_init(NULL, 1, 1);
  tel_attributes_clear(NULL);
  tel_attributes_set_text(NULL, NULL, NULL, 0);
  tel_attributes_set_string(NULL, NULL, NULL);
  tel_attributes_set_static(NULL, NULL, NULL);
  tel_attributes_set_int(NULL, NULL, 1);
  tel_attributes_set_double(NULL, NULL, 1);
  tel_attributes_set_bool(NULL, NULL, true);
  tel_attributes_put_text(NULL, NULL, NULL, 0);
  tel_attributes_put_string(NULL, NULL, NULL);
  tel_attributes_put_int(NULL, NULL, 1);
  tel_attributes_put_double(NULL, NULL, 1);
  tel_attributes_put_bool(NULL, NULL, true);
  CHECK(!tel_attributes_find(NULL, NULL));
}

static void without_contexts(void) {
  char text[TEL_TRACEPARENT_SIZE] = "x", trace[TEL_TRACE_ID_HEX_SIZE] = "x", span[TEL_SPAN_ID_HEX_SIZE] = "x";
  char state[TEL_TRACESTATE_SIZE] = "";
  struct tel_context context;
  CHECK(!tel_context_valid(NULL) && !tel_context_sampled(NULL));
  CHECK(!tel_traceparent_parse(NULL, 55, &context));
  CHECK(!tel_traceparent_parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 55, NULL));
  tel_traceparent_format(NULL, text);
  tel_traceparent_format(NULL, NULL);
  tel_trace_id_hex(NULL, trace);
  tel_trace_id_hex(NULL, NULL);
  tel_span_id_hex(NULL, span);
  tel_span_id_hex(NULL, NULL);
  CHECK(!*text && !*trace && !*span);
  CHECK(!tel_tracestate_append(NULL, "a=b", 3));
  CHECK(tel_tracestate_append(state, NULL, 0) && !*state);
}

static void without_metrics(void) {
  const struct tel_family_spec spec = {.name = "one_total"};
  struct tel_family *family = NULL;
  struct tel_counter *counter = NULL;
  struct tel_gauge *gauge = NULL;
  struct tel_histogram *histogram = NULL;
  struct tel_scrape scrape;
  struct tel_registry *registry = tel_registry_new(NULL);
  CHECK(tel_counter_family(NULL, &spec, &family) == TEL_E_VALUE);
  CHECK(tel_gauge_family(NULL, &spec, &family) == TEL_E_VALUE);
  CHECK(tel_histogram_family(NULL, NULL, NULL) == TEL_E_VALUE);
  CHECK(tel_counter_family(registry, NULL, &family) == TEL_E_VALUE);
  CHECK(tel_counter_family(registry, &spec, NULL) == TEL_E_VALUE);
  CHECK(tel_counter_series(NULL, NULL, &counter) == TEL_E_VALUE);
  CHECK(tel_gauge_series(NULL, NULL, &gauge) == TEL_E_VALUE);
  CHECK(tel_histogram_series(NULL, NULL, &histogram) == TEL_E_VALUE);
  CHECK(tel_counter_family(registry, &spec, &family) == 0);
  CHECK(tel_counter_series(family, NULL, NULL) == TEL_E_VALUE);
  CHECK(tel_read_family(NULL, &spec, TEL_METRIC_COUNTER, read_nothing, NULL) == TEL_E_VALUE);
  CHECK(tel_read_family(registry, NULL, TEL_METRIC_COUNTER, read_nothing, NULL) == TEL_E_VALUE);
  CHECK(tel_read_family(registry, &spec, TEL_METRIC_COUNTER, NULL, NULL) == TEL_E_VALUE);
  tel_counter_add(NULL, 1);
  tel_counter_add_at(NULL, 1, NULL, 0);
  tel_gauge_set(NULL, 1);
  tel_gauge_add(NULL, 1);
  tel_histogram_observe(NULL, 1, NULL);
  tel_histogram_observe_at(NULL, 1, NULL, 0);
  CHECK(tel_counter_value(NULL) == 0 && tel_gauge_value(NULL) == 0);
  tel_emit_value(NULL, NULL, 1);
  CHECK(tel_scrape(NULL, NULL, NULL, &scrape) == TEL_E_VALUE);
  CHECK(tel_scrape(registry, NULL, NULL, NULL) == TEL_E_VALUE);
  tel_scrape_free(NULL);
  CHECK(tel_registry_add(NULL, NULL, 1) == 0 && tel_registry_add(registry, NULL, 1) == 0);
  CHECK(tel_registry_add(registry, &(struct tel_metric){.type = TEL_METRIC_GAUGE}, 1) == TEL_E_VALUE);
  tel_registry_free(registry);
  tel_registry_free(NULL);
}

static void without_spans(void) {
  tel_span_end(tel_span_start(NULL, NULL, TEL_SPAN_INTERNAL, NULL, NULL, 0), 0);
  tel_span_end(tel_span_start_child(NULL, NULL, TEL_SPAN_INTERNAL, NULL), 0);
  CHECK(tel_span_now_unix_ns(NULL) > 0);
  CHECK(!tel_context_valid(tel_span_context(NULL)));
  CHECK(!tel_span_attributes(NULL) && !tel_span_add_event(NULL, NULL) && !tel_span_add_link(NULL, NULL));
  tel_span_set_name(NULL, NULL);
  tel_span_set_status(NULL, TEL_STATUS_ERROR, NULL);
}

static void without_logs(void) {
  const struct tel_log_settings settings = {.enabled = false};
  struct tel_logger *logger = NULL;
  enum tel_level level;
  CHECK(tel_logger_new(NULL, NULL, &logger) == TEL_E_VALUE);
  CHECK(tel_logger_new(&settings, NULL, NULL) == TEL_E_VALUE);
  CHECK(tel_logger_start(NULL) == TEL_E_VALUE);
  CHECK(tel_log_install(NULL) == TEL_E_VALUE);
  tel_log_set_level(NULL, TEL_INFO);
  CHECK(tel_log_reopen(NULL) == TEL_E_VALUE);
  CHECK(tel_logger_free(NULL, 0) == 0);
  CHECK(!tel_log_enabled(NULL, TEL_FATAL) && !tel_log_begin(NULL, TEL_FATAL) && !tel_log_fields(NULL));
  tel_log_context(NULL, NULL);
  tel_log_span(NULL, NULL);
  tel_log_message(NULL, NULL);
  tel_log_event(NULL, TEL_FATAL, NULL, NULL);
  CHECK(!tel_level_parse(NULL, &level) && !tel_level_parse("info", NULL));
}

static void without_servers(void) {
  struct _u_instance instance;
  void *state = NULL;
  CHECK(!tel_http_route(NULL, NULL, NULL) && !tel_http_begin(NULL, NULL));
  tel_http_end(NULL, NULL, 200, 0);
  CHECK(tel_http_keep(NULL) == 0);
  tel_http_cut(NULL, TEL_HTTP_CUT_SERVER);
  tel_http_lost(NULL, NULL);
  CHECK(!tel_http_span(NULL) && !tel_http_fields(NULL));
  CHECK(ulfius_init_instance(&instance, 1, NULL, NULL) == U_OK);
  CHECK(tel_ulfius_observe(NULL, &instance) == TEL_E_VALUE);
  CHECK(tel_ulfius_observe_at(NULL, NULL, NULL) == TEL_E_VALUE);
  CHECK(tel_ulfius_start(NULL, NULL, NULL) == U_ERROR_PARAMS);
  ulfius_clean_instance(&instance);
  CHECK(!tel_ulfius_span(NULL) && !tel_ulfius_fields(NULL));
  struct connection_info_struct *info = tel_ulfius_on_uri(NULL, "/", NULL);
  CHECK(info);
  state = info;
  tel_ulfius_on_completed(NULL, NULL, &state, MHD_REQUEST_TERMINATED_COMPLETED_OK);
  tel_ulfius_on_completed(NULL, NULL, NULL, MHD_REQUEST_TERMINATED_COMPLETED_OK);
  (void)tel_ulfius_on_message; /* a variable argument list cannot be NULL */
}

/* A live object, and NULL for each text and each other object. */
static void with_telemetry(void) {
  struct tel *tel = tel_new("nulls", "1.0");
  tel_fail(tel, 0, NULL);
  CHECK(tel_register(tel, NULL, 1) == 0);
  CHECK(tel_own(tel, destroy, NULL) == 0 && tel_own(tel, NULL, NULL) == 0 &&
        tel_at_end(tel, NULL, NULL) == 0);
  CHECK(tel_ulfius_observe(tel, NULL) == TEL_E_VALUE);
  CHECK(tel_start(tel) == TEL_E_VALUE); /* the kept error: an instance was NULL */
  CHECK(tel_free(tel, 1000) == 0);

  tel = tel_new("nulls", "1.0");
  CHECK(tel_start(tel) == 0);
  struct tel_span *span = tel_span_start(tel_tracer(tel), NULL, TEL_SPAN_INTERNAL, NULL, NULL, 0);
  tel_span_set_name(span, NULL);
  tel_attributes_set_int(tel_span_attributes(span), NULL, 1);
  tel_attributes_set_text(tel_span_attributes(span), "key", NULL, 0);
  tel_attributes_set_text(tel_span_attributes(span), "key", NULL, 5);
  tel_attributes_put_int(tel_span_attributes(span), NULL, 1);
  tel_attributes_put_string(tel_span_attributes(span), NULL, "value");
  CHECK(!tel_attributes_find(tel_span_attributes(span), NULL));
  tel_attributes_set_string(tel_span_add_event(span, NULL), NULL, "value");
  CHECK(!tel_span_add_link(span, NULL));
  struct tel_log_record *record = tel_log_begin(tel_logger(tel), TEL_INFO);
  tel_log_span(record, NULL);
  tel_log_context(record, NULL);
  tel_attributes_set_string(tel_log_fields(record), NULL, "value");
  tel_log_message(record, NULL);
  tel_log_event(tel_logger(tel), TEL_INFO, NULL, NULL);
  CHECK(!tel_http_route(tel, "GET", NULL) && !tel_http_begin(tel, NULL));
  CHECK(!tel_http_begin(tel, &(struct tel_http_request){.method = NULL}));
  tel_http_end(tel_http_begin(tel, &(struct tel_http_request){.method = "GET", .path = "/"}), NULL, 200, 0);
  tel_span_end(span, 0);
  tel_free(tel, 5000);
}

int main(void) {
  without_telemetry();
  without_lists();
  without_contexts();
  without_metrics();
  without_spans();
  without_logs();
  without_servers();
  with_telemetry();
  return 0;
}
