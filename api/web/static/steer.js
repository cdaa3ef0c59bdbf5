// Buttons that change the job, and points that are clicked into the picture.
import { ask, path, say } from "./api.js";
import { look } from "./live.js";

const job = () => document.querySelector("#live[data-job]");

export function steer() {
  if (!job()) return;
  document.addEventListener("click", (event) => {
    const action = event.target.closest?.("[data-action]");
    if (action) run(() => ACTIONS[action.dataset.action](action));
  });
  document.addEventListener("dblclick", (event) => {
    const picture = event.target.closest?.("#space");
    const params = picture && job().dataset.ended === "no" ? pointAt(picture, event) : null;
    if (params) run(() => enqueue(params));
  });
}

async function run(what) {
  try { await what(); } catch (error) { say(error.message); }
}

const at = (rest = "") => `/api/v1/jobs/${job().dataset.job}${rest}`;
const verb = (name, told) => async () => { await ask("POST", at(`/${name}`)); say(told); look(); };

const ACTIONS = {
  pause: verb("pause", "The job pauses after the legs that train now."),
  resume: verb("resume", "The job goes on."),
  cancel: async () => {
    if (await question("Cancel the job?", "Its finished trials stay.") !== null) await verb("cancel", "The job is being cancelled.")();
  },
  extend: async (button) => {
    const now = button.dataset.trials;
    const text = await question("Extend the budget", "Trials in all, as a number; or fields of the budget as JSON.", now ? String(2 * now) : '{"epochs": 200}');
    if (text === null) return;
    const given = JSON.parse(text);
    const { answer } = await ask("GET", at());
    const budget = typeof given === "number" ? { trials: given } : given;
    await ask("PATCH", at(), { budget }, { "If-Match": answer.headers.get("ETag") });
    say("The budget is changed.");
    look();
  },
  label: async (button) => {
    const text = await question("Labels", "Words to find the job by, with commas between.", button.dataset.labels);
    if (text === null) return;
    await ask("PATCH", at(), { labels: text.split(",").map((each) => each.trim()).filter(Boolean) });
    say("The labels are changed.");
    look();
  },
  archive: async () => { await ask("PATCH", at(), { archived: true }); say("Archived: the list leaves it out."); look(); },
  unarchive: async () => { await ask("PATCH", at(), { archived: false }); say("Back in the list."); look(); },
  try: (button) => enqueue(JSON.parse(button.dataset.params)),
  clone: async () => {
    const labels = document.querySelector("[data-labels]").dataset.labels;
    const spec = JSON.parse(document.querySelector("#spec").textContent);
    const own = labels ? { labels: labels.split(", ") } : {};
    sessionStorage.setItem("spec", JSON.stringify({ ...spec, ...own }, null, 2));
    location.href = path("/new?clone=1");
  },
  delete: async () => {
    if (await question("Delete the job?", "Its trials, events and study are removed for good.") === null) return;
    await ask("DELETE", at());
    location.href = path("/");
  },
};

function question(title, text, value) {
  const dialog = document.querySelector("#ask");
  const input = dialog.querySelector("#ask-input");
  dialog.querySelector("#ask-title").textContent = title;
  dialog.querySelector("#ask-text").textContent = text;
  dialog.querySelector("#ask-label span").textContent = value === undefined ? "" : "Value";
  dialog.querySelector("#ask-label").hidden = value === undefined;
  input.value = value ?? "";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes" ? input.value : null), { once: true });
  });
}

async function enqueue(params) {
  const text = await question("Try this point?", "What is left out is sampled.", JSON.stringify(params, null, 2));
  if (text === null) return;
  await ask("POST", at("/enqueue"), { params: JSON.parse(text) });
  say("The point will be tried next.");
}

// The parameters at a place in the picture; null outside of it, or where an axis has choices.
function pointAt(picture, event) {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
  const params = {};
  for (const [axis, place] of [[JSON.parse(picture.dataset.x), point.x], [JSON.parse(picture.dataset.y), point.y]]) {
    const share = (place - axis.start) / (axis.end - axis.start);
    if (share < 0 || share > 1 || axis.choices.length) return null;
    const value = axis.log ? axis.low * (axis.high / axis.low) ** share : axis.low + share * (axis.high - axis.low);
    const near = axis.step ? axis.low + axis.step * Math.round((value - axis.low) / axis.step) : value;
    params[axis.name] = Number(near.toPrecision(axis.step ? 9 : 3));
  }
  return params;
}
