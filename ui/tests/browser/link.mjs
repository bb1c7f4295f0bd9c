// Walks through CRM Link in a real browser, from a page of another origin that opens it:
// node tests/browser/link.mjs --url http://127.0.0.1:8080 [--only "part of a story's name"]
// TURNBUCKLE_KEY is a key set of the hub, `publishable:secret`; the stories make data, and set its website origins.
import assert from "node:assert/strict";
import { apiOf, startApp } from "./app.mjs";
import { until, URL_OF_CONSOLE as HUB } from "./browser.mjs";
import { accessible as axe, end, story as told } from "./story.mjs";

const KEY = process.env.TURNBUCKLE_KEY ?? "pk_test:sk_test_0123456789abcdef0123";
const mark = Math.random().toString(36).slice(2, 8);

const app = await startApp(() => HUB);
const [APP, STRANGER] = [app.url, app.stranger];
const api = apiOf(() => HUB, KEY);

const tokenFor = async (context) => (await api("POST", "/api/platform/contexts", { context: { external_id: context } })).access_token;

// What the seed declares, with one of everything else.
const OBJECTS = {
  opportunity: {
    label: "Opportunity",
    description: "What documents are made for.",
    fields: {
      document_name: { type: "string", label: "Document Name", description: "The name of the document to pre-populate during document creation." },
      amount: { type: "number", label: "Amount" },
      document_tags: { type: "object", label: "Document Tags", description: "Tags to apply to the document during creation" },
    },
    events: {
      find_proposal_opportunities: {
        type: "search",
        label: "Find Opportunities in Proposal",
        description: "Opportunities or Deals in your CRM that are in a proposal stage and are available to have a document generated for them.",
        payloadSchema: { account_id: { type: "string", label: "Account ID", description: "ID of the Account associated with the opportunities" } },
      },
      document_signed: { type: "create", label: "Document signed", payloadSchema: { title: { type: "string", label: "Title" } } },
    },
  },
};
const SMALL = { person: { label: "Person", fields: { email: { type: "string", label: "E-mail" } } } };

/** A story on a page of the app. */
const story = (name, tell, options) =>
  told(
    name,
    async (page, context) => {
      await page.goto(APP);
      await tell(page, context);
    },
    options,
  );

let contexts = 0;
const newContext = () => `link-${mark}-${++contexts}`;

/** Calls linkCRM in the app's page and gives the page within its frame. */
async function openLink(page, options, token) {
  await page.evaluate(
    ([hub, token, options]) => {
      window.ended = null;
      window.linkCRM(hub, token, options).then(
        (id) => (window.ended = { id }),
        (error) => (window.ended = { name: error.name, code: error.code, message: error.message, errors: error.errors }),
      );
    },
    [HUB, token, options],
  );
  return page.frameLocator("dialog iframe");
}

const ended = (page) => until("the promise to settle", () => page.evaluate(() => window.ended), 25_000);

/** A connection to the built-in CRM with an account and opportunities in it. */
async function connected(context = newContext()) {
  await api("PUT", `/api/v1/connections/${context}`, { context, connector: "native" });
  return { context, id: context, token: await tokenFor(context), ...(await fill(context)) };
}

async function fill(connection) {
  const create = async (entity, data) => (await api("POST", `/api/v1/connections/${connection}/entities/${entity}/records`, { data })).record.id;
  const account = await create("Account", { Name: "Northwind Traders" });
  const other = await create("Account", { Name: "Tailspin Toys" });
  const wanted = await create("Opportunity", { Title: "Solar roof", AccountId: account, StageId: "Proposal", Amount: 1250.5 });
  await create("Opportunity", { Title: "Forklift fleet", AccountId: other, StageId: "Proposal", Amount: 99 });
  await create("Opportunity", { Title: "Spare parts", AccountId: account, Amount: 7 });
  return { account, wanted };
}

const accessible = (page, what) => axe(page, what, { within: "dialog iframe" });

const frameOf = (page) => page.frames().find((frame) => frame.url().includes("/link/"));

/** Waits until nothing moves: axe would see a colour on its way. What turns for ever is not waited for. */
const rested = (page) =>
  frameOf(page).evaluate(() => {
    const ends = document.getAnimations().filter((it) => it.effect?.getComputedTiming().endTime !== Infinity);
    return Promise.allSettled(ends.map(({ finished }) => finished)).then(() => undefined);
  });

async function noSideways(page, what) {
  const wide = await frameOf(page).evaluate(() => [document.documentElement, ...document.querySelectorAll(".scroller")].some((element) => element.scrollWidth > element.clientWidth + 1));
  assert.equal(wide, false, `${what} scrolls sideways`);
}

