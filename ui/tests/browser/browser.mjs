// What the walk and the screenshots share: Debian's Chromium, a signed-in page, and data made through the API.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values } = parseArgs({ options: { url: { type: "string" }, only: { type: "string", default: "" } } });
export const URL_OF_CONSOLE = (values.url ?? process.env.TURNBUCKLE_CONSOLE_URL ?? "http://127.0.0.1:8080").replace(/\/$/, "");
export const ONLY = values.only;
export const NAME = process.env.TURNBUCKLE_NAME ?? "admin";
export const PASSWORD = process.env.TURNBUCKLE_PASSWORD ?? "";

export async function launch() {
  const executablePath = process.env.TURNBUCKLE_CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is missing: install chromium, or name it in TURNBUCKLE_CHROMIUM`);
  // In a container, which has no user namespaces, Chromium starts without its sandbox only.
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/** A page that keeps what the browser complains of: a breach of the policy, an exception, an error in the console. */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // Browsers log every answer that is no success: what is wrong in a form, a session asked for too early, what is not
    // there, a lost server.
    if (message.type() === "error" && !/status of (400|401|404|502)/.test(message.text())) complaints.push(message.text());
  });
  return { context, page, complaints };
}

export async function signIn(page) {
  await page.goto(`${URL_OF_CONSOLE}/sign-in`);
  await page.getByLabel("Name").fill(NAME);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
}

/** Asks the API as the page would: same origin, its cookie, its header. */
export async function call(page, method, path, body) {
  const answer = await page.evaluate(
    async ([method, path, body]) => {
      const headers = { "x-turnbuckle-console": "1", "content-type": "application/json" };
      const response = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
      const text = await response.text();
      return { status: response.status, text };
    },
    [method, path, body],
  );
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer.text === "" ? null : JSON.parse(answer.text);
}

/** The path of a URL that the hub shows; its host may be another one than that of the console. */
export const pathOf = (url) => new URL(url).pathname + new URL(url).search;

/** Posts a webhook from outside the page, as senders do. */
export async function post(url, body) {
  const target = new URL(pathOf(url), URL_OF_CONSOLE);
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: typeof body === "string" ? body : JSON.stringify(body) };
  const response = await fetch(target, init);
  return response.json();
}

export async function until(what, look, milliseconds = 20_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/**
 * A source with events that failed, warned and succeeded; endpoints in each status; deliveries that ended each way.
 * `mark` stands in each name, so that it is found beside others.
 */
export async function seed(page, mark = Math.random().toString(36).slice(2, 8)) {
  const of = (name, by = " ") => [name, mark].filter(Boolean).join(by);
  const connection = of("acme", "-");
  await call(page, "PUT", `/api/v1/connections/${connection}`, { context: connection, connector: "native" });
  const { source } = await call(page, "POST", "/api/v1/sources", { name: of("Landing page"), connection });
  const { source: mapped } = await call(page, "POST", "/api/v1/sources", {
    name: of("Trade fair"),
    connection,
    reply: "processed",
    verify: { sender: "github", secrets: ["a secret of the walk"] },
    mapping: { entity: "Lead", columns: { Contact: { expression: "`${body.first} ${body.last}`.trim()" }, Email: { path: "body.mail" }, UtmSourceStr: { static: "fair" } } },
  });
  const contacts = `/api/v1/connections/${connection}/entities/Contact/records`;
  const { record } = await call(page, "POST", contacts, { data: { GivenName: "Ada", Surname: "Lovelace", CountryId: "United Kingdom", BirthDate: "1815-12-10" } });
  await call(page, "PATCH", `${contacts}/${record.id}`, { data: { Surname: "King", Email: "ada@example.com" } });
  const objects = {
    deal: {
      label: "Deal",
      description: "A sale that may come about.",
      fields: { name: { type: "string", label: "Name" }, value: { type: "number", label: "Value" }, tags: { type: "object", label: "Tags" } },
      events: { find_open: { type: "search", label: "Find open deals", payloadSchema: { account_id: { type: "string", label: "Account" } } }, won: { type: "update", label: "The deal was won" } },
    },
    person: { label: "Person", fields: { name: { type: "string", label: "Name" } }, events: {} },
  };
  const deal = {
    entity: "Opportunity",
    fields: { name: { column: "Title" }, value: { expression: "record.Amount * 100" }, tags: { children: { Stage: { column: "Stage.Name" } } } },
    events: { find_open: { action: "search", filter: { all: [{ column: "Stage.Name", op: "eq", value: "Proposal" }] } }, won: { action: "update", columns: { StageId: { static: "Won" } } } },
  };
  await call(page, "PUT", `/api/v1/connections/${connection}/objects`, { objects });
  await call(page, "PUT", `/api/v1/connections/${connection}/mapping`, { objects: { deal } });
  await call(page, "POST", `/api/v1/crm/${connection}/objects/deal/events/find_open/subscriptions`, { payload: { account_id: "17" } });
  const called = of("clean_lead", "_");
  for (const source of ["function handler() {\n  return null;\n}\n", 'function handler(crmAPIRequest) {\n  info("cleaning", crmAPIRequest.get("method"));\n  return JSON.parse(crmAPIRequest.get("body"));\n}\n'])
    await call(page, "PUT", `/api/v1/functions/${called}`, { source, rest_api: true, connection });
  const { function: published } = await call(page, "POST", `/api/v1/functions/${called}/publish`, { version: 2 });
  await fetch(URL_OF_CONSOLE + pathOf(published.urls.production + published.urls.zapikey), { method: "POST", body: "{oops" });
  const { bin } = await call(page, "POST", "/api/v1/bins", {});
  const endpoint = (query, more) =>
    call(page, "POST", "/api/v1/endpoints", { url: bin.url + query, format: "standard", scope: "changes", connection, ...more });
  const { endpoint: well } = await endpoint("", { description: of("Billing app") });
  const { endpoint: dead } = await endpoint("?status=500", { retry_schedule: [1], entities: ["Contact"] });
  const { endpoint: paused } = await endpoint("?status=503", { format: "cloudevents", description: of("Data warehouse") });
  await call(page, "POST", `/api/v1/endpoints/${paused.id}/pause`);
  const warned = await post(source.url, { EntityName: "Lead", Contact: "Ada Lovelace", Email: "ada@example.com", Shoe: 39, CountryId: "Canadia" });
  const done = await post(source.url, [
    { EntityName: "Order", Number: of("A", "-") },
    { EntityName: "Contact", Name: of("Grace Hopper") },
  ]);
  const failed = await post(source.url, { EntityName: "Leed", Contact: of("Bo Peep"), Email: "bo@example.com" });
  await post(source.url, '{"EntityName": "Lead", oops');
  const { deliveries } = await until("a dead delivery", async () => {
    const answer = await call(page, "GET", `/api/v1/deliveries?status=dead&endpoint=${dead.id}`);
    return answer.deliveries.length > 0 && answer;
  });
  return { mark, connection, source, mapped, record: record.id, called, bin, well, dead, paused, warned: warned.id, done: done.id, failed: failed.id, delivery: deliveries[0].id };
}

/** Every page by a name for it. */
export function pages(data) {
  return {
    overview: "/",
    events: "/events",
    "events-filtered": `/events?source=${data.source.id}&entity=Lead`,
    "events-empty": "/events?error=nothing+says+this",
    "event-failed": `/events/${data.failed}`,
    "event-done": `/events/${data.warned}`,
    "event-missing": "/events/in_00000000000000000000000000000000",
    sources: "/sources",
    source: `/sources/${data.mapped.id}`,
    "source-by-names": `/sources/${data.source.id}`,
    "source-new": "/sources/new",
    "source-edit": `/sources/${data.mapped.id}/edit`,
    records: "/records",
    "records-contacts": `/records?connection=${data.connection}&entity=Contact&filter=${encodeURIComponent('{"column":"Name","op":"is_not_null"}')}`,
    "records-empty": `/records?connection=${data.connection}&entity=Contact&column=Name&text=nobody`,
    record: `/records/${data.connection}/Contact/${data.record}`,
    "record-edit": `/records/${data.connection}/Contact/${data.record}?edit`,
    "record-new": `/records/${data.connection}/Lead/new`,
    endpoints: "/endpoints",
    "endpoint-new": "/endpoints/new",
    "endpoint-edit": `/endpoints/${data.well.id}/edit`,
    deliveries: `/deliveries?endpoint=${data.dead.id}`,
    "endpoint-active": `/endpoints/${data.well.id}`,
    "endpoint-disabled": `/endpoints/${data.dead.id}`,
    "endpoint-paused": `/endpoints/${data.paused.id}?status=dead`,
    delivery: `/deliveries/${data.delivery}`,
    subscriptions: "/subscriptions",
    connections: "/connections",
    "connection-new": "/connections/new",
    connection: `/connections/${data.connection}`,
    bins: "/bins",
    bin: `/bins/${data.bin.name}`,
    settings: "/settings",
    keys: "/keys",
    users: "/users",
    functions: "/functions",
    "function-new": "/functions/new",
    function: `/functions/${data.called}`,
    "function-versions": `/functions/${data.called}/versions?from=1&to=2`,
    "function-calls": `/functions/${data.called}/calls`,
    "not-found": "/no/such/page",
  };
}

/** Waits until the page shows something that is not "loading". */
export async function shown(page) {
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.locator(".loading").first().waitFor({ state: "detached" });
}

/** Waits until nothing more is asked for, such as names of records. */
export async function settled(page) {
  await shown(page);
  await page.waitForLoadState("networkidle").catch(() => undefined);
  await page.locator(".loading").first().waitFor({ state: "detached" });
}
