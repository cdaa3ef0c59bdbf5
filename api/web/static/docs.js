// Swagger UI in the page's colours, over the description of this server.
/* global SwaggerUIBundle */
export function describe() {
  document.querySelector("#origin").textContent = location.origin;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const colour = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", colour);
  colour();
  SwaggerUIBundle({
    url: document.querySelector("#swagger").dataset.description,
    dom_id: "#swagger",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    tryItOutEnabled: true,
    validatorUrl: null, // a service elsewhere
    onComplete: () => { if (location.hash.startsWith("#problem")) document.querySelector(location.hash)?.scrollIntoView(); },
  });
}
