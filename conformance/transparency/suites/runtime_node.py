"""Node.js: child_process in all its forms, cluster"""

import pathlib

PACKAGES = ("nodejs",)
KINDS = ("bare", "empty", "shim", "run")

PROGRAM = r"""
const { spawn, spawnSync, exec, execSync, execFile, execFileSync, fork } = require('child_process');
const cluster = require('cluster');
const { once } = require('events');
const { promisify } = require('util');
const fs = require('fs');
const words = value => typeof value === 'string' ? value.trim() : JSON.stringify(value);
const tell = (name, value) => console.log(`${name}: ${words(value)}`);
const ended = child => once(child, 'close');
const gone = pid => { try { process.kill(pid, 0); return false; } catch (e) { return e.code; } };

if (process.argv[2] === 'worker') {
    process.on('message', n => n === 'end' ? process.exit(9) : process.send({ squared: n * n }));
} else if (cluster.isWorker) {
    process.send(`hello of worker ${cluster.worker.id}`);
    process.on('message', () => process.disconnect());
} else (async () => {
    const awake = setInterval(() => {}, 1000);
    const cat = spawn('cat');
    let back = 0;
    cat.stdout.on('data', bytes => back += bytes.length);
    cat.stdin.end(Buffer.alloc(1 << 20, 'x'));
    tell('spawn cat', [await ended(cat), back]);
    tell('kill before its end', [await (async () => {
        const child = spawn('sleep', ['1000']);
        const sent = child.kill('SIGTERM');
        return [sent, ...await ended(child), child.signalCode, child.kill(), gone(child.pid)];
    })()]);
    const lost = spawn('/no/such/program');
    tell('no such program', (await once(lost, 'error'))[0].code);
    tell('exec', await promisify(exec)('echo out; echo err >&2'));
    tell('exec status', await promisify(exec)('exit 5').catch(e => [e.code, e.signal]));
    tell('exec timeout', await promisify(exec)('exec sleep 1000', { timeout: 50 }).catch(e => [e.killed, e.signal]));
    tell('execFile', (await promisify(execFile)('sh', ['-c', 'echo $0 $1', 'a', 'b'])).stdout);
    tell('execSync', execSync('echo sync | tr a-z A-Z').toString());
    tell('execFileSync', execFileSync('cat', { input: 'given' }).toString());
    const sync = spawnSync('sh', ['-c', 'kill -9 $$']);
    tell('spawnSync killed', [sync.status, sync.signal]);
    tell('spawnSync timeout', spawnSync('sleep', ['1000'], { timeout: 50 }).error.code);
    const aborter = new AbortController();
    const aborted = spawn('sleep', ['1000'], { signal: aborter.signal });
    aborted.on('error', () => {});
    aborter.abort();
    tell('abort', await ended(aborted));
    const worker = fork(__filename, ['worker']);
    worker.send(12);
    tell('fork message', (await once(worker, 'message'))[0]);
    worker.send('end');
    tell('fork end', await ended(worker));
    const detached = spawn('sh', ['-c', 'ps -o sid= -p $$ | tr -d " "; exec sleep 1000'], { detached: true });
    const session = (await once(detached.stdout, 'data'))[0].toString().trim();
    tell('detached leads a session', session === String(detached.pid));
    process.kill(-detached.pid, 'SIGKILL');
    tell('detached group killed', await ended(detached));
    const many = await Promise.all(Array.from({ length: 200 }, (_, i) => ended(spawn('sh', ['-c', `exit ${i % 7}`]))));
    tell('many', many.reduce((sum, [code]) => sum + code, 0));
    const file = fs.openSync('handed', 'w+');
    const stdio = ['ignore', 'inherit', 'inherit', file];
    tell('stdio to a file', await ended(spawn('sh', ['-c', 'echo on three >&3'], { stdio })));
    tell('the file', fs.readFileSync('handed').toString());
    tell('environment', (await promisify(execFile)('env', { env: { ONLY: 'this' } })).stdout);
    let told = 0;
    process.on('SIGUSR2', () => told++);
    const signalled = once(process, 'SIGUSR2');
    execSync(`kill -USR2 ${process.pid}`);
    await signalled;
    tell('signal handled', told);
    const workers = [cluster.fork(), cluster.fork()];
    tell('cluster says', (await Promise.all(workers.map(w => once(w, 'message')))).map(([m]) => m));
    workers[0].send('leave');
    tell('cluster leaves', await once(workers[0], 'exit'));
    workers[1].kill('SIGKILL');
    tell('cluster killed', await once(workers[1], 'exit'));
    tell('children left', execSync(`ps -o comm= --ppid ${process.pid} | grep -vx sh; true`).toString());
    clearInterval(awake);
    process.exitCode = 3;
})();
"""


def scenario(scene):
    pathlib.Path("program.js").write_text(PROGRAM, encoding="utf-8")
    scene.told(["node", "program.js"])
