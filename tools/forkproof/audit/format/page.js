/* What is shown of the model (page_model.js), and what the reader does with it. */

/* --- what passes the filter --- */
const whole = processes.reduce((latest, p) => Math.max(latest, ending(p)), Math.max(1, audit.length));
let words = [], rows = [], listed = [], from = 0, to = whole, chosen = -1, most = MANY_FINDINGS;
const hay = [], findingHay = [];

function hayOf(i) {
  const p = processes[i];
  return hay[i] ??= [p.pid, p.argv.join(" "), p.image, p.script, ...marks[i].map(m => findings[m.n].rule)].join(" ").toLowerCase();
}

function findingHayOf(n) {
  const f = findings[n], own = processes[f.process];
  const frames = f.places.flatMap(p => [p.what, p.pid, ...p.frames.flatMap(r => [r.function, r.file, r.module])]);
  return findingHay[n] ??= [f.rule, f.title, f.message, f.fingerprint, ...f.evidence, ...frames, own ? own.pid + " " + own.argv.join(" ") : ""]
    .join(" ").toLowerCase();
}

const passes = text => words.every(word => text.includes(word));
const passesFinding = n => {
  const f = findings[n];
  return byId(f.severity).checked && (byId("marked").checked || !(f.baselined || f.suppressed)) && passes(findingHayOf(n));
};

function select() {
  words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  listed = findings.map((f, n) => n).filter(passesFinding).sort((a, b) =>
    (findings[a].baselined || findings[a].suppressed) - (findings[b].baselined || findings[b].suppressed) ||
    RANK[findings[b].severity] - RANK[findings[a].severity] || a - b);
  const shown = new Set(listed), only = byId("only").checked, filtered = only || words.length > 0;
  const hit = new Set(), kin = new Set();
  if (filtered) for (const i of order) {
    const has = marks[i].some(m => shown.has(m.n));
    if (only ? !has : !has && !passes(hayOf(i))) continue;
    hit.add(i);
    for (let s = starterOf(i); s >= 0 && !kin.has(s); s = starterOf(s)) kin.add(s);
  }
  rows = [];
  let under = Infinity;
  for (const i of order) {
    if (filtered && !hit.has(i) && !kin.has(i)) continue;
    if (depth[i] > under) continue;
    under = !filtered && folded.has(i) ? depth[i] : Infinity;
    rows.push({ i, isKin: filtered && !hit.has(i) });
  }
  byId("shown").textContent = rows.length === processes.length ? rows.length.toLocaleString("en")
    : `${rows.length.toLocaleString("en")} of ${processes.length.toLocaleString("en")} shown`;
  drawn = new Map();
  byId("rows").replaceChildren();
  draw();
  list();
}

/* --- drawing: only the rows that are in sight are in the document --- */
let drawn = new Map();
const isNarrow = () => matchMedia("(max-width: 760px)").matches;
const rowHeight = () => isNarrow() ? 38 : 24;
const percent = time => (time - from) / (to - from) * 100;

function bar(i) {
  const p = processes[i], life = make("div", "life"), line = make("i", fate(p.status, p.ended).className);
  const left = Math.max(-1, percent(p.born)), right = Math.min(101, percent(ending(p)));
  if (right >= 0 && left <= 100) {
    line.style.left = Math.min(left, 99.6) + "%";
    line.style.width = Math.max(0, right - left) + "%";
    life.append(line);
  }
  for (const m of marks[i].slice(0, 50).reverse()) { /* the worst on top */
    const at = percent(m.time);
    if (at < 0 || at > 100) continue;
    const mark = make("b", findings[m.n].severity);
    mark.style.left = `clamp(6px, ${at}%, calc(100% - 6px))`;
    mark.title = show(findings[m.n].rule);
    life.append(mark);
  }
  return life;
}

