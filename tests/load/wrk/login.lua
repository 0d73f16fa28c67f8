-- Log in, each time as another rider.
dofile(os.getenv("BENCH_SCRIPTS") .. "/common.lua")

function init()
  turn = number * 50
end

function request()
  turn = turn + 1
  local email = string.format("rider-%06d@demo.example", turn % tonumber(os.getenv("BENCH_RIDERS")) + 1)
  local body = string.format('{"email": "%s", "password": "%s"}', email, os.getenv("BENCH_PASSWORD"))
  return wrk.format("POST", "/api/v1/auth/token/", { ["Content-Type"] = "application/json" }, body)
end
