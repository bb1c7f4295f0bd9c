"use strict";
(async () => {
  const METHODS = ["get", "put", "post", "patch", "delete"];
  const DEPTH_MAX = 6;
  const main = document.getElementById("main");
  const contents = document.getElementById("contents");
  const state = document.getElementById("state");

  // Texts only ever become text nodes: nothing in the description is markup.
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children.filter((child) => child != null));
    return made;
  };
  const code = (text) => element("code", {}, text);

  let api;
  try {
    const answer = await fetch("/api/openapi.json");
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    api = await answer.json();
  } catch (error) {
    state.textContent = `The description could not be loaded: ${error.message}. Reload to try again.`;
    return;
  }

  const resolve = (value) => {
    const path = value?.$ref?.replace(/^#\//, "").split("/");
    return path ? path.reduce((at, key) => at?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], api) : value;
  };

  const nameOf = (schema) => {
    if (!schema || schema === true) return "any";
    if (schema.$ref) return schema.$ref.split("/").pop();
    for (const key of ["oneOf", "anyOf", "allOf"]) {
      if (schema[key]) return schema[key].map(nameOf).join(key === "allOf" ? " & " : " | ");
    }
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    if (schema.enum) return schema.enum.map((it) => JSON.stringify(it)).join(" | ");
    const types = [schema.type ?? "any"].flat();
    return types.map((type) => (type === "array" ? `list of ${nameOf(schema.items)}` : type)).join(" | ");
  };

  // The members of an object, wherever references and compositions hide them.
  const membersOf = (schema) => {
    const found = resolve(schema) ?? {};
    const parts = [...(found.allOf ?? []), ...(found.oneOf ?? []), ...(found.anyOf ?? [])];
    const required = new Set(found.required ?? []);
    const own = Object.entries(found.properties ?? {}).map(([name, value]) => ({ name, value, required: required.has(name) }));
    return [...own, ...parts.flatMap(membersOf), ...(found.items ? membersOf(found.items) : [])];
  };

  const schemaView = (schema, depth = 0) => {
    const members = membersOf(schema);
    if (members.length === 0 || depth === DEPTH_MAX) return null;
    const rows = members.map(({ name, value, required }) =>
      element("tr", {},
        element("td", {}, code(name), required ? element("span", { class: "quiet" }, " required") : null),
        element("td", {}, code(nameOf(value)), lazy(value, depth)),
        element("td", { class: "prose" }, value.description ?? resolve(value)?.description ?? "")));
    return element("table", {}, element("tbody", {}, ...rows));
  };

  // Made when it is opened: types may contain themselves.
  const lazy = (schema, depth) => {
    if (membersOf(schema).length === 0) return null;
    const details = element("details", {}, element("summary", { class: "quiet" }, "members"));
    details.addEventListener("toggle", () => {
      if (details.children.length === 1) details.append(schemaView(schema, depth + 1) ?? "…");
    }, { once: true });
    return details;
  };

  const contentView = (content = {}) =>
    Object.entries(content).flatMap(([type, { schema, example }]) => [
      element("p", {}, code(type), " ", code(nameOf(schema))),
      schemaView(schema),
      example === undefined ? null : element("pre", {}, JSON.stringify(example, null, 2)),
    ]);

  const operationView = (path, method, operation) => {
    const parameters = (operation.parameters ?? []).map(resolve);
    const body = resolve(operation.requestBody);
    return element("article", { id: operation.operationId },
      element("h3", {}, element("a", { href: `#${operation.operationId}` },
        element("span", { class: "method" }, method.toUpperCase()), " ", code(path))),
      element("p", { class: "prose" }, operation.description ?? operation.summary ?? ""),
      parameters.length === 0 ? null : element("table", {}, element("tbody", {}, ...parameters.map((it) =>
        element("tr", {},
          element("td", {}, code(it.name), element("span", { class: "quiet" }, ` ${it.in}${it.required ? ", required" : ""}`)),
          element("td", {}, code(nameOf(it.schema))),
          element("td", { class: "prose" }, it.description ?? ""))))),
      body ? element("div", {}, element("h4", {}, "Body"), ...contentView(body.content)) : null,
      element("h4", {}, "Answers"),
      ...Object.entries(operation.responses ?? {}).map(([status, given]) => {
        const answer = resolve(given) ?? {};
        return element("details", {},
          element("summary", {}, code(status), " ", answer.description ?? ""), ...contentView(answer.content));
      }));
  };

  document.title = `${api.info.title} API`;
  main.replaceChildren(
    element("h1", {}, `${api.info.title} API `, element("span", { class: "quiet" }, api.info.version)),
    element("p", { class: "prose" }, api.info.description ?? ""),
    element("p", {}, element("a", { href: "/api/openapi.json" }, "/api/openapi.json")));

  for (const tag of api.tags ?? []) {
    const operations = Object.entries(api.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]?.tags?.includes(tag.name)).map((method) => [path, method, item[method]]));
    if (operations.length === 0) continue;
    main.append(element("section", { class: "tag", id: `tag-${tag.name}` },
      element("h2", {}, tag.name), element("p", {}, tag.description ?? ""),
      ...operations.map((operation) => operationView(...operation))));
    contents.append(element("div", {}, element("h2", {}, tag.name), ...operations.map(([path, method, operation]) =>
      element("a", { href: `#${operation.operationId}`, title: `${method.toUpperCase()} ${path}` },
        operation.summary ?? operation.operationId))));
  }
  document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();

  document.getElementById("search").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    for (const group of contents.children) {
      let shown = 0;
      for (const link of group.querySelectorAll("a")) {
        const text = `${link.textContent} ${link.title} ${link.hash}`.toLowerCase();
        link.hidden = !text.includes(wanted);
        if (!link.hidden) shown += 1;
      }
      group.hidden = shown === 0;
    }
  });
})();
