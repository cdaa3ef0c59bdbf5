// The list of jobs: find in the page, choose for a comparison.
import { path } from "./api.js";

export function list() {
  const find = document.querySelector("#find");
  const sift = () => {
    const wanted = find.value.trim().toLowerCase();
    for (const row of document.querySelectorAll("#jobs tbody tr")) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  };
  const chosen = () => [...document.querySelectorAll("#jobs input:checked")].map((each) => each.value);
  const count = () => { document.querySelector("#compare").disabled = chosen().length < 2; };
  find.addEventListener("input", sift);
  document.addEventListener("renewed", () => { sift(); count(); });
  document.addEventListener("change", count);
  document.querySelector("#compare-form").addEventListener("submit", (event) => {
    event.preventDefault();
    location.href = path(`/compare?jobs=${chosen().join(",")}`);
  });
}