function row(k) {
  const { i, isKin } = rows[k], p = processes[i], isFolded = folded.has(i) && !isKin && inside[i] > 0 && !words.length;
  const element = make("div", "row" + (i === chosen ? " chosen" : "") + (isKin ? " kin" : "")), name = make("div", "name");
  element.style.top = k * rowHeight() + "px";
  element.id = "process-" + i;
  element.setAttribute("role", "treeitem");
  element.setAttribute("aria-level", depth[i] + 1);
  element.setAttribute("aria-selected", i === chosen);
  name.style.paddingLeft = Math.min(depth[i], 14) * 13 + "px";
  const fold = children[i].length ? button("fold", isFolded ? "▶" : "▼", () => toggle(i)) : make("span", "fold");
  if (children[i].length) {
    fold.tabIndex = -1;
    fold.setAttribute("aria-label", isFolded ? "unfold" : "fold");
    element.setAttribute("aria-expanded", !isFolded);
  }
  const severity = isFolded ? worst[i] : Math.max(0, ...marks[i].slice(0, 50).map(m => RANK[findings[m.n].severity]));
  const label = p.argv.length ? commandLine([wordOf(p.argv[0]), ...p.argv.slice(1)], LABEL) : nameOf(p);
  put(name, fold, severity && make("span", "dot " + ["", "note", "warning", "error"][severity]),
    make("span", "pid mono", p.pid), make("span", "label mono", show(label)),
    make("span", "more", fate(p.status, p.ended).brief), isFolded && make("span", "more", "+" + inside[i].toLocaleString("en")));
  element.addEventListener("click", () => choose(i));
  return put(element, name, bar(i));
}

function draw(all = false) {
  const height = rowHeight(), tree = byId("tree");
  byId("rows").style.height = rows.length * height + "px";
  const first = all ? 0 : Math.max(0, Math.floor(tree.scrollTop / height) - 10);
  const last = all ? Math.min(rows.length, PRINTED_ROWS) : Math.min(rows.length, Math.ceil((tree.scrollTop + (tree.clientHeight || 600)) / height) + 10);
  for (const [k, element] of drawn) if (k < first || k >= last) { element.remove(); drawn.delete(k); }
  for (let k = first; k < last; k++) if (!drawn.has(k)) {
    const element = row(k);
    drawn.set(k, element);
    if (all || k === first || !drawn.has(k - 1)) byId("rows").append(element);
    else drawn.get(k - 1).after(element);
  }
}

function redraw() {
  drawn = new Map();
  byId("rows").replaceChildren();
  axis();
  draw();
}

function axis() {
  const count = isNarrow() ? 3 : 4, ticks = byId("ticks");
  ticks.replaceChildren();
  for (let k = 0; k <= count && to > from; k++) {
    const time = from + (to - from) * k / count, word = k === count - 1 ? "" : !time ? "0" : k && from ? "+" + duration(time - from) : duration(time);
    const tick = make("span", k === count ? "last" : "", word || "\u00a0"); /* the last but one: room for the last */
    tick.style.left = k / count * 100 + "%";
    ticks.append(tick);
  }
  byId("whole").hidden = from === 0 && to === whole;
}

function toggle(i) {
  folded.has(i) ? folded.delete(i) : folded.add(i);
  select();
}

function reveal(i) {
  let isHidden = false;
  for (let s = starterOf(i); s >= 0; s = starterOf(s)) isHidden = folded.delete(s) || isHidden;
  if (isHidden) select();
  const k = rows.findIndex(r => r.i === i), height = rowHeight(), tree = byId("tree");
  if (k >= 0 && (k * height < tree.scrollTop || (k + 1) * height > tree.scrollTop + tree.clientHeight))
    tree.scrollTop = Math.max(0, k * height - tree.clientHeight / 2);
}

/* From a finding, which on a narrow page stands above the tree. */
function lead(i) {
  choose(i);
  if (isNarrow()) byId("tree").scrollIntoView({ block: "nearest" });
}

/* With a little room on both sides; one that lived for nothing measurable is still seen among others. */
function zoomTo(i) {
  const start = processes[i].born, end = ending(processes[i]), room = Math.max((end - start) / 20, whole / 5000, 1);
  zoom(Math.max(0, start - room), Math.min(whole, end + room));
}

function zoom(start, end) {
  [from, to] = [start, end];
  redraw();
}

