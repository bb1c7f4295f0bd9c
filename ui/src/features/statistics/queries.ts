import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, ask } from "../../api/client";
import { CUTS, sinceOf, type Range } from "../../lib/ranges";

const LATER_MS = 60_000;

/** Up to now, whenever it is asked; live updates ask too. */
export function useStatistics(range: Range) {
  return useQuery({
    queryKey: ["statistics", range],
    queryFn: async ({ signal }) => {
      const query = { since: sinceOf(range, new Date()).toISOString(), step: CUTS[range].step };
      return { range, ...(await ask(api.GET("/api/v1/statistics", { params: { query }, signal }))).statistics };
    },
    placeholderData: keepPreviousData,
    refetchInterval: LATER_MS,
  });
}
