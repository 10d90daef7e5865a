-- SPDX-License-Identifier: MIT
-- Creates orders and pays each of them. The client searches each response for the order id, which costs the client CPU too.
local json = {["Content-Type"] = "application/json", ["User-Agent"] = "minishop-bench/1"}
local to_pay = {}
-- Milliseconds that a connection waits after each response; without the variable it does not wait.
local pause = tonumber(os.getenv("WRK_PAUSE_MS") or "")

if pause then
  function delay()
    return pause
  end
end

function request()
  local id = table.remove(to_pay)
  if id then
    return wrk.format("POST", "/payment/pay", json, '{"order_id": "' .. id .. '"}')
  end
  return wrk.format("POST", "/order", json, '{"sku": "mug", "quantity": 1}')
end

function response(status, headers, body)
  if status == 201 then
    to_pay[#to_pay + 1] = body:match('"order_id"%s*:%s*"([^"]+)"')
  end
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format("RESULT %d %d %d %d %d %d", summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
