-- GET the paths of paths.txt in turn with the header of BENCH_HEADER, as a reader of the public feed does.
dofile(os.getenv("BENCH_SCRIPTS") .. "/common.lua")

function init()
  paths, turn = lines("paths.txt"), number * 37
  local name, value = os.getenv("BENCH_HEADER"):match("^([^:]+): (.*)$")
  headers = { ["Host"] = "localhost", [name] = value }
end

function request()
  turn = turn + 1
  return wrk.format("GET", paths[turn % #paths + 1], headers)
end
