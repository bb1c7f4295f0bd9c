import { localeOf } from "./locale";

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 30.44],
  ["month", 12],
  ["year", Number.POSITIVE_INFINITY],
];

/** "3 minutes ago", "in 2 hours"; what is less than five seconds away is "now". */
export function relativeTime(at: Date, now: Date, language: string, style: "long" | "short" = "long"): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style });
  let value = (at.getTime() - now.getTime()) / 1000;
  if (Math.abs(value) < 5) return format.format(0, "second");
  for (const [unit, size] of STEPS) {
    const whole = Math.round(value);
    if (Math.abs(whole) < size) return format.format(whole, unit);
    value /= size;
  }
  return exactTime(at, language);
}

/** Date, time with seconds and zone, in the reader's zone. */
export function exactTime(at: Date, language: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(localeOf(language), {
    dateStyle: "medium",
    timeStyle: "long",
    ...(timeZone === undefined ? {} : { timeZone }),
  }).format(at);
}

/** 840 ms, 1.2 s, 3 min, 5 h, 1 day */
export function duration(milliseconds: number, language: string): string {
  const number = (value: number, unit: string, digits: number): string =>
    new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits }).format(value);
  if (milliseconds < 1000) return number(milliseconds, "millisecond", 0);
  if (milliseconds < 60_000) return number(milliseconds / 1000, "second", 1);
  if (milliseconds < 3_600_000) return number(milliseconds / 60_000, "minute", 1);
  if (milliseconds < 86_400_000) return number(milliseconds / 3_600_000, "hour", 1);
  return number(milliseconds / 86_400_000, "day", 1);
}

/** What `<input type="datetime-local">` wants, in the reader's zone; empty for what is no time. */
export function toLocalInput(iso: string | undefined): string {
  const at = iso ? new Date(iso) : null;
  if (!at || Number.isNaN(at.getTime())) return "";
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The reverse: UTC for the API, or undefined. */
export function fromLocalInput(value: string): string | undefined {
  const at = new Date(value);
  return value === "" || Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