const saved = (link) => link.getByText("All changes saved").waitFor({ state: "attached" });
const heading = (link, name) => link.getByRole("heading", { level: 1, name }).waitFor();

/** Chooses in a combobox by typing and taking the option of that text. */
async function pick(box, typed, option) {
  await box.click();
  await box.fill(typed);
  const list = box.page().frameLocator("dialog iframe").getByRole("listbox");
  await list.getByRole("option").filter({ hasText: option }).first().click();
}

/** Goes to a step by the list of steps, which is folded on a narrow page. */
async function step(page, link, name) {
  const fold = link.locator(".rail-fold");
  if (await fold.isVisible()) await fold.click();
  await link.locator(".step").filter({ hasText: name }).click();
}

await api("PUT", "/api/v1/settings/origins", { origins: [APP] });

await story("a user connects the built-in CRM, maps everything, and the app finds what they built", async (page) => {
  const context = newContext();
  const link = await openLink(page, { connectionID: context, objects: OBJECTS }, await tokenFor(context));
  assert.equal(await page.locator("dialog iframe").getAttribute("title"), "Connect your CRM");
  await heading(link, "Which CRM do you use?");
  await link.getByRole("button", { name: /built-in/i }).click();
  await heading(link, "Overview");
  const { account, wanted } = await fill(context);
  assert.equal(await link.getByRole("button", { name: "Finish" }).isDisabled(), true);
  await link.getByRole("button", { name: "Continue" }).click();
  await link.getByRole("radio", { name: /^Opportunity/ }).first().check();
  await link.getByRole("button", { name: "Next: Fields" }).click();

  await link.getByRole("button", { name: /suggestion/ }).click();
  const panel = link.getByRole("group", { name: "Live preview" });
  await panel.getByText("Solar roof").waitFor();
  assert.equal(await panel.getByRole("listitem").count(), 3, "three records");
  await link.getByLabel("Source of Document Tags").selectOption("Own parts");
  await link.getByLabel("Name of the part").fill("Stage");
  await link.getByRole("button", { name: "Add", exact: true }).click();
  await pick(link.getByRole("combobox", { name: "Column for Stage" }), "stage name", "Stage › Name");
  await panel.getByText("Proposal").first().waitFor();
  await link.getByRole("button", { name: "Next: Find Opportunities in Proposal" }).click();

  const first = link.getByRole("group", { name: "Condition 1" }).first();
  await pick(first.getByRole("combobox", { name: "Column" }), "account", "AccountId");
  assert.equal(await first.getByLabel("Compared with").inputValue(), "payload:account_id");
  await link.getByRole("button", { name: "Add a group" }).first().click();
  const group = link.getByRole("group", { name: "Group: at least one of these" });
  await pick(group.getByRole("combobox", { name: "Column" }), "stage name", "Stage › Name");
  await group.getByLabel("Comparison").selectOption("contains");
  await group.getByLabel("Value", { exact: true }).fill("prop");
  await group.getByRole("button", { name: "Add a condition" }).click();
  const second = group.getByRole("group", { name: "Condition 2" });
  await pick(second.getByRole("combobox", { name: "Column" }), "amount", "Amount");
  await second.getByLabel("Comparison").selectOption("between");
  await second.getByLabel("From").fill("1000000");
  await second.getByLabel("To").fill("2000000");
  await link.getByRole("group", { name: "Try it" }).getByLabel("Account ID").fill(account);
  await link.getByText("1 record is found").waitFor();
  await link.getByRole("group", { name: "Try it" }).getByRole("heading", { name: "Solar roof" }).waitFor();
  await link.getByRole("button", { name: "Add an order" }).click();
  await pick(link.getByRole("combobox", { name: "Order by" }), "created", "CreatedOn");
  await link.getByRole("button", { name: "Next: Document signed" }).click();

  await link.getByText("Opportunity needs a value in:").waitFor();
  await pick(link.getByRole("combobox", { name: "Column for Title" }), "title", "Title");
  await link.getByText("Opportunity needs a value in:").waitFor({ state: "detached" });
  await link.getByRole("button", { name: "Add a column" }).click();
  const row = link.getByRole("group", { name: "Column" });
  await pick(row.getByRole("combobox", { name: "Column" }), "stage", "StageId");
  await link.getByRole("group", { name: "Stage" }).getByLabel("Value", { exact: true }).fill("Proposal");
  await link.getByRole("button", { name: "To the overview" }).click();
  await link.getByText("All is mapped").waitFor();
  await link.getByRole("button", { name: "Finish" }).click();
  assert.deepEqual(await ended(page), { id: context });
  assert.equal(await page.locator("dialog").count(), 0, "the dialog is gone");

  const search = `/api/v1/crm/${context}/objects/opportunity/events/find_proposal_opportunities`;
  const found = await api("POST", search, { payload: { account_id: account } });
  assert.deepEqual(found.records, [{ type: "opportunity", id: `Opportunity:${wanted}`, data: { document_name: "Solar roof", amount: 1250.5, document_tags: { Stage: "Proposal" } } }]);
  await api("POST", `/api/v1/crm/${context}/objects/opportunity/events/document_signed`, { payload: { title: "Signed" } });
  const again = await openLink(page, { connectionID: context, objects: OBJECTS }, await tokenFor(context));
  await again.getByText("All is mapped").waitFor();
});

