// All words of Link: one JSON file per language, which an app may replace in part or whole.
import { createContext, use } from "react";
import type { Strings as Replacements } from "../../../../sdk/js/link/src/types";
import en from "./en.json";

export type Strings = typeof en;

export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The wanted one by its first part, else the first of the browser's languages that there is, else English. */
export function languageFor(wanted: string | undefined, browser: readonly string[]): Language {
  for (const tag of [...(wanted === undefined ? [] : [wanted]), ...browser]) {
    const found = LANGUAGES.find((language) => language === tag.toLowerCase().split("-")[0]);
    if (found) return found;
  }
  return "en";
}

export async function loadStrings(language: Language): Promise<Strings> {
  return language === "de" ? (await import("./de.json")).default : en;
}

/** Lays an app's texts over ours. Names that we do not have are ignored: an older page may not have them yet. */
export function replaced<T extends object>(strings: T, replacements: Replacements | undefined): T {
  if (!replacements) return strings;
  const entries = Object.entries(strings as Record<string, string | object>).map(([name, ours]) => {
    const theirs = Object.hasOwn(replacements, name) ? replacements[name] : undefined;
    if (typeof ours === "string") return [name, typeof theirs === "string" ? theirs : ours];
    return [name, typeof theirs === "object" ? replaced(ours, theirs) : ours];
  });
  return Object.fromEntries(entries) as T;
}

/** Puts values into the places that a text names: `{app}`. */
export const say = (text: string, values: Record<string, string | number>): string =>
  text.replace(/\{(\w+)\}/g, (place, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : place));

/** The singular or the plural of a text, with the number written as the language writes it. */
export function sayCount(texts: { one: string; other: string }, count: number, language: string): string {
  const text = new Intl.PluralRules(language).select(count) === "one" ? texts.one : texts.other;
  return say(text, { count: new Intl.NumberFormat(language).format(count) });
}

export interface Words {
  strings: Strings;
  language: string;
  /** What the texts may name everywhere: the app and, once it is known, the CRM. */
  names: { app: string; crm: string };
}

export const WordsContext = createContext<Words>({ strings: en, language: "en", names: { app: "", crm: "" } });

export const useWords = (): Words => use(WordsContext);
export const useStrings = (): Strings => use(WordsContext).strings;

/** Fills the places of a text, those of the app and the CRM by themselves. */
export function useSay(): (text: string, values?: Record<string, string | number>) => string {
  const { names } = useWords();
  return (text, values) => say(text, { ...names, ...values });
}

export function useSayCount(): (texts: { one: string; other: string }, count: number) => string {
  const { language } = useWords();
  return (texts, count) => sayCount(texts, count, language);
}
