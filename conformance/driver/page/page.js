"use strict";
/* The table stands in the document; here it is filtered, and the evidence is shown. All texts are put in as text. */
const byId = id => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const SIGNS = { s: "✓", u: "✗", q: "?", n: "–", c: "C", l: "?", e: "" };
const WORDS = { s: "safe", u: "not safe", q: "not run", n: "not applicable", c: "compiles, not run", l: "not run", e: "not asked for" };
const VERDICTS = { PASS: "as expected", FAIL: "FAIL, not as expected", "N/A": "" };
const TWIN = "twin";

/* --- the model: matrix_page.py packs it --- */
const rows = data.rows.map(([id, title, family, on, facts]) => ({ id, title, family, on, facts }));
const columns = data.columns.map(([id, title, state, stateWord, note, on, modes, facts, command, group]) =>
  ({ id, title, state, stateWord, note, on, modes, facts, command, group }));
const slots = data.slots.map(([column, mode]) => ({ column, mode }));
const text = n => data.texts[n];
const key = (row, column, mode, twin) => [row, column, mode, Number(twin)].join(" ");
const cells = new Map(data.cells.map(([row, column, mode, twin, outcome, safe, verdict, reason, evidence, command]) =>
  [key(row, column, mode, twin), { row, column, mode, twin, safe, verdict, outcome: text(outcome), reason: text(reason), evidence: text(evidence),
    command: command < 0 ? columns[column].command + " " + text(-1 - command) : text(command) }]));
const isWrong = cell => cell.verdict === "FAIL" || cell.verdict === "BROK";
const applies = (row, column) => rows[row].on === columns[column].on;
const cellsOf = rows.map(() => []);
for (const cell of cells.values()) if (applies(cell.row, cell.column)) cellsOf[cell.row].push(cell);
const hay = rows.map((row, r) => [row.id, row.title, ...row.facts.map(f => f[1]), ...new Set(cellsOf[r].map(c => c.outcome))].join(" ").toLowerCase());

function classOf(cell, row, column) {
  if (!applies(row, column) || cell?.verdict === "N/A") return "n";
  if (columns[column].state !== "ran") return columns[column].state === "compiled" ? "c" : "l";
  return !cell ? "e" : cell.safe === null ? "q" : cell.safe ? "s" : "u";
}

/* --- pieces of the document --- */
function make(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children.filter(child => child !== "" && child !== false && child !== null && child !== undefined));
  return element;
}

const facts = pairs => make("dl", "", ...pairs.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));
const again = command => command ? [make("p", "faint", "This repeats it:"), make("pre", "again", command)] : [];

/* --- the panel --- */
let cameFrom = null, chosen = null;

function open(title, ...children) {
  byId("panel-title").textContent = title;
  byId("told").replaceChildren(...children);
  byId("panel").hidden = false;
  document.body.classList.add("has-panel");
  byId("panel").scrollTop = 0;
}

function close() {
  if (byId("panel").hidden) return;
  byId("panel").hidden = true;
  document.body.classList.remove("has-panel");
  mark(null);
  keep();
  cameFrom?.focus();
}

function mark(place) {
  document.querySelector("td.chosen")?.classList.remove("chosen");
  chosen = place;
  if (place) tdAt(place.row, place.slot)?.classList.add("chosen");
}

function story(cell, row, column, name, isOpen) {
  const state = classOf(cell, row, column);
  const more = [cell.outcome && WORDS[state], VERDICTS[cell.verdict] ?? cell.verdict].filter(Boolean).join(", ");
  const found = make("details", "", make("summary", "", make("b", state, SIGNS[state]), name + ": ", make("span", "word", cell.outcome || WORDS[state]),
    more && ` (${more})`));
  found.append(...[cell.reason && make("p", "", cell.reason), cell.evidence && make("pre", "", cell.evidence)].filter(Boolean), ...again(cell.command));
  found.open = isOpen;
  return found;
}

