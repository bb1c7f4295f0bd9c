// The app: a page of another origin than the hub's, which loads the hub's script. It is registered as 127.0.0.1; as
// localhost it is another origin, which is not.
import { createServer } from "node:http";

/** Starts the app; `more` answers its other paths, and is given the request and the response. */
export async function startApp(hub, more = () => false) {
  const server = createServer((request, response) => {
    if (more(request, response)) return;
    response.writeHead(200, { "content-type": "text/html" });
    response.end(`<!doctype html><html lang="en"><title>Paperplane</title><meta name="viewport" content="width=device-width">
      <script src="${hub()}/link.js"></script><h1>Paperplane</h1><button id="open">Connect CRM</button></html>`);
  });
  await new Promise((resolve) => server.listen(0, "0.0.0.0", resolve));
  const { port } = server.address();
  return { url: `http://127.0.0.1:${port}`, stranger: `http://localhost:${port}`, close: () => server.close() };
}

/** Calls the API of a hub with a key set. */
export function apiOf(hub, key) {
  return async (method, path, body, wanted = true) => {
    const headers = { authorization: `Basic ${Buffer.from(key).toString("base64")}`, "content-type": "application/json" };
    const response = await fetch(hub() + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    if (wanted && !response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  };
}