await story("the keyboard alone is enough", async (page) => {
  const context = newContext();
  const token = await tokenFor(context);
  await page.locator("#open").focus();
  const link = await openLink(page, { connectionID: context, objects: SMALL }, token);
  await heading(link, "Which CRM do you use?");
  const frame = frameOf(page);
  const focused = () => frame.evaluate(() => document.activeElement?.textContent || document.activeElement?.getAttribute("aria-label") || document.activeElement?.value || "");
  const tabTo = async (text) => {
    for (let presses = 0; presses < 40; presses++) {
      if ((await focused()).includes(text)) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`40 times Tab did not reach ${text}`);
  };
  await tabTo("uilt-in");
  await page.keyboard.press("Enter");
  await heading(link, "Overview");
  await fill(context);
  await tabTo("Continue");
  await page.keyboard.press("Enter");
  await heading(link, /What is “Person”/);
  await until("the radio to have the focus", async () => {
    await page.keyboard.press("Tab");
    return frame.evaluate(() => document.activeElement?.type === "radio");
  });
  await page.keyboard.press("Space");
  await tabTo("Next: Fields");
  await page.keyboard.press("Enter");
  await heading(link, /Fields of/);
  await until("the combobox to have the focus", async () => {
    await page.keyboard.press("Tab");
    return frame.evaluate(() => document.activeElement?.getAttribute("role") === "combobox");
  });
  await page.keyboard.press("ArrowDown");
  const box = link.getByRole("combobox", { name: "Column for E-mail" });
  assert.equal(await box.getAttribute("aria-expanded"), "true");
  await page.keyboard.press("Escape");
  assert.equal(await box.getAttribute("aria-expanded"), "false");
  assert.equal(await page.locator("dialog").count(), 1, "Escape closes the list only");
  await page.keyboard.type("email");
  await page.keyboard.press("ArrowDown");
  assert.ok(await box.getAttribute("aria-activedescendant"), "an option is active");
  await page.keyboard.press("Enter");
  assert.equal(await box.inputValue(), "Email");
  await tabTo("To the overview");
  await page.keyboard.press("Enter");
  await heading(link, "Overview");
  await tabTo("Finish");
  await page.keyboard.press("Enter");
  assert.deepEqual(await ended(page), { id: context });
  assert.equal(await page.evaluate(() => document.activeElement?.id), "open", "the focus is back where it was");
});

await story("Escape closes Link, and what was begun is there the next time", async (page) => {
  const { id, token } = await connected();
  let link = await openLink(page, { connectionID: id, objects: OBJECTS }, token);
  await link.getByRole("button", { name: "Continue" }).click();
  await link.getByRole("radio", { name: /^Opportunity/ }).first().check();
  await link.getByRole("button", { name: "Next: Fields" }).click();
  await link.getByLabel("Source of Document Name").selectOption("Fixed value");
  await link.getByLabel("Fixed value for Document Name").fill("Half a na");
  await page.keyboard.press("Escape");
  assert.equal((await ended(page)).code, "closed");
  link = await openLink(page, { connectionID: id, objects: OBJECTS }, token);
  await link.getByText("You left this unfinished").waitFor();
  await link.getByRole("button", { name: "Continue" }).click();
  assert.equal(await link.getByLabel("Fixed value for Document Name").inputValue(), "Half a na");
});

