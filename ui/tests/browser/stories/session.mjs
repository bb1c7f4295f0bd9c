// Signing in and out, languages, a server that is lost.
import assert from "node:assert/strict";
import { signIn, NAME, PASSWORD, URL_OF_CONSOLE } from "../browser.mjs";
import { dataOn, story } from "../story.mjs";

await story("a wrong password is told, and the sign-in leads back to where one was", async (page) => {
  await page.goto(`${URL_OF_CONSOLE}/events?status=failed`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.match(page.url(), /\/sign-in\?to=%2Fevents%3Fstatus%3Dfailed$/);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("Enter a name and a password.").waitFor();
  await page.getByLabel("Name").fill(NAME);
  await page.getByLabel("Password").fill(`${PASSWORD} not`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("The name or the password is wrong").waitFor();
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1, name: "Webhook log" }).waitFor();
  assert.match(page.url(), /\/events\?status=failed$/);
  assert.equal(await page.getByRole("radio", { name: "Failed" }).isChecked(), true);
});

await story("no other host is gone to after the sign-in", async (page) => {
  await page.goto(`${URL_OF_CONSOLE}/sign-in?to=//example.org/`);
  await page.getByLabel("Name").fill(NAME);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  assert.equal(new URL(page.url()).origin, new URL(URL_OF_CONSOLE).origin);
});

await story("it speaks German, and remembers that", async (page) => {
  await signIn(page);
  await page.getByRole("button", { name: /^Menu of/ }).click();
  await page.getByRole("menuitemradio", { name: "Deutsch" }).click();
  await page.getByRole("heading", { level: 1, name: "Übersicht" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Übersicht" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
});

await story("a session that ended leads to the sign-in and back", async (page) => {
  await signIn(page);
  await page.goto(`${URL_OF_CONSOLE}/endpoints`);
  await page.getByRole("heading", { level: 1, name: "Endpoints" }).waitFor();
  await page.context().clearCookies();
  await page.getByRole("link", { name: "Webhook log" }).click();
  await page.getByText("Your session has ended").waitFor();
  assert.match(page.url(), /to=%2Fevents/);
});

await story("a lost server is told, and tried again", async (page) => {
  await signIn(page);
  await dataOn(page);
  await page.route("**/api/v1/endpoints?*", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad gateway</h1>" }));
  await page.goto(`${URL_OF_CONSOLE}/endpoints`);
  await page.getByText("The server answered 502").waitFor();
  await page.unroute("**/api/v1/endpoints?*");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("table", { name: "Endpoints" }).waitFor();
});

await story("an address with a place in a list that there is none leads to its beginning", async (page) => {
  await signIn(page);
  await dataOn(page);
  await page.goto(`${URL_OF_CONSOLE}/sources?cursor=none`);
  await page.getByRole("alert").waitFor();
  await page.getByRole("link", { name: "Newest" }).click();
  await page.getByRole("table", { name: "Sources" }).waitFor();
});
