// Requests to the server that this page came from.
const root = document.body.dataset.root;

export const path = (rest) => root + rest;

export async function ask(method, rest, body, headers = {}) {
  const init = { method, headers: { ...headers }, credentials: "same-origin" };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(path(rest), init);
  const content = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(words(content, answer));
  return { answer, content };
}

function words(problem, answer) {
  if (!problem) return `The server answered ${answer.status}.`;
  const fields = (problem.errors || []).map((each) => `${each.field}: ${each.problem || each.message || ""}`);
  return [problem.detail || problem.title, ...fields].filter(Boolean).join("\n");
}

let timer;
export function say(text) {
  const place = document.querySelector("#said");
  place.textContent = text;
  clearTimeout(timer);
  timer = setTimeout(() => { place.textContent = ""; }, 8000);
}
