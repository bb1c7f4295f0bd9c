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

const LOOKS = [
  { colorScheme: "light", width: 1280 },
  { colorScheme: "dark", width: 320, rules: OF_LOOKS },
];

/** What is shown now, wide and light by all rules, and narrow and dark by those that looks can break. */
async function inBothLooks(page, what) {
  for (const { colorScheme, width, rules } of LOOKS) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 800 });
    const name = `${what}, ${colorScheme} at ${width}`;
    await noSideways(page, name);
    await accessible(page, name, { rules });
  }
}

// Every other page, so that two browsers' work goes on at once.
const rounds = [0, 1].map((half) =>
  story(`axe finds nothing on any page, ${half + 1} of 2`, async (page) => {
    await page.goto(`${URL_OF_CONSOLE}/sign-in`);
    await page.getByLabel("Name").waitFor();
    if (half === 0) await inBothLooks(page, "sign-in");
    await signIn(page);
    const data = await dataOn(page);
    for (const [name, path] of Object.entries(pages(data)).filter((_, index) => index % 2 === half)) {
      await page.goto(URL_OF_CONSOLE + path);
      await shown(page);
      await inBothLooks(page, name);
    }
  }, { viewport: { width: 1280, height: 800 } }),
);

const opened = story("axe finds nothing on what is opened", async (page) => {
  await signIn(page);
  const data = await dataOn(page);
  await page.goto(`${URL_OF_CONSOLE}/events?source=${data.source.id}`);
  await page.getByRole("checkbox", { name: "Select all on this page" }).check();
  await inBothLooks(page, "selection");
  await page.getByRole("button", { name: "Replay…" }).click();
  await page.getByText("What would change", { exact: true }).waitFor();
  await inBothLooks(page, "dry run");
  await page.goto(`${URL_OF_CONSOLE}/endpoints/${data.well.id}`);
  await page.getByRole("button", { name: "Recover…" }).click();
  await inBothLooks(page, "recover");
  await page.keyboard.press("Escape");
  // It is narrow by now.
  await page.getByRole("button", { name: "Menu", exact: true }).click();
  await page.getByRole("link", { name: "Sources" }).waitFor();
  await accessible(page, "places", { rules: OF_LOOKS });
  await page.getByRole("button", { name: "Menu", exact: true }).click();
  await page.getByRole("button", { name: /^Menu of/ }).click();
  await page.getByRole("menu").waitFor();
  await accessible(page, "menu", { rules: OF_LOOKS });
}, { viewport: { width: 1280, height: 800 } });
await Promise.all([...rounds, opened]);
