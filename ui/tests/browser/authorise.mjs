// Walks through what an end user does to let the hub into a CRM, in Link and in the published client `xkit.js`, which
// comes over TLS: node tests/browser/authorise.mjs [--only "part of a story's name"]
// It starts the server with CRMs that only tests have (an example of turnbuckle-server; TURNBUCKLE_OTHER_CRMS names the
// binary), a provider that they consent at, and what ends TLS before the server.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, request as forward } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect as connectTo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { apiOf, startApp } from "./app.mjs";
import { until } from "./browser.mjs";
import { accessible as axe, end, story as told } from "./story.mjs";

const BINARY = process.env.TURNBUCKLE_OTHER_CRMS ?? fileURLToPath(new URL("../../../target/debug/examples/other_crms", import.meta.url));
const KEY = "pk_walk:sk_walk_0123456789abcdef0123456789";
const MINUTE = 60_000;

const folder = mkdtempSync(join(tmpdir(), "turnbuckle-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

// The provider: it asks, sends back with a code or an error, and gives tokens for a code, once.
const asked = [];
const provider = createServer((request, response) => {
  const url = new URL(request.url, "http://provider");
  asked.push(url.pathname);
  if (url.pathname === "/token") {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ access_token: "at", refresh_token: "rt", token_type: "Bearer", expires_in: 3600 }));
    return;
  }
  const back = (name, value) => {
    const to = new URL(url.searchParams.get("redirect_uri"));
    to.searchParams.set("state", url.searchParams.get("state"));
    to.searchParams.set(name, value);
    return to.href.replaceAll("&", "&amp;");
  };
  response.writeHead(200, { "content-type": "text/html" });
  if (url.pathname !== "/authorize") return response.end();
  response.end(`<!doctype html><title>Consenting CRM</title>
    <a href="${back("code", "c0de")}">Allow</a> <a href="${back("error", "access_denied")}">Deny</a>`);
});
await new Promise((resolve) => provider.listen(0, "127.0.0.1", resolve));

