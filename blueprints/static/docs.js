// The documentation page: Swagger UI over our own document, and below it every problem code with its anchor.
"use strict";

function problemRow(example) {
  const row = document.createElement("tr");
  row.id = example.value.code;
  for (const text of [example.value.code, example.value.status, example.value.action, example.value.title, example.summary]) {
    row.insertCell().textContent = text;
  }
  return row;
}

async function show() {
  const answer = await fetch("/openapi.json");
  const spec = await answer.json();
  document.title = spec.info.title;
  SwaggerUIBundle({ spec, dom_id: "#swagger", deepLinking: false, validatorUrl: null });
  const rows = document.querySelector("#problems tbody");
  for (const example of Object.values(spec.components.examples)) rows.append(problemRow(example));
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

show();