/* --- one process in full --- */
function describe(i) {
  const p = processes[i], details = byId("details"), facts = make("dl"), starter = starterOf(i);
  const fact = (term, text) => put(facts, make("dt", "", term), text instanceof Node ? put(make("dd"), text) : make("dd", "mono", text));
  details.replaceChildren();
  put(details, put(make("div", "head"), make("h2", "", `Process ${p.pid}`), make("span", "grow", fate(p.status, p.ended).word),
    button("", "Zoom to it", () => zoomTo(i)), button("", "Close", () => { details.hidden = true; draw(); })), facts);
  fact("Arguments", show(commandLine(p.argv)) || "not known");
  if (p.image) fact("Image", show(p.image) + (p.hooks ? "" : "  (ran without hooks)"));
  else if (!p.hooks) fact("Image", "ran without hooks");
  if (p.script) fact("Script", show(p.script));
  fact("Lived", `${duration(p.born)} to ${p.ended ? duration(p.ended) : "the end"} (${duration(ending(p) - p.born)})`);
  if (starter >= 0)
    fact("Started by", button("link mono", show(processes[starter].pid + " " + nameOf(processes[starter])), () => choose(starter)));
  else if (p.parent > 0) fact("Parent", String(p.parent));
  const others = inside[i] > children[i].length ? `, and those ${(inside[i] - children[i].length).toLocaleString("en")} more` : "";
  if (inside[i]) fact("Started", plural(children[i].length, "process", "processes") + others);
  for (const n of new Set(marks[i].slice(0, 20).map(m => m.n)))
    fact("Finding", button("link", show(findings[n].rule), () => goTo(n)));
  details.hidden = false;
}

function choose(i) {
  chosen = i;
  byId("tree").setAttribute("aria-activedescendant", "process-" + i);
  describe(i);
  reveal(i);
  redraw();
}

/* --- findings --- */
function frameLine(r) {
  const line = make("li", "mono");
  line.append(show(r.function || (r.module ? base(r.module) : "?")));
  const where = r.file ? show(r.file) + (r.line ? ":" + r.line + (r.column ? ":" + r.column : "") : "")
    : r.module ? show(r.module) + (r.offset ? "+" + r.offset : "") : "";
  if (where) put(line, make("span", "at", "  " + where + (r.inlined ? "  (inlined)" : "")));
  return line;
}

function placeOf(place) {
  const block = make("div"), stack = make("ol", "stack");
  const head = put(make("p", "where"), show(place.what || "here"), " ");
  if (processes[place.process]) put(head, "in ", button("link mono", show(place.pid + " " + nameOf(processes[place.process])), () => lead(place.process)));
  else if (place.pid) head.append(`in process ${place.pid}`);
  if (place.tid && place.tid !== place.pid) head.append(`, thread ${place.tid}`);
  if (place.time) head.append(`, at ${duration(place.time)}`);
  put(block, head);
  for (const r of place.frames) stack.append(frameLine(r));
  if (place.cut) stack.append(make("li", "at rest", "… the rest of the stack was not kept"));
  return put(block, stack.children.length && stack);
}

function fold(title, ...content) {
  return put(make("details"), make("summary", "", title), ...content);
}

