// Records of the built-in CRM: found, made, changed, looked back at, deleted.
import assert from "node:assert/strict";
import { signIn, until, URL_OF_CONSOLE } from "../browser.mjs";
import { dataOn, story } from "../story.mjs";

await story("a record is found, changed and looked back at", async (page) => {
  await signIn(page);
  const data = await dataOn(page);
  await page.getByRole("link", { name: "Records" }).click();
  await page.getByText("Choose a connection and an entity").waitFor();
  await page.getByLabel("Connection").selectOption(data.connection);
  await page.getByLabel("Entity").selectOption("Contact");
  await page.getByRole("row").filter({ hasText: "Ada King" }).getByText("United Kingdom").waitFor();
  await page.getByLabel("Contains").fill("ada");
  await until("the search in the address", () => /text=ada/.test(page.url()));
  await page.reload();
  await page.getByText("1 record", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Ada King" }).click();
  await page.getByRole("heading", { level: 1, name: "Ada King" }).waitFor();
  const history = page.getByRole("region", { name: "History" });
  await history.getByRole("row").filter({ hasText: "Surname" }).getByText("King", { exact: true }).first().waitFor();
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Country").fill("Germany");
  await page.getByLabel("Birth date").fill("1815-12-11");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("link", { name: "Germany" }).waitFor();
  await page.getByText("1815-12-11").first().waitFor();
  await until("the change in the history", async () => (await history.getByRole("row").filter({ hasText: "BirthDate" }).count()) > 1);
});

await story("a record is made, refused while something is wrong, and deleted", async (page) => {
  await signIn(page);
  const data = await dataOn(page);
  await page.goto(`${URL_OF_CONSOLE}/records/${data.connection}/Opportunity/new`);
  await page.getByLabel("Name (required)").fill(`Contract ${data.mark}`);
  await page.getByLabel("Stage").fill("Nowhere");
  await page.getByRole("button", { name: "Create record" }).click();
  await page.getByLabel("Stage").and(page.locator("[aria-invalid=true]")).waitFor();
  await page.getByLabel("Stage").fill("Proposal");
  await page.getByRole("button", { name: "Create record" }).click();
  await page.getByRole("heading", { level: 1, name: `Contract ${data.mark}` }).waitFor();
  await page.getByRole("link", { name: "Proposal" }).waitFor();
  await page.getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Records" }).waitFor();
  assert.match(page.url(), /entity=Opportunity/);
  await page.getByText("No record yet").waitFor();
});
