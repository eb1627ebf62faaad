// What the page does when it is used: the table of items, the view of an item, the lists of rows.
// Every text goes on the screen as a text node; nothing here writes markup, loads or sends anything.
"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const index = JSON.parse(at("index").textContent);
  const groups = new Map(index.groups.map((group) => [group.name, group]));
  for (const group of index.groups) group.place = new Map(group.items.map((item, place) => [item, place]));
  const seedPlace = new Map(index.seeds.map((seed, place) => [seed, place]));

  function make(tag, given = {}, ...inside) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(given)) {
      if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
      else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value);
    }
    element.append(...inside.filter((each) => each !== "" && each !== undefined && each !== null));
    return element;
  }
  const text = (value) => make("div", { class: "text", dir: "auto" }, value);
  const score = (value) => (value === null || value === undefined ? "–" : String(Math.round(value * 1000) / 1000));
  const itemLink = (group, id) => `#item/${group}/${encodeURIComponent(id)}`;
  const rowLink = (list, id) => `#row/${list}/${encodeURIComponent(id)}`;
  const cut = (value, most) => (value && value.length > most ? `${value.slice(0, most)}…` : value || "");

  const opened = new Map();
  function unpack(name) {
    if (!opened.has(name)) opened.set(name, unpacked(name));
    return opened.get(name);
  }
  async function unpacked(name) {
    const bytes = Uint8Array.from(atob(at(`block:${name}`).textContent), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }

  // ---------------------------------------------------------------- the table of items
  const FILTERS = { all: "all items", differs: "scores differ", fails: "someone fails", improved: "improved", regressed: "regressed" };
  const seen = { set: "", filter: "all", who: "", finding: "", find: "", most: 200 };
  const raced = index.groups.filter((group) => group.part === "race");
  const sets = new Map();
  for (const group of raced) sets.set(`step-${group.step}`, `Step ${group.step}`);
  if (sets.size > 1) sets.set("all", "All steps");
  if (index.groups.some((group) => group.part === "test")) sets.set("test", "Test");

  function columnsOf(set) {
    if (set === "test") return index.groups.filter((group) => group.part === "test");
    if (set !== "all") return raced.filter((group) => `step-${group.step}` === set);
    // A method that stays has the same items in every step, and a longer race adds some: its longest column, of equal ones the first.
    const inside = (group, other) => group.method && other !== group && other.method === group.method && group.items.every((item) => other.place.has(item)) &&
      (other.items.length > group.items.length || raced.indexOf(other) < raced.indexOf(group));
    return raced.filter((group) => group.who !== "Incumbent" || !raced.some((other) => inside(group, other)));
  }
  const baseOf = (columns) => columns.find((group) => ["Incumbent", "Starting method"].includes(group.who)) || columns[0];
  function scoreIn(group, item) {
    const place = group.place.get(item);
    return place === undefined ? undefined : group.scores[place];
  }
  const kindsIn = (group, item) => group.kinds[group.place.get(item)] || [];
  function passes(columns, item) {
    const chosen = seen.who === "" ? columns : columns.filter((group) => group.name === seen.who);
    const base = scoreIn(baseOf(columns), item);
    const scores = chosen.map((group) => scoreIn(group, item)).filter((each) => each !== undefined);
    if (seen.finding !== "" && !chosen.some((group) => kindsIn(group, item).some((kind) => index.kinds[kind] === seen.finding))) return false;
    if (seen.find && !index.seeds[item].toLowerCase().includes(seen.find.toLowerCase())) return false;
    if (seen.filter === "differs") return new Set([...scores, ...(base === undefined ? [] : [base])]).size > 1;
    if (seen.filter === "fails") return scores.some((each) => each === null || each <= 0);
    if (seen.filter === "improved") return scores.some((each) => each !== null && base !== undefined && each > base);
    if (seen.filter === "regressed") return base !== undefined && scores.some((each) => each === null ? base > 0 : each < base);
    return true;
  }
  function cell(group, item) {
    const value = scoreIn(group, item);
    if (value === undefined) return make("td", { class: "n" }, make("span", { class: "cell nobody" }, "·"));
    const kinds = kindsIn(group, item).map((kind) => index.kinds[kind]);
    const tone = value === null || value <= 0 ? "no" : value >= 1 ? "yes" : "half";
    const words = `${index.seeds[item]}, ${group.who}: ${score(value)}${kinds.length ? `, ${kinds.join(", ")}` : ""}`;
    return make("td", { class: "n" }, make("a", { class: `cell ${tone}`, tabindex: "-1", href: itemLink(group.name, index.seeds[item]), title: words, "aria-label": words },
      make("b", {}, score(value)), kinds.length ? make("span", {}, cut(kinds[0], 18) + (kinds.length > 1 ? ` +${kinds.length - 1}` : "")) : ""));
  }
  function head(group) {
    const known = group.scores.filter((each) => each !== null);
    const mean = known.length ? known.reduce((sum, each) => sum + each, 0) / known.length : null;
    const anchor = group.who.startsWith("Candidate ") ? `#step-${group.step}-${group.who.toLowerCase().replace(" ", "-")}` : group.step ? `#step-${group.step}` : "#test";
    return make("th", { scope: "col", class: "n" }, make("a", { href: anchor }, seen.set === "all" ? `${group.step}: ${group.who}` : group.who),
      make("br"), `${score(mean)} on ${group.items.length}`, group.outcome ? make("br") : "", group.outcome ? make("span", { class: `tag ${group.outcome}` }, group.outcome) : "");
  }
  function drawMatrix() {
    const columns = columnsOf(seen.set);
    const items = [...new Set(columns.flatMap((group) => group.items))];
    const rows = items.filter((item) => passes(columns, item));
    const body = make("tbody", {}, ...rows.slice(0, seen.most).map((item) => make("tr", {}, make("th", { scope: "row", class: "id", dir: "auto" }, index.seeds[item]), ...columns.map((group) => cell(group, item)))));
    const words = `${rows.length.toLocaleString("en")} of ${items.length.toLocaleString("en")} items. Arrow keys move, Enter opens an item.`;
    const table = make("table", { class: "matrix", on: { keydown: moveAbout } }, make("caption", { id: "matrix-words" }, make("span", { role: "status" }, words)),
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Item"), ...columns.map(head))), body);
    const more = rows.length > seen.most ? make("button", { type: "button", on: { click: () => { seen.most += 500; drawMatrix(); } } }, `Show more of the other ${rows.length - seen.most}`) : "";
    at("matrix").replaceChildren(make("div", { class: "scroll tall", role: "region", tabindex: "0", "aria-labelledby": "matrix-words" }, table), more);
    const first = at("matrix").querySelector("a.cell");
    if (first) first.tabIndex = 0;
  }
  function moveAbout(event) {
    const from = event.target.closest("td");
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -1e9], End: [0, 1e9], PageUp: [-10, 0], PageDown: [10, 0] }[event.key];
    if (!from || !steps) return;
    event.preventDefault();
    const rows = [...from.closest("tbody").rows];
    const row = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(from.parentElement) + steps[0]))];
    const to = row.cells[Math.max(1, Math.min(row.cells.length - 1, from.cellIndex + steps[1]))].querySelector("a.cell");
    if (!to) return;
    for (const each of event.currentTarget.querySelectorAll("a.cell[tabindex='0']")) each.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  }
  function choice(name, words, options, value, act) {
    const select = make("select", { id: name, on: { change: (event) => act(event.target.value) } }, ...options.map(([key, label]) => make("option", { value: key }, label)));
    select.value = value;
    return make("label", { for: name }, `${words} `, select);
  }
  function entry(name, words, act) {
    let waiting;
    const typed = (event) => { clearTimeout(waiting); waiting = setTimeout(() => act(event.target.value), 150); };
    return make("label", { for: name }, `${words} `, make("input", { id: name, type: "search", autocomplete: "off", on: { input: typed } }));
  }
  function drawControls() {
    const set = (name) => (value) => {
      seen[name] = value;
      seen.most = 200;
      if (name === "set") { seen.who = ""; drawControls(); at("matrix-set").focus(); }
      history.replaceState(null, "", `#matrix/${seen.set}/${seen.filter}/${encodeURIComponent(seen.finding)}`);
      drawMatrix();
    };
    const who = [["", "anyone"], ...columnsOf(seen.set).map((group) => [group.name, seen.set === "all" ? `${group.step}: ${group.who}` : group.who])];
    at("matrix-controls").replaceChildren(
      choice("matrix-set", "Set", [...sets], seen.set, set("set")), choice("matrix-filter", "Show", Object.entries(FILTERS), seen.filter, set("filter")),
      choice("matrix-who", "of", who, seen.who, set("who")), choice("matrix-finding", "with", [["", "any finding or none"], ...index.kinds.map((kind) => [kind, kind])], seen.finding, set("finding")),
      entry("matrix-find", "Item", set("find")));
  }

  // ---------------------------------------------------------------- the view of an item or a row
  const part = (name, ...inside) => make("div", {}, make("dt", {}, name), make("dd", {}, ...inside));
  const YES = new Map([[true, "yes"], [false, "no"]]);
  function lookLine(name, look) {
    const said = look.fault || ["valid", "self_contained", "consistent", "intent_kept"].map((key) => `${key.replace("_", " ")} ${YES.get(look[key]) || "abstained"}`).join(" · ") + ` · harder: ${look.harder || "abstained"}`;
    return make("p", { class: "judge" }, `Judge, ${{ first: "first look", turned: "order turned", again: "asked again" }[name]}: ${said}`, look.evidence ? " — " : "", look.evidence ? make("span", { dir: "auto" }, look.evidence) : "");
  }
  function whole(row, seed) {
    const stages = row.stages || [];
    const faults = (row.faults || []).join(", ");
    const figures = [...Object.entries(row.parts || {}), ...Object.entries(row.measures || {})].map(([name, value]) => `${name} ${score(value)}`);
    return [
      make("dl", { class: "example" }, ...(row.system ? [part("System", text(row.system))] : []), ...(row.context || []).map((turn) => part("Turn before", text(turn))),
        part("Seed", text(seed || "")), ...stages.map((stage, place) => part(stages.length > 1 ? `Round ${place + 1}` : "Evolved", text(stage))),
        ...(row.reason ? [part("Dropped", make("b", { class: "bad" }, row.reason), row.detail ? text(row.detail) : "")] : []),
        ...(!stages.length && !row.reason ? [part("Evolved", make("span", { class: "none" }, `nothing${faults ? `: ${faults}` : ""}`))] : []),
        ...(row.reasoning ? [part("Reasoning", text(row.reasoning))] : []),
        ...(row.response ? [part("Response", text(row.response))] : stages.length && !row.reason ? [part("Response", make("span", { class: "none" }, `none${faults ? `: ${faults}` : ""}`))] : [])),
      row.findings ? make("ul", { class: "findings", "aria-label": "Findings" }, ...row.findings.map(([kind, evidence, by]) => make("li", {}, make("b", {}, kind), " ", make("span", { dir: "auto" }, evidence || ""), " ", make("span", { class: "by" }, by)))) : make("p", { class: "note" }, "No finding."),
      ...Object.entries(row.looks || {}).map(([name, look]) => lookLine(name, look)),
      figures.length ? make("p", { class: "judge" }, `Parts of the score: ${figures.join(" · ")}`) : "",
      ...(row.edits || []).map((each) => make("details", { open: "" }, make("summary", {}, `Edited by hand, ${each.at}${each.stale ? " (the row has changed since)" : ""}${each.why ? `: ${each.why}` : ""}`), make("dl", { class: "example" }, part("Instruction", text(each.instruction)), part("Response", text(each.response))))),
      row.calls ? make("p", { class: "by" }, `Calls in the journal: ${row.calls.join(", ")}${row.cost ? ` · $${row.cost}` : ""}`) : "",
    ];
  }
  function show(title, under, body, detail) {
    at("view-title").replaceChildren(title);
    at("view-under").replaceChildren(...under);
    at("view-body").replaceChildren(...body.filter((each) => each !== ""));
    if (!at("view").open) at("view").showModal();
    at("view").scrollTop = 0;
    document.dispatchEvent(new CustomEvent("autoevol:view", { detail }));
  }
  async function showItem(name, id) {
    const group = groups.get(name);
    const place = group ? group.place.get(seedPlace.get(id)) : undefined;
    if (place === undefined) return show(id, [], [make("p", {}, `The page has no such item. The files of the run may: ${name}.jsonl.`)], null);
    const under = [`${group.step ? `Step ${group.step}` : "Test"}, ${group.who}`, make("span", { class: "figure" }, score(group.scores[place]))];
    if (!group.block) return show(id, under, [make("p", {}, "There was no room for its texts on this page; they are in ", make("a", { href: `${name}.jsonl` }, `${name}.jsonl`), ".")], null);
    const row = (await unpack(group.block))[place];
    const seed = row.seed || (await unpack("seeds"))[id];
    const item = seedPlace.get(id);
    const same = index.groups.filter((each) => each.place.has(item)).map((each) => make("li", {}, make("a", { href: itemLink(each.name, id), "aria-current": each === group ? "true" : false }, `${each.step ? `Step ${each.step}` : "Test"}, ${each.who}`), ` ${score(scoreIn(each, item))} `, kindsIn(each, item).map((kind) => index.kinds[kind]).join(", ")));
    const step = (by, words) => group.items[place + by] === undefined ? "" : make("a", { href: itemLink(name, index.seeds[group.items[place + by]]) }, words);
    show(id, under, [...whole(row, seed), make("details", {}, make("summary", {}, `The same item under every method: ${same.length}`), make("ul", { class: "list" }, ...same)),
      make("p", { class: "links" }, step(-1, "← the item before"), " ", step(1, "the next item →"), " ", make("a", { href: `${name}.jsonl` }, `${name}.jsonl`))], { kind: "item", group: name, id, row, seed });
  }
  async function showRow(name, id) {
    const list = index.lists.find((each) => each.name === name);
    for (const block of list ? list.blocks : []) {
      const row = (await unpack(block)).find((each) => each.id === id);
      if (!row) continue;
      const seed = row.seed || (at("block:seeds") ? (await unpack("seeds"))[row.from || id] : "");
      const under = [name === "dataset" ? "A row of the data set" : "A dropped row", make("span", { class: "figure" }, row.score === undefined ? "" : score(row.score))];
      return show(id, under, [...whole(row, seed), make("p", { class: "links" }, make("a", { href: `${name}.jsonl` }, `${name}.jsonl`))], { kind: name, id, row, seed, whole: !row.cut });
    }
    return show(id, [], [make("p", {}, `The page has no such row. The files of the run may: ${name}.jsonl.`)], null);
  }

  // ---------------------------------------------------------------- the lists of rows
  const PAGE = 50;
  function drawList(list) {
    const home = at(`list-${list.name}`);
    const now = { page: 0, find: "", kind: "" };
    const rowsAt = async (from, to) => {
      const size = 200;
      const found = [];
      for (let block = Math.floor(from / size); block * size < to && block < list.blocks.length; block += 1) {
        const rows = await unpack(list.blocks[block]);
        found.push(...rows.slice(Math.max(0, from - block * size), to - block * size));
      }
      return found;
    };
    const kindsOf = (row) => [row.reason, ...(row.findings || []).map(([kind]) => kind)].filter((kind) => kind);
    const told = (row) => [row.id, row.seed, row.detail, row.response, ...(row.stages || [])].join("\n").toLowerCase();
    async function draw() {
      const plain = !now.find && !now.kind;
      const all = plain ? null : (await rowsAt(0, list.held)).filter((row) => (!now.kind || kindsOf(row).includes(now.kind)) && (!now.find || told(row).includes(now.find.toLowerCase())));
      const many = plain ? list.held : all.length;
      const rows = plain ? await rowsAt(now.page * PAGE, (now.page + 1) * PAGE) : all.slice(now.page * PAGE, (now.page + 1) * PAGE);
      const body = rows.map((row) => make("tr", {}, make("td", { class: "id" }, make("a", { href: rowLink(list.name, row.id) }, cut(row.id, 60))), make("td", {}, cut([...new Set(kindsOf(row))].join(", "), 120) || "–"), make("td", { class: "wide", dir: "auto" }, cut((row.stages || [row.detail])[0], 160))));
      const turn = (by, words) => make("button", { type: "button", disabled: (now.page + by < 0 || (now.page + by) * PAGE >= many) && "", on: { click: () => { now.page += by; draw(); } } }, words);
      const last = Math.min(many, (now.page + 1) * PAGE);
      const less = list.held < list.rows ? ` The page holds the first ${list.held.toLocaleString("en")} of ${list.rows.toLocaleString("en")}.` : "";
      shown.replaceChildren(make("div", { class: "scroll", role: "region", tabindex: "0", "aria-labelledby": `list-${list.name}-words` }, make("table", {}, make("caption", { id: `list-${list.name}-words` }, make("span", { role: "status" }, `${many ? now.page * PAGE + 1 : 0} to ${last} of ${many.toLocaleString("en")} rows.${less}`)),
        make("thead", {}, make("tr", {}, ...["Row", "Findings", "Text"].map((words) => make("th", { scope: "col" }, words)))), make("tbody", {}, ...body))), make("p", { class: "turn" }, turn(-1, "← before"), " ", turn(1, "next →")));
    }
    const shown = make("div");
    const kinds = list.classes;
    const act = (name) => (value) => { now[name] = value; now.page = 0; draw(); };
    home.replaceChildren(make("div", { class: "controls", role: "search", "aria-label": list.name === "dataset" ? "Find in the data set" : "Find among the dropped rows" }, entry(`find-${list.name}`, "Find", act("find")), choice(`kind-${list.name}`, "with", [["", "any finding or none"], ...kinds.map((kind) => [kind, kind])], "", act("kind"))), shown);
    return draw();
  }

  // ---------------------------------------------------------------- addresses
  function follow() {
    const parts = location.hash.slice(1).split("/");
    let last = "";
    try { last = decodeURIComponent(parts[parts.length - 1]); } catch { return; }
    if (parts[0] === "item") showItem(parts.slice(1, -1).join("/"), last);
    else if (parts[0] === "row") showRow(parts[1], last);
    else if (at("view").open) at("view").close();
    const target = at(location.hash.slice(1));
    for (let each = target; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
    if (parts[0] === "matrix" && sets.size) {
      Object.assign(seen, { set: sets.has(parts[1]) ? parts[1] : seen.set, filter: FILTERS[parts[2]] ? parts[2] : "all", finding: parts.length > 3 ? last : "", who: "" });
      drawControls();
      drawMatrix();
      at("items").scrollIntoView();
    }
  }
  at("view").addEventListener("close", () => {
    if (/^#(item|row)\//.test(location.hash)) history.replaceState(null, "", location.pathname + location.search);
  });
  at("view-close").addEventListener("click", () => at("view").close());
  if (sets.size) {
    const steps = [...sets.keys()].filter((key) => key.startsWith("step-"));
    seen.set = steps.length ? steps[steps.length - 1] : [...sets.keys()][0];
    drawControls();
    drawMatrix();
  }
  const later = window.requestIdleCallback || setTimeout; // first what is at the top
  for (const list of index.lists) if (at(`list-${list.name}`)) later(() => drawList(list));
  addEventListener("hashchange", follow);
  follow();
})();
