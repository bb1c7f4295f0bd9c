import { createContext, use, useMemo, useState, type ReactNode } from "react";
import { loadWords, storeLanguage, WordsContext, type Language, type Words } from "./strings";
import { applyTheme, storedTheme, type Theme } from "./theme";

interface Preferences {
  theme: Theme;
  setTheme: (theme: Theme) => void;
  language: Language;
  setLanguage: (language: Language) => void;
}

const PreferencesContext = createContext<Preferences | null>(null);

export function usePreferences(): Preferences {
  const preferences = use(PreferencesContext);
  if (!preferences) throw new Error("there are preferences inside their provider only");
  return preferences;
}

export function PreferencesProvider({ first, children }: { first: Words; children: ReactNode }) {
  const [theme, setTheme] = useState(storedTheme);
  const [words, setWords] = useState(first);
  const preferences = useMemo(
    (): Preferences => ({
      theme,
      setTheme: (next) => {
        applyTheme(next);
        setTheme(next);
      },
      language: words.language,
      setLanguage: (next) => {
        void loadWords(next).then((loaded) => {
          storeLanguage(next);
          document.documentElement.lang = next;
          setWords(loaded);
        });
      },
    }),
    [theme, words],
  );
  return (
    <PreferencesContext value={preferences}>
      <WordsContext value={words}>{children}</WordsContext>
    </PreferencesContext>
  );
}