for (const [colorScheme, width] of [["light", 1280], ["dark", 320]]) {
  await story(
    `every screen is accessible, ${colorScheme}, ${width} px wide`,
    async (page) => {
      const context = newContext();
      const link = await openLink(page, { connectionID: context, objects: OBJECTS }, await tokenFor(context));
      const look = async (what) => {
        await rested(page);
        await accessible(page, what);
        await noSideways(page, what);
      };
      await heading(link, "Which CRM do you use?");
      await look("the choice of the CRM");
      await link.getByRole("button", { name: /built-in/i }).click();
      await heading(link, "Overview");
      await fill(context);
      await look("the overview");
      await link.getByRole("button", { name: "Continue" }).click();
      await link.getByRole("radio", { name: /^Opportunity/ }).first().check();
      await look("the choice of the entity");
      await link.getByRole("button", { name: "Next: Fields" }).click();
      await link.getByRole("combobox", { name: "Column for Document Name" }).click();
      await link.getByRole("listbox").waitFor();
      await look("the fields, with an open list");
      await page.keyboard.press("Escape");
      await link.getByRole("button", { name: /suggestion/ }).click();
      await link.getByLabel("Source of Document Tags").selectOption("Own parts");
      await link.getByLabel("Name of the part").fill("Stage");
      await page.keyboard.press("Enter");
      await link.getByText("Solar roof").waitFor();
      await look("the fields, with parts and a preview");
      await step(page, link, "Find Opportunities in Proposal");
      await link.getByRole("button", { name: "Add a group" }).first().click();
      await link.getByRole("button", { name: "Add an order" }).click();
      await look("the search builder");
      await step(page, link, "Document signed");
      await link.getByRole("button", { name: /^Set / }).first().click();
      await look("what is written");
      await step(page, link, "Connection");
      await look("the connection");
      await link.getByRole("button", { name: "Disconnect…" }).click();
      await look("the question before disconnecting");
    },
    { viewport: { width, height: width === 320 ? 640 : 800 }, colorScheme },
  );
}

await story("a user disconnects, and the promise says so", async (page) => {
  const { id, token } = await connected();
  const link = await openLink(page, { connectionID: id, objects: SMALL }, token);
  await heading(link, "Overview");
  await step(page, link, "Connection");
  await link.getByRole("button", { name: "Disconnect…" }).click();
  await link.getByRole("button", { name: "Disconnect", exact: true }).click();
  assert.equal((await ended(page)).code, "disconnected");
  const gone = await api("GET", `/api/v1/connections/${id}`, undefined, false);
  assert.equal(gone.status, 404);
});

/**
 * A CRM that has to be authorised and whose connection is in error, which the hub's own never is.
 * The connection is one to the built-in CRM, whose state the story tells through `crm`.
 */
async function foreign(page, context, more = {}) {
  const made = await connected();
  const crm = { status: "awaiting_callback", error: null, message: null, begun: 0, ...more };
  const { workspace } = JSON.parse(Buffer.from(made.token.split(".")[1], "base64url"));
  const connector = { name: "Cloudy CRM", slug: "cloudy", short_description: "In the clouds.", mark_url: null, crm: true, supports_multiple_connections: true, auth: "oauth2" };
  const view = () => ({
    connection: {
      id: made.id,
      enabled: true,
      authorization: {
        id: "auth_1",
        status: crm.status,
        display_label: crm.status === "active" ? "ada@example.com" : null,
        error_code: crm.error,
        error_message: crm.message,
        authorize_url: crm.fields ? null : `${APP}/sign-in`,
        authorizer: { prototype: { name: "Cloudy CRM", slug: "cloudy", collect_fields: crm.fields ?? null } },
      },
      connector,
    },
  });
  const json = (route, body) => route.fulfill({ contentType: "application/json", body: JSON.stringify(body) });
  await context.route("**/authorizations/cloudy/loading?*", (route) =>
    route.fulfill({ contentType: "text/html", body: `<!doctype html><title>Cloudy</title><a href="${HUB}/link/${workspace}?authorization=auth_1">Allow</a>` }),
  );
  await page.route("**/api/platform_user/connectors", (route) => json(route, { connectors: [connector] }));
  await page.route("**/api/platform_user/connections/cloudy", (route) => {
    crm.begun++;
    if (crm.status === "error") crm.status = "awaiting_callback";
    return json(route, view());
  });
  await page.route("**/api/platform_user/authorizations/cloudy", (route) => {
    crm.given = route.request().postDataJSON();
    crm.status = "active";
    return json(route, {});
  });
  await page.route(`**/api/platform_user/connection/${made.id}`, (route) => (crm.begun === 0 ? route.fulfill({ status: 404, contentType: "application/problem+json", body: JSON.stringify({ type: "x/connection-not-found", title: "No such connection", status: 404 }) }) : json(route, view())));
  return { ...made, crm };
}

