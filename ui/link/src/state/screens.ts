// Which screen is shown. Screens lie in the browser's history, so that its back button steps back through them, in
// the frame of a dialog as well as on a page of its own.
import { useEffect, useState } from "react";
import type { Part } from "../lib/completeness";

export type Screen =
  | { at: "overview" }
  | { at: "connection" }
  | { at: "entity"; object: string }
  | { at: "fields"; object: string }
  | { at: "event"; object: string; event: string };

const isScreen = (state: unknown): state is Screen => typeof state === "object" && state !== null && typeof (state as Partial<Screen>).at === "string";

export function useScreens(isKnown: (screen: Screen) => boolean): { screen: Screen; go: (screen: Screen, how?: "replace") => void; back: () => void } {
  const [screen, setScreen] = useState<Screen>(() => {
    const state: unknown = history.state;
    return isScreen(state) && isKnown(state) ? state : { at: "overview" };
  });
  useEffect(() => {
    const follow = (event: PopStateEvent): void => {
      const state: unknown = event.state;
      setScreen(isScreen(state) && isKnown(state) ? state : { at: "overview" });
    };
    window.addEventListener("popstate", follow);
    return () => window.removeEventListener("popstate", follow);
  }, [isKnown]);
  return {
    screen,
    go: (next, how) => {
      if (JSON.stringify(next) === JSON.stringify(screen)) return;
      if (how === "replace") history.replaceState(next, "");
      else history.pushState(next, "");
      setScreen(next);
    },
    back: () => {
      // On the first of our own entries there is nothing of ours to go back to.
      if (isScreen(history.state) && history.length > 1) history.back();
      else setScreen({ at: "overview" });
    },
  };
}

export function screenOf(part: Part): Screen {
  if (part.kind === "event") return { at: "event", object: part.object, event: part.event ?? "" };
  return { at: part.kind, object: part.object };
}

export const sameScreen = (one: Screen, other: Screen): boolean => JSON.stringify(one) === JSON.stringify(other);
