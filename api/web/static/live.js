// Keeps the page as the server has it: an event says that something changed, and the part of the
// page that lives is fetched anew, at most once in a while. Nothing is asked for in a hidden tab.
import { path } from "./api.js";
import { relight } from "./select.js";

const PAUSE = 1000; // milliseconds between two looks at a job
const SHARE = 4; // times as long as a look took, at least: what takes the server long is not asked for all the time
const LIST_PAUSE = 4000; // and at the list
const CHOOSING = 10000; // that a list which was opened is left alone
const KINDS = ["wish_changed", "budget_changed", "priority_changed", "labels_changed", "archived_changed",
  "trial_enqueued", "state_changed",
  "round_opened", "trial_started", "trial_reported", "trial_confirmed", "trial_ended"];

let source = null;
let due = null;
let pending = false;
let took = 0;

export const look = () => refresh();

async function refresh() {
  due = null;
  if (document.hidden || pending) return;
  pending = true;
  const began = performance.now();
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (answer.status === 404) location.href = path("/");
    if (answer.ok) replace(await answer.text());
  } catch { /* the server is away; the stream says when it is back */ } finally {
    pending = false;
    took = performance.now() - began;
  }
}

function replace(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("#live");
  const old = document.querySelector("#live");
  if (!fresh || !old) return;
  if (busy(old)) return soon(PAUSE);
  const round = old.querySelector("[name=round]:checked")?.value;
  const open = [...old.querySelectorAll("details")].map((each) => each.open);
  const ticked = [...old.querySelectorAll("input[type=checkbox]:checked")].map((each) => each.value);
  const focused = old.contains(document.activeElement) ? keyOf(document.activeElement) : null;
  const scrolled = old.querySelector(".scroll")?.scrollTop;
  old.replaceWith(fresh);
  for (const each of fresh.querySelectorAll("[name=round]")) each.checked = each.value === (round ?? "");
  fresh.querySelectorAll("details").forEach((each, index) => { each.open = open[index] ?? false; });
  for (const each of fresh.querySelectorAll("input[type=checkbox]")) each.checked = ticked.includes(each.value);
  if (scrolled) fresh.querySelector(".scroll").scrollTop = scrolled;
  document.dispatchEvent(new Event("renewed"));
  if (focused) fresh.querySelector(focused)?.focus({ preventScroll: true });
  relight();
}

// Somebody drags in a chart, or chooses from a list, which would close.
let touched = 0;
const busy = (old) => old.querySelector("[data-held]") || old.contains(document.activeElement) && document.activeElement.matches("select, textarea") && Date.now() - touched < CHOOSING;

function keyOf(element) {
  if (element.dataset.action) return `[data-action="${element.dataset.action}"]`;
  if (element.matches(".plot")) return `.plot[data-of="${element.dataset.of}"]`;
  if (element.matches("tr.t")) return `tr.t[data-t="${element.dataset.t}"]`;
  if (element.matches(".choose select")) return `.choose [name=${element.name}]`;
  return element.name === "round" ? `[name=round][value="${element.value}"]` : null;
}

function soon(pause) { due ??= setTimeout(refresh, pause); }

function listen() {
  const live = document.querySelector("#live[data-job]");
  if (live?.dataset.ended === "yes") shut(); // rather than wait for the server to say so
  if (!live || source || document.hidden || live.dataset.ended === "yes") return;
  source = new EventSource(path(`/api/v1/jobs/${live.dataset.job}/events`));
  source.onopen = () => soon(0); // also after a restart of the server
  for (const kind of KINDS) source.addEventListener(kind, () => soon(Math.max(PAUSE, SHARE * took)));
  source.onerror = () => {
    if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    shut();
    soon(0);
    setTimeout(listen, 3 * PAUSE);
  };
}

function shut() {
  source?.close();
  source = null;
}

export function follow() {
  if (!document.querySelector("#live")) return;
  listen();
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => { touched = Date.now(); });
  document.addEventListener("renewed", listen);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return shut();
    soon(0);
    listen();
  });
  if (document.querySelector("#filters")) setInterval(() => soon(0), LIST_PAUSE);
}
