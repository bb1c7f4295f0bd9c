import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Alone, App } from "./app";
import { open } from "./host/open";
import { applyTheme } from "./lib/theme";
import { languageFor, loadStrings, replaced } from "./strings";
import "../../src/styles/tokens.css";
import "../../src/styles/base.css";
import "./styles/link.css";

/** Languages that are written from the right; a page in one of them is mirrored as a whole. */
const FROM_RIGHT = ["ar", "fa", "he", "ur"];

async function start(root: HTMLElement): Promise<void> {
  const opened = await open();
  const options = "host" in opened ? opened.host.options : {};
  // An app may bring the texts of a language that we do not have: its name then still counts for dates and numbers.
  const language = languageFor(options.language, navigator.languages);
  const tag = options.language !== undefined && options.strings !== undefined ? options.language : language;
  // A language that cannot be loaded must not keep the page from showing.
  const strings = await loadStrings(language).catch(() => loadStrings("en"));
  const speech = { strings: replaced(strings, options.strings), language: isTag(tag) ? tag : language };
  const page = document.documentElement;
  page.lang = speech.language;
  page.dir = FROM_RIGHT.includes(speech.language.split("-")[0] ?? "") ? "rtl" : "ltr";
  page.dataset.host = "host" in opened ? opened.host.kind : "alone";
  applyTheme(options.theme);
  document.title = speech.strings.app.title;
  createRoot(root).render(
    <StrictMode>{"host" in opened ? <App host={opened.host} speech={speech} /> : <Alone speech={speech} isLanding={"landing" in opened} />}</StrictMode>,
  );
}

function isTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

const root = document.getElementById("root");
if (root) void start(root);
