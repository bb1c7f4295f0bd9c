// Functions: written with completion, tried, published, compared, called.
import assert from "node:assert/strict";
import { call, pathOf, signIn, until, URL_OF_CONSOLE } from "../browser.mjs";
import { dataOn, story } from "../story.mjs";

/** Replaces what the editor holds, as somebody who pastes does. */
async function write(page, source) {
  await page.getByRole("textbox", { name: "Code" }).focus();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(source);
}

await story("a function is written with completion, tried, mended, published and compared", async (page) => {
  await signIn(page);
  const data = await dataOn(page);
  const name = `hello_${data.mark}`;
  await page.getByRole("link", { name: "Functions" }).click();
  await page.getByRole("link", { name: "Create function" }).first().click();
  await page.getByLabel("Name").fill(name);
  await write(page, "function handler(crmAPIRequest) {\n  oops(;\n}\n");
  await page.getByRole("button", { name: "Create function" }).click();
  await page.getByRole("alert").waitFor();
  await write(page, "function handler(crmAPIRequest) {\n  info(\"hello\");\n  return missing;\n}\n");
  await page.getByRole("button", { name: "Create function" }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByText("It failed").waitFor();
  await page.getByRole("button", { name: "Go to line 3" }).click();
  assert.equal(await page.getByRole("textbox", { name: "Code" }).evaluate((element) => element.getRootNode().activeElement === element), true, "the editor has the focus");
  await write(page, "");
  await page.keyboard.type("zoho.crm.cr");
  await page.getByRole("option", { name: /createRecord/ }).click();
  await until("the completion", async () => /zoho\.crm\.createRecord\(/.test(await page.getByRole("textbox", { name: "Code" }).innerText()));
  await write(page, `function handler(crmAPIRequest) {\n  const lead = zoho.crm.createRecord("Lead", {Contact: "Ada"}, "${data.connection}");\n  info("made", lead.get("id"));\n  return "hello";\n}\n`);
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByText("crm.createRecord").last().waitFor();
  await page.getByText(/"output": "hello"/).waitFor();
  await page.getByRole("button", { name: "Publish version 2" }).click();
  await page.getByText("Callers get version 2 now.").waitFor();
  await page.getByRole("link", { name: "Versions" }).click();
  await page.getByRole("link", { name: "Compare with 1" }).click();
  await page.locator(".diff [data-kind=added]").first().waitFor();
  const { function: made } = await call(page, "GET", `/api/v1/functions/${name}`);
  await fetch(URL_OF_CONSOLE + pathOf(made.urls.production + made.urls.zapikey), { method: "POST", body: "{}" });
  await page.getByRole("link", { name: "Calls" }).click();
  await page.getByRole("table", { name: "Calls" }).getByRole("link").first().click();
  await page.getByText(/^made /).waitFor();
  await page.getByRole("link", { name: "Calls" }).click();
  await page.getByRole("radio", { name: "Failed" }).check();
  await page.getByText("No call failed").waitFor();
  await page.getByRole("link", { name: "Code" }).click();
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Functions" }).waitFor();
});

await story("a function gets another key, and the older one ends", async (page) => {
  await signIn(page);
  const { called } = await dataOn(page);
  const read = async () => (await call(page, "GET", `/api/v1/functions/${called}`)).function.urls;
  const { production, zapikey } = await read();
  const answered = async (key) => (await fetch(URL_OF_CONSOLE + pathOf(production + key), { method: "POST", body: "{}" })).status;
  await page.goto(`${URL_OF_CONSOLE}/functions/${called}`);
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Add a key" }).click();
  await page.getByText("The URLs show a new key.").waitFor();
  const next = (await read()).zapikey;
  await page.getByText(next).first().waitFor();
  assert.deepEqual([await answered(zapikey), await answered(next)], [200, 200]);
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "End older keys…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End older keys" }).click();
  await page.getByText("The older keys of this function are ended.").waitFor();
  assert.deepEqual([await answered(zapikey), await answered(next)], [401, 200]);
});
