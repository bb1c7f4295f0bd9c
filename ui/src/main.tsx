import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { guardLeaving } from "./components/unsaved";
import { firstLanguage, loadWords } from "./strings";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/parts.css";
import { applyTheme, storedTheme } from "./theme";

applyTheme(storedTheme());
guardLeaving();

async function start(root: HTMLElement): Promise<void> {
  // A language that cannot be loaded must not keep the page from showing.
  const words = await loadWords(firstLanguage()).catch(() => loadWords("en"));
  document.documentElement.lang = words.language;
  createRoot(root).render(
    <StrictMode>
      <App words={words} />
    </StrictMode>,
  );
}

const root = document.getElementById("root");
if (root) void start(root);
