/** Where in a text of JSON the value at a JSON pointer begins; where the pointer leads nowhere, the last value on its way. */
export function offsetAt(text: string, pointer: string): number {
  const steps = pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  let at = skipSpace(text, 0);
  for (const step of steps) {
    const next = childAt(text, at, step);
    if (next === null) break;
    at = next;
  }
  return at;
}

/** Line of an offset, counted from 1. */
export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;

function skipSpace(text: string, at: number): number {
  while (/\s/.test(text.charAt(at))) at++;
  return at;
}

/** The text is JSON: only what ends a string is looked for. */
function endOfString(text: string, at: number): number {
  for (at++; at < text.length && text.charAt(at) !== '"'; at++) if (text.charAt(at) === "\\") at++;
  return at + 1;
}

function endOfValue(text: string, at: number): number {
  const first = text.charAt(at);
  if (first === '"') return endOfString(text, at);
  if (first !== "{" && first !== "[") {
    while (at < text.length && !/[,\]}\s]/.test(text.charAt(at))) at++;
    return at;
  }
  for (let depth = 0; at < text.length; ) {
    const char = text.charAt(at);
    if (char === '"') at = endOfString(text, at);
    else {
      if (char === "{" || char === "[") depth++;
      if (char === "}" || char === "]") depth--;
      at++;
      if (depth === 0) break;
    }
  }
  return at;
}

function childAt(text: string, at: number, step: string): number | null {
  const first = text.charAt(at);
  if (first !== "{" && first !== "[") return null;
  let index = 0;
  for (at = skipSpace(text, at + 1); at < text.length && !/[\]}]/.test(text.charAt(at)); index++) {
    let name = String(index);
    if (first === "{") {
      const end = endOfString(text, at);
      name = JSON.parse(text.slice(at, end)) as string;
      // Behind the colon.
      at = skipSpace(text, skipSpace(text, end) + 1);
    }
    if (name === step) return at;
    at = skipSpace(text, endOfValue(text, at));
    if (text.charAt(at) === ",") at = skipSpace(text, at + 1);
  }
  return null;
}
