// Writes a picture of every page in both themes, wide and narrow, into screens/.
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { launch, newPage, ONLY, pages, seed, settled, signIn, URL_OF_CONSOLE } from "./browser.mjs";

const folder = fileURLToPath(new URL("../../screens", import.meta.url));
await mkdir(folder, { recursive: true });
const browser = await launch();
let data;

for (const theme of ["light", "dark"]) {
  for (const width of [1280, 320]) {
    const { context, page } = await newPage(browser, { viewport: { width, height: width === 320 ? 640 : 800 }, colorScheme: theme });
    const shoot = (name, fullPage = true) => page.screenshot({ path: `${folder}/${name}-${theme}-${width}.png`, fullPage });
    await page.goto(`${URL_OF_CONSOLE}/sign-in`);
    await page.getByLabel("Name").waitFor();
    await shoot("sign-in");
    await signIn(page);
    data ??= await seed(page, "");
    for (const [name, path] of Object.entries(pages(data))) {
      if (!name.includes(ONLY)) continue;
      await page.goto(URL_OF_CONSOLE + path);
      await settled(page);
      await shoot(name);
    }
    if (ONLY === "") await shootOpened(page, shoot);
    await context.close();
  }
}
await browser.close();
console.log(`The pictures are in ${folder}`);

/** What is there for a while only: samples, selections, dialogs, menus. */
async function shootOpened(page, shoot) {
  await page.goto(`${URL_OF_CONSOLE}/sources/${data.mapped.id}`);
  const sample = { first: "Ada", last: "Lovelace", mail: "ada@example.com", agreed: true };
  await page.getByLabel("Body").fill(JSON.stringify(sample, null, 2));
  await page.getByRole("definition").filter({ hasText: "Ada Lovelace" }).waitFor();
  const size = page.viewportSize();
  await page.setViewportSize({ ...size, height: 1090 });
  await page.getByRole("heading", { name: "Mapping" }).evaluate((it) => window.scrollBy(0, it.getBoundingClientRect().top - 40));
  await shoot("source-tried", false);
  await page.setViewportSize(size);
  await page.goto(`${URL_OF_CONSOLE}/functions/${data.called}`);
  await page.getByLabel("Body").fill(JSON.stringify(sample));
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByText("cleaning").last().waitFor();
  await page.evaluate(() => window.scrollTo(0, 0));
  await shoot("function-tried");
  await page.goto(`${URL_OF_CONSOLE}/events?source=${data.source.id}`);
  await page.getByRole("checkbox", { name: "Select all on this page" }).check();
  await shoot("events-selected", false);
  await page.getByRole("button", { name: "Replay…" }).click();
  await page.getByText("What would change", { exact: true }).waitFor();
  await page.waitForTimeout(300);
  await shoot("replay-dry-run", false);
  await page.goto(`${URL_OF_CONSOLE}/endpoints/${data.dead.id}`);
  await page.getByRole("button", { name: "Recover…" }).click();
  await shoot("recover", false);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Menu of/ }).click();
  await shoot("menu", false);
}
