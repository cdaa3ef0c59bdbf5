// The form writes the spec, the spec is what is sent.
import { ask, path, say } from "./api.js";

const POLL = 1000; // milliseconds

export function form() {
  const form = document.querySelector("#new");
  const json = document.querySelector("#json");
  const given = new URLSearchParams(location.search);
  if (given.get("dataset")) form.dataset.value = given.get("dataset");
  let edited = null;
  const write = () => { json.value = JSON.stringify(merge(edited ?? {}, specOf(form)), null, 2); };
  form.querySelector(".fields").addEventListener("input", write);
  const cloned = given.get("clone") ? sessionStorage.getItem("spec") : null;
  if (cloned) json.value = cloned; else write();
  if (cloned) edited = JSON.parse(cloned);
  json.addEventListener("input", () => { try { edited = JSON.parse(json.value); } catch { /* not yet whole */ } });
  form.addEventListener("submit", (event) => { event.preventDefault(); send(json.value); });
  document.querySelector("#ask-estimate").addEventListener("click", () => estimate(json.value));
}

function specOf(form) {
  const text = (name) => form.elements[name].value.trim();
  const number = (name) => Number(text(name));
  const range = (name) => ({ type: "float", low: number(`${name}_low`), high: number(`${name}_high`), log: true });
  const spec = { dataset: text("dataset"), network: text("network"), epochs: number("epochs"), seed: number("seed") };
  if (text("name")) spec.name = text("name");
  spec.space = { learning_rate: range("lr"), weight_decay: range("wd") };
  spec.budget = { trials: number("trials") };
  if (!form.elements.confirm.checked) spec.confirm = null; // what is left out is confirmed
  return spec;
}

// What the form does not have stays as it was written by hand.
function merge(under, over) {
  const { confirm, ...rest } = under;
  const kept = "confirm" in over || confirm === null || confirm === undefined ? {} : { confirm };
  return { ...rest, ...kept, ...over, space: { ...under.space, ...over.space }, budget: { ...under.budget, ...over.budget } };
}

async function send(text) {
  try {
    const { content } = await ask("POST", "/api/v1/jobs", JSON.parse(text), { "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()) });
    location.href = path(`/jobs/${content.id}`);
  } catch (error) { tell(error.message, true); }
}

async function estimate(text) {
  tell("Estimating …");
  try {
    let found = await ask("POST", "/api/v1/estimates", withoutTerms(JSON.parse(text)));
    while (found.answer.status === 202) {
      tell(`Waiting for ${found.content.waits_for} …`);
      await new Promise((done) => setTimeout(done, POLL));
      found = await ask("GET", `/api/v1/estimates/${found.content.id}`);
    }
    const { seconds, trials, epochs, workers } = found.content;
    tell(`About ${span(seconds)} on ${workers} worker${workers === 1 ? "" : "s"}: ${trials} trials, ${Math.round(epochs)} epochs of training.`);
  } catch (error) { tell(error.message, true); }
}

function withoutTerms({ labels, priority, warm_start, ...spec }) { return spec; }

function span(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function tell(text, wrong = false) {
  const place = document.querySelector("#estimate");
  place.textContent = text;
  place.classList.toggle("wrong", wrong);
  if (wrong) say("");
}
