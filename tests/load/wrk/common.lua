-- Each wrk thread has one connection, so that a script knows which answer belongs to which request.
local folder = os.getenv("BENCH_FOLDER")
local threads = {}

function lines(name)
  local found = {}
  for line in io.lines(folder .. "/" .. name) do found[#found + 1] = line end
  return found
end

function setup(thread)
  threads[#threads + 1] = thread
  thread:set("number", #threads)
end

function headers_of(token)
  return { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }
end

-- The odd answers, by status, and whatever the script counts as done.
function done(summary, latency, requests)
  local odd, pairs_done = {}, 0
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("odd") or {}) do odd[status] = (odd[status] or 0) + count end
    pairs_done = pairs_done + (thread:get("pairs_done") or 0)
  end
  local text = ""
  for status, count in pairs(odd) do text = text .. (text == "" and "" or ",") .. status .. ":" .. count end
  local errors = summary.errors
  print(string.format(
    "RESULT seconds=%f requests=%d bytes=%d p50=%f p95=%f p99=%f failed=%d socket=%d pairs=%d odd=%s",
    summary.duration / 1e6, summary.requests, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout, pairs_done, text))
end
