/* SPDX-License-Identifier: MIT */
/* Every setting of the service, one row each. A new setting needs a row here, its lines in etc/minishop.conf
 * (a test compares the two) and its use in assembly.c. The struct, the parser of the file, the variable,
 * --help and --check-config follow from the row. */
#ifndef APP_CONFIG_KEYS_H
#define APP_CONFIG_KEYS_H

/* Field, type, path, default as text, smallest, largest, the words of a CHOICE, reload (SIGHUP applies it),
 * help.
 *
 * Types: ADDRESS (address and port), NAME (text; if largest is set, one word of at most that many bytes),
 * PATH (a file, made absolute, or ""), OUTPUT (as PATH, or "syslog"), URL (http or https), CHOICE (a word
 * from a list; the field is its index), BOOL, WHOLE, MEMORY (bytes; 0 is off), REAL, REALS (ascending
 * positive numbers). */
#define APP_CONFIG_KEYS(X)                                                                                   \
  X(listen, ADDRESS, "listen", "127.0.0.1:8080", 0, 0, NULL, false,                                          \
    "address and port for HTTP; 0.0.0.0:8080 is every IPv4 address, [::]:8080 every address; with port 0 "   \
    "the system chooses the port")                                                                           \
  X(user, NAME, "user", "", 0, 0, NULL, false,                                                               \
    "user to change to when root starts the service; empty: no change")                                      \
  X(pid_file, PATH, "pid_file", "", 0, 0, NULL, false,                                                       \
    "file for the process id, locked while the service runs; empty: none")                                   \
  X(incident_file, PATH, "incident_file", "", 0, 0, NULL, false,                                             \
    "second file that overrides the configuration; may be absent; holds only settings that SIGHUP applies")  \
  X(instance, NAME, "instance", "", 0, 63, NULL, false,                                                      \
    "name of this process in its logs and traces, without blanks, at most 63 bytes; empty: a random UUID")   \
  X(seed, WHOLE, "seed", "0", 0, 9e18, NULL, false,                                                          \
    "makes the simulation repeatable; 0: different each time")                                               \
  X(shutdown_s, WHOLE, "shutdown_s", "8", 1, 3600, NULL, true,                                               \
    "maximum number of seconds from SIGTERM to the end")                                                     \
  X(server_pool, WHOLE, "server.pool", "0", 0, 64, NULL, false,                                              \
    "0: a thread for each connection; n: n epoll threads, for a service in which nothing sleeps")            \
  X(server_connections, WHOLE, "server.connections", "4096", 1, 65536, NULL, false,                          \
    "maximum number of open connections")                                                                    \
  X(server_body_limit, WHOLE, "server.body_limit", "16384", 64, 16777216, NULL, false,                       \
    "maximum size of a request's body, in bytes")                                                            \
  X(server_idle_timeout_s, WHOLE, "server.idle_timeout_s", "30", 1, 3600, NULL, false,                       \
    "seconds until an idle connection is closed")                                                            \
  X(server_request_timeout_s, WHOLE, "server.request_timeout_s", "10", 1, 3600, NULL, false,                 \
    "seconds for a request line, and again for the rest of the request")                                     \
  X(payment_failure_rate, REAL, "payment.failure_rate", "0.05", 0, 1, NULL, true,                            \
    "share of payments that fail")                                                                           \
  X(payment_latency_ms, REAL, "payment.latency_ms", "25", 0, 60000, NULL, true,                              \
    "median time of the payment provider, in milliseconds; 0: does not sleep")                               \
  X(payment_reason, CHOICE, "payment.reason", "", 0, 0, shop_faults_choice, true,                            \
    "reason of a failed payment: one failure, one of a group (card, provider, credentials), or any (empty)") \
  X(payment_connections, WHOLE, "payment.connections", "0", 0, 65536, NULL, true,                            \
    "maximum number of concurrent calls to the payment provider; 0: no limit")                               \
  X(inventory_latency_ms, REAL, "inventory.latency_ms", "8", 0, 60000, NULL, true,                           \
    "median time of the inventory, in milliseconds; 0: does not sleep")                                      \
  X(inventory_stock, WHOLE, "inventory.stock", "100000", 0, 4294967295.0, NULL, true,                        \
    "units of each SKU; 0: unlimited")                                                                       \
  X(inventory_restock_s, REAL, "inventory.restock_s", "1", 0, 86400, NULL, true,                             \
    "seconds between two restocks; 0: never")                                                                \
  X(grey_share, REAL, "grey.share", "0", 0, 1, NULL, true,                                                   \
    "share of the requests selected by grey.sku and grey.caller that the failure hits; 0: off")              \
  X(grey_sku, CHOICE, "grey.sku", "", 0, 0, shop_inventory_choice, true,                                     \
    "only requests for this SKU; empty: all")                                                                \
  X(grey_caller, NAME, "grey.caller", "", 0, 63, NULL, true,                                                 \
    "only callers whose User-Agent begins with this text; empty: all")                                       \
  X(grey_failure_rate, REAL, "grey.failure_rate", "0.05", 0, 1, NULL, true,                                  \
    "payment.failure_rate for the requests that are hit")                                                    \
  X(grey_reason, CHOICE, "grey.reason", "", 0, 0, shop_faults_choice, true,                                  \
    "payment.reason for the requests that are hit")                                                          \
  X(grey_payment_latency_ms, REAL, "grey.payment_latency_ms", "25", 0, 60000, NULL, true,                    \
    "payment.latency_ms for the requests that are hit")                                                      \
  X(grey_inventory_latency_ms, REAL, "grey.inventory_latency_ms", "8", 0, 60000, NULL, true,                 \
    "inventory.latency_ms for the requests that are hit")                                                    \
  X(grey_deducted, WHOLE, "grey.deducted", "1", 0, 100, NULL, true,                                          \
    "units taken from the stock for each unit that such a request orders")                                   \
  X(orders_capacity, WHOLE, "orders.capacity", "1000000", 1, 100000000, NULL, false,                         \
    "maximum number of stored orders; a full store drops the oldest paid orders first")                      \
  X(orders_unpaid_ttl_s, WHOLE, "orders.unpaid_ttl_s", "3600", 0, 31536000, NULL, false,                     \
    "seconds after which a full store may drop an unpaid order")                                             \
  X(log_enabled, BOOL, "log.enabled", "true", 0, 0, NULL, false, "false: no log")                            \
  X(log_level, CHOICE, "log.level", "info", 0, 0, app_level_choice, true, "lowest level that is written")    \
  X(log_file, OUTPUT, "log.file", "", 0, 0, NULL, false,                                                     \
    "a file, or \"syslog\"; empty: standard output, or syslog with --daemon; SIGHUP reopens the file")       \
  X(log_max_bytes, WHOLE, "log.max_bytes", "104857600", 0, 1e15, NULL, false,                                \
    "size at which the file is rotated, in bytes; 0: never (use logrotate)")                                 \
  X(log_keep, WHOLE, "log.keep", "5", 1, 1000, NULL, false,                                                  \
    "number of rotated files that are kept; FILE.1 is the newest")                                           \
  X(log_queue, WHOLE, "log.queue", "8192", 16, 1048576, NULL, false,                                         \
    "lines that may wait for the writer; further lines are dropped and counted")                             \
  X(metrics_enabled, BOOL, "metrics.enabled", "true", 0, 0, NULL, false,                                     \
    "false: no metrics, and /metrics returns 404")                                                           \
  X(metrics_buckets, REALS, "metrics.buckets",                                                               \
    "0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 1.0, 1.5, 2.0, "   \
    "2.5, 5.0, 7.5, 10.0",                                                                                   \
    0, 0, NULL, false,                                                                                       \
    "upper bounds of request_duration_seconds, in seconds; MiniShopHighLatency needs 0.5, the latency "      \
    "objective 0.25")                                                                                        \
  X(traces_enabled, BOOL, "traces.enabled", "true", 0, 0, NULL, false,                                       \
    "false: no spans are recorded or exported")                                                              \
  X(traces_endpoint, URL, "traces.endpoint", "http://localhost:4318", 0, 0, NULL, false,                     \
    "base URL of an OTLP/HTTP collector; OTEL_* variables override it")                                      \
  X(traces_recent_bytes, MEMORY, "traces.recent_bytes", "0", 65536, 1073741824, NULL, false,                 \
    "memory for recent traces, in bytes; GET /debug/tracez shows them to clients on this machine; 0: off")

#endif
