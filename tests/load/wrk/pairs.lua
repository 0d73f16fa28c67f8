-- Rent and return by turns, each with an idempotency key, as an app sends it. Each connection has riders and bikes of
-- its own: no two want the same.
dofile(os.getenv("BENCH_SCRIPTS") .. "/common.lua")

local tokens, bikes, rental, started
local connections = tonumber(os.getenv("BENCH_CONNECTIONS"))
odd, pairs_done = {}, 0

function init()
  tokens, bikes, turn = own(lines("riders.txt")), own(lines("bikes.txt")), 0
  started = os.time()
end

function own(all)
  local mine = {}
  for index = number, #all, connections do mine[#mine + 1] = all[index] end
  return mine
end

function request()
  local headers = headers_of(tokens[turn % #tokens + 1])
  headers["Idempotency-Key"] = string.format("%d-%d-%d-%s", started, number, turn, rental and "return" or "rent")
  if rental then return wrk.format("POST", "/api/v1/rentals/" .. rental .. "/return/", headers, "{}") end
  local body = '{"bike": "' .. bikes[turn % #bikes + 1] .. '"}'
  return wrk.format("POST", "/api/v1/rentals/", headers, body)
end

function response(status, headers, body)
  if status == 201 then
    rental = body:match('"id": ?"([^"]+)"')
    return
  end
  if status == 200 then
    pairs_done = pairs_done + 1
  else
    odd[tostring(status)] = (odd[tostring(status)] or 0) + 1
  end
  rental, turn = nil, turn + 1
end
