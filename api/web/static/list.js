// The list of jobs: what is chosen in the form is shown at once; jobs are ticked to compare or archive.
import { ask, path, say } from "./api.js";
import { look } from "./live.js";

const PAUSE = 300; // milliseconds after the last key

export function list() {
  const filters = document.querySelector("#filters");
  let due;
  filters.addEventListener("input", () => { clearTimeout(due); due = setTimeout(() => show(filters), PAUSE); });
  filters.addEventListener("submit", (event) => { event.preventDefault(); show(filters); });
  document.addEventListener("renewed", count);
  document.addEventListener("change", count);
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "compare-form") return;
    event.preventDefault();
    location.href = path(`/compare?jobs=${chosen().join(",")}`);
  });
  document.addEventListener("click", (event) => { if (event.target.id === "archive") archive(event.target); });
  count();
  if (query(filters) !== query(new URLSearchParams(location.search))) show(filters); // typed before we were here
}

const chosen = () => [...document.querySelectorAll("#jobs input:checked")].map((each) => each.value);

function count() {
  const number = chosen().length;
  const [compare, archive] = ["#compare", "#archive"].map((id) => document.querySelector(id));
  if (compare) compare.disabled = number < 2;
  if (archive) archive.disabled = number < 1;
}

function query(given) {
  const fields = given instanceof URLSearchParams ? given : new FormData(given);
  const wanted = new URLSearchParams([...fields].filter(([name, value]) => name !== "after" && value && value !== "newest"));
  wanted.sort();
  return wanted.size ? `?${wanted}` : "";
}

function show(filters) {
  history.replaceState(null, "", path(`/${query(filters)}`));
  look();
}

async function archive(button) {
  const archived = button.dataset.archived === "yes";
  const jobs = chosen();
  try {
    for (const job of jobs) await ask("PATCH", `/api/v1/jobs/${job}`, { archived });
    say(archived ? "Archived; tick “archived” above to see them." : "Back in the list.");
  } catch (error) { say(error.message); }
  look();
}
