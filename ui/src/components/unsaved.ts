// Work that is not saved yet is not lost without a word: whoever leaves the page by a link, the browser's buttons, a
// reload or a closed window is asked first. What a page does by itself, such as going on after it saved, is not held up.
import { useEffect } from "react";
import { useStrings } from "../strings";

interface Unsaved {
  question: string;
  /** The address of the page it is on. */
  at: string;
}

const all = new Map<symbol, Unsaved>();

/** Whether the page may be left: nothing is unsaved, or whoever is asked agrees. */
export function mayLeave(): boolean {
  const [unsaved] = all.values();
  return unsaved === undefined || window.confirm(unsaved.question);
}

/** Whether something would be lost. */
export const hasUnsaved = (): boolean => all.size > 0;

/** Holds the page while there is something `unsaved`. */
export function useUnsaved(unsaved: boolean): void {
  const { leave } = useStrings().app;
  useEffect(() => {
    if (!unsaved) return;
    const key = Symbol();
    all.set(key, { question: leave, at: location.href });
    return () => void all.delete(key);
  }, [unsaved, leave]);
}

/**
 * Asks, on every page from now on. Called before anything is shown: a window's listeners are called in their order, and
 * whoever shows pages listens too. Where the whole page goes, the browser asks in its own words.
 */
export function guardLeaving(): void {
  const onClick = (event: MouseEvent): void => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null;
    const isElsewhere = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    // What opens beside the page, leads to a place in it or to another host is not ours to ask about.
    if (!link || isElsewhere || link.target === "_blank" || link.origin !== location.origin || link.getAttribute("href")?.startsWith("#")) return;
    if (mayLeave()) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onPop = (event: PopStateEvent): void => {
    const [unsaved] = all.values();
    if (!unsaved || mayLeave()) return;
    // The address has changed already; the page has not, as nobody else hears of this.
    event.stopImmediatePropagation();
    history.pushState(null, "", unsaved.at);
  };
  const onUnload = (event: BeforeUnloadEvent): void => {
    if (hasUnsaved()) event.preventDefault();
  };
  document.addEventListener("click", onClick, true);
  window.addEventListener("popstate", onPop);
  window.addEventListener("beforeunload", onUnload);
}
