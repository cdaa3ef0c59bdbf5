// Runs each kind of search once more, with a seed that none of them has.
import { ask, path, say } from "./api.js";

export function compare() {
  const button = document.querySelector("#repeat");
  button.disabled = false; // a click before this would have been lost
  button.addEventListener("click", async () => {
    button.disabled = true;
    const { jobs, all, seed } = button.dataset;
    try {
      const made = [];
      for (const job of jobs.split(",")) made.push((await ask("POST", `/api/v1/jobs/${job}/clone`, { seed: Number(seed) })).content.id);
      location.href = path(`/compare?jobs=${[...all.split(","), ...made].join(",")}`);
    } catch (error) {
      say(error.message);
      button.disabled = false;
    }
  });
}
