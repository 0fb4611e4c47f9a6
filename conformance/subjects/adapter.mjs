/* What the adapters for Node.js share: the protocol (docs/adapter.md), and the operations that are no library's. */
import { open as openFile, readFile } from "node:fs/promises";
import { constants } from "node:os";
import { promisify } from "node:util";

const opened = [];

async function open({ path, from }) {
  const file = await openFile(path, "w", 0o755);
  await file.write(await readFile(from));
  opened.push(file);
}

async function awaitByte({ path }) {
  const fifo = await openFile(path);
  await fifo.read(Buffer.alloc(1), 0, 1);
  await fifo.close();
}

const handle = () => void process.on("SIGUSR1", () => {});

const COMMON = { open, shut: () => opened.pop().close(), await: awaitByte, handle };
const ALWAYS = { ping: () => {}, end: () => {} };

/** The options of child_process.spawn, which are execa's as well. */
export function optionsOf({ stdin = "inherit", stdout = "inherit", stderr = "inherit", kind, cwd, env }) {
  const options = { stdio: [stdin, stdout, stderr], shell: kind === "shell", cwd };
  if (env) options.env = { ...process.env, ...Object.fromEntries(env.map(variable => variable.split(/=(.*)/s, 2))) };
  return options;
}

/** As wait answers it; the signal is a name, or none. */
export const status = (exit, signal) => signal ? { signal: constants.signals[signal] } : { exit };

/** As poll answers it, of a ChildProcess. */
export const poll = ({ exitCode, signalCode }) =>
  exitCode === null && signalCode === null ? { running: true } : status(exitCode, signalCode);

export async function write(stream, size) {
  await promisify(stream.write.bind(stream))(Buffer.alloc(size));
  return { written: size };
}

async function answerTo(operations, request) {
  const operation = operations[request.op];
  if (!operation) return { cannot: true };
  try {
    return { ok: await operation(request) ?? {} };
  } catch (error) {
    if (error instanceof TypeError && !error.code) throw error; // a mistake here
    return { error: error.message };
  }
}

/** It begins to read when a line is wanted, not before: no exit is possible while a FIFO is being read. */
async function* linesOf(file) {
  let rest = "";
  for (;;) {
    const { bytesRead, buffer } = await file.read();
    if (bytesRead === 0) return;
    const lines = (rest + buffer.toString("latin1", 0, bytesRead)).split("\n");
    rest = lines.pop();
    yield* lines;
  }
}

const escaped = character => "\\u" + character.charCodeAt(0).toString(16).padStart(4, "0");
const lineOf = message => JSON.stringify(message).replace(/[^\0-\x7e]/g, escaped) + "\n";

export async function serve(name, version, members, operations) {
  const all = { ...operations, ...COMMON };
  const [requests, answers] = [await openFile(process.argv.at(-2)), await openFile(process.argv.at(-1), "w")];
  await answers.write(lineOf({ adapter: 1, name, version, pid: process.pid, can: [...members, ...Object.keys(all)] }));
  for await (const line of linesOf(requests)) {
    const { id, ...request } = JSON.parse(line);
    await answers.write(lineOf({ id, ...await answerTo({ ...all, ...ALWAYS }, request) }));
    if (request.op === "end") break;
  }
  process.exit(); // without it Node.js waits for the children
}
