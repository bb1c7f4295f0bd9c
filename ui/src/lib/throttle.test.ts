import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { atMostEvery } from "./throttle";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("atMostEvery", () => {
  it("runs at once, and once more for all that is asked meanwhile", () => {
    const run = vi.fn();
    const { ask } = atMostEvery(5_000, run);
    ask();
    expect(run).toHaveBeenCalledTimes(1);
    ask();
    ask();
    vi.advanceTimersByTime(4_999);
    expect(run).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1);
    expect(run).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(5_000);
    expect(run).toHaveBeenCalledTimes(2);
    ask();
    expect(run).toHaveBeenCalledTimes(3);
  });

  it("does nothing any more once it is stopped", () => {
    const run = vi.fn();
    const { ask, stop } = atMostEvery(5_000, run);
    ask();
    ask();
    stop();
    vi.advanceTimersByTime(10_000);
    expect(run).toHaveBeenCalledTimes(1);
  });
});