/* All that is known of a row in a column; what was clicked is open. */
function tell(row, slot) {
  const { column, mode } = slots[slot], about = columns[column], parts = [];
  if (rows[row].title) parts.push(make("p", "", rows[row].title));
  if (!applies(row, column)) parts.push(make("p", "", "Not applicable: it is no gotcha of such a platform."));
  else {
    if (about.state !== "ran") parts.push(make("p", "state", about.stateWord + ": " + about.note));
    for (const twin of [false, true]) for (const one of about.modes) {
      const cell = cells.get(key(row, column, one, twin));
      const isOpen = mode === TWIN ? twin && cell && cell.verdict !== "PASS" : !twin && one === mode;
      if (cell) parts.push(story(cell, row, column, (twin ? "good twin, " : "") + one, isOpen));
    }
    if (about.state !== "ran") parts.push(...again(about.command));
    else if (!cells.has(key(row, column, mode, false)) && mode !== TWIN) parts.push(make("p", "faint", `${mode}: nobody asked for it.`));
  }
  parts.push(make("p", "faint", about.title), facts(about.facts));
  open(`${rows[row].id} on ${about.id}`, ...parts);
  mark({ row, slot });
}

function tellRow(row) {
  open(rows[row].id, make("p", "", rows[row].title), facts(rows[row].facts), ...again("forkproof explain " + rows[row].id));
  mark(null);
}

function tellColumn(column) {
  const about = columns[column];
  open(about.id, make("p", "", about.title), about.state === "ran" ? "" : make("p", "state", about.stateWord + ": " + about.note), facts(about.facts),
    ...again(about.command));
  mark(null);
}

/* --- the table --- */
const table = byId("matrix"), lines = [...table.querySelectorAll("tr[data-row]")];
const heads = [...table.querySelectorAll("thead th[data-column]")], modeHeads = [...table.querySelectorAll(".modes th")];
const groupHeads = [...table.querySelectorAll("[data-group]")], told = [...document.querySelectorAll(".after [data-column]")];
const tdAt = (row, slot) => lines[row]?.cells[slot + 1];
const placeOf = td => ({ row: Number(td.parentElement.dataset.row), slot: td.cellIndex - 1 });
const isShown = td => td && !td.hidden && !td.parentElement.hidden && !td.closest("tbody").hidden;

function name(td) {
  const { row, slot } = placeOf(td), { column, mode } = slots[slot];
  const badge = td.querySelector("sup")?.textContent;
  const more = { F: ", FAIL", B: ", BROK", g: ", a known gap" }[badge] ?? "";
  const cell = cells.get(key(row, column, mode, false));
  const why = cell?.verdict === "N/A" && cell.reason ? `: ${cell.reason}` : "";
  return `${rows[row].id}, ${columns[column].id}${mode && " " + mode}: ${WORDS[td.className[0]]}${more}${why}`;
}

/* One cell at a time can be reached with the tabulator; the arrows go on from there. */
function reach(td, isFocused = true) {
  table.querySelector("td[tabindex='0']")?.setAttribute("tabindex", "-1");
  td.tabIndex = 0;
  td.setAttribute("aria-label", name(td));
  if (isFocused) td.focus();
}

function step(td, down, right) {
  let { row, slot } = placeOf(td);
  for (;;) {
    row += down;
    slot += right;
    const next = tdAt(row, slot);
    if (!next || slot < 0) return;
    if (isShown(next)) return reach(next);
  }
}

/* Where columns are narrow it is hard to see whose a cell is. */
table.addEventListener("mouseover", event => {
  const td = event.target.closest("td"), column = td && slots[placeOf(td).slot].column;
  if (td) td.title = name(td);
  heads.forEach((head, c) => head.classList.toggle("at", c === column));
});

const ARROWS = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };
table.addEventListener("keydown", event => {
  const td = event.target.closest("td");
  if (!td || event.ctrlKey || event.altKey || event.metaKey) return;
  if (ARROWS[event.key]) step(td, ...ARROWS[event.key]);
  else if (event.key === "Enter" || event.key === " ") td.click();
  else return;
  event.preventDefault();
});
table.addEventListener("click", event => {
  const td = event.target.closest("td"), button = event.target.closest("th button");
  if (td) {
    const { row, slot } = placeOf(td);
    reach(td);
    tell(row, slot);
  } else if (button) {
    const column = button.closest("th").dataset.column;
    if (column) tellColumn(Number(column));
    else tellRow(Number(button.closest("tr").dataset.row));
  } else return;
  cameFrom = td ?? button;
  byId("panel-title").focus({ preventScroll: true });
  keep();
});
document.addEventListener("keydown", event => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector(".menu[open]");
  if (!menu) return close();
  menu.open = false;
  menu.querySelector("summary").focus();
});
byId("close").addEventListener("click", close);

