// Connections with their objects and mapping; what the app subscribed to on them.
import { call, signIn, until, URL_OF_CONSOLE } from "../browser.mjs";
import { dataOn, story } from "../story.mjs";

await story("a connection is made, its objects and mapping are written, and it is deleted", async (page) => {
  await signIn(page);
  const data = await dataOn(page);
  const id = `made-${data.mark}`;
  await page.getByRole("link", { name: "Connections" }).click();
  await page.getByRole("link", { name: "Create connection" }).click();
  await page.getByLabel("Id").fill(data.connection);
  await page.getByLabel("Context").fill(`walk-${data.mark}`);
  await page.getByLabel("Time zone").fill("Mars/Olympus");
  await page.getByRole("button", { name: "Create connection" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Id").fill(id);
  await page.getByLabel("Time zone").fill("Europe/Berlin");
  await page.getByRole("button", { name: "Create connection" }).click();
  await page.getByRole("heading", { level: 1, name: id }).waitFor();
  await page.getByRole("button", { name: "Edit objects" }).click();
  await page.getByRole("textbox", { name: "Objects" }).fill(JSON.stringify({ objects: { person: { label: "Person", fields: { name: { type: "string" } }, events: {} } } }, null, 2));
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { level: 3, name: "Person" }).waitFor();
  await page.getByText("Not mapped", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Edit mapping" }).click();
  const mapping = (column) => JSON.stringify({ objects: { person: { entity: "Contact", fields: { name: { column } } } } }, null, 2);
  await page.getByRole("textbox", { name: "Mapping" }).fill(mapping("Nmae"));
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("did you mean").waitFor();
  await page.getByRole("button", { name: "Line 7" }).click();
  await page.getByRole("textbox", { name: "Mapping" }).fill(mapping("Name"));
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Complete", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Contacts" }).click();
  await page.getByText("No record yet").waitFor();
  await page.goto(`${URL_OF_CONSOLE}/connections/${id}`);
  await page.getByRole("button", { name: "Delete…" }).click();
  await page.getByLabel(`Type ${id} to go on`).fill(id);
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Connections" }).waitFor();
  await page.getByRole("table", { name: "Connections" }).waitFor();
});

await story("what the app subscribed to is listed, and narrowed by connection", async (page) => {
  await signIn(page);
  const data = await dataOn(page);
  const { record } = await call(page, "POST", `/api/v1/connections/${data.connection}/entities/Opportunity/records`, { data: { Title: `Followed ${data.mark}` } });
  await call(page, "POST", `/api/v1/crm/${data.connection}/objects/deal/Opportunity:${record.id}/subscriptions`);
  await page.getByRole("link", { name: "Subscriptions" }).click();
  await page.getByLabel("Connection").selectOption(data.connection);
  await until("the connection in the address", () => page.url().includes(data.connection));
  await page.getByRole("row").filter({ hasText: "find_open" }).filter({ hasText: data.connection }).getByText('{"account_id":"17"}').waitFor();
  await page.reload();
  await page.getByRole("link", { name: `Opportunity:${record.id}` }).click();
  await page.getByRole("heading", { level: 1, name: `Followed ${data.mark}` }).waitFor();
});
