/* The adapter for child_process of Node.js:  node adapter.mjs REQUESTS ANSWERS  (docs/adapter.md). */
import { execFile, spawn as start } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { optionsOf, poll, serve, status, write } from "../adapter.mjs";

const children = new Map();

/** Of all that comes, from the start: what nobody listens for is lost when the child ends. */
async function sizeOf(stream) {
  let size = 0;
  for await (const chunk of stream) size += chunk.length;
  return size;
}

async function spawn({ child: name, program, arguments: words, group = false, ...others }) {
  const child = start(program, words, { ...optionsOf(others), detached: group });
  const closed = new Promise(resolve => child.on("close", (...how) => resolve(status(...how))));
  const size = sizeOf(child.stdout ?? []);
  child.stderr?.resume();
  child.stdin?.on("error", () => {}); // write has it as well
  await once(child, "spawn"); // or "error", which it throws
  children.set(name, { child, closed, size });
  return { pid: child.pid };
}

const get = ({ child }) => children.get(child).child;

async function run({ program, arguments: words }) {
  await promisify(execFile)(program, words);
}

const MEMBERS = ["shell", "cwd", "env", "stdin", "stdout", "stderr"];
const OPERATIONS = {
  spawn,
  write: request => write(get(request).stdin, request.size),
  close: request => void get(request).stdin.end(),
  read: async ({ child }) => ({ size: await children.get(child).size }),
  wait: ({ child }) => children.get(child).closed,
  poll: request => poll(get(request)),
  kill: request => void get(request).kill("SIGKILL"),
  terminate: request => void get(request).kill(),
  group: request => void process.kill(-get(request).pid, "SIGKILL"),
  run,
  forget: ({ child }) => void children.delete(child),
};

await serve("node", process.versions.node, MEMBERS, OPERATIONS);
