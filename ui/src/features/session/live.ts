// Live updates: the hub names lists that have changed, and whatever shows them is read anew. It is a hint: pages ask
// now and then too, so that nothing is missed while there is no stream.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { atMostEvery } from "../../lib/throttle";

/** By the name of a list, what the queries that show it begin with. */
const QUERIES = new Map([
  ["inbound-events", ["inbound-events"]],
  ["changes", ["changes", "records"]],
  ["deliveries", ["deliveries", "endpoints"]],
  ["function-calls", ["functions"]],
]);

/** Lists that charts are made of, and how long those rest: they ask for more than a list does. */
const COUNTED = ["inbound-events", "deliveries"];
const STATISTICS_MS = 5_000;

export const queriesOf = (lists: readonly string[]): readonly string[] => [...new Set(lists.flatMap((list) => QUERIES.get(list) ?? []))];

/** Listens for as long as the page is in sight: a browser has few connections to one host, and tabs share them. */
export function useLiveUpdates(): void {
  const client = useQueryClient();
  useEffect(() => {
    let stream: EventSource | null = null;
    const renew = (query: string): void => void client.invalidateQueries({ queryKey: [query] }, { cancelRefetch: false });
    const statistics = atMostEvery(STATISTICS_MS, () => renew("statistics"));
    const hear = ({ data }: MessageEvent<string>): void => {
      const { lists } = JSON.parse(data) as { lists: string[] };
      queriesOf(lists).forEach(renew);
      if (lists.some((list) => COUNTED.includes(list))) statistics.ask();
    };
    const look = (): void => {
      if (document.hidden) {
        stream?.close();
        stream = null;
      } else if (!stream) {
        stream = new EventSource("/api/v1/stream");
        stream.addEventListener("changed", hear);
      }
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      statistics.stop();
      stream?.close();
    };
  }, [client]);
}