/* --- the filter --- */
const shownFamilies = new Set(Object.keys(data.families)), shownColumns = new Set(columns.map((_, c) => c));

function differs(row) {
  const seen = new Map();
  for (const cell of cellsOf[row])
    if (!cell.twin && cell.safe !== null && shownColumns.has(cell.column)) {
      if ((seen.get(cell.mode) ?? cell.safe) !== cell.safe) return true;
      seen.set(cell.mode, cell.safe);
    }
  return false;
}

const isUnsafe = row => cellsOf[row].some(cell => !cell.twin && cell.safe === false && shownColumns.has(cell.column));
const isWrongRow = row => cellsOf[row].some(cell => isWrong(cell) && shownColumns.has(cell.column));
const ONLY = Object.entries({ differ: differs, unsafe: isUnsafe, wrong: isWrongRow }).map(([id, holds]) => ({ id, box: byId(id), holds }));

function select() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const only = ONLY.filter(({ box }) => box.checked);
  let count = 0;
  rows.forEach((row, r) => {
    const passes = shownFamilies.has(row.family) && words.every(word => hay[r].includes(word)) && only.every(({ holds }) => holds(r));
    lines[r].hidden = !passes;
    count += passes;
  });
  for (const body of table.tBodies) body.hidden = ![...body.rows].some(line => line.dataset.row && !line.hidden);
  byId("none").hidden = count > 0;
  byId("count").textContent = count === rows.length ? `${count} gotchas` : `${count} of ${rows.length} gotchas`;
  const stop = table.querySelector("td[tabindex='0']");
  if (!isShown(stop)) {
    const first = lines.find(line => isShown(line.cells[1]) || !line.hidden && !line.closest("tbody").hidden);
    const td = first && [...first.cells].find(cell => cell.localName === "td" && !cell.hidden);
    if (td) reach(td, false);
  }
  keep();
}

function showColumns() {
  for (const one of [...heads, ...told]) one.hidden = !shownColumns.has(Number(one.dataset.column));
  slots.forEach(({ column }, s) => {
    const hidden = !shownColumns.has(column);
    if (modeHeads[s].hidden === hidden) return;
    modeHeads[s].hidden = hidden;
    for (const line of lines) line.cells[s + 1].hidden = hidden;
  });
  showGroups();
  fit();
}

/* A group's head is as wide as what is shown of it, and a further group has its border where it begins now. */
function showGroups() {
  const shown = slots.map((slot, s) => s).filter(s => shownColumns.has(slots[s].column));
  const groupOf = s => columns[slots[s].column].group;
  const begins = new Set(shown.filter((s, n) => n > 0 && groupOf(s) !== groupOf(shown[n - 1])));
  for (const head of groupHeads) {
    const width = shown.filter(s => groupOf(s) === head.dataset.group).length;
    head.hidden = width === 0;
    if (width) head.colSpan = width;
  }
  slots.forEach(({ column }, s) => {
    if (slots[s - 1]?.column === column) return;
    for (const one of [heads[column], modeHeads[s], ...lines.map(line => line.cells[s + 1])]) one.classList.toggle("g", begins.has(s));
  });
}

/* Slots are narrow, and their names stand, where the wide ones would not fit. */
function fit() {
  table.classList.remove("dense");
  table.classList.toggle("dense", table.offsetWidth > innerWidth);
}

