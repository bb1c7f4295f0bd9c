// What holds on every page: it is reached by keyboard, fits, and axe finds nothing.
import assert from "node:assert/strict";
import { pages, shown, signIn, until, NAME, PASSWORD, URL_OF_CONSOLE } from "../browser.mjs";
import { accessible, dataOn, downTo, noSideways, OF_LOOKS, story, tabTo } from "../story.mjs";

await story("everything is reached by keyboard alone", async (page) => {
  await page.goto(`${URL_OF_CONSOLE}/`);
  await page.getByLabel("Name").waitFor();
  await tabTo(page, page.getByLabel("Name"));
  await page.keyboard.type(NAME);
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  const data = await dataOn(page);
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main", "the skip link leads to the content");
  await page.goto(`${URL_OF_CONSOLE}/events?source=${data.source.id}`);
  const link = page.getByRole("row").nth(1).getByRole("link");
  await link.waitFor();
  await tabTo(page, link);
  await page.keyboard.press("Enter");
  const replay = page.getByRole("button", { name: "Replay…" });
  await replay.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main", "a new page takes the focus");
  await tabTo(page, replay);
  await page.keyboard.press("Enter");
  await page.getByText("What would change", { exact: true }).waitFor();
  assert.equal(await page.evaluate(() => document.querySelector("dialog")?.contains(document.activeElement)), true, "the dialog has the focus");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await replay.evaluate((element) => element === document.activeElement), true, "the focus comes back");
  const menu = page.getByRole("button", { name: /^Menu of/ });
  await menu.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitemradio", { name: "Dark" }).waitFor();
  const focusInMenu = () => page.evaluate(() => document.activeElement?.textContent === "As the system");
  await until("the focus in the menu", focusInMenu);
  await downTo(page, "Dark");
  await page.keyboard.press("Enter");
  await until("the dark theme", () => page.evaluate(() => document.documentElement.dataset.theme === "dark"));
  await menu.focus();
  await page.keyboard.press("Enter");
  await until("the focus in the menu", focusInMenu);
  await downTo(page, "Sign out");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

// One round by all rules; one in the other theme and the other width, by those that these can break.
const rounds = [["light", 1280], ["dark", 320, OF_LOOKS]].map(([colorScheme, width, rules]) =>
  story(`axe finds nothing, ${colorScheme} at ${width}`, async (page) => {
    await page.goto(`${URL_OF_CONSOLE}/sign-in`);
    await page.getByLabel("Name").waitFor();
    await accessible(page, "sign-in", rules);
    await signIn(page);
    const data = await dataOn(page);
    for (const [name, path] of Object.entries(pages(data))) {
      await page.goto(URL_OF_CONSOLE + path);
      await shown(page);
      await noSideways(page, name);
      await accessible(page, name, rules);
    }
    await page.goto(`${URL_OF_CONSOLE}/events?source=${data.source.id}`);
    await page.getByRole("checkbox", { name: "Select all on this page" }).check();
    await accessible(page, "selection", rules);
    await page.getByRole("button", { name: "Replay…" }).click();
    await page.getByText("What would change", { exact: true }).waitFor();
    await accessible(page, "dry run", rules);
    await page.goto(`${URL_OF_CONSOLE}/endpoints/${data.well.id}`);
    await page.getByRole("button", { name: "Recover…" }).click();
    await accessible(page, "recover", rules);
    await page.keyboard.press("Escape");
    if (width === 320) {
      await page.getByRole("button", { name: "Menu", exact: true }).click();
      await page.getByRole("link", { name: "Sources" }).waitFor();
      await accessible(page, "places", rules);
      await page.getByRole("button", { name: "Menu", exact: true }).click();
    }
    await page.getByRole("button", { name: /^Menu of/ }).click();
    await page.getByRole("menu").waitFor();
    await accessible(page, "menu", rules);
  }, { viewport: { width, height: 800 }, colorScheme, reducedMotion: "reduce" }),
);
await Promise.all(rounds);
