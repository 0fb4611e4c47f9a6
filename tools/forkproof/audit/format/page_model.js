"use strict";
/* Everything in the data may come from a hostile program: it becomes text nodes only, and what would not be seen is spelt out. */
const audit = JSON.parse(document.getElementById("audit").textContent);
const byId = id => document.getElementById(id);
const processes = audit.processes, findings = audit.findings;
const RANK = { note: 1, warning: 2, error: 3 };
const MANY_PROCESSES = 200, MANY_FINDINGS = 100, PRINTED_ROWS = 2000, LABEL = 300;

function show(text) {
  return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, c => {
    const code = c.charCodeAt(0);
    if (c === "\n") return "\\n";
    if (c === "\t") return "\\t";
    return code < 256 ? "\\x" + code.toString(16).padStart(2, "0") : "\\u" + code.toString(16).padStart(4, "0");
  });
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function put(parent, ...children) {
  for (const child of children) if (child) parent.append(child);
  return parent;
}

function button(className, text, action) {
  const element = make("button", className, text);
  element.type = "button";
  element.addEventListener("click", event => { event.stopPropagation(); action(); });
  return element;
}

const plural = (n, one, many = one + "s") => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
const quote = word => /^[\w@%+=:,.\/-]+$/.test(word) ? word : "'" + word.replace(/'/g, "'\\''") + "'";
const base = path => path.slice(path.lastIndexOf("/") + 1) || path;
const nameOf = p => base(p.script || p.image || p.argv[0] || "?"); /* as findings name it */
/* The path of a program is cut to its name; a title that a process has given itself is not. */
const wordOf = word => /^[\p{L}\p{N}_@%+=:,.~\/-]+$/u.test(word) ? base(word) : word;

function commandLine(argv, limit = Infinity) {
  let line = "";
  for (const word of argv) {
    if (line.length > limit) return line.slice(0, limit) + "…";
    line += (line ? " " : "") + quote(word.length > limit ? word.slice(0, limit) + "…" : word);
  }
  return line;
}

function duration(us) {
  if (us >= 48 * 3600e6) return `${Math.floor(us / 24 / 3600e6).toLocaleString("en")} days`;
  if (us >= 3600e6) return `${Math.floor(us / 3600e6)} h ${Math.floor(us / 60e6 % 60)} min`;
  if (us >= 60e6) return `${Math.floor(us / 60e6)} min ${(us / 1e6 % 60).toFixed(1)} s`;
  if (us >= 1e6) return `${(us / 1e6).toFixed(2)} s`;
  if (us >= 1e3) return `${(us / 1e3).toFixed(us < 1e4 ? 2 : 1)} ms`;
  return `${Math.round(us)} µs`;
}

const SIGNALS = { 1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 5: "TRAP", 6: "ABRT", 8: "FPE", 9: "KILL", 11: "SEGV", 13: "PIPE", 14: "ALRM", 15: "TERM" };

function fate(status, ended = true) {
  if (!ended) return { word: "had not ended", brief: "not ended", className: "open" };
  if (status < 0) return { word: "ended, status not known", brief: "", className: "" };
  const signal = status & 127;
  const name = SIGNALS[signal] ? "SIG" + SIGNALS[signal] : "signal " + signal;
  if (signal) return { word: `killed by ${name}`, brief: name, className: "killed" };
  const code = status >> 8 & 255;
  return { word: `exit ${code}`, brief: code ? `exit ${code}` : "", className: code ? "failed" : "" };
}

/* --- the tree: who started whom; a circle, which only a damaged record has, is cut --- */
const children = processes.map(() => []), depth = [], order = [], marks = processes.map(() => []), folded = new Set();
const worst = [], inside = [];
const starterOf = i => { const s = processes[i].starter; return s >= 0 && s < processes.length && s !== i ? s : -1; };
const ending = p => Math.max(p.born, p.ended ? p.ended : audit.length);

(function plant() {
  const seen = new Set();
  processes.forEach((p, i) => { if (starterOf(i) >= 0) children[starterOf(i)].push(i); });
  for (const list of children) list.sort((a, b) => processes[a].born - processes[b].born || a - b);
  const walk = (root) => {
    const stack = [[root, 0]];
    while (stack.length) {
      const [i, d] = stack.pop();
      if (seen.has(i)) continue;
      seen.add(i);
      depth[i] = d;
      order.push(i);
      for (let k = children[i].length - 1; k >= 0; k--) stack.push([children[i][k], d + 1]);
    }
  };
  processes.forEach((p, i) => { if (starterOf(i) < 0) walk(i); });
  processes.forEach((p, i) => {
    if (seen.has(i)) return;
    children[starterOf(i)] = children[starterOf(i)].filter(k => k !== i);
    p.starter = -1;
    walk(i);
  });
  findings.forEach((f, n) => {
    for (const place of f.places) if (processes[place.process]) marks[place.process].push({ n, time: place.time || ending(processes[place.process]) });
    if (!f.places.some(place => place.process === f.process) && processes[f.process]) marks[f.process].push({ n, time: ending(processes[f.process]) });
  });
  for (const list of marks) list.sort((a, b) => RANK[findings[b.n].severity] - RANK[findings[a.n].severity] || a.n - b.n);
  for (let k = order.length - 1; k >= 0; k--) {
    const i = order[k];
    worst[i] = Math.max(0, ...marks[i].slice(0, 1000).map(m => RANK[findings[m.n].severity]));
    inside[i] = 0;
    for (const c of children[i]) { worst[i] = Math.max(worst[i], worst[c]); inside[i] += 1 + inside[c]; }
  }
  if (processes.length > MANY_PROCESSES)
    for (const i of order) if (children[i].length && depth[i] > 0 && !worst[i]) folded.add(i);
})();
