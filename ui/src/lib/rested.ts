import { useEffect, useState } from "react";

const RESTED_MS = 400;

/** The value as it was when it last rested: what is typed is asked about once, not at every key. */
export function useRested<T>(value: T): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), RESTED_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}
