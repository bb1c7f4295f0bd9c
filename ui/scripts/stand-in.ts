import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connect, Plugin } from "vite";

/** What the server sends with the page; the preview server sends the same, so that a breach shows here. */
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const COOKIE = "turnbuckle_stand_in";
const PASSWORD = "correct horse";

/**
 * Answers the session routes for a hub that is used with a key: names admin, editor and viewer, password
 * "correct horse". For development and screenshots only; it is no part of what is built.
 */
export function standIn(on: boolean): Plugin {
  const install = (server: { middlewares: Connect.Server }): void => {
    if (on) server.middlewares.use(answer);
  };
  return { name: "turnbuckle-stand-in", configureServer: install, configurePreviewServer: install };
}

function answer(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const url = request.url ?? "";
  if (!url.startsWith("/api/")) return next();
  const name = /turnbuckle_stand_in=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
  const reads = request.method === "GET" || request.method === "HEAD";
  if (!reads && request.headers["x-turnbuckle-console"] !== "1")
    return problem(response, 403, "forbidden", "Not allowed", "The header `x-turnbuckle-console: 1` is missing.");
  if (url === "/api/v1/session") return session(request, response, name);
  if (!name) return problem(response, 401, "unauthorized", "Not signed in", "Sign in to the console.");
  if (name === "viewer" && !reads)
    return problem(response, 403, "forbidden", "Not allowed", "A viewer may only read.");
  next();
}

function session(request: IncomingMessage, response: ServerResponse, name: string | undefined): void {
  if (request.method === "DELETE") {
    response.writeHead(204, { "set-cookie": `${COOKIE}=; Path=/; Max-Age=0` }).end();
  } else if (request.method === "POST") {
    let text = "";
    request.on("data", (part: Buffer) => (text += part.toString()));
    request.on("end", () => {
      const given = JSON.parse(text) as { name?: string; password?: string };
      if (!/^(admin|editor|viewer)$/.test(given.name ?? "") || given.password !== PASSWORD)
        return problem(response, 401, "unauthorized", "Not signed in", "The name or the password is wrong.");
      response.setHeader("set-cookie", `${COOKIE}=${given.name}; Path=/; HttpOnly; SameSite=Strict`);
      json(response, 200, about(given.name ?? ""));
    });
  } else if (name) {
    json(response, 200, about(name));
  } else {
    problem(response, 401, "unauthorized", "Not signed in", "Sign in to the console.");
  }
}

const about = (name: string) => ({
  user: { id: `usr_${name}`, name, role: name },
  workspace: { slug: "default", label: "Acme Solar" },
});

function problem(response: ServerResponse, status: number, type: string, title: string, detail: string): void {
  json(response, status, { type: `https://turnbuckle.dev/problems/${type}`, title, status, detail });
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": status < 400 ? "application/json" : "application/problem+json" });
  response.end(JSON.stringify(body));
}
