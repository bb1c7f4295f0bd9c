// Work that is not saved: leaving, a session that ends, somebody who was first, a double click.
import assert from "node:assert/strict";
import { call, signIn, until, PASSWORD, URL_OF_CONSOLE } from "../browser.mjs";
import { dataOn, story } from "../story.mjs";

/** Answers the next questions of the browser, and keeps what was asked. */
function answering(page, answer) {
  const asked = [];
  page.removeAllListeners("dialog");
  page.on("dialog", (dialog) => {
    asked.push(dialog.type() === "confirm" ? dialog.message() : dialog.type());
    void (answer ? dialog.accept() : dialog.dismiss());
  });
  return asked;
}

const at = (page) => new URL(page.url()).pathname;

await story("what is not saved is asked about before it is left", async (page) => {
  await signIn(page);
  const { source } = await dataOn(page);
  await page.goto(`${URL_OF_CONSOLE}/sources/${source.id}`);
  await page.getByRole("link", { name: "Edit" }).click();
  const name = page.getByLabel("Name", { exact: true });
  await name.waitFor();
  const form = at(page);
  // Nothing is written yet, so nothing is asked.
  let asked = answering(page, false);
  await page.getByRole("link", { name: "Cancel" }).click();
  await page.getByRole("link", { name: "Edit" }).click();
  await name.fill("Half a name");
  await page.getByRole("link", { name: "Endpoints", exact: true }).click();
  await page.goBack();
  await until("the second question", () => asked.length === 2 && at(page) === form);
  assert.deepEqual(asked, ["Leave this page? What you changed is not saved.", "Leave this page? What you changed is not saved."]);
  assert.equal(await name.inputValue(), "Half a name");
  await page.reload({ timeout: 500 }).catch(() => undefined);
  assert.equal(asked.at(-1), "beforeunload");
  assert.equal(await name.inputValue(), "Half a name");
  asked = answering(page, true);
  await page.getByRole("link", { name: "Endpoints", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Endpoints" }).waitFor();
  assert.equal(asked.length, 1);
  // What was saved is not asked about.
  await page.goto(`${URL_OF_CONSOLE}${form}`);
  await name.fill(source.name);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { level: 1, name: source.name }).waitFor();
  await page.getByRole("link", { name: "Endpoints", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Endpoints" }).waitFor();
  assert.equal(asked.length, 1);
});

await story("a session that ends under a form is begun again over it", async (page, context) => {
  await signIn(page);
  await page.goto(`${URL_OF_CONSOLE}/endpoints/new`);
  await page.getByLabel("URL", { exact: true }).fill("https://app.example/again");
  await context.clearCookies();
  await page.getByRole("button", { name: "Create endpoint" }).click();
  const dialog = page.getByRole("dialog", { name: "Sign in again" });
  await dialog.getByLabel("Password").fill("not it");
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await dialog.getByText("The name or the password is wrong").waitFor();
  await dialog.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  assert.equal(await page.getByLabel("URL", { exact: true }).inputValue(), "https://app.example/again");
  await page.getByRole("button", { name: "Create endpoint" }).click();
  await page.getByRole("heading", { level: 1, name: "The endpoint is made" }).waitFor();
});

await story("who was not first takes theirs, or keeps their own", async (page) => {
  await signIn(page);
  const { connection, record, called } = await dataOn(page);
  const path = `/api/v1/connections/${connection}/entities/Contact/records/${record}`;
  await page.goto(`${URL_OF_CONSOLE}/records/${connection}/Contact/${record}?edit`);
  const job = page.getByLabel("Job title");
  await job.fill("Countess");
  await call(page, "PATCH", path, { data: { JobTitle: "Analyst", Phone: "+44 20 1" } });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Somebody else saved this before you").waitFor();
  // While nothing is known of theirs, nothing is chosen.
  await page.route(`**${path}`, (route) => (route.request().method() === "GET" ? route.fulfill({ status: 502, body: "" }) : route.continue()));
  await page.getByRole("button", { name: "Keep mine" }).click();
  await page.getByText("The server answered 502").waitFor();
  await page.unroute(`**${path}`);
  await page.getByRole("button", { name: "Keep mine" }).click();
  await page.getByText("Somebody else saved this before you").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("link", { name: "Edit" }).waitFor();
  const { record: saved } = await call(page, "GET", path);
  assert.deepEqual([saved.data.JobTitle, saved.data.Phone], ["Countess", "+44 20 1"], "only what was written here replaces theirs");

  await page.getByRole("link", { name: "Edit" }).click();
  await job.fill("Programmer");
  await call(page, "PATCH", path, { data: { JobTitle: "Analyst" } });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Take theirs" }).click();
  await page.getByText("Somebody else saved this before you").waitFor({ state: "detached" });
  assert.equal(await job.inputValue(), "Analyst");

  await page.goto(`${URL_OF_CONSOLE}/functions/${called}`);
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("// mine");
  const theirs = "function handler() {\n  return 'theirs';\n}\n";
  await call(page, "PUT", `/api/v1/functions/${called}`, { source: theirs, rest_api: true });
  await page.getByRole("button", { name: "Save draft" }).click();
  await page.getByRole("button", { name: "Take theirs" }).click();
  await page.locator(".cm-content").getByText("'theirs'").waitFor();
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("// mine");
  await page.getByRole("button", { name: "Save draft" }).click();
  await page.getByText("Saved.").waitFor();
}, { expects: /status of 412/ });

await story("a double click does everything once", async (page) => {
  await signIn(page);
  const { well } = await dataOn(page);
  const posts = [];
  page.on("request", (request) => {
    if (request.method() === "POST") posts.push(new URL(request.url()).pathname);
  });
  const once = (pattern) => assert.equal(posts.filter((path) => pattern.test(path)).length, 1, posts.join("\n"));
  await page.goto(`${URL_OF_CONSOLE}/endpoints/${well.id}`);
  await page.getByRole("button", { name: "Send test" }).dblclick();
  await page.getByText("A test message is on its way.").waitFor();
  once(/\/test$/);
  await page.goto(`${URL_OF_CONSOLE}/endpoints/new`);
  await page.getByLabel("URL", { exact: true }).fill("https://app.example/once");
  await page.getByRole("button", { name: "Create endpoint" }).dblclick();
  await page.getByRole("heading", { level: 1, name: "The endpoint is made" }).waitFor();
  once(/\/endpoints$/);
  await page.goto(`${URL_OF_CONSOLE}/keys`);
  await page.getByRole("button", { name: "Create key set" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Create key set" }).dblclick();
  await page.getByText("It is not shown again").first().waitFor();
  once(/\/keys$/);
});
