/** Marks of an axis of durations, in milliseconds: each is told in one short number. */
const DURATIONS = [1, 10, 100, 1_000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 86_400_000] as const;

/** Those that take in all values, two at least; they lie on a logarithmic axis. */
export function durationMarks(values: readonly number[]): readonly number[] {
  const least = Math.min(...values);
  const most = Math.max(...values);
  const from = DURATIONS.findLastIndex((mark) => mark <= least);
  const to = DURATIONS.findIndex((mark) => most <= mark);
  const last = to === -1 ? DURATIONS.length - 1 : to;
  const first = Math.max(from, 0);
  return first < last ? DURATIONS.slice(first, last + 1) : DURATIONS.slice(Math.min(first, DURATIONS.length - 2), first + 2);
}

/** 12, 1.2K, 3M */
export const shortCount = (count: number, language: string): string => new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 }).format(count);
