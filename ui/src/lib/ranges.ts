import { localeOf } from "./locale";

/** Times that charts show, and how they are cut into points. */
export const RANGES = ["hour", "day", "week", "month"] as const;
export type Range = (typeof RANGES)[number];
export const RANGE_DEFAULT: Range = "day";

const MINUTE_MS = 60_000;

interface Cut {
  /** As the API takes it. */
  step: string;
  stepMs: number;
  points: number;
}

export const CUTS: Record<Range, Cut> = {
  hour: { step: "1m", stepMs: MINUTE_MS, points: 60 },
  day: { step: "15m", stepMs: 15 * MINUTE_MS, points: 96 },
  week: { step: "2h", stepMs: 120 * MINUTE_MS, points: 84 },
  month: { step: "6h", stepMs: 360 * MINUTE_MS, points: 120 },
};

/** Where the first point starts, so that the last one holds `now`. Steps are those of the reader's days. */
export function sinceOf(range: Range, now: Date): Date {
  const { stepMs, points } = CUTS[range];
  const zoneMs = now.getTimezoneOffset() * MINUTE_MS;
  const last = Math.floor((now.getTime() - zoneMs) / stepMs) * stepMs + zoneMs;
  return new Date(last - (points - 1) * stepMs);
}

/** The time of a mark on the axis of a chart. */
export function markOf(range: Range, at: Date, language: string): string {
  const fields: Intl.DateTimeFormatOptions =
    range === "hour" || range === "day" ? { hour: "numeric", minute: "2-digit" } : range === "week" ? { weekday: "short", day: "numeric" } : { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat(localeOf(language), fields).format(at);
}
