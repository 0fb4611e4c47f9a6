"""Ruby: spawn, pipes, Process.detach, signals, Open3, daemon, PTY"""

import pathlib

PACKAGES = ("ruby",)
KINDS = ("bare", "empty", "shim", "run")

PROGRAM = r"""
require 'open3'
require 'pty'
require 'timeout'
$stdout.sync = true
def tell(name, *value) = puts("#{name}: #{value.map(&:inspect).join(' ')}")
def refused = yield.then { 'allowed' } rescue $!.class

pid = fork { exit 5 }
tell 'fork', Process.wait(pid) == pid, $?.exitstatus
tell 'wait without a child', refused { Process.wait }
tell 'system', system('exit 4'), $?.exitstatus, system('true'), system('no-such-program')
tell 'backticks', `echo out; exit 6`, $?.exitstatus
tell 'popen', IO.popen('cat', 'r+') { |io| io.write('x' * 100); io.close_write; io.read.size }, $?.success?
tell 'popen fork', (IO.popen('-') { |io| io ? io.read : print('from a fork') })
out, err, status = Open3.capture3('cat; echo err >&2; exit 7', stdin_data: 'given')
tell 'open3', out, err, status.exitstatus
tell 'pipeline', Open3.pipeline_r('seq 1000', 'sort -rn', 'head -n2') { |out, all| [out.read, all.last.value.to_i] }
sleeper = spawn('sleep 1000')
tell 'wait without waiting', Process.wait(sleeper, Process::WNOHANG)
watch = Process.detach(sleeper)
tell 'kill', Process.kill(:TERM, sleeper), watch.value.termsig, refused { Process.kill(0, sleeper) }
many = (1..100).map { |i| Process.detach(spawn("exit #{i % 7}")) }
tell 'many detached', many.sum { _1.value.exitstatus }
threads = (0...8).map { Thread.new { (0...12).sum { |i| system("exit #{i % 7}"); $?.exitstatus } } }
tell 'many in threads', threads.sum(&:value)
told = Queue.new
trap(:CHLD) { told << Process.wait2(-1, Process::WNOHANG)&.last&.exitstatus }
fork { exit! 8 }
sleep 0.01 while told.empty?
tell 'by a handler', told.pop
trap(:CHLD, 'DEFAULT')
trap(:USR1) { told << :usr1 }
Process.kill(:USR1, $$)
sleep 0.01 while told.empty?
tell 'signal to itself', told.pop
group = spawn('sleep 1000 & echo; wait', pgroup: true, out: (r, w = IO.pipe).last)
w.close
r.read(1)
tell 'group', Process.kill(:KILL, -group), Process.wait2(group).last.termsig, r.read
tell 'timeout', refused { Timeout.timeout(0.1) { system('sleep 5 >/dev/null 2>&1') } } == Timeout::Error
only = [{ 'ONLY' => 'this', 'PATH' => '/usr/bin:/bin' }, 'env', { unsetenv_others: true }]
tell 'environment', IO.popen(only, &:read).split("\n").sort
tell 'descriptors', spawn('true', 9 => w = File.open('/dev/null')).then { Process.wait2(_1).last.to_i }
PTY.spawn('tty >/dev/null && echo a terminal; exit 2') do |out, _, child|
  line = out.gets
  Process.wait(child)
  tell 'pty', line, $?.exitstatus
end
IO.pipe do |out, into|
  Process.wait(fork do
    out.close
    Process.daemon(true, true)
    into.write("daemon, leads no session: #{Process.getsid != $$}")
    exit!
  end)
  into.close
  tell 'daemon', out.read
end
tell 'exec fails', refused { exec('/no/such/program') }
at_exit { puts 'at_exit: ran' }
exit 3
"""


def scenario(scene):
    pathlib.Path("program.rb").write_text(PROGRAM, encoding="utf-8")
    scene.told(["ruby", "program.rb"])
