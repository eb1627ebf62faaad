// What a served page does more: it hears how runs stand, and sends what a person says of a row.
// Texts go on the screen as text nodes; nothing here writes markup.
"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const make = (tag, given = {}, ...inside) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(given)) {
      if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
      else element.setAttribute(name, value);
    }
    element.append(...inside);
    return element;
  };
  async function send(address, sent, told) {
    told.textContent = "…";
    try {
      const answer = await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(sent) });
      const said = await answer.json();
      told.textContent = said.words || said.problem || "It was refused.";
      return answer.ok ? said : null;
    } catch {
      told.textContent = "The server does not answer.";
      return null;
    }
  }

  // ---------------------------------------------------------------- how it stands
  const news = at("news");
  if (news) {
    const first = news.dataset.sign;
    let typed = false;
    addEventListener("input", () => { typed = true; });
    const source = new EventSource(news.dataset.events);
    source.onerror = () => { news.textContent = "The server does not answer; the page shows what it had."; };
    source.onmessage = (event) => {
      const said = JSON.parse(event.data);
      if (at("wheel")) turn(said);
      news.textContent = said.line;
      if (first !== said.sign && said.state !== "gone") {
        const busy = typed || document.querySelector("dialog[open]");
        if (!busy) location.reload();
        else if (!at("fresh")) news.after(make("p", { id: "fresh" }, make("button", { type: "button", on: { click: () => location.reload() } }, "There is more: show it")));
      }
    };
  }

  // ---------------------------------------------------------------- the wheel
  // It is made once and then kept: what a person has typed stays when the run ends, only its buttons go quiet.
  const KINDS = { note: ["note to the analyst", "Mind the units."], budget: ["budget", "10usd, 5000calls"], pin: ["pin a candidate", "2/c3"], ban: ["ban a candidate", "2/c3"] };
  let held = null;
  function turn(said) {
    if (!held && said.state !== "gone") held = wheel(said);
    if (!held) return;
    const live = ["running", "paused"].includes(said.state);
    const over = ["finished", "gone"].includes(said.state);
    for (const button of held.hands.querySelectorAll("button")) button.disabled = over || (button.dataset.live !== undefined && !live);
    for (const button of held.fork.querySelectorAll("button")) button.disabled = said.state === "gone";
    held.note.textContent = live ? "" : said.state === "gone" ? "" : over ? "The run has ended: nothing heeds a wish any more. A branch goes on from one of its steps." : "No process is at work on it: what you say is taken up when it goes on (autoevol resume).";
    while (held.steps && held.steps.options.length <= (said.steps || 0)) held.steps.append(make("option", { value: held.steps.options.length }, held.steps.options.length ? `step ${held.steps.options.length}` : "the beginning"));
    held.said.replaceChildren(...(said.wishes || []).map((line) => make("li", { dir: "auto" }, line)));
  }
  function wheel(said) {
    const searches = said.steps !== null && said.steps !== undefined;
    const told = make("p", { role: "status", class: "note", id: "wheel-told" });
    const note = make("p", { class: "note" });
    const steer = (wish, what) => send("steer", { wish, what }, told);
    const plain = (wish, words) => make("button", { type: "button", "data-live": "", on: { click: () => steer(wish, "") } }, words);
    const what = make("input", { id: "wheel-what", type: "text", placeholder: searches ? KINDS.note[1] : KINDS.budget[1] });
    const kind = make("select", { id: "wheel-kind", on: { change: () => { what.placeholder = KINDS[kind.value][1]; } } }, ...Object.entries(KINDS).filter(([value]) => searches || value === "budget").map(([value, [words]]) => make("option", { value }, words)));
    const say = async () => { if (await steer(kind.value, what.value)) what.value = ""; };
    const method = make("textarea", { id: "wheel-method", rows: "6", dir: "auto", placeholder: "1. …\n2. …" });
    const hands = make("div", {}, make("p", { class: "controls" }, plain("pause", "Pause"), plain("continue", "Continue"), plain("stop", "Stop after this step")),
      make("p", { class: "controls" }, make("label", { for: "wheel-kind" }, "Say ", kind), make("label", { for: "wheel-what" }, make("span", { class: "unseen" }, "what "), what), make("button", { type: "button", on: { click: say } }, "Say it")),
      searches ? make("details", {}, make("summary", {}, "Enter a method of your own into the race"), make("label", { for: "wheel-method" }, "Clauses, one a line, numbered"), method, make("p", { class: "controls" }, make("button", { type: "button", on: { click: () => steer("edit", method.value) } }, "Enter it"))) : "");
    const steps = make("select", { id: "fork-step" });
    const name = make("input", { id: "fork-name", type: "text", maxlength: "60" });
    const made = make("div", { id: "fork-made" });
    const begin = async () => {
      const answer = await send("branch", { step: Number(steps.value), name: name.value }, told);
      if (answer) made.append(make("p", { class: "links" }, make("a", { href: answer.address }, "Its page"), ", where it can be steered first; then: ", make("code", {}, answer.command)));
    };
    const fork = make("details", {}, make("summary", {}, "Branch: a new run from a step of this one"), make("p", { class: "note" }, "It takes over the settings, the decisions up to that step and the answers; this run stays as it is."),
      make("p", { class: "controls" }, make("label", { for: "fork-step" }, "After ", steps), make("label", { for: "fork-name" }, "Name ", name), make("button", { type: "button", on: { click: begin } }, "Make the branch")), made);
    const lines = make("ul", { class: "list note", "aria-label": "What people said to this run" });
    if (said.state !== "finished") at("wheel").replaceChildren(make("fieldset", {}, make("legend", {}, "Steer"), note, hands, searches ? fork : "", told, lines));
    else if (searches) at("wheel").replaceChildren(fork, told, lines);
    return { hands, fork, note, steps: searches ? steps : null, said: lines };
  }

  // ---------------------------------------------------------------- a verdict on an item
  const listed = (name) => document.querySelector(`meta[name="${name}"]`).content.split(" ");
  let made = 0;
  function verdict(address, group, item, sign = "") {
    made += 1;
    const told = make("span", { role: "status", class: "note" });
    const flaw = make("select", { id: `flaw-${made}` }, make("option", { value: "" }, "choose"), ...listed("flaws").map((each) => make("option", { value: each }, each)));
    const domain = make("select", { id: `domain-${made}` }, ...listed("domains").map((each) => make("option", { value: each }, each)));
    const why = make("input", { id: `why-${made}`, type: "text" });
    const say = (good) => () => {
      if (!good && !flaw.value) { told.textContent = "Say what is wrong with it."; flaw.focus(); return; }
      send(address, { group, item, sign, good, flaws: good ? [] : [flaw.value], why: why.value, domain: domain.value }, told);
    };
    return make("fieldset", { class: "controls" }, make("legend", {}, "Your verdict"), make("button", { type: "button", on: { click: say(true) } }, "Good"),
      make("label", { for: flaw.id }, "Flaw ", flaw), make("button", { type: "button", on: { click: say(false) } }, "Flawed"),
      make("details", {}, make("summary", {}, "why, domain"), make("p", { class: "controls" }, make("label", { for: why.id }, "Why ", why), make("label", { for: domain.id }, "Domain ", domain))), told);
  }
  for (const home of document.querySelectorAll(".vote")) home.append(verdict(`/run/${encodeURIComponent(home.dataset.run)}/label`, home.dataset.group, home.dataset.item, home.dataset.sign));

  // ---------------------------------------------------------------- a row written anew
  function edit(row) {
    const told = make("span", { role: "status", class: "note" });
    const area = (id, value) => { const box = make("textarea", { id, rows: "6", dir: "auto" }); box.value = value; return box; };
    const instruction = area("edit-instruction", row.stages[0]);
    const response = area("edit-response", row.response || "");
    const why = make("input", { id: "edit-why", type: "text" });
    const keep = () => send("edit", { row: row.id, instruction: instruction.value, response: response.value, why: why.value }, told);
    return make("details", {}, make("summary", {}, "Edit by hand"), make("p", { class: "note" }, "The row stays as it is; what you write is kept beside it."),
      make("label", { for: "edit-instruction" }, "Instruction"), instruction, make("label", { for: "edit-response" }, "Response"), response,
      make("p", { class: "controls" }, make("label", { for: "edit-why" }, "Why ", why), make("button", { type: "button", on: { click: keep } }, "Keep the edit"), told));
  }
  document.addEventListener("autoevol:view", (event) => {
    const seen = event.detail;
    if (!seen || seen.kind === "dropped") return;
    at("view-body").append(verdict("label", seen.kind === "item" ? seen.group : "dataset", seen.id));
    if (seen.kind === "dataset") at("view-body").append(seen.whole ? edit(seen.row) : make("p", { class: "note" }, "Too long to be edited here."));
  });

  // ---------------------------------------------------------------- sides that are held together
  if (at("choose")) at("choose").addEventListener("change", (event) => {
    const sides = [];
    for (const seat of at("choose").querySelectorAll("fieldset")) {
      const [run, group] = ["run", "group"].map((part) => seat.querySelector(`[data-part="${part}"]`));
      const other = event.target === run; // a method of the run that was chosen before
      if (run.value) sides.push(`side=${encodeURIComponent(run.value)}${group.value && !other ? `/${encodeURIComponent(group.value)}` : ""}`);
    }
    location.assign(`/compare?${sides.join("&")}`);
  });

  // ---------------------------------------------------------------- the four questions
  const questions = at("questions");
  if (questions) {
    const told = make("span", { role: "status", class: "note" });
    const answer = async () => {
      const said = { row: questions.dataset.row };
      for (const field of questions.querySelectorAll("fieldset")) {
        const chosen = field.querySelector("input:checked");
        if (!chosen) { told.textContent = "Answer all four questions."; field.querySelector("input").focus(); return; }
        said[chosen.name] = chosen.value === "yes";
      }
      if (await send("answer", said, told)) location.reload();
    };
    questions.append(make("p", {}, make("button", { type: "button", on: { click: answer } }, "Keep and go on"), " ", told));
  }
})();
