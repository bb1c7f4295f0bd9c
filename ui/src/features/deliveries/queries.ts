import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, idempotencyKey, type DeliveryStatus } from "../../api/client";
import type { Filters } from "../../lib/filters";

export const DELIVERY_STATUSES = ["pending", "held", "dead", "delivered", "superseded"] as const satisfies readonly DeliveryStatus[];
export type DeliveryFilters = Filters<"endpoint" | "status" | "since" | "until" | "cursor">;

const DELIVERIES = ["deliveries"] as const;
const SOON_MS = 2_000;
const LATER_MS = 15_000;

export function useDeliveries(filters: DeliveryFilters, limit = 25) {
  return useQuery({
    queryKey: [...DELIVERIES, "list", filters, limit],
    queryFn: ({ signal }) => {
      const { status, ...rest } = filters;
      const query = { ...rest, limit, ...(status ? { status: status as DeliveryStatus } : {}) };
      return ask(api.GET("/api/v1/deliveries", { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data?.deliveries.some(({ status }) => status === "pending") ? SOON_MS : LATER_MS),
  });
}

export function useDelivery(id: string) {
  return useQuery({
    queryKey: [...DELIVERIES, "one", id],
    queryFn: async ({ signal }) =>
      (await ask(api.GET("/api/v1/deliveries/{delivery}", { params: { path: { delivery: id } }, signal }))).delivery,
    refetchInterval: ({ state }) => (state.data?.status === "pending" ? SOON_MS : LATER_MS),
  });
}

export function useResend() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      ask(api.POST("/api/v1/deliveries/{delivery}/resend", { params: { path: { delivery: id }, header: { "Idempotency-Key": idempotencyKey() } } })),
    onSettled: () => client.invalidateQueries({ queryKey: DELIVERIES }),
  });
}
