/** The language as it is written where the reader is: dates of `en` are other ones in Britain and in America. */
export function localeOf(language: string): string {
  const wanted = typeof navigator === "undefined" ? [] : navigator.languages;
  return wanted.find((tag) => tag.split("-")[0] === language) ?? language;
}
