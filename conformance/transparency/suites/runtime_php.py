"""PHP: exec, shell_exec, proc_open, popen, pcntl, posix"""

import pathlib

PACKAGES = ("php-cli",)
KINDS = ("bare", "empty", "shim", "run")

PROGRAM = r"""<?php
function tell($name, ...$value) { echo "$name: ", json_encode($value), "\n"; }

exec('echo out; exit 5', $lines, $status);
tell('exec', $lines, $status);
tell('shell_exec', shell_exec('echo out'), `echo quoted`);
ob_start(); $last = system('echo shown; exit 4', $status); tell('system', $last, $status, ob_get_clean() !== false);
$pipe = popen('exit 6', 'r'); stream_get_contents($pipe);
tell('popen', pclose($pipe));
$process = proc_open('cat; echo err >&2; exit 7', [['pipe', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes);
fwrite($pipes[0], str_repeat('x', 1000)); fclose($pipes[0]);
tell('proc_open', strlen(stream_get_contents($pipes[1])), stream_get_contents($pipes[2]), proc_close($process));
$process = proc_open(['sleep', '1000'], [], $pipes);
tell('running', proc_get_status($process)['running']);
tell('terminate', proc_terminate($process));
do { $state = proc_get_status($process); usleep(1000); } while ($state['running']);
tell('its end', $state['signaled'], $state['termsig'], $state['exitcode'], proc_close($process));
$process = proc_open(['/bin/sh', '-c', 'pwd; echo $ONLY'], [1 => ['pipe', 'w']], $pipes, '/usr', ['ONLY' => 'this']);
tell('directory and environment', stream_get_contents($pipes[1]), proc_close($process));
tell('no such program', @proc_open(['/no/such/program'], [], $pipes));

$pid = pcntl_fork();
if ($pid === 0) { exit(8); }
tell('fork', pcntl_waitpid($pid, $status) === $pid, pcntl_wexitstatus($status));
while (pcntl_wait($status) > 0); // proc_open has left one behind
tell('wait without a child', pcntl_get_last_error() === PCNTL_ECHILD);
pcntl_async_signals(true);
$told = [];
pcntl_signal(SIGCHLD, function () use (&$told) {
    while (($pid = pcntl_waitpid(-1, $status, WNOHANG)) > 0) { $told[$pid] = pcntl_wexitstatus($status); }
});
for ($i = 0; $i < 100; $i++) { if (pcntl_fork() === 0) { posix_kill(posix_getpid(), 0); exit($i % 7); } }
while (count($told) < 100) { usleep(1000); }
tell('many by a handler', array_sum($told));
pcntl_signal(SIGCHLD, SIG_DFL);
$pid = pcntl_fork();
if ($pid === 0) { posix_setsid(); pcntl_exec('/bin/sleep', ['1000']); }
while (posix_getsid($pid) !== $pid) { usleep(1000); }
tell('session', posix_kill(-$pid, SIGKILL), pcntl_waitpid($pid, $status) === $pid, pcntl_wtermsig($status));
tell('kill after its end', posix_kill($pid, 0), posix_get_last_error());
pcntl_signal(SIGALRM, function () { tell('alarm', true); });
pcntl_alarm(1); sleep(5);
register_shutdown_function(function () { tell('shutdown', true); });
exit(3);
"""


def scenario(scene):
    pathlib.Path("program.php").write_text(PROGRAM, encoding="utf-8")
    scene.told(["php", "program.php"])
