/** Runs at once, and then at most every so often: what is asked for meanwhile is done once, at the end of the wait. */
export function atMostEvery(waitMs: number, run: () => void): { ask: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = false;
  const rest = (): void => {
    timer = setTimeout(() => {
      timer = undefined;
      if (asked) begin();
    }, waitMs);
  };
  const begin = (): void => {
    asked = false;
    run();
    rest();
  };
  return {
    ask: () => {
      if (timer === undefined) begin();
      else asked = true;
    },
    stop: () => clearTimeout(timer),
  };
}
