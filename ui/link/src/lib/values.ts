// Values that are typed as text, and back.
import type { ColumnType, FieldDeclaration, Json } from "../api/shapes";

export type ValueKind = "text" | "long_text" | "integer" | "decimal" | "boolean" | "date" | "datetime";

/** How a value for a column is typed in; references and options are texts. */
export function kindOfColumn(type: ColumnType): ValueKind {
  switch (type) {
    case "integer":
    case "decimal":
    case "boolean":
    case "date":
    case "datetime":
    case "long_text":
      return type;
    default:
      return "text";
  }
}

/** How a fixed value for a declared field is typed in; null where none can be. */
export function kindOfField({ type, format }: FieldDeclaration): ValueKind | null {
  switch (type) {
    case "string":
      return format === "datetime" ? "datetime" : "text";
    case "number":
      return "decimal";
    case "integer":
      return "integer";
    case "boolean":
      return "boolean";
    default:
      return null;
  }
}

const NUMBER = /^[+-]?(\d+([.,]\d+)?|[.,]\d+)$/;

/** The typed text as a value: a number where one is wanted and it is one, else the text itself, for the server to judge. */
export function valueFrom(text: string, kind: ValueKind): Json {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  switch (kind) {
    case "boolean":
      return trimmed === "true";
    case "integer":
    case "decimal": {
      if (!NUMBER.test(trimmed)) return text;
      const plain = trimmed.replace(",", ".");
      const value = Number(plain);
      // Digits beyond what a double holds travel as text.
      return plain.replace(/\D/g, "").length > 15 ? plain : value;
    }
    case "datetime": {
      const at = new Date(trimmed);
      return Number.isNaN(at.getTime()) ? text : at.toISOString();
    }
    default:
      return text;
  }
}

/** What the input shows for a value. */
export function textFrom(value: Json | undefined, kind: ValueKind): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "object") return JSON.stringify(value);
  if (kind === "datetime" && typeof value === "string") {
    const at = new Date(value);
    if (Number.isNaN(at.getTime())) return "";
    const pad = (part: number): string => String(part).padStart(2, "0");
    return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
  }
  return String(value);
}

export const isNumberText = (text: string): boolean => text.trim() === "" || NUMBER.test(text.trim());