await story("a connection that stopped working is told, and connected again with its mapping", async (page, context) => {
  const { id, token, crm } = await foreign(page, context, { begun: 1, status: "error", error: "error", message: "the CRM revoked the access" });
  const link = await openLink(page, { connectionID: id, objects: SMALL }, token);
  await link.getByText("the CRM revoked the access").waitFor();
  await link.getByRole("button", { name: "Try again" }).click();
  const opening = context.waitForEvent("page");
  await link.getByRole("button", { name: "Continue to Cloudy CRM" }).click();
  crm.status = "active";
  await heading(link, "Overview");
  await (await opening).close().catch(() => undefined);
  await link.getByRole("button", { name: "Continue" }).click();
  await link.getByRole("radio", { name: /I do not use this/ }).check();
  await step(page, link, "Connection");
  crm.status = "awaiting_callback";
  await link.getByRole("button", { name: "Connect again" }).click();
  await link.getByRole("button", { name: "Continue to Cloudy CRM" }).waitFor();
  const again = context.waitForEvent("page");
  await link.getByRole("button", { name: "Continue to Cloudy CRM" }).click();
  crm.status = "active";
  await (await again).close().catch(() => undefined);
  await step(page, link, "Overview");
  await link.getByText("Not used").waitFor();
  await link.getByRole("button", { name: "Finish" }).click();
  assert.deepEqual(await ended(page), { id });
}, { expects: /404/ });

await story("a workspace without a CRM says so", async (page) => {
  const token = await tokenFor(newContext());
  await page.route("**/api/platform_user/connectors", (route) => route.fulfill({ contentType: "application/json", body: '{"connectors":[]}' }));
  const link = await openLink(page, {}, token);
  await link.getByText("There is no CRM to connect to").waitFor();
  await link.getByRole("button", { name: "Close" }).click();
  assert.equal((await ended(page)).code, "no-connectors");
});

await story("no token, and one that is none, are told at once", async (page) => {
  await openLink(page, {}, "");
  assert.deepEqual(((it) => [it.name, it.code])(await ended(page)), ["LinkError", "no-token"]);
  await openLink(page, {}, "nonsense");
  assert.equal((await ended(page)).code, "token-invalid");
});

await story("a token that has expired is told", async (page) => {
  const token = await tokenFor(newContext());
  const [head, , signature] = token.split(".");
  const payload = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  const stale = [head, Buffer.from(JSON.stringify({ ...payload, exp: 1 })).toString("base64url"), signature].join(".");
  const link = await openLink(page, { objects: SMALL }, stale);
  await link.getByRole("alert").getByText("This link has expired").waitFor();
  await link.getByRole("button", { name: "Close" }).click();
  assert.equal((await ended(page)).code, "token-invalid");
});

await story(
  "a session that ends half way keeps what was done",
  async (page) => {
    const { id, token } = await connected();
    let link = await openLink(page, { connectionID: id, objects: SMALL }, token);
    await link.getByRole("button", { name: "Continue" }).click();
    await page.route("**/api/platform_user/**", (route) =>
      route.fulfill({ status: 401, contentType: "application/problem+json", body: JSON.stringify({ type: "x/unauthorized", title: "Not signed in", status: 401 }) }),
    );
    await link.getByRole("radio", { name: /I do not use this/ }).check();
    await link.getByRole("alert").getByText("open it again from").waitFor();
    await link.getByRole("button", { name: "Close" }).click();
    await ended(page);
    await page.unroute("**/api/platform_user/**");
    link = await openLink(page, { connectionID: id, objects: SMALL }, await tokenFor(id));
    await link.getByText("Changes that could not be saved last time are back.").waitFor();
    await link.getByText("Not used").waitFor();
  },
  { expects: /401/ },
);

await story(
  "a website that is not registered cannot show Link, and learns why",
  async (page) => {
    const token = await tokenFor(newContext());
    await page.goto(STRANGER);
    await openLink(page, { objects: SMALL }, token);
    assert.equal((await ended(page)).code, "wrong-origin");
  },
  { expects: /frame-ancestors|violates|ERR_BLOCKED_BY_RESPONSE|blocked by CORS policy|ERR_FAILED/i },
);

await story(
  "a connection of somebody else is not found",
  async (page) => {
    const { id } = await connected();
    const link = await openLink(page, { connectionID: id, objects: SMALL }, await tokenFor(newContext()));
    await link.getByRole("button", { name: /built-in/i }).click();
    await link.getByRole("alert").getByText("This connection cannot be found").waitFor();
    await link.getByRole("button", { name: "Close" }).click();
    assert.equal((await ended(page)).code, "connection-not-found");
  },
  { expects: /40[39]/ },
);

