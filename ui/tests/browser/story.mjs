// How a story is told: on a page of its own, with what it needs at hand.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import { launch, ONLY, newPage, seed, until } from "./browser.mjs";

const browser = await launch();
let count = 0;
let failures = 0;
let data;

/** Runs one story on a page of its own; what the browser complains of fails it too, unless the story expects it. */
export async function story(name, tell, { expects, ...options } = {}) {
  if (!name.includes(ONLY)) return;
  const picture = new URL(`../../screens/failed-${++count}.png`, import.meta.url);
  const { context, page, complaints } = await newPage(browser, options);
  try {
    await tell(page, context);
    assert.deepEqual(complaints.filter((text) => !expects?.test(text)), [], "the browser complains");
    console.log(`ok    ${name}`);
  } catch (error) {
    failures++;
    await page.screenshot({ path: fileURLToPath(picture) }).catch(() => undefined);
    console.error(`FAIL  ${name}\n      at ${page.url()}\n${error.stack}\n`);
  } finally {
    await context.close();
  }
}

/** What another theme and another width can spoil on a page that is well otherwise. */
export const OF_LOOKS = ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block", "button-name", "link-name", "label", "aria-hidden-focus"];
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** axe, on what is shown now: by all of its rules, or by those that are named; on the whole page, or within a part. */
export async function accessible(page, what, { rules, within } = {}) {
  const axe = new AxeBuilder({ page });
  if (within) axe.include(within);
  const { violations } = await (rules ? axe.withRules(rules) : axe.withTags(TAGS)).analyze();
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n        ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n        ")}`);
  assert.deepEqual(told, [], what);
}

export const noSideways = async (page, what) =>
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth), false, `${what} scrolls sideways`);

/** Presses Tab until the wanted element has the focus, as somebody without a mouse does. */
export async function tabTo(page, locator, most = 60) {
  for (let presses = 0; presses < most; presses++) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${most} times Tab did not reach it: ${locator}`);
}

/** Presses the arrow key until the wanted item of the open menu has the focus, which follows a moment after the key. */
export async function downTo(page, text) {
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  for (let presses = 0; presses < 10; presses++) {
    const before = await focused();
    if (before === text) return;
    await page.keyboard.press("ArrowDown");
    await until("the focus to move", async () => (await focused()) !== before);
  }
  throw new Error(`the menu has no ${text}`);
}

/** What the stories look at; made by the first that needs it, on a page that is signed in. */
export const dataOn = (page) => (data ??= seed(page));

/** Ends the walk; says how it went. */
export async function end() {
  await browser.close();
  console.log(`${count - failures} passed, ${failures} failed`);
  process.exit(failures === 0 ? 0 : 1);
}
