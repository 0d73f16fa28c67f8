-- GET the paths of paths.txt in turn, each time as another rider.
dofile(os.getenv("BENCH_SCRIPTS") .. "/common.lua")

function init()
  paths, tokens, turn = lines("paths.txt"), lines("riders.txt"), number * 37
end

function request()
  turn = turn + 1
  return wrk.format("GET", paths[turn % #paths + 1], headers_of(tokens[turn % #tokens + 1]))
end