await story(
  "objects that are not valid are told with their paths",
  async (page) => {
    const { id, token } = await connected();
    const link = await openLink(page, { connectionID: id, objects: { deal: { fields: { amount: { type: "decimal" } } } } }, token);
    await link.getByText("/objects/deal/fields/amount/type").waitFor();
    await link.getByRole("button", { name: "Close" }).click();
    const { code, errors } = await ended(page);
    assert.equal(code, "invalid-objects");
    assert.equal(errors[0].path, "/objects/deal/fields/amount/type");
  },
  { expects: /400/ },
);

await story(
  "a lost server loses nothing: every call has a button that tries it again",
  async (page) => {
    const { id, token } = await connected();
    const calls = "**/api/platform_user/**";
    await page.route(calls, (route) => route.abort());
    const link = await openLink(page, { connectionID: id, objects: OBJECTS }, token);
    await link.getByText("The server does not answer").waitFor();
    await page.unroute(calls);
    await link.getByRole("button", { name: "Try again" }).click();
    await heading(link, "Overview");
    await link.getByRole("button", { name: "Continue" }).click();
    await link.getByRole("radio", { name: /^Opportunity/ }).first().check();
    await link.getByRole("button", { name: "Next: Fields" }).click();
    await saved(link);
    await page.route(calls, (route) => route.abort());
    await link.getByLabel("Source of Document Name").selectOption("Fixed value");
    await link.getByLabel("Fixed value for Document Name").fill("Kept");
    await link.getByText("Your changes could not be saved").waitFor();
    await link.getByRole("button", { name: "Try again" }).waitFor();
    assert.equal(await link.getByLabel("Fixed value for Document Name").inputValue(), "Kept");
    await page.unroute(calls);
    await link.getByRole("button", { name: "Save again" }).click();
    await saved(link);
    await link.getByRole("button", { name: "Try again" }).click();
    await link.getByRole("group", { name: "Live preview" }).getByText("Kept").first().waitFor();
  },
  { expects: /ERR_FAILED/ },
);

await story(
  "a schema that is still read is waited for, and one that fails can be tried again",
  async (page) => {
    const { id, token } = await connected();
    const problem = (status) => ({ status, contentType: "application/problem+json", body: JSON.stringify({ type: "x/provider", title: "The CRM failed", status, detail: "it answered 500" }) });
    let asked = 0;
    await page.route("**/entities", (route) => (++asked <= 2 ? route.fulfill(problem(424)) : asked === 3 ? route.fulfill(problem(502)) : route.continue()));
    const link = await openLink(page, { connectionID: id, objects: SMALL }, token);
    await heading(link, /Reading what is in/);
    await link.getByText("could not be read").waitFor();
    await link.getByText("it answered 500").waitFor();
    await link.getByRole("button", { name: "Try again" }).click();
    await heading(link, "Overview");
  },
  { expects: /424|502/ },
);

await story("a double click does everything once", async (page) => {
  const context = newContext();
  const token = await tokenFor(context);
  const posts = [];
  page.on("request", (request) => {
    if (["POST", "PUT"].includes(request.method()) && /connections\/native|\/link$/.test(request.url())) posts.push(`${request.method()} ${new URL(request.url()).pathname.split("/").slice(-1)}`);
  });
  await openLink(page, { connectionID: context }, token);
  const link = await openLink(page, { connectionID: context }, token);
  assert.equal(await page.locator("dialog").count(), 1, "one dialog");
  await link.getByRole("button", { name: /built-in/i }).dblclick();
  await link.getByText("There is nothing to map").waitFor();
  await link.getByRole("button", { name: "Finish" }).dblclick();
  assert.deepEqual(await ended(page), { id: context });
  assert.deepEqual(posts, ["POST native", "PUT link"]);
});

await story(
  "two windows on one mapping: the second one chooses",
  async (page, context) => {
    const { id, token } = await connected();
    const other = await context.newPage();
    await other.goto(APP);
    const [one, two] = [await openLink(page, { connectionID: id, objects: OBJECTS }, token), await openLink(other, { connectionID: id, objects: OBJECTS }, token)];
    await one.getByRole("button", { name: "Continue" }).click();
    await two.getByRole("button", { name: "Continue" }).click();
    await one.getByRole("radio", { name: /^Opportunity/ }).first().check();
    await saved(one);
    await two.getByRole("radio", { name: /I do not use this/ }).check();
    await two.getByText("Somebody else changed this too").waitFor();
    await accessible(other, "the question of the conflict");
    await two.getByRole("button", { name: "Keep what I have here" }).click();
    await saved(two);
    assert.equal(await two.getByRole("radio", { name: /I do not use this/ }).isChecked(), true);
    await one.getByRole("radio", { name: /^Lead/ }).first().check();
    await one.getByRole("button", { name: "Take what the other window saved" }).click();
    await until("the other's choice to show", () => one.getByRole("radio", { name: /I do not use this/ }).isChecked());
  },
  { expects: /412/ },
);

