// The overview: what happened over time, while it happens.
import assert from "node:assert/strict";
import { call, post, signIn, until, URL_OF_CONSOLE } from "../browser.mjs";
import { accessible, dataOn, story } from "../story.mjs";

await story("charts show what happened, and what happens then", async (page) => {
  await signIn(page);
  const data = await dataOn(page);
  await page.goto(`${URL_OF_CONSOLE}/`);
  const events = page.getByRole("figure", { name: "Inbound events" });
  const words = async () => (await events.getByRole("img").getAttribute("aria-label")) ?? "";
  const counted = async (name) => Number(new RegExp(`${name} (\\d+)`).exec(await words())?.[1]);
  await events.getByRole("img").waitFor();
  const [received, failed] = [await counted("Received"), await counted("Failed")];
  assert.ok(received > 0 && failed > 0, await words());
  const { source } = await call(page, "POST", "/api/v1/sources", { name: `Charted ${data.mark}`, connection: data.connection });
  for (const EntityName of ["Lead", "Leed"]) await post(source.url, { EntityName, Contact: `Charted ${data.mark}` });
  await until("the posts in the chart", async () => (await counted("Received")) >= received + 2 && (await counted("Failed")) > failed);

  await page.getByRole("radio", { name: "Hour" }).check();
  await page.waitForURL(/\?range=hour$/);
  await page.reload();
  await events.getByRole("img", { name: /, Last hour: / }).waitFor();
  assert.equal(await page.getByRole("radio", { name: "Hour" }).isChecked(), true, "the address keeps the choice");
  // What is pointed at is told in the place of the whole.
  const about = events.locator("figcaption .muted");
  const { width, height } = await events.getByRole("img").boundingBox();
  await events.getByRole("img").hover({ position: { x: width - 12, y: height / 2 } });
  await until("the time that is pointed at", async () => (await about.innerText()) !== "Last hour");
  await page.mouse.move(0, 0);
  await until("the whole again", async () => (await about.innerText()) === "Last hour");

  await events.getByText("Numbers").click();
  const rows = events.getByRole("table", { name: "Inbound events" }).getByRole("row");
  assert.ok((await rows.count()) > 1, "there is a line of a minute in which something happened");
  await accessible(page, "charts with their numbers");
  for (const chart of ["Deliveries", "From receipt to processed", "From change to delivered"]) await page.getByRole("figure", { name: chart }).getByRole("img").waitFor();
});

await story("charts that cannot be asked for say so", async (page) => {
  await signIn(page);
  await dataOn(page);
  await page.route("**/api/v1/statistics*", (route) => route.fulfill({ status: 502, body: "" }));
  await page.goto(`${URL_OF_CONSOLE}/`);
  const activity = page.getByRole("region", { name: "Activity" });
  await activity.getByRole("alert").waitFor();
  await page.unroute("**/api/v1/statistics*");
  await activity.getByRole("button", { name: "Try again" }).click();
  await activity.getByRole("figure").first().waitFor();
});
