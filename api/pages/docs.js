// Renders /openapi.json: operations by tag, each with a form to try it; schemas; problems.
// Text reaches the page as text nodes only, so nothing of the description can become markup.

"use strict";

const ROOT = location.pathname.replace(/\/docs$/, ""); // where a reverse proxy serves us

const EXAMPLE = { JobSubmission: { dataset: "digits", network: "lenet5" },
                  JobChange: { budget: { trials: 60 } },
                  EnqueuedTrial: { params: { learning_rate: 0.1 } } };

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

function nameOf(reference) { return reference.split("/").pop(); }

function typeOf(schema) {
  if (!schema || Object.keys(schema).length === 0) return ["any"];
  if (schema.$ref) {
    const name = nameOf(schema.$ref);
    return [element("a", { href: `#schema-${name}` }, name)];
  }
  const options = schema.anyOf || schema.oneOf || schema.allOf;
  if (options) return options.flatMap((option, i) => (i ? [" or ", ...typeOf(option)] : typeOf(option)));
  if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(" or ")];
  if ("const" in schema) return [JSON.stringify(schema.const)];
  if (schema.type === "array") return ["list of ", ...typeOf(schema.items)];
  if (schema.type === "object" && schema.additionalProperties instanceof Object)
    return ["object of ", ...typeOf(schema.additionalProperties)];
  return [schema.format || schema.type || "any"];
}

function limitsOf(schema) {
  const inner = [schema, ...(schema.anyOf || [])];
  const words = { minimum: "≥", exclusiveMinimum: ">", maximum: "≤", exclusiveMaximum: "<" };
  const found = [];
  for (const each of inner)
    for (const [key, sign] of Object.entries(words))
      if (key in each) found.push(`${sign} ${each[key]}`);
  if ("default" in schema) found.push(`default ${JSON.stringify(schema.default)}`);
  return found.join(", ");
}

function table(rows) {
  return element("div", { class: "scroll" }, element("table", {}, ...rows.map((cells) =>
    element("tr", {}, ...cells.map((cell) => element("td", {}, ...[cell].flat()))))));
}

function fields(schema) {
  const required = new Set(schema.required || []);
  return table(Object.entries(schema.properties || {}).map(([name, field]) => [
    element("code", {}, name), typeOf(field),
    [required.has(name) && !("default" in field) ? "required" : "", limitsOf(field)].filter(Boolean).join(", "),
    prose(field.description || ""),
  ]));
}

// Markdown's code spans are all the markup that our descriptions use.
function prose(text) {
  return text.split("`").map((part, i) => (i % 2 ? element("code", {}, part) : part));
}

function bodySchema(operation) {
  const content = operation.requestBody?.content?.["application/json"];
  return content ? content.schema : null;
}

function tryIt(method, path, operation) {
  const inputs = new Map();
  const rows = (operation.parameters || []).map((parameter) => {
    const input = element("input", { "aria-label": parameter.name, size: 28 });
    inputs.set(parameter, input);
    return [element("code", {}, parameter.name), parameter.in, typeOf(parameter.schema),
            [parameter.required ? "required" : "", limitsOf(parameter.schema), parameter.description || ""]
              .filter(Boolean).join("; "), input];
  });
  const schema = bodySchema(operation);
  const example = schema?.$ref ? EXAMPLE[nameOf(schema.$ref)] : null;
  const body = schema ? element("textarea", { rows: 6, "aria-label": "body" },
                                JSON.stringify(example || {}, null, 2)) : null;
  const output = element("pre", { hidden: "" });
  const send = async () => {
    let target = ROOT + path;
    const query = new URLSearchParams();
    const headers = {};
    for (const [parameter, input] of inputs) {
      if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(input.value || " "));
      else if (input.value && parameter.in === "query") query.set(parameter.name, input.value);
      else if (input.value && parameter.in === "header") headers[parameter.name] = input.value;
    }
    if (body) headers["Content-Type"] = "application/json";
    if (query.size) target += `?${query}`;
    output.hidden = false;
    output.textContent = "…";
    try {
      const answer = await fetch(target, { method, headers, body: body ? body.value : undefined });
      const text = await answer.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it is */ }
      output.textContent = `${answer.status} ${answer.statusText}\n\n${shown}`;
    } catch (error) { output.textContent = String(error); }
  };
  const endless = "text/event-stream" in (operation.responses["200"]?.content || {});
  return [rows.length ? table(rows) : null,
          body ? element("h3", {}, "Body: ", ...typeOf(schema)) : null, body,
          endless ? element("p", { class: "muted" }, "A stream without an end: read it with curl -N or EventSource.")
                  : element("p", {}, element("button", { type: "button", onclick: send }, "Send")),
          output];
}

function operation(method, path, description) {
  const answers = Object.entries(description.responses).map(([status, response]) => {
    const content = Object.values(response.content || {})[0];
    return [status, content ? typeOf(content.schema) : "", response.description];
  });
  return element("details", {},
    element("summary", {}, element("span", { class: "method" }, method.toUpperCase()),
            element("span", { class: "path" }, path),
            element("span", { class: "muted" }, ...prose((description.description || "").split(/(?<=\.)\s/)[0]))),
    element("div", {}, element("p", {}, ...prose(description.description || "")),
            ...tryIt(method.toUpperCase(), path, description),
            element("h3", {}, "Answers"), table(answers)));
}

function render(api) {
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, description] of Object.entries(methods)) {
      const tag = (description.tags || ["other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(method, path, description));
    }
  const schemas = Object.entries(api.components.schemas).sort(([a], [b]) => a.localeCompare(b));
  document.getElementById("content").replaceChildren(
    element("p", {}, ...prose(api.info.description)),
    element("p", { class: "muted" }, `Version ${api.info.version}. Try: curl --json '{"dataset": "digits", "network": "lenet5"}' ${location.origin}${ROOT}/api/v1/jobs`),
    ...[...groups].flatMap(([tag, operations]) => [element("h2", {}, tag), ...operations]),
    element("h2", {}, "Problems"),
    table(Object.entries(api["x-problems"] || {}).map(([name, text]) =>
      [element("code", { id: `problem-${name}` }, name), text])),
    element("h2", {}, "Schemas"),
    ...schemas.map(([name, schema]) => element("details", { id: `schema-${name}` },
      element("summary", {}, element("span", { class: "path" }, name)),
      element("div", {}, element("p", {}, ...prose(schema.description || "")), fields(schema)))));
  openTarget();
}

function openTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (!target) return;
  if (target.tagName === "DETAILS") target.open = true;
  target.scrollIntoView();
}

window.addEventListener("hashchange", openTarget);
fetch("openapi.json").then((answer) => answer.json()).then(render).catch((error) => {
  document.getElementById("content").textContent = `/openapi.json cannot be read: ${error}`;
});
