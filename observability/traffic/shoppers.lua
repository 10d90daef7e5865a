-- SPDX-License-Identifier: MIT
-- The shoppers, for wrk: they order, and then pay for the order. Sometimes a shopper looks at an order. Some make a mistake: the shop responds
-- with 4xx, which is not an error of the shop. A shopper repeats a failed payment after ten seconds, at most three times.
--
--   wrk -t1 -c8 -d30s --timeout 20s -s shoppers.lua http://127.0.0.1:8080
--
-- shoppers.sh does that in rounds, for each address of a name. Use one thread (-t1): each thread has its own Lua state, and only shoppers of
-- one state share their open orders.
--
-- Environment:
--   SHOPPERS_RATE         requests a second of all shoppers (12)
--   SHOPPERS_CONNECTIONS  the number of -c (8)
--   SHOPPERS_CLUMSY       share of clumsy requests, 0 to 1 (0.05)

local rate = tonumber(os.getenv("SHOPPERS_RATE")) or 12
local connections = tonumber(os.getenv("SHOPPERS_CONNECTIONS")) or 8
local clumsy_share = tonumber(os.getenv("SHOPPERS_CLUMSY")) or 0.05

local RETRY_AFTER_S = 10
local ATTEMPTS_MAX = 4
local LOOKING_SHARE = 0.1

-- Lua in wrk has no clock that is finer than a second, but LuaJIT can call the C library.
local ffi = require("ffi")
ffi.cdef[[
  typedef struct { long s, ns; } shoppers_time;
  int clock_gettime(int clock, shoppers_time *out);
  int usleep(unsigned microseconds);
]]
local CLOCK_MONOTONIC = 1
local reading = ffi.new("shoppers_time")

local function now_ms()
  ffi.C.clock_gettime(CLOCK_MONOTONIC, reading)
  return tonumber(reading.s) * 1000 + tonumber(reading.ns) / 1e6
end

local skus = {"mug", "tshirt", "sticker", "poster", "socks"}
local json = {["Content-Type"] = "application/json", ["User-Agent"] = "minishop-shoppers/1"}
local plain = {["User-Agent"] = "minishop-shoppers/1"}

-- wrk tells response() neither the connection nor the request. The response to an order has its id. A payment without a
-- confirming response stays in `asked`, oldest first.
local to_pay = {first = 1, last = 0}  -- {id, attempts}
local asked = {first = 1, last = 0}   -- {id, attempts, at}
local unpaid = {}                     -- id -> true
local newest = nil                    -- id of the order that a shopper looks at

local function push(queue, item)
  queue.last = queue.last + 1
  queue[queue.last] = item
end

local function pop(queue)
  local item = queue[queue.first]
  if item then
    queue[queue.first] = nil
    queue.first = queue.first + 1
  end
  return item
end

local function retry_what_failed(now)
  while asked[asked.first] and asked[asked.first].at + RETRY_AFTER_S <= now do
    local payment = pop(asked)
    if unpaid[payment.id] then
      if payment.attempts < ATTEMPTS_MAX then
        push(to_pay, payment)
      else
        unpaid[payment.id] = nil
      end
    end
  end
end

local function order()
  local body = nil
  local kind = math.random()
  if kind < 0.8 then
    body = string.format('{"sku": "%s", "quantity": %d}', skus[math.random(#skus)], math.random(3))
  elseif kind < 0.9 then
    body = "{}"
  end
  return wrk.format("POST", "/order", body and json or plain, body)
end

local function pay(payment)
  payment.attempts = payment.attempts + 1
  payment.at = os.time()
  push(asked, payment)
  return wrk.format("POST", "/payment/pay", json, string.format('{"order_id": "%s"}', payment.id))
end

local function look()
  return wrk.format("GET", "/order/" .. newest, plain)
end

-- Mistakes of real people. None of them counts in error_total.
local clumsy = {
  function() return wrk.format("POST", "/order", json, '{"sku": "mug", "quantity": ') end,
  function() return wrk.format("POST", "/order", json, '{"sku": "unicorn"}') end,
  function() return wrk.format("POST", "/order", json, '{"sku": "mug", "quantity": 0}') end,
  function() return wrk.format("GET", "/order", plain) end,
  function() return wrk.format("GET", "/favicon.ico", plain) end,
  function() return wrk.format("POST", "/payment/pay", json, '{"order_id": "ord_00000000000000000000"}') end,
}

-- Pace: each request gets the next free moment of one schedule for all connections. A moment is never in the past, so the shoppers do
-- not catch up on requests that they missed while the shop was slow or away.
local step_ms = 1000 / rate
local last_place_ms = 0

-- wrk does not call delay() on a connection that it has just reopened. A shop that closes each connection would get requests
-- without a pause. So request() keeps the rate too, except for a few requests.
local burst_ms = connections * step_ms
local due_ms = 0

local function keep_the_rate()
  local now = now_ms()
  due_ms = math.max(due_ms, now) + step_ms
  local early_ms = due_ms - step_ms - burst_ms - now
  if early_ms > 0 then
    ffi.C.usleep(early_ms * 1000)
  end
end

function init(args)
  -- Every round differs, also if two wrks start in the same second.
  math.randomseed(os.time() + (tonumber(tostring({}):match("0x(%x+)"), 16) or 0) % 1000003)
end

function delay()
  local now = now_ms()
  last_place_ms = math.max(last_place_ms, now) + step_ms * (0.5 + math.random())
  return math.floor(last_place_ms - now)
end

function request()
  keep_the_rate()
  if math.random() < clumsy_share then
    return clumsy[math.random(#clumsy)]()
  end
  if newest and math.random() < LOOKING_SHARE then
    return look()
  end
  retry_what_failed(os.time())
  local payment = pop(to_pay)
  if payment then
    return pay(payment)
  end
  return order()
end

function response(status, headers, body)
  if status ~= 201 and status ~= 200 then
    return
  end
  local id = body:match('"order_id"%s*:%s*"([^"]+)"')
  if not id then
    return
  end
  if status == 201 then
    unpaid[id] = true
    push(to_pay, {id = id, attempts = 0})
    newest = id
  elseif body:find('"status"%s*:%s*"paid"') then
    unpaid[id] = nil
  end
end
