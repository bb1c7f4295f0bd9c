// Writes a picture of every step of CRM Link in both themes, wide and narrow, into screens/.
import { mkdir } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { launch, newPage, URL_OF_CONSOLE as HUB } from "./browser.mjs";

const KEY = process.env.TURNBUCKLE_KEY ?? "pk_test:sk_test_0123456789abcdef0123";
const folder = fileURLToPath(new URL("../../screens", import.meta.url));
await mkdir(folder, { recursive: true });

const app = createServer((request, response) => {
  response.writeHead(200, { "content-type": "text/html" });
  response.end(`<!doctype html><html lang="en"><title>Paperplane</title><meta name="viewport" content="width=device-width"><script src="${HUB}/link.js"></script></html>`);
});
await new Promise((resolve) => app.listen(0, "127.0.0.1", resolve));
const APP = `http://127.0.0.1:${app.address().port}`;

async function api(method, path, body) {
  const headers = { authorization: `Basic ${Buffer.from(KEY).toString("base64")}`, "content-type": "application/json" };
  const response = await fetch(HUB + path, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

const OBJECTS = {
  opportunity: {
    label: "Opportunity",
    description: "What documents are made for.",
    fields: {
      document_name: { type: "string", label: "Document Name", description: "The name of the document." },
      amount: { type: "number", label: "Amount" },
      company: { type: "string", label: "Company" },
      closes_at: { type: "string", format: "datetime", label: "Close date" },
      document_tags: { type: "object", label: "Document Tags", description: "Tags to apply to the document." },
    },
    events: {
      find: { type: "search", label: "Find opportunities", description: "Those that a document can be made for.", payloadSchema: { account_id: { type: "string", label: "Account ID" } } },
      signed: { type: "create", label: "Document signed", payloadSchema: { title: { type: "string", label: "Title" } } },
    },
  },
  person: { label: "Person", fields: { email: { type: "string", label: "E-mail" } } },
};

await api("PUT", "/api/v1/settings/origins", { origins: [APP] });
const browser = await launch();
for (const theme of ["light", "dark"]) {
  for (const width of [1280, 320]) {
    const context = `screens-${theme}-${width}-${Math.random().toString(36).slice(2, 7)}`;
    const { access_token: token } = await api("POST", "/api/platform/contexts", { context: { external_id: context } });
    const { context: window, page } = await newPage(browser, { viewport: { width, height: width === 320 ? 640 : 860 }, colorScheme: theme });
    let number = 0;
    const shoot = async (name) => {
      await page.waitForTimeout(400);
      await page.screenshot({ path: `${folder}/link-${String(++number).padStart(2, "0")}-${name}-${theme}-${width}.png` });
    };
    await page.goto(APP);
    await page.evaluate(([hub, token, options]) => void window.linkCRM(hub, token, options).catch(() => undefined), [HUB, token, { connectionID: context, objects: OBJECTS }]);
    const link = page.frameLocator("dialog iframe");
    const step = async (name) => {
      if (await link.locator(".rail-fold").isVisible()) await link.locator(".rail-fold").click();
      await link.locator(".step").filter({ hasText: name }).first().click();
    };
    await link.getByRole("heading", { name: "Which CRM do you use?" }).waitFor();
    await shoot("choose");
    await link.getByRole("button", { name: /built-in/i }).click();
    await link.getByRole("heading", { name: "Overview" }).waitFor();
    const account = (await api("POST", `/api/v1/connections/${context}/entities/Account/records`, { data: { Name: "Northwind Traders" } })).record.id;
    for (const [Title, StageId, Amount] of [["Solar roof", "Proposal", 1250.5], ["Forklift fleet", "Qualification", 99], ["Spare parts", "Proposal", 7]]) {
      await api("POST", `/api/v1/connections/${context}/entities/Opportunity/records`, { data: { Title, StageId, Amount, AccountId: account } });
    }
    await shoot("overview");
    await link.getByRole("button", { name: "Continue" }).click();
    await link.getByRole("radio", { name: /^Opportunity/ }).first().check();
    await shoot("entity");
    await link.getByRole("button", { name: "Next: Fields" }).click();
    await link.getByRole("combobox", { name: "Column for Document Name" }).click();
    await shoot("columns");
    await page.keyboard.press("Escape");
    await link.getByRole("button", { name: /suggestion/ }).click();
    await link.getByText("Solar roof").waitFor();
    await shoot("fields");
    await link.getByLabel("Source of Document Tags").selectOption("Own parts");
    await link.getByLabel("Name of the part").fill("Stage");
    await page.keyboard.press("Enter");
    await link.getByRole("combobox", { name: "Column for Stage" }).click();
    await shoot("parts");
    await page.keyboard.press("Escape");
    await step("Find opportunities");
    await link.getByRole("button", { name: "Add a group" }).first().click();
    await link.getByRole("combobox", { name: "Column" }).first().fill("account");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await link.getByRole("group", { name: "Try it" }).getByLabel("Account ID").fill(account);
    await link.getByText(/records? (is|are) found/).waitFor();
    await link.locator(".group").first().evaluate((element) => element.scrollIntoView());
    await shoot("search");
    await step("Document signed");
    await link.getByRole("button", { name: /^Set / }).first().click();
    await shoot("write");
    await step("Connection");
    await shoot("connection");
    await link.getByRole("button", { name: "Disconnect…" }).click();
    await shoot("disconnect");
    await window.close();
  }
}
await browser.close();
app.close();
console.log(`The pictures are in ${folder}`);
