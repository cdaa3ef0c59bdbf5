// One selection for all pictures and the table: hover shows, click or Enter keeps.
let kept = null;
let lit = null;

function light(number) {
  lit = number;
  document.dispatchEvent(new Event("lit"));
  const content = document.querySelector("#content");
  for (const lit of content.querySelectorAll(".lit")) lit.classList.remove("lit");
  content.classList.toggle("selecting", number !== null);
  if (number === null) return;
  for (const each of content.querySelectorAll(`.t[data-t="${CSS.escape(number)}"]`)) each.classList.add("lit");
}

// A title for what is pointed at: thousands of them would make the page heavy.
function name(element) {
  if (!element.dataset?.w || element.firstChild) return;
  const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
  title.textContent = `trial ${element.dataset.t}: ${element.dataset.w}`;
  element.append(title);
}

const trialAt = (event) => event.target.closest?.(".t[data-t]")?.dataset.t ?? null;

// What stands out now: a trial's number or null, and a round or "" for all.
export const chosen = () => ({ number: lit, round: document.querySelector(".rounds :checked")?.value ?? "" });

// The pointer is at a trial, or at none: what was kept stands out again.
export const hover = (number) => { if ((number ?? kept) !== lit) light(number ?? kept); };

export function keep(number, from) {
  kept = number === kept ? null : number;
  light(kept);
  if (kept !== null && !from.closest("table")) {
    document.querySelector(`tr.t[data-t="${CSS.escape(kept)}"]`)?.scrollIntoView({ block: "nearest" });
  }
}

export function relight() {
  light(kept);
  scrub();
}

// The round that is chosen stands out; rules for it in the style sheet would cost every page.
function scrub() {
  const rounds = document.querySelector(".rounds");
  if (!rounds) return;
  rounds.hidden = false;
  const { round } = chosen();
  for (const each of document.querySelectorAll("#live [data-r]")) each.classList.toggle("faint", round !== "" && each.dataset.r !== round);
  document.dispatchEvent(new Event("lit"));
}

export function link() {
  document.addEventListener("pointerover", (event) => {
    if (!event.target.closest?.(".canvas")) hover(trialAt(event));
    name(event.target);
  });
  document.addEventListener("click", (event) => {
    const number = trialAt(event);
    if (number !== null) keep(number, event.target);
  });
  document.addEventListener("focusin", (event) => { if (event.target.matches("tr.t")) light(event.target.dataset.t); });
  document.addEventListener("change", (event) => { if (event.target.matches(".choose select")) event.target.form.requestSubmit(); });
  document.addEventListener("change", (event) => { if (event.target.name === "round") scrub(); });
  scrub();
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { kept = null; light(null); }
    if (event.key === "Enter" && event.target.matches("tr.t")) keep(event.target.dataset.t, event.target);
  });
}
