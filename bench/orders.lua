-- SPDX-License-Identifier: MIT
-- Orders. Each connection waits for the response before it sends the next order. The request is always the same, so that the client
-- needs little CPU.
wrk.method = "POST"
wrk.path = "/order"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["User-Agent"] = "minishop-bench/1"
wrk.body = '{"sku": "mug", "quantity": 1}'

-- A line for run.py: requests, microseconds, responses with an error status, connection errors, p50 and p99 in microseconds.
function done(summary, latency)
  local errors = summary.errors
  print(string.format("RESULT %d %d %d %d %d %d", summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
