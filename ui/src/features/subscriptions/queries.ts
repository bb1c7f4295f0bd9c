import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, ask } from "../../api/client";
import type { Filters } from "../../lib/filters";

export const SUBSCRIPTION_FILTERS = ["connection", "object", "cursor"] as const;

export function useSubscriptions(filters: Filters<(typeof SUBSCRIPTION_FILTERS)[number]>) {
  return useQuery({
    queryKey: ["subscriptions", filters],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/subscriptions", { params: { query: filters }, signal })),
    placeholderData: keepPreviousData,
  });
}