await story("reasons, expressions, fixed values, and who checks a condition", async (page) => {
  const { id, token } = await connected();
  const objects = {
    opportunity: {
      label: "Opportunity",
      fields: { title: { type: "string", label: "Title" }, amount: { type: "number", label: "Amount" }, signed: { type: "boolean", label: "Signed" }, made_at: { type: "string", format: "datetime", label: "Made" } },
      events: { find: { type: "search", label: "Find" } },
    },
  };
  const link = await openLink(page, { connectionID: id, objects }, token);
  await link.getByRole("button", { name: "Continue" }).click();
  await link.getByRole("radio", { name: /^Opportunity/ }).first().check();
  await link.getByRole("button", { name: "Next: Fields" }).click();
  const panel = link.getByRole("group", { name: "Live preview" });

  const amount = link.getByRole("combobox", { name: "Column for Amount" });
  await amount.fill("title");
  const unfit = link.getByRole("option").filter({ hasText: "is text; number is needed" }).first();
  assert.equal(await unfit.getAttribute("aria-disabled"), "true");
  await unfit.click({ force: true });
  assert.equal(await amount.getAttribute("aria-expanded"), "true", "it was not chosen");
  await page.keyboard.press("Escape");
  await pick(amount, "amount", "Amount");

  await link.getByLabel("Source of Title").selectOption("Expression");
  await link.getByLabel("Expression for Title").fill("record.Title.toUpperCase()");
  // The first expression of a hub that was just started waits for its sandbox.
  await panel.getByText("SOLAR ROOF").waitFor({ timeout: 60_000 });
  await link.getByLabel("Expression for Title").fill("record.Nothing.at.all");
  const title = link.getByRole("region", { name: /Title/ });
  await title.locator(".error-text").waitFor();
  assert.equal(await title.getAttribute("data-done"), "false", "what cannot be evaluated is not done");
  await link.getByLabel("Expression for Title").fill("record.Title");
  await title.locator(".error-text").waitFor({ state: "detached" });
  assert.equal(await title.getAttribute("data-done"), "true");
  await link.getByLabel("Source of Signed").selectOption("Fixed value");
  await link.getByLabel("Fixed value for Signed").selectOption("No");
  await pick(link.getByRole("combobox", { name: "Column for Made" }), "close date", "CloseDate");
  await link.getByRole("button", { name: "Next: Find" }).click();

  await link.getByRole("radio", { name: /Find records by conditions/ }).check();
  await link.getByText("3 records are found").waitFor();
  await page.route("**/link/search", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), evaluated_by_hub: ["/all/0"] } });
  });
  await link.getByRole("button", { name: "Add a condition" }).click();
  await pick(link.getByRole("combobox", { name: "Column" }), "name", "Title");
  await link.getByLabel("Comparison").selectOption("starts with");
  await link.getByLabel("Value", { exact: true }).fill("SOLAR");
  await link.getByText("1 record is found").waitFor();
  await link.getByText("checked by Turnbuckle", { exact: false }).first().waitFor();
  await link.getByRole("button", { name: "To the overview" }).click();
  await link.getByRole("button", { name: "Finish" }).click();
  assert.deepEqual(await ended(page), { id });
  const { records } = await api("POST", `/api/v1/crm/${id}/objects/opportunity/events/find`, { payload: {} });
  assert.deepEqual(records.map(({ data }) => data), [{ title: "Solar roof", amount: 1250.5, signed: false, made_at: null }]);
});

await story("the browser's back button goes back a step, not away", async (page) => {
  const { id, token } = await connected();
  const link = await openLink(page, { connectionID: id, objects: OBJECTS }, token);
  await link.getByRole("button", { name: "Continue" }).click();
  await link.getByRole("radio", { name: /^Opportunity/ }).first().check();
  await link.getByRole("button", { name: "Next: Fields" }).click();
  await heading(link, /Fields of/);
  await page.evaluate(() => history.back());
  await heading(link, /What is “Opportunity”/);
  assert.equal(await link.getByRole("radio", { name: /^Opportunity/ }).first().isChecked(), true);
  await page.evaluate(() => history.back());
  await heading(link, "Overview");
  assert.equal(await page.locator("dialog").count(), 1);
});

