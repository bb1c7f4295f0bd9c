import type { Column } from "../../api/client";
import { fromLocalInput, toLocalInput } from "../../lib/time";
import { valueText } from "../../lib/text";

/** A column's value as its field holds it. Empty is null. */
export function columnText(value: unknown, { type }: Pick<Column, "type">): string {
  if (value === null || value === undefined) return "";
  if (type === "datetime" && typeof value === "string") return toLocalInput(value);
  if (type === "multi_option" && Array.isArray(value)) return value.join("\n");
  if (type === "object" || type === "list") return JSON.stringify(value, null, 2);
  return valueText(value) ?? "";
}

/** The value that a field's text stands for. Throws a `SyntaxError` where JSON is wanted and there is none. */
export function columnValue(text: string, { type }: Pick<Column, "type">): unknown {
  if (text === "") return null;
  switch (type) {
    case "boolean":
      return text === "true";
    case "integer": {
      // More digits than a number of JavaScript keeps go as they were typed.
      const number = Number(text);
      return Number.isSafeInteger(number) ? number : text;
    }
    case "datetime":
      return fromLocalInput(text) ?? text;
    case "multi_option":
      return text.split("\n").filter((option) => option !== "");
    case "object":
    case "list":
      return JSON.parse(text) as unknown;
    default:
      return text;
  }
}

/** Columns that a search can look into for a part of a text. */
export const isSearchable = ({ type, filterable, readable }: Column): boolean => filterable && readable && ["text", "long_text", "option"].includes(type);
