-- Adapter for luaposix (docs/adapter.md): lua5.3 adapter.lua REQUESTS ANSWERS
--
-- Its own calls are used where it has one: popen for one pipe, popen_pipeline, spawn to run and wait. Everything else
-- is fork, what is to be different in the child, and execx, as its documentation has it under fork.
local posix = require "posix"
local json = require "cjson"

local CAN = {"spawn", "cwd", "env", "stdin", "stdout", "write", "close", "read", "wait", "poll", "kill", "terminate",
             "group", "run", "pipeline", "forget", "reap", "handle", "open", "shut", "await"}

local children = {}  -- name: {pid = number} or what popen gave, {pids = {number}, fd = number}
local held           -- the file of open

-- What luaposix answers to a failure, nil and a text, as a Lua error, which the loop below turns into "error".
local function try(result, message, ...)
  if result == nil then error(message, 0) end
  return result, message, ...
end

local function status(reason, number)
  if reason == nil then error(number, 0) end
  if reason == "exited" then return {exit = number} end
  if reason == "killed" then return {signal = number} end
  return {}
end

local function command(request)
  return {request.program, table.unpack(request.arguments)}
end

local function pid_of(child)
  return child.pid or child.pids[#child.pids]
end

local operations = {}

function operations.spawn(request)
  local task = command(request)
  local start = task
  if request.cwd or request.env or request.group then
    start = function()
      if request.group then posix.setpid("p", 0, 0) end
      if request.cwd then posix.chdir(request.cwd) end
      for _, setting in ipairs(request.env or {}) do
        local name, value = setting:match("^([^=]*)=(.*)$")
        posix.setenv(name, value)
      end
      posix.execx(task)
    end
  end

  if request.stdin and request.stdout then return nil, "popen has one pipe" end
  local child
  if request.stdin then
    child = posix.popen(start, "w")
  elseif request.stdout then
    child = posix.popen(start, "r")
  else
    local pid = try(posix.fork())
    if pid == 0 then posix.execx(start) end
    child = {pid = pid}
  end
  children[request.child] = child
  return {pid = pid_of(child)}
end

function operations.pipeline(request)
  local child = posix.popen_pipeline({request.first, request.second}, "r")
  children[request.child] = child
  return {pids = child.pids}
end

function operations.write(request)
  return {written = try(posix.write(children[request.child].fd, ("x"):rep(request.size)))}
end

function operations.close(request)
  local child = children[request.child]
  try(posix.close(child.fd))
  child.closed = true
  return {}
end

function operations.read(request)
  local size = 0
  while true do
    local bytes = try(posix.read(children[request.child].fd, 4096))
    if #bytes == 0 then return {size = size} end
    size = size + #bytes
  end
end

function operations.wait(request)
  local child = children[request.child]
  if child.fd and not child.closed then
    child.closed = true
    return status(posix.pclose(child))
  end
  local _, reason, number = try(posix.wait(pid_of(child)))
  return status(reason, number)
end

function operations.poll(request)
  local pid, reason, number = try(posix.wait(pid_of(children[request.child]), posix.WNOHANG))
  if pid == 0 then return {running = true} end  -- as of waitpid; 33.4.0 says "exited", 0 besides, later ones "running"
  return status(reason, number)
end

function operations.kill(request)
  try(posix.kill(pid_of(children[request.child]), posix.SIGKILL))
  return {}
end

function operations.terminate(request)
  try(posix.kill(pid_of(children[request.child])))
  return {}
end

function operations.group(request)
  try(posix.killpg(pid_of(children[request.child]), posix.SIGKILL))
  return {}
end

function operations.run(request)
  posix.spawn(command(request))
  return {}
end

function operations.forget(request)
  children[request.child] = nil
  collectgarbage()
  return {}
end

function operations.reap()
  local pids = {}
  while true do
    local pid = posix.wait(-1, posix.WNOHANG)
    if not pid or pid <= 0 then break end
    pids[#pids + 1] = pid
  end
  return {pids = #pids > 0 and pids or json.empty_array}
end

function operations.handle()
  try(posix.signal(posix.SIGUSR1, function() end))
  return {}
end

function operations.open(request)
  local from = assert(io.open(request.from, "rb"))
  held = assert(io.open(request.path, "wb"))
  held:write(from:read("a"))
  held:flush()
  from:close()
  try(posix.chmod(request.path, "rwxr-xr-x"))
  return {}
end

function operations.shut()
  assert(held:close())
  return {}
end

function operations.await(request)
  local fifo = assert(io.open(request.path, "rb"))
  fifo:read(1)
  fifo:close()
  return {}
end

operations["end"] = function() return {} end
function operations.ping() return {} end

local requests = assert(io.open(arg[1], "r"))
local answers = assert(io.open(arg[2], "w"))

-- A signal that the program handles may come while it waits for the line.
local function next_line()
  local line, _, number = requests:read()
  if number == posix.EINTR then return next_line() end
  return line
end

local function say(answer)
  answers:write(json.encode(answer), "\n")
  answers:flush()
end

say{adapter = 1, name = "lua-posix", version = posix.version:match("[%d.]+$"), pid = posix.getpid("pid"), can = CAN}
for line in next_line do
  local request = json.decode(line)
  local operation = operations[request.op]
  if not operation then
    say{id = request.id, cannot = request.op}
  else
    local fine, result, cannot = pcall(operation, request)
    if not fine then
      say{id = request.id, error = tostring(result)}
    elseif not result then
      say{id = request.id, cannot = cannot}
    else
      say{id = request.id, ok = result}
    end
  end
  if request.op == "end" then break end
end