/* The little Markdown that remedies are written in. */
function remedy(text) {
  return text.split(/^```.*\n([^]*?)^```$/m).flatMap((part, k) => {
    if (k % 2) return [make("pre", "code", part.replace(/\n$/, ""))];
    return part.split(/\n\s*\n/).map(s => s.trim()).filter(Boolean).map(paragraph => {
      if (/^(\||- )/.test(paragraph)) return make("pre", "", paragraph);
      const element = make("p");
      paragraph.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").split("`").forEach((words, n) => element.append(n % 2 ? make("code", "", words) : words));
      return element;
    });
  });
}

function card(n) {
  const f = findings[n], own = processes[f.process];
  const state = [f.baselined && "baselined", f.suppressed && "suppressed"].filter(Boolean).join(", ");
  const element = make("article", f.severity + (state ? " marked" : "")), evidence = make("ul", "evidence mono");
  element.id = "finding-" + n;
  put(element, put(make("div"), make("span", "word " + f.severity, f.severity), ` · `, make("code", "", show(f.rule)),
    f.times > 1 && ` · ${f.times.toLocaleString("en")} times`, state && ` · ${state}`), make("h3", "", show(f.title)), make("p", "", show(f.message)));
  if (own && !f.places.some(p => p.process === f.process))
    put(element, put(make("p", "where"), "in ", button("link mono", show(own.pid + " " + nameOf(own)), () => lead(f.process))));
  for (const place of f.places) element.append(placeOf(place));
  for (const line of f.evidence) evidence.append(make("li", "", show(line)));
  put(element, evidence.children.length && evidence);
  if (audit.remedies[f.rule]) element.append(fold("How to mend it", ...remedy(audit.remedies[f.rule])));
  if (f.suppression) element.append(fold("Suppress it", make("code", "paste", show(f.suppression.replace(/\n$/, "")))));
  return element;
}

function list() {
  const box = byId("findings");
  box.replaceChildren();
  byId("listed").textContent = listed.length === findings.length ? (findings.length ? String(listed.length.toLocaleString("en")) : "")
    : `${listed.length.toLocaleString("en")} of ${findings.length.toLocaleString("en")} shown`;
  for (const n of listed.slice(0, most)) box.append(card(n));
  if (listed.length > most)
    box.append(button("", `Show ${Math.min(MANY_FINDINGS, listed.length - most)} more of ${(listed.length - most).toLocaleString("en")}`, () => { most += MANY_FINDINGS; list(); }));
  if (!findings.length) box.append(make("p", "none", "Nothing was found."));
  else if (!listed.length) box.append(make("p", "none", "No finding passes the filter."));
}

function goTo(n) {
  const at = listed.indexOf(n);
  if (at < 0) return;
  if (at >= most) { most = at + 1; list(); }
  for (const other of document.querySelectorAll("article.chosen")) other.classList.remove("chosen");
  const element = byId("finding-" + n);
  element.classList.add("chosen");
  element.scrollIntoView({ block: "nearest" });
}

/* --- the head of the page --- */
(function introduce() {
  const count = { error: 0, warning: 0, note: 0 };
  let quiet = 0;
  for (const f of findings) f.baselined || f.suppressed ? quiet++ : count[f.severity]++;
  const said = Object.keys(RANK).reverse().filter(s => count[s]).map(s => [s, plural(count[s], s)]);
  const verdict = byId("verdict");
  verdict.replaceChildren();
  said.forEach(([severity, text], k) => put(verdict, k > 0 && ", ", make("span", "word " + severity, text)));
  if (!said.length) verdict.append(make("span", "word good", findings.length ? "Nothing new was found" : "Nothing was found"));
  if (quiet) put(verdict, make("span", "facts", ` (and ${quiet.toLocaleString("en")} baselined or suppressed)`));
  document.title = `forkproof audit: ${verdict.textContent}`;
  byId("marked-label").hidden = !quiet;
  byId("command").textContent = show(commandLine(audit.argv));
  const began = new Date(audit.began / 1000);
  byId("facts").textContent = [fate(audit.status).word, `ran ${duration(audit.length)}`, plural(processes.length, "process", "processes"),
    isNaN(began) || !audit.began ? "" : began.toISOString().replace("T", " ").slice(0, 19) + " UTC", audit.directory && "in " + show(audit.directory)].filter(Boolean).join(" · ");
  const notice = text => byId("notices").append(make("p", "notice", text));
  if (audit.lost) notice(`${plural(audit.lost, "event")} of the record ${audit.lost === 1 ? "was" : "were"} lost: findings may be missing.`);
  if (audit.unhooked) notice(`${plural(audit.unhooked, "image")} ran without hooks: what ${audit.unhooked === 1 ? "it did itself" : "they did themselves"} was not seen.`);
  for (const line of audit.unused) notice("Unused suppression: " + show(line));
})();

/* --- what the reader does --- */
for (const id of ["filter", "error", "warning", "note", "marked", "only"]) byId(id).addEventListener("input", select);
byId("fold").addEventListener("click", () => { for (const i of order) if (children[i].length && depth[i] > 0) folded.add(i); select(); });
byId("unfold").addEventListener("click", () => { folded.clear(); select(); });
byId("whole").addEventListener("click", () => zoom(0, whole));
byId("jump").addEventListener("click", () => byId("processes").scrollIntoView());
byId("tree").addEventListener("scroll", () => draw());
byId("tree").addEventListener("keydown", event => {
  const k = rows.findIndex(r => r.i === chosen), step = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 }[event.key];
  if (step && rows.length) choose(rows[Math.max(0, Math.min(rows.length - 1, k + step))].i);
  else if (event.key === "ArrowLeft" && chosen >= 0 && !folded.has(chosen) && children[chosen].length) toggle(chosen);
  else if (event.key === "ArrowRight" && folded.has(chosen)) toggle(chosen);
  else return;
  event.preventDefault();
});
addEventListener("resize", redraw);
addEventListener("beforeprint", () => {
  const left = rows.length - PRINTED_ROWS;
  byId("cut").hidden = left <= 0;
  byId("cut").textContent = `… and ${left} more rows that are not printed: fold or filter.`;
  drawn = new Map();
  byId("rows").replaceChildren();
  draw(true);
});
addEventListener("afterprint", () => { byId("cut").hidden = true; redraw(); });

if (!processes.length) {
  byId("tree").append(make("p", "none", "No process was recorded."));
  document.querySelector(".axis").hidden = true;
}
axis();
select();