await story("without a dialog: the page of the hub, a reload on it, and back", async (page) => {
  const { id, token } = await connected();
  await page.evaluate(([hub, token, options]) => void window.linkCRM(hub, token, options), [HUB, token, { connectionID: id, objects: SMALL, mode: "redirect", returnTo: `${APP}/settings?tab=crm` }]);
  await page.waitForURL(`${HUB}/link/**`);
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  assert.equal(new URL(page.url()).hash, "", "the token is out of the address");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("radio", { name: /I do not use this/ }).check();
  await page.getByText("All changes saved").waitFor();
  await page.reload();
  await page.getByRole("radio", { name: /I do not use this/ }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.getByRole("button", { name: "Finish" }).click();
  await page.waitForURL(`${APP}/settings?tab=crm&connection_id=${id}`);
  assert.equal(await page.evaluate(() => window.linkCRM.result()), id);
  assert.equal(page.url(), `${APP}/settings?tab=crm`);
  assert.equal(await page.evaluate(() => window.linkCRM.result()), null);
});

await story("without a dialog, over the CRM's own page and back", async (page, context) => {
  const { id, token, crm } = await foreign(page, context);
  await page.evaluate(([hub, token, options]) => void window.linkCRM(hub, token, options), [HUB, token, { connectionID: id, mode: "redirect" }]);
  await page.getByRole("button", { name: /Cloudy CRM/ }).click();
  await page.getByRole("button", { name: "Continue to Cloudy CRM" }).click();
  await page.waitForURL(/\/authorizations\/cloudy\/loading/);
  crm.status = "active";
  await page.getByRole("link", { name: "Allow" }).click();
  await page.getByText("There is nothing to map").waitFor();
  await page.getByRole("button", { name: "Finish" }).click();
  await page.waitForURL(`${APP}/?connection_id=${id}`);
}, { expects: /404/ });

await story("a way back to another website is refused", async (page) => {
  const { id, token } = await connected();
  await page.evaluate(([hub, token, options]) => void window.linkCRM(hub, token, options), [HUB, token, { connectionID: id, mode: "redirect", returnTo: "https://example.org/" }]);
  await page.getByText("This page cannot return to where you came from").waitFor();
});

await story("a page that nobody opened says so", async (page) => {
  const token = await tokenFor(newContext());
  const { workspace } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  await page.goto(`${HUB}/link/${workspace}`);
  await page.getByText("This page is opened by an app").waitFor();
});

await story(
  "the app's theme is taken where it can be read, and its texts replace ours",
  async (page) => {
    const warned = [];
    page.on("console", (message) => message.type() === "warning" && warned.push(message.text()));
    const { id, token } = await connected();
    const theme = { mode: "light", variables: { "--accent": "#7a1fa2", "--accent-hover": "#5a1378", "--muted": "#bbbbbb", "--round": "2px" } };
    const link = await openLink(page, { connectionID: id, objects: SMALL, theme, language: "de", strings: { overview: { title: "Alles im Blick" } } }, token);
    await heading(link, "Alles im Blick");
    await link.getByRole("button", { name: "Weiter" }).waitFor();
    const styles = await frameOf(page).evaluate(() => {
      const root = getComputedStyle(document.documentElement);
      return { accent: root.getPropertyValue("--accent"), muted: root.getPropertyValue("--muted"), round: root.getPropertyValue("--round"), scheme: root.colorScheme };
    });
    assert.equal(styles.accent, "#7a1fa2");
    assert.equal(styles.round, "2px");
    assert.equal(styles.scheme, "light");
    assert.notEqual(styles.muted, "#bbbbbb");
    assert.ok(warned.some((text) => /--muted.*below 4\.5:1/.test(text)), warned.join("\n"));
    await accessible(page, "the themed overview");
  },
  { colorScheme: "dark" },
);

await story("a language from the right mirrors the page, and movement is reduced on wish", async (page) => {
  const { id, token } = await connected();
  const link = await openLink(page, { connectionID: id, objects: SMALL, language: "ar", strings: { overview: { title: "نظرة عامة" } } }, token);
  await heading(link, "نظرة عامة");
  const frame = frameOf(page);
  assert.equal(await frame.evaluate(() => document.documentElement.dir), "rtl");
  const [rail, main] = await frame.evaluate(() => [".rail", ".shell-main"].map((it) => document.querySelector(it).getBoundingClientRect().left));
  assert.ok(rail > main, "the steps stand on the right");
  await noSideways(page, "the mirrored overview");
  assert.equal(await frame.evaluate(() => matchMedia("(prefers-reduced-motion: reduce)").matches), true);
  assert.equal(await frame.evaluate(() => getComputedStyle(document.querySelector(".button")).animationDuration), "1e-05s");
}, { reducedMotion: "reduce" });

await end();
