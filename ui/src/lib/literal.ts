import { valueText } from "./text";

/** A value of JSON as it stands in a text field. */
export const literalText = (value: unknown): string => valueText(value) ?? "";

/** The value that a text field holds: the one it was filled from while nobody has typed, else the text, which the server casts. */
export const literalOf = (text: string, before: unknown): unknown => (before !== undefined && text === literalText(before) ? before : text);

/** Texts of a list, one a line or with commas between. */
export const listOf = (text: string): string[] =>
  text
    .split(/[\n,]/)
    .map((item) => item.trim())
    .filter((item) => item !== "");
