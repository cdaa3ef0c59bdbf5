// What every page needs; the modules of a page are loaded by what is on it.
import { follow } from "./live.js";
import { link } from "./select.js";
import { steer } from "./steer.js";

link();
follow();
steer();
if (document.querySelector("svg[data-plot]")) (await import("./charts.js")).charts();
if (document.querySelector("#repeat")) (await import("./compare.js")).compare();
if (document.querySelector("#swagger")) (await import("./docs.js")).describe();
if (document.querySelector("#new")) (await import("./new.js")).form();
if (document.querySelector("#filters")) (await import("./list.js")).list();
