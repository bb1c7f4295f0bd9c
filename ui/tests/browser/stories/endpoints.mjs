// Endpoints and their deliveries.
import assert from "node:assert/strict";
import { call, signIn, URL_OF_CONSOLE } from "../browser.mjs";
import { dataOn, story } from "../story.mjs";

await story("an endpoint is resumed, tested, recovered and paused, and a delivery resent", async (page) => {
  await signIn(page);
  const data = await dataOn(page);
  await page.goto(`${URL_OF_CONSOLE}/endpoints/${data.dead.id}?status=dead`);
  await page.getByText("The hub disabled this endpoint").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await page.getByRole("button", { name: "Recover…" }).click();
  await page.getByRole("button", { name: "Recover", exact: true }).click();
  await page.getByText("They are in line").waitFor();
  await page.getByRole("button", { name: "Close" }).last().click();
  await page.goto(`${URL_OF_CONSOLE}/endpoints/${data.well.id}`);
  await page.getByRole("button", { name: "Send test" }).click();
  await page.getByRole("status").getByText("A test message is on its way.").waitFor();
  await page.getByRole("row").filter({ hasText: "Test" }).filter({ hasText: "Delivered" }).getByRole("link").click();
  await page.getByRole("heading", { level: 1, name: "Test" }).waitFor();
  await page.getByRole("button", { name: "Resend" }).click();
  await page.getByText("Attempt 2", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Endpoint", exact: true }).click();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("This endpoint is paused").waitFor();
});

await story("an endpoint is made, its secret shown once, changed, its secret rotated, and deleted", async (page) => {
  await signIn(page);
  const data = await dataOn(page);
  await page.goto(`${URL_OF_CONSOLE}/endpoints`);
  await page.getByRole("link", { name: "Create endpoint" }).click();
  await page.getByLabel("URL", { exact: true }).fill("ftp://nowhere");
  await page.getByRole("button", { name: "Create endpoint" }).click();
  await page.getByLabel("URL", { exact: true }).and(page.locator("[aria-invalid=true]")).waitFor();
  await page.getByLabel("URL", { exact: true }).fill(data.bin.url);
  await page.getByLabel("Connection", { exact: true }).selectOption(data.connection);
  await page.getByLabel("Orders").check();
  await page.getByRole("button", { name: "Add a header" }).click();
  await page.getByLabel("Name of the header").fill("x-team");
  await page.getByLabel("Value of the header").fill("billing");
  await page.getByRole("button", { name: "Create endpoint" }).click();
  await page.getByText(/^whsec_/).waitFor();
  await page.getByRole("link", { name: "Go to the endpoint" }).click();
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Description").fill(`Shop ${data.mark}`);
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { level: 1, name: `Shop ${data.mark}` }).waitFor();
  const id = page.url().split("/").at(-1);
  const { endpoint } = await call(page, "GET", `/api/v1/endpoints/${id}`);
  assert.deepEqual([endpoint.headers, endpoint.entities], [{}, ["Order"]]);
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Rotate secret…" }).click();
  await page.getByRole("button", { name: "Make a new secret" }).click();
  await page.getByRole("dialog").getByText(/^whsec_/).waitFor();
  await page.getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Endpoints" }).waitFor();
});

await story("saving an endpoint of format Agile sends a test, which is among all deliveries", async (page) => {
  await signIn(page);
  const data = await dataOn(page);
  await page.goto(`${URL_OF_CONSOLE}/endpoints/new`);
  await page.getByRole("radio", { name: /^Agile/ }).check();
  await page.getByLabel("Notify URL").fill(data.bin.url);
  await page.getByLabel("Description").fill(`Agile ${data.mark}`);
  await page.getByRole("checkbox", { name: "Deal" }).uncheck();
  await page.getByRole("button", { name: "Create endpoint" }).click();
  await page.getByText("A test message is on its way.").waitFor();
  await page.getByRole("link", { name: "Deliveries" }).click();
  await page.getByLabel("Endpoint").selectOption({ label: `Agile ${data.mark}` });
  await page.getByRole("row").filter({ hasText: "Test" }).filter({ hasText: "Delivered" }).getByText(`Agile ${data.mark}`).waitFor();
  assert.match(page.url(), /endpoint=ep_/);
});
