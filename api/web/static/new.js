// The form writes the spec, the spec is what is sent. A field changes its own part and nothing else.
import { ask, path, say } from "./api.js";

const POLL = 1000; // milliseconds

const RANGES = { lr: "learning_rate", wd: "weight_decay" };

export function form() {
  const form = document.querySelector("#new");
  const json = document.querySelector("#json");
  const given = new URLSearchParams(location.search);
  if (given.get("dataset")) form.dataset.value = given.get("dataset");
  const cloned = given.get("clone") ? sessionStorage.getItem("spec") : null;
  if (cloned) fill(form, JSON.parse(cloned));
  const show = (spec) => { json.value = JSON.stringify(spec, null, 2); };
  show(cloned ? JSON.parse(cloned) : whole(form));
  form.querySelector(".fields").addEventListener("input", (event) => {
    try { show(changed(JSON.parse(json.value), form, event.target.name)); } catch { tell("The spec is not JSON as it stands.", true); }
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); send(json.value); });
  document.querySelector("#ask-estimate").addEventListener("click", () => estimate(json.value));
  for (const button of form.querySelectorAll("button")) button.disabled = false; // before, a click would have been lost
}

const value = (form, name) => form.elements[name].value.trim();
const number = (form, name) => Number(value(form, name));
const range = (form, name) => ({ type: "float", low: number(form, `${name}_low`), high: number(form, `${name}_high`), log: true });
const without = (spec, name) => Object.fromEntries(Object.entries(spec).filter(([key]) => key !== name));
const labels = (form) => value(form, "labels").split(",").map((each) => each.trim()).filter(Boolean);

function whole(form) {
  let spec = {};
  for (const name of ["name", "labels", "dataset", "network", "lr_low", "wd_low", "epochs", "trials", "seed", "confirm"]) spec = changed(spec, form, name);
  return spec;
}

// The spec with what one field of the form says.
function changed(spec, form, name) {
  const [short] = name.split("_");
  if (RANGES[short]) return { ...without(spec, RANGES[short]), space: { ...spec.space, [RANGES[short]]: range(form, short) } };
  if (name === "confirm") return form.elements.confirm.checked ? without(spec, "confirm") : { ...spec, confirm: null };
  if (name === "trials") return { ...spec, budget: { ...spec.budget, trials: number(form, "trials") } };
  if (name === "epochs" || name === "seed") return { ...spec, [name]: number(form, name) };
  if (name === "labels") return labels(form).length ? { ...spec, labels: labels(form) } : without(spec, "labels");
  return value(form, name) ? { ...spec, [name]: value(form, name) } : without(spec, name);
}

// The form as the spec has it; what the spec does not have stays as it is.
function fill(form, spec) {
  const set = (name, given) => { if (given !== undefined && given !== null) form.elements[name].value = given; };
  set("name", spec.name);
  set("labels", spec.labels?.join(", "));
  set("dataset", spec.dataset?.name ?? spec.dataset);
  set("network", spec.network?.architecture ?? spec.network);
  for (const [short, name] of Object.entries(RANGES)) {
    set(`${short}_low`, spec.space?.[name]?.low);
    set(`${short}_high`, spec.space?.[name]?.high);
  }
  set("epochs", spec.epochs);
  set("trials", spec.budget?.trials);
  set("seed", spec.seed);
  form.elements.confirm.checked = spec.confirm !== null;
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
