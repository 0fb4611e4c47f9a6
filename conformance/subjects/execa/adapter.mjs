/* The adapter for execa, which npm has put below DIRECTORY:
   node adapter.mjs DIRECTORY REQUESTS ANSWERS  (docs/adapter.md). */
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { optionsOf, poll, serve, status, write } from "../adapter.mjs";

const home = `${process.argv[2]}/node_modules/execa`;
const { execa } = await import(`${home}/index.js`);
const { version } = JSON.parse(await readFile(`${home}/package.json`));

const children = new Map();

/** A promise that is awaited later, or never: its error is no reason to end before that. */
function keep(name, subprocess) {
  subprocess.catch(() => {});
  children.set(name, subprocess);
}

async function spawn({ child, program, arguments: words, grace, ...others }) {
  const file = others.kind === "path" ? pathToFileURL(program) : program;
  const options = { ...optionsOf(others), forceKillAfterDelay: grace };
  const subprocess = execa(file, words, { ...options, stripFinalNewline: false }); // sizes are asked for
  await Promise.race([new Promise(resolve => subprocess.once("spawn", resolve)), subprocess]);
  keep(child, subprocess);
  return { pid: subprocess.pid };
}

async function pipeline({ child, first: [first, ...itsWords], second: [second, ...otherWords] }) {
  const source = execa(first, itsWords);
  keep(child, source.pipe(second, otherWords));
  return { pids: [source.pid] };
}

const get = ({ child }) => children.get(child);

/** The result, which is the error as well when the child did not exit with 0. */
const resultOf = request => get(request).catch(error => {
  if (!error.exitCode && !error.signal) throw error;
  return error;
});

async function wait(request) {
  const { exitCode, signal } = await resultOf(request);
  return status(exitCode, signal);
}

async function read(request) {
  return { size: (await resultOf(request)).stdout.length };
}

async function communicate(request) {
  get(request).stdin?.end(Buffer.alloc(request.size));
  const { stdout = "", stderr = "", exitCode, signal } = await resultOf(request);
  return { stdout: stdout.length, stderr: stderr.length, ...status(exitCode, signal) };
}

function stop(request) {
  get(request).kill();
  return wait(request);
}

async function run({ program, arguments: words }) {
  await execa(program, words);
}

const MEMBERS = ["path", "shell", "cwd", "env", "stdin", "stdout", "stderr"];
const OPERATIONS = {
  spawn,
  write: request => write(get(request).stdin, request.size),
  close: request => void get(request).stdin.end(),
  read,
  communicate,
  wait,
  poll: request => poll(get(request)),
  kill: request => void get(request).kill("SIGKILL"),
  terminate: request => void get(request).kill(),
  stop,
  run,
  pipeline,
  forget: ({ child }) => void children.delete(child),
};

await serve("execa", version, MEMBERS, OPERATIONS);
