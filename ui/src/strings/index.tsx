import { createContext, use } from "react";
import { read, write } from "../theme";
import { en, type Strings } from "./en";

export type { Strings } from "./en";

/** A language by its code, with its own name for itself. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const LOADERS: Record<Language, () => Promise<Strings>> = {
  en: () => Promise.resolve(en),
  de: () => import("./de").then((module) => module.de),
};

const KEY = "turnbuckle.language";
const isLanguage = (code: string | null | undefined): code is Language => code != null && Object.hasOwn(LANGUAGES, code);

export interface Words {
  language: Language;
  strings: Strings;
}

/** The stored choice, else the first of the browser's languages that there is, else English. */
export function firstLanguage(): Language {
  const stored = read(KEY);
  if (isLanguage(stored)) return stored;
  return navigator.languages.map((tag) => tag.split("-")[0]).find(isLanguage) ?? "en";
}

export async function loadWords(language: Language): Promise<Words> {
  return { language, strings: await LOADERS[language]() };
}

export function storeLanguage(language: Language): void {
  write(KEY, language);
}

export const WordsContext = createContext<Words>({ language: "en", strings: en });
export const useWords = (): Words => use(WordsContext);
export const useStrings = (): Strings => use(WordsContext).strings;
