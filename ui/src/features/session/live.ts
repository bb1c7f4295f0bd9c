// Live updates: the hub names lists that have changed, and whatever shows them is read anew. It is a hint: pages ask
// now and then too, so that nothing is missed while there is no stream.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

/** By the name of a list, what the queries that show it begin with. */
const QUERIES = new Map([
  ["inbound-events", ["inbound-events"]],
  ["changes", ["changes", "records"]],
  ["deliveries", ["deliveries", "endpoints"]],
  ["function-calls", ["functions"]],
]);

export const queriesOf = (lists: readonly string[]): readonly string[] => [...new Set(lists.flatMap((list) => QUERIES.get(list) ?? []))];

/** Listens for as long as the page is in sight: a browser has few connections to one host, and tabs share them. */
export function useLiveUpdates(): void {
  const client = useQueryClient();
  useEffect(() => {
    let stream: EventSource | null = null;
    const hear = ({ data }: MessageEvent<string>): void => {
      const { lists } = JSON.parse(data) as { lists: string[] };
      for (const query of queriesOf(lists)) void client.invalidateQueries({ queryKey: [query] }, { cancelRefetch: false });
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
      stream?.close();
    };
  }, [client]);
}
