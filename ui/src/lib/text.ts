/** Pretty JSON, or null where the text is none. Numbers keep their digits: the text itself is laid out. */
export function prettyJson(text: string): string | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const first = text.trimStart()[0];
  if (first !== "{" && first !== "[") return null;
  return layOut(text);
}

// `JSON.stringify(JSON.parse(text))` would round 12345678901234567890 and drop members that are named twice;
// a log must show what came.
function layOut(text: string): string {
  let out = "";
  let depth = 0;
  let quoted = false;
  const line = (): string => `\n${"  ".repeat(depth)}`;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (quoted) {
      out += char;
      if (char === "\\") out += text.charAt(++i);
      else if (char === '"') quoted = false;
    } else if (char === '"') {
      quoted = true;
      out += char;
    } else if (/\s/.test(char)) {
      continue;
    } else if (char === "{" || char === "[") {
      const rest = /^\s*[}\]]/.exec(text.slice(i + 1, i + 200));
      if (rest) {
        out += char + (char === "{" ? "}" : "]");
        i += rest[0].length;
      } else {
        depth++;
        out += char + line();
      }
    } else if (char === "}" || char === "]") {
      depth--;
      out += line() + char;
    } else if (char === ",") {
      out += char + line();
    } else {
      out += char === ":" ? ": " : char;
    }
  }
  return out;
}

/** A value of a record for people: text as it is, everything else as JSON, nothing as null. */
export function valueText(value: unknown): string | null {
  if (value === null || value === undefined || value === "") return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The last part of an id: `in_01a20a47…b8` → `in_…04b4e4540b8` is too long still for a table, 8 digits tell apart. */
export function shortId(id: string): string {
  const [prefix, rest] = id.includes("_") ? [id.slice(0, id.indexOf("_") + 1), id.slice(id.indexOf("_") + 1)] : ["", id];
  return rest.length <= 12 ? id : `${prefix}…${rest.slice(-8)}`;
}

export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`;
}

/** Entities of an event with how many records of each: `Lead`, `Order × 3`. */
export function countByEntity(records: readonly { entity: string }[]): [entity: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { entity } of records) counts.set(entity, (counts.get(entity) ?? 0) + 1);
  return [...counts];
}

const BYTE_UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** 512 byte, 2.5 MB, 20 GB */
export function byteSize(bytes: number, language: string): string {
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), BYTE_UNITS.length - 1);
  const format = new Intl.NumberFormat(language, { style: "unit", unit: BYTE_UNITS[step] ?? "byte", unitDisplay: "short", maximumFractionDigits: 1 });
  return format.format(bytes / 1000 ** step);
}