// What ends TLS. The certificate is nobody's; the browser is told not to mind.
execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")], { stdio: "ignore" });
const tls = createTlsServer({ key: readFileSync(join(folder, "key.pem")), cert: readFileSync(join(folder, "cert.pem")) }, (request, response) => {
  const { method, url, headers } = request;
  const inner = forward(new URL(url, hub), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  inner.on("error", () => response.destroy());
  request.pipe(inner);
});
tls.on("upgrade", (request, socket, head) => {
  const inner = connectTo(Number(new URL(hub).port), "127.0.0.1", () => {
    const lines = request.rawHeaders.reduce((text, part, index) => text + part + (index % 2 ? "\r\n" : ": "), "");
    inner.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines}\r\n`);
    inner.write(head);
    inner.pipe(socket).pipe(inner);
  });
  for (const side of [inner, socket]) side.on("error", () => side.destroy());
});
await new Promise((resolve) => tls.listen(0, "127.0.0.1", resolve));
const DOMAIN = `127.0.0.1:${tls.address().port}`;

const server = spawn(BINARY, [`http://127.0.0.1:${provider.address().port}`], {
  env: {
    PATH: process.env.PATH,
    TURNBUCKLE_DATA: join(folder, "data"),
    TURNBUCKLE_LISTEN: "127.0.0.1:0",
    TURNBUCKLE_PUBLIC_URL: `https://${DOMAIN}`,
    TURNBUCKLE_BOOTSTRAP_KEY: KEY,
    TURNBUCKLE_EGRESS__ALLOW_CIDRS: "127.0.0.0/8",
    TURNBUCKLE_LOG__LEVEL: "warn",
  },
  stdio: ["pipe", "pipe", "inherit"],
});
process.on("exit", () => server.kill());
const said = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
const say = async () => JSON.parse((await said.next()).value);
const { url: hub } = await say();

/** Moves the hub's clock on. */
async function pass(milliseconds) {
  server.stdin.write(`${milliseconds}\n`);
  await say();
}

// xkit.js as a script of the app's page.
const client = await build({
  configFile: false,
  logLevel: "error",
  define: { "process.env.NODE_ENV": '"production"' },
  build: { write: false, lib: { entry: fileURLToPath(import.meta.resolve("@xkit-co/xkit.js")), name: "createXkit", formats: ["iife"] } },
});
const script = [client].flat()[0].output[0].code;
const app = await startApp(
  () => `https://${DOMAIN}`,
  (request, response) => {
    if (!request.url.startsWith("/xkit")) return false;
    const isScript = request.url === "/xkit.js";
    response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? script : `<!doctype html><title>Paperplane</title><script src="/xkit.js"></script><button>Connect</button>`);
    return true;
  },
);

const api = apiOf(() => hub, KEY);
await api("PUT", "/api/v1/settings/origins", { origins: [app.url] });
await api("PUT", "/api/v1/oauth-clients/consenting", { client_id: "paperplane", client_secret: "s3cret" });

let contexts = 0;
const tokenOf = async () => {
  const id = `customer-${++contexts}`;
  return { id, token: (await api("POST", "/api/platform/contexts", { context: { external_id: id } })).access_token };
};
const connection = (id) => api("GET", `/api/v1/connections/${id}`, undefined, false);

/** A story on a page of the app, at this path. */
const story = (path, name, tell, expects = /404|424|WebSocket/) =>
  told(
    name,
    async (page, context) => {
      await page.goto(app.url + path);
      await tell(page, context);
    },
    { ignoreHTTPSErrors: true, expects },
  );

/** Runs what opens a window, and gives the window. */
async function windowOf(context, opening) {
  const opened = context.waitForEvent("page");
  await opening();
  const found = await opened;
  found.setDefaultTimeout(15_000);
  return found;
}

/** Presses a link in a window that closes itself afterwards, maybe before the click is told to be done. */
const press = (window, name) => Promise.all([window.waitForEvent("close"), window.getByRole("link", { name }).click().catch(() => undefined)]);

// --- The console

await told("console: an OAuth client is put, kept and forgotten in Settings", async (page) => {
  const { password } = await api("POST", "/api/v1/users", { name: "ada", role: "admin" });
  await page.goto(`${hub}/sign-in`);
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.goto(`${hub}/settings`);
  const shops = page.getByRole("region", { name: "CRM of shops" });
  await shops.getByText("/authorizations/callback").waitFor();
  await shops.getByRole("button", { name: "Save the client at CRM of shops" }).click();
  await shops.getByText("must have 1 to 2000 bytes").first().waitFor();
  await shops.getByLabel("Client ID").fill("paperplane");
  await shops.getByLabel("Client secret").fill("s3cret");
  await shops.getByRole("button", { name: "Save the client at CRM of shops" }).click();
  await shops.getByText("One is kept.").waitFor();
  const clientOf = async (slug) => (await api("GET", "/api/v1/oauth-clients")).oauth_clients.find((it) => it.connector === slug).client_id;
  assert.equal(await clientOf("of-shop"), "paperplane");
  await axe(page, "the settings with OAuth clients");
  await shops.getByRole("button", { name: "Forget the client at CRM of shops" }).click();
  await until("the client to be forgotten", async () => (await clientOf("of-shop")) === null);
});

// --- Link

const SMALL = { person: { label: "Person", fields: { email: { type: "string", label: "E-mail" } } } };

async function openLink(page, options, token) {
  await page.evaluate(
    ([hub, token, options]) => {
      window.ended = null;
      window.linkCRM(hub, token, options).then(
        (id) => (window.ended = { id }),
        (error) => (window.ended = { code: error.code }),
      );
    },
    [`https://${DOMAIN}`, token, options],
  );
  return page.frameLocator("dialog iframe");
}

const heading = (link, name) => link.getByRole("heading", { level: 1, name }).waitFor();
const accessible = (page, what) => axe(page, what, { within: "dialog iframe" });

await story("/", "Link: a window that is closed, a no, a yes; then the CRM's schema is waited for", async (page, context) => {
  const { id, token } = await tokenOf();
  const link = await openLink(page, { connectionID: id, objects: SMALL, preselectCRMSlug: "consenting" }, token);
  await link.getByRole("button", { name: "Connect Consenting CRM" }).click();
  await heading(link, "Allow access to Consenting CRM");
  const go = (name) => windowOf(context, () => link.getByRole("button", { name }).click());
  let popup = await go("Continue to Consenting CRM");
  await popup.getByRole("link", { name: "Allow" }).waitFor();
  await popup.close();
  await link.getByText("The window was closed before access was granted").waitFor();
  await link.getByRole("link", { name: "Open Consenting CRM in a new tab" }).waitFor();
  await accessible(page, "the closed window");
  popup = await go("Open the window again");
  await press(popup, "Deny");
  await link.getByText("Access was not granted").waitFor();
  assert.equal((await connection(id)).status, 404);
  await link.getByRole("button", { name: "Try again" }).click();
  popup = await go("Continue to Consenting CRM");
  await press(popup, "Allow");
  await until("the connection to be there", async () => (await connection(id)).connection);
  await link.getByText("may take some seconds", { exact: false }).or(link.getByRole("heading", { level: 1 })).first().waitFor();
  await accessible(page, "the wait for the schema");
});

await story("/", "Link: a tab instead of a window that the browser blocks", async (page, context) => {
  const { id, token } = await tokenOf();
  const link = await openLink(page, { connectionID: id, objects: SMALL, preselectCRMSlug: "consenting" }, token);
  await link.getByRole("button", { name: "Connect Consenting CRM" }).click();
  await link.getByRole("button", { name: "Continue to Consenting CRM" }).waitFor();
  await page.frames().find((frame) => frame.url().includes("/link/")).evaluate(() => {
    window.open = () => null;
  });
  await link.getByRole("button", { name: "Continue to Consenting CRM" }).click();
  await link.getByText("Your browser blocked the window").waitFor();
  const tab = await windowOf(context, () => link.getByRole("link", { name: "Open Consenting CRM in a new tab" }).click());
  await press(tab, "Allow");
  await until("the connection to be there", async () => (await connection(id)).connection);
});

await story("/", "Link: with the whole page to the CRM and back", async (page) => {
  const { id, token } = await tokenOf();
  await page.evaluate(
    ([hub, token, options]) => void window.linkCRM(hub, token, options),
    [`https://${DOMAIN}`, token, { connectionID: id, objects: SMALL, preselectCRMSlug: "consenting", mode: "redirect", returnTo: `${app.url}/back` }],
  );
  await page.getByRole("button", { name: "Connect Consenting CRM" }).click();
  await page.getByRole("button", { name: "Continue to Consenting CRM" }).click();
  await page.getByRole("link", { name: "Deny" }).click();
  await page.getByText("Access was not granted").waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("button", { name: "Continue to Consenting CRM" }).click();
  await page.getByRole("link", { name: "Allow" }).click();
  await page.waitForURL(/\/link\//);
  assert.equal((await connection(id)).connection.connector, "consenting");
});

await story("/", "Link: a CRM that wants a key asks for it", async (page) => {
  const { id, token } = await tokenOf();
  const link = await openLink(page, { connectionID: id, objects: SMALL }, token);
  await link.getByRole("button", { name: /Keyed CRM/ }).click();
  await link.getByText("It is in your profile.").waitFor();
  await link.getByRole("button", { name: "Connect", exact: true }).click();
  await link.getByText("Fill this in.").waitFor();
  await accessible(page, "the form that misses something");
  await link.getByLabel("API key").fill("k-1");
  await link.getByRole("button", { name: "Connect", exact: true }).click();
  await until("the connection to be there", async () => (await connection(id)).connection);
});

// --- xkit.js

/** Calls the client in the page; what it is asked for goes on in the page, and its end is told by `settled`. */
const xkit = (page, run, argument) =>
  page.evaluate(
    async ([domain, run, argument]) => {
      window.xkit ??= window.createXkit.default(domain);
      // The text is the walk's own.
      return await window.eval(`(${run})`)(window.xkit, argument);
    },
    [DOMAIN, String(run), argument],
  );

/** Begins to connect; a click, because browsers open windows on nothing else. */
async function begin(page, connector, id) {
  await page.evaluate(
    ([connector, id]) => {
      window.settled = null;
      document.querySelector("button").onclick = () => {
        window.xkit.addConnection(connector, id).then(
          (connection) => (window.settled = { connection }),
          (error) => (window.settled = { error: error.message }),
        );
      };
    },
    [connector, id],
  );
  await page.getByRole("button", { name: "Connect" }).click();
}
const settled = (page) => until("the client to end", () => page.evaluate(() => window.settled));

await story("/xkit", "xkit.js: logs in, lists connectors, connects the built-in CRM, reads and removes it", async (page) => {
  const { id, token } = await tokenOf();
  await xkit(page, (it, token) => it.login(token), token);
  const connectors = await xkit(page, (it) => it.listConnectors());
  assert.deepEqual(connectors.map(({ slug, crm }) => [slug, crm]), [["native", true], ["consenting", true], ["of-shop", true], ["keyed", true]]);
  assert.equal((await xkit(page, (it) => it.getPlatform())).slug, "default");
  await begin(page, "native", id);
  const { connection: made, error } = await settled(page);
  assert.equal(error, undefined);
  assert.deepEqual([made.id, made.enabled, made.authorization.status, made.connector.slug], [id, true, "active", "native"]);
  assert.equal((await xkit(page, (it, id) => it.getConnection({ id }), id)).id, id);
  assert.deepEqual((await xkit(page, (it) => it.listConnections())).map((it) => it.id), [id]);
  await xkit(page, (it) => it.removeConnection({ slug: "native" }));
  assert.deepEqual(await xkit(page, (it) => it.listConnections()), []);
  // The cookie of its session gets it a fresh token after a reload.
  await page.reload();
  const renewed = await until("the session to be found", () => xkit(page, (it) => it.getAccessToken().catch(() => null)));
  assert.equal(renewed.split(".").length, 3);
  await xkit(page, (it) => it.logout());
});

await story("/xkit", "xkit.js: granted, and removed", async (page, context) => {
  const { id, token } = await tokenOf();
  await xkit(page, (it, token) => it.login(token), token);
  const popup = await windowOf(context, () => begin(page, "consenting", id));
  await press(popup, "Allow");
  const { connection: made, error } = await settled(page);
  assert.equal(error, undefined);
  assert.deepEqual([made.id, made.enabled, made.authorization.status], [id, true, "active"]);
  const revoked = asked.filter((path) => path === "/revoke").length;
  await xkit(page, (it, id) => it.removeConnection({ id }), id);
  await until("the tokens to be taken back", () => asked.filter((path) => path === "/revoke").length === revoked + 1);
  assert.equal((await connection(id)).status, 404);
});

await story("/xkit", "xkit.js: denied, closed, and too late", async (page, context) => {
  const { id, token } = await tokenOf();
  await xkit(page, (it, token) => it.login(token), token);
  let popup = await windowOf(context, () => begin(page, "consenting", id));
  await press(popup, "Deny");
  assert.equal((await settled(page)).error, "The CRM refused.");

  popup = await windowOf(context, () => begin(page, "consenting", id));
  await popup.getByRole("link", { name: "Allow" }).waitFor();
  await popup.close();
  assert.equal((await settled(page)).error, "Installation cancelled.");

  popup = await windowOf(context, () => begin(page, "consenting", id));
  await popup.getByRole("link", { name: "Allow" }).waitFor();
  await pass(10 * MINUTE);
  await popup.waitForEvent("close");
  assert.equal((await settled(page)).error, "It took too long. Begin again.");
  assert.equal((await connection(id)).status, 404);

  // The time of the token is over too, and so is that of its session: only the app can go on.
  await pass(9 * 60 * MINUTE);
  const error = await xkit(page, (it) => it.getAccessToken().then(() => null, (error) => error.statusCode));
  assert.equal(error, 401);
  // xkit.js says so too, when it finds that by itself.
}, /404|424|WebSocket|^Xkit: /);

server.stdin.end();
await end();
