// Which column or entity is probably meant, by names alone. A suggestion is shown first and marked; it decides nothing.

/** Words that name the same thing in different CRMs and apps. Each line is one meaning. */
const SAME: readonly (readonly string[])[] = [
  ["account", "company", "organization", "organisation", "customer", "firma", "unternehmen", "kunde"],
  ["opportunity", "deal", "verkaufschance"],
  ["contact", "person", "kontakt"],
  ["lead", "prospect", "interessent"],
  ["order", "sale", "auftrag", "bestellung"],
  ["owner", "assignee", "responsible", "inhaber"],
  ["amount", "value", "price", "total", "betrag", "wert"],
  ["stage", "step", "phase"],
  ["status", "state"],
  ["title", "name", "subject", "bezeichnung"],
  ["mail", "email", "emailaddress", "mailaddress"],
  ["phone", "telephone", "tel", "telefon"],
  ["mobile", "cell", "mobilephone", "cellphone"],
  ["zip", "postcode", "postalcode", "zippostalcode", "plz"],
  ["surname", "lastname", "familyname", "nachname"],
  ["givenname", "firstname", "forename", "vorname"],
  ["notes", "note", "description", "comment", "comments", "commentary", "notizen", "beschreibung"],
  ["created", "createdon", "createdat", "createdate"],
  ["modified", "modifiedon", "updated", "updatedat", "lastmodified"],
  ["close", "closing", "closed"],
  ["date", "on", "at"],
  ["website", "web", "homepage", "url"],
  ["country", "land"],
  ["city", "town", "ort", "stadt"],
];

const MEANING = new Map(SAME.flatMap((words, meaning) => words.map((word) => [word, `#${meaning}`] as const)));

const fold = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** `OwnerEmail`, `owner_email` and `Owner e-mail` are the same words. */
export function wordsOf(text: string): string[] {
  const spaced = text.replace(/(^|[^a-z])e-mail/gi, "$1email").replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1 $2");
  const words = fold(spaced).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  // A lookup's column ends in `Id`, which says nothing of what it is.
  return words.length > 1 && words.at(-1) === "id" ? words.slice(0, -1) : words;
}

const meaningOf = (word: string): string => MEANING.get(word) ?? (word.length > 3 && word.endsWith("s") ? MEANING.get(word.slice(0, -1)) ?? word.slice(0, -1) : word);

/** How alike two names are: 1 for the same words, 0 for nothing in common. */
export function likeness(one: string, other: string): number {
  const a = wordsOf(one);
  const b = wordsOf(other);
  if (a.length === 0 || b.length === 0) return 0;
  if (a.join("") === b.join("")) return 1;
  const wholeA = MEANING.get(a.join(""));
  if (wholeA !== undefined && wholeA === MEANING.get(b.join(""))) return 0.95;
  const left = new Set(a.map(meaningOf));
  const right = new Set(b.map(meaningOf));
  const common = [...left].filter((word) => right.has(word)).length;
  if (common === left.size && common === right.size) return 0.9;
  return (0.85 * (2 * common)) / (left.size + right.size);
}

/** Below this two names share too little to be more than chance. */
const ENOUGH = 0.55;
/** Beside a good one a poor one is noise. */
const NEAR_BEST = 0.75;

export interface Named {
  /** All the names it goes by. */
  names: readonly string[];
}

/** The best of `candidates` for something that goes by `names`, best first. */
export function suggest<T extends Named>(names: readonly string[], candidates: readonly T[], most = 3): T[] {
  const found = candidates
    .map((candidate) => ({ candidate, score: Math.max(...names.flatMap((name) => candidate.names.map((other) => likeness(name, other))), 0) }))
    .filter(({ score }) => score >= ENOUGH)
    .sort((a, b) => b.score - a.score);
  const best = found[0]?.score ?? 0;
  return found
    .filter(({ score }) => score >= best * NEAR_BEST)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}
