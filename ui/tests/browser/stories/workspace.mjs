// Bins, settings, key sets, users, and what a viewer may.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { call, post, signIn, until, URL_OF_CONSOLE } from "../browser.mjs";
import { dataOn, story } from "../story.mjs";

await story("a bin is made, and shows what comes while it comes", async (page) => {
  await signIn(page);
  const data = await dataOn(page);
  await page.getByRole("link", { name: "Bins" }).click();
  await page.getByRole("button", { name: "Create bin" }).click();
  await page.getByLabel("Label").fill(`Bin ${data.mark}`);
  await page.getByRole("dialog").getByRole("button", { name: "Create bin" }).click();
  await page.getByText("Nothing has come yet").waitFor();
  const url = await page.getByRole("group", { name: "URL to post to" }).innerText();
  await post(url.trim(), { hello: data.mark });
  await page.getByText(`"hello": "${data.mark}"`).waitFor();
  await page.getByText(/^\d+ headers$/).click();
  await page.getByText("content-type").waitFor();
  await page.getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Bins" }).waitFor();
});

await story("the webhooks of the app and the webhook entities are set", async (page) => {
  await signIn(page);
  const data = await dataOn(page);
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByLabel("URL").fill("nowhere");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByLabel("URL").and(page.locator("[aria-invalid=true]")).waitFor();
  await page.getByLabel("URL").fill(data.bin.url);
  await page.getByLabel("Token", { exact: true }).fill("token-of-the-app");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText(/^whsec_/).waitFor();
  await page.getByRole("link", { name: /^The endpoint behind it/ }).waitFor();
  await page.getByLabel("Take the stored token away").waitFor();
  const entities = page.getByRole("textbox", { name: "Entities" });
  const before = await entities.inputValue();
  await entities.fill(`${before}\nAccount`);
  await page.getByRole("button", { name: "Save entities" }).click();
  await until("the entities", async () => (await call(page, "GET", "/api/v1/settings/webhook-entities")).entities.includes("Account"));
  await call(page, "PUT", "/api/v1/settings/webhook-entities", { entities: before.split("\n") });
  await call(page, "PUT", "/api/v1/settings/webhooks", { url: null });
});

await story("the websites that may open Link are added, mended and taken away", async (page) => {
  await signIn(page);
  await dataOn(page);
  await page.goto(`${URL_OF_CONSOLE}/settings`);
  const origins = page.getByRole("region", { name: "Website origins" });
  const save = origins.getByRole("button", { name: "Save origins" });
  const stored = async () => (await call(page, "GET", "/api/v1/settings/origins")).origins;
  await origins.getByText("No website may.").waitFor();
  for (const [line, text] of [[1, "https://app.example"], [2, "app.example/path"]]) {
    await origins.getByRole("button", { name: "Add an origin" }).click();
    await origins.getByLabel(`Origin ${line}`).fill(text);
  }
  await save.click();
  await origins.getByLabel("Origin 2").and(page.locator("[aria-invalid=true]")).waitFor();
  assert.equal(await origins.getByLabel("Origin 1").getAttribute("aria-invalid"), null, "the other line is well");
  await origins.getByLabel("Origin 2").fill("http://localhost:3000/");
  await save.click();
  await until("the origins", async () => (await stored()).length === 2);
  await page.reload();
  assert.equal(await origins.getByLabel("Origin 2").inputValue(), "http://localhost:3000");
  await origins.getByRole("button", { name: "Remove" }).first().click();
  await save.click();
  await until("one origin", async () => (await stored()).join() === "http://localhost:3000");
  await origins.getByRole("button", { name: "Remove" }).click();
  await save.click();
  await until("no origin", async () => (await stored()).length === 0);
});

await story("a key set is made, works, and is revoked", async (page) => {
  await signIn(page);
  const data = await dataOn(page);
  await page.getByRole("link", { name: "Key sets" }).click();
  await page.getByRole("button", { name: "Create key set" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Label").fill(`Dashboard ${data.mark}`);
  await dialog.getByRole("button", { name: "Create key set" }).click();
  const whole = (await dialog.getByText(/^pk_.*:sk_/).innerText()).trim();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  const asked = () => fetch(`${URL_OF_CONSOLE}/api/v1/connections`, { headers: { authorization: `Basic ${Buffer.from(whole).toString("base64")}` } });
  assert.equal((await asked()).status, 200);
  await page.getByRole("row").filter({ hasText: `Dashboard ${data.mark}` }).getByRole("button", { name: "Revoke" }).click();
  await dialog.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("row").filter({ hasText: `Dashboard ${data.mark}` }).waitFor({ state: "detached" });
  assert.equal((await asked()).status, 401);
});

await story("a viewer is made, who reads and is offered nothing else, and is deleted", async (page) => {
  await signIn(page);
  const data = await dataOn(page);
  const name = `viewer-${data.mark}`;
  await page.getByRole("link", { name: "Users" }).click();
  await page.getByRole("button", { name: "Create user" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("radio", { name: /^Viewer/ }).check();
  await dialog.getByRole("button", { name: "Create user" }).click();
  const password = (await dialog.getByRole("group", { name: "Password" }).innerText()).trim();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  const other = await page.context().browser().newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB" });
  const theirs = await other.newPage();
  await theirs.goto(`${URL_OF_CONSOLE}/sign-in`);
  await theirs.getByLabel("Name").fill(name);
  await theirs.getByLabel("Password").fill(password);
  await theirs.keyboard.press("Enter");
  await theirs.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  const offers = /^(Create|Edit|Delete|Save|Run|Add a key|Revoke|Publish|Pause|Send test|Remove|Add a column)/;
  const forms = ["/sources/new", `/sources/${data.mapped.id}/edit`, "/endpoints/new", `/endpoints/${data.well.id}/edit`, "/functions/new", "/connections/new", `/records/${data.connection}/Lead/new`];
  for (const path of forms) {
    await theirs.goto(URL_OF_CONSOLE + path);
    await theirs.getByRole("heading", { level: 1, name: "For those who may write" }).waitFor();
  }
  const paths = ["/sources", `/sources/${data.mapped.id}`, `/endpoints/${data.well.id}`, `/connections/${data.connection}`, `/records/${data.connection}/Contact/${data.record}`, `/functions/${data.called}`, `/bins/${data.bin.name}`, "/settings"];
  for (const path of paths) {
    await theirs.goto(URL_OF_CONSOLE + path);
    await theirs.getByRole("heading", { level: 1 }).waitFor();
    await theirs.locator(".loading").first().waitFor({ state: "detached" });
    assert.equal(await theirs.getByRole("main").getByRole("button", { name: offers }).or(theirs.getByRole("main").getByRole("link", { name: offers })).count(), 0, path);
  }
  assert.equal(await theirs.getByRole("link", { name: "Users" }).count(), 0);
  await theirs.goto(`${URL_OF_CONSOLE}/keys`);
  await theirs.getByText("For admins only").waitFor();
  await other.close();
  await page.getByRole("button", { name: `More for ${name}` }).click();
  await page.getByRole("menuitem", { name: "Change role…" }).click();
  await dialog.getByRole("radio", { name: /^Editor/ }).check();
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("row").filter({ hasText: name }).getByText("Editor").waitFor();
  await page.getByRole("button", { name: `More for ${name}` }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("row").filter({ hasText: name }).waitFor({ state: "detached" });
});
