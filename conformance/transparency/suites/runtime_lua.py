"""Lua: os.execute, io.popen, and fork, wait, kill of luaposix"""

import pathlib

PACKAGES = ("lua-posix", "lua5.3")
KINDS = ("bare", "empty", "shim", "run")

PROGRAM = r"""
local unistd, wait, signal = require 'posix.unistd', require 'posix.sys.wait', require 'posix.signal'
io.stdout:setvbuf 'no'
local function tell(name, ...)
    local words = table.pack(...)
    for i = 1, words.n do words[i] = tostring(words[i]) end
    print(name .. ': ' .. table.concat(words, ' '))
end
local function child(body)
    local pid = unistd.fork()
    if pid == 0 then body() unistd._exit(0) end
    return pid
end

tell('execute', os.execute('exit 5'))
tell('execute killed', os.execute('kill -9 $$'))
tell('a shell', os.execute())
local pipe = io.popen('echo out; exit 6')
tell('popen', pipe:read('l'), pipe:close())
pipe = io.popen('cat >file', 'w')
pipe:write('to a pipe')
tell('popen to', pipe:close(), io.open('file'):read('a'))
local pid = child(function() unistd._exit(7) end)
tell('fork', select(2, wait.wait(pid)))
pid = child(function() unistd.execp('sleep', {'1000'}) end)
tell('wait without waiting', wait.wait(pid, wait.WNOHANG))
tell('kill', signal.kill(pid, signal.SIGTERM), select(2, wait.wait(pid)))
tell('kill after its end', signal.kill(pid, 0))
tell('wait without a child', wait.wait(-1))
local ended = 0
for i = 1, 100 do child(function() unistd._exit(i % 7) end) end
for _ = 1, 100 do ended = ended + select(3, wait.wait(-1)) end
tell('many', ended)
local told = 0
signal.signal(signal.SIGUSR1, function() told = told + 1 end)
signal.raise(signal.SIGUSR1)
tell('signal to itself', told)
os.exit(3, true)
"""


def scenario(scene):
    pathlib.Path("program.lua").write_text(PROGRAM, encoding="utf-8")
    scene.told(["lua5.3", "program.lua"])
