<?php
/* The adapter for PHP's proc_open:  php adapter.php REQUESTS ANSWERS  (docs/adapter.md). */

const MEMBERS = ['shell', 'cwd', 'env', 'stdin', 'stdout', 'stderr'];
const ALWAYS = ['ping', 'end'];
const STREAMS = [['stdin', 'r'], ['stdout', 'w'], ['stderr', 'w']];

/* Each public method is an operation; what it returns, if anything, is the answer. */
class Operations
{
    private array $processes = [];
    private array $pipes = [];
    private $file;

    public function spawn(string $child, string $program, array $arguments, ?string $kind = null, ?string $cwd = null,
                          ?array $env = null, string ...$streams): array
    {
        $command = $kind === 'shell' ? $program : [$program, ...$arguments];
        $descriptors = [];
        foreach (STREAMS as $number => [$name, $mode]) {
            if (isset($streams[$name])) {
                $descriptors[$number] = ['pipe', $mode];
            }
        }
        $variables = $env === null ? null : self::added($env);
        $this->processes[$child] = proc_open($command, $descriptors, $this->pipes[$child], $cwd, $variables);
        return ['pid' => 0]; // proc_get_status has it, and before PHP 8.3 takes the status of a child that is over
    }

    public function write(string $child, int $size): array
    {
        $written = fwrite($this->pipes[$child][0], str_repeat("\0", $size));
        fflush($this->pipes[$child][0]);
        return ['written' => $written];
    }

    public function close(string $child): void
    {
        fclose($this->pipes[$child][0]);
    }

    public function read(string $child): array
    {
        return ['size' => strlen(stream_get_contents($this->pipes[$child][1]))];
    }

    /* PHP tells the number of a signal as it tells a status: as what proc_close returns. */
    public function wait(string $child): array
    {
        $status = proc_close($this->processes[$child]);
        return $status === -1 ? throw new ErrorException('-1') : ['exit' => $status];
    }

    public function poll(string $child): array
    {
        $status = proc_get_status($this->processes[$child]);
        if ($status['running']) {
            return ['running' => true];
        }
        return $status['signaled'] ? ['signal' => $status['termsig']] : ['exit' => $status['exitcode']];
    }

    public function kill(string $child): void
    {
        proc_terminate($this->processes[$child], SIGKILL);
    }

    public function terminate(string $child): void
    {
        proc_terminate($this->processes[$child]);
    }

    public function run(string $program, array $arguments): void
    {
        exec(implode(' ', array_map('escapeshellarg', [$program, ...$arguments])));
    }

    public function forget(string $child): void
    {
        unset($this->processes[$child], $this->pipes[$child]);
        gc_collect_cycles();
    }

    public function reap(): array
    {
        $pids = [];
        while (($pid = pcntl_waitpid(-1, $status, WNOHANG)) > 0) {
            $pids[] = $pid;
        }
        return ['pids' => $pids];
    }

    public function handle(): void
    {
        pcntl_signal(SIGUSR1, function () {});
    }

    public function open(string $path, string $from): void
    {
        $this->file = fopen($path, 'w');
        fwrite($this->file, file_get_contents($from));
        chmod($path, 0755);
    }

    public function shut(): void
    {
        fclose($this->file);
    }

    public function await(string $path): void
    {
        $fifo = fopen($path, 'r');
        fread($fifo, 1);
        fclose($fifo);
    }

    private static function added(array $variables): array
    {
        $all = getenv();
        foreach ($variables as $variable) {
            [$name, $value] = explode('=', $variable, 2);
            $all[$name] = $value;
        }
        return $all;
    }
}

/* What PHP tells by a warning is an ErrorException here. */
function answer(Operations $operations, string $op, array $members): array
{
    if (in_array($op, ALWAYS)) {
        return ['ok' => (object) []];
    }
    if (!is_callable([$operations, $op])) {
        return ['cannot' => true];
    }
    try {
        return ['ok' => (object) $operations->$op(...$members)];
    } catch (ErrorException | TypeError $error) {
        return ['error' => $error->getMessage()];
    }
}

function say($answers, array $message): void
{
    fwrite($answers, json_encode($message) . "\n");
}

set_error_handler(function (int $severity, string $message, string $file, int $line) {
    throw new ErrorException($message, 0, $severity, $file, $line);
});

$requests = fopen($argv[1], 'r');
$answers = fopen($argv[2], 'w');
$operations = new Operations();
$can = [...MEMBERS, ...get_class_methods($operations)];
say($answers, ['adapter' => 1, 'name' => 'php', 'version' => PHP_VERSION, 'pid' => getmypid(), 'can' => $can]);
while (($line = fgets($requests)) !== false) {
    ['id' => $id, 'op' => $op] = $members = json_decode($line, true, flags: JSON_THROW_ON_ERROR);
    unset($members['id'], $members['op']);
    say($answers, ['id' => $id, ...answer($operations, $op, $members)]);
    if ($op === 'end') {
        break;
    }
}