/* sections: [name, [[value, label]]]; a name for each where there are several. */
function menu(id, sections, shown, changed) {
  const button = (word, then) => {
    const made = make("button", "", word);
    made.type = "button";
    made.addEventListener("click", () => { then(); changed(); });
    return made;
  };
  const boxes = [];
  const entry = ([value, label]) => {
    const box = make("input");
    box.type = "checkbox";
    box.addEventListener("change", () => { box.checked ? shown.add(value) : shown.delete(value); changed(); });
    boxes.push({ box, value });
    return make("div", "entry", make("label", "", box, label), button("only", () => { shown.clear(); shown.add(value); }));
  };
  for (const [name, entries] of sections)
    byId(id).lastElementChild.append(make("div", "all", sections.length > 1 && make("b", "", name),
      button("All", () => entries.forEach(([value]) => shown.add(value))),
      button("None", () => entries.forEach(([value]) => shown.delete(value)))), ...entries.map(entry));
  return () => {
    for (const { box, value } of boxes) box.checked = shown.has(value);
    byId(id).firstElementChild.textContent = byId(id).dataset.title + (shown.size < boxes.length ? ` ${shown.size}/${boxes.length}` : "");
  };
}

for (const id of ["families", "columns"]) byId(id).dataset.title = byId(id).firstElementChild.textContent;
const families = Object.entries(data.families).filter(([family]) => rows.some(row => row.family === family));
for (const family of [...shownFamilies]) if (!families.some(([known]) => known === family)) shownFamilies.delete(family);
const refresh = () => { syncFamilies(); syncColumns(); showColumns(); select(); };
const groups = [...new Set(columns.map(column => column.group))].map(group =>
  [group, columns.map((column, c) => [c, column.id]).filter(([c]) => columns[c].group === group)]);
const syncFamilies = menu("families", [["", families]], shownFamilies, () => refresh());
const syncColumns = menu("columns", groups, shownColumns, () => refresh());
addEventListener("resize", fit);
document.addEventListener("click", event => {
  for (const open of document.querySelectorAll(".menu[open]")) if (!open.contains(event.target)) open.open = false;
});
byId("filter").addEventListener("input", select);
for (const { box } of ONLY) box.addEventListener("change", select);
byId("bar").addEventListener("submit", event => event.preventDefault());
byId("bar").addEventListener("reset", event => {
  event.preventDefault();
  byId("filter").value = "";
  for (const { box } of ONLY) box.checked = false;
  families.forEach(([family]) => shownFamilies.add(family));
  columns.forEach((_, c) => shownColumns.add(c));
  refresh();
});

/* --- what is seen is kept in the address: it can be sent on --- */
let isReading = true;

function keepAll(kept, name, values) {
  for (const value of values.length ? values : ["-"]) kept.append(name, value);
}

function keep() {
  if (isReading) return;
  const kept = new URLSearchParams();
  if (byId("filter").value) kept.set("q", byId("filter").value);
  for (const { id, box } of ONLY) if (box.checked) kept.set(id, "1");
  if (shownFamilies.size < families.length) keepAll(kept, "family", [...shownFamilies]);
  if (shownColumns.size < columns.length) keepAll(kept, "column", [...shownColumns].map(c => columns[c].id));
  if (chosen) keepAll(kept, "cell", [rows[chosen.row].id, columns[slots[chosen.slot].column].id, slots[chosen.slot].mode]);
  const hash = kept.toString();
  try { history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search); } catch { /* not everywhere allowed */ }
}

function choose(shown, named, valueOf) {
  if (named.length === 0) return;
  for (const value of [...shown]) if (!named.includes(valueOf(value))) shown.delete(value);
}

function readAddress() {
  const kept = new URLSearchParams(location.hash.slice(1));
  byId("filter").value = kept.get("q") ?? "";
  for (const { id, box } of ONLY) box.checked = kept.get(id) === "1";
  choose(shownFamilies, kept.getAll("family"), family => family);
  choose(shownColumns, kept.getAll("column"), c => columns[c].id);
  refresh();
  const [id, column, mode] = kept.getAll("cell");
  const row = rows.findIndex(one => one.id === id), slot = slots.findIndex(one => columns[one.column].id === column && one.mode === (mode ?? ""));
  if (row < 0 || slot < 0) return;
  tell(row, slot);
  reach(tdAt(row, slot), false);
  tdAt(row, slot).scrollIntoView({ block: "center", inline: "center" });
}

byId("bar").hidden = false;
byId("legend").open = !matchMedia("screen and (max-width: 760px)").matches;
table.setAttribute("role", "grid");
readAddress();
isReading = false;
