import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, type RecoverRequest } from "../../api/client";

const ENDPOINTS = ["endpoints"] as const;
const REFRESH_MS = 15_000;

export function useEndpoints(cursor: string | undefined, limit = 50) {
  return useQuery({
    queryKey: [...ENDPOINTS, "list", cursor, limit],
    queryFn: ({ signal }) => {
      const query = { limit, ...(cursor ? { cursor } : {}) };
      return ask(api.GET("/api/v1/endpoints", { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
}

export function useEndpoint(id: string) {
  return useQuery({
    queryKey: [...ENDPOINTS, "one", id],
    queryFn: async ({ signal }) =>
      (await ask(api.GET("/api/v1/endpoints/{endpoint}", { params: { path: { endpoint: id } }, signal }))).endpoint,
    refetchInterval: REFRESH_MS,
  });
}

export type EndpointAction = "pause" | "resume" | "test";

export function useEndpointAction(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (action: EndpointAction) => {
      const init = { params: { path: { endpoint: id } } };
      if (action === "pause") await ask(api.POST("/api/v1/endpoints/{endpoint}/pause", init));
      else if (action === "resume") await ask(api.POST("/api/v1/endpoints/{endpoint}/resume", init));
      else await ask(api.POST("/api/v1/endpoints/{endpoint}/test", init));
    },
    onSettled: () =>
      Promise.all([client.invalidateQueries({ queryKey: ENDPOINTS }), client.invalidateQueries({ queryKey: ["deliveries"] })]),
  });
}

export function useStartRecovery(id: string) {
  return useMutation({
    mutationFn: async ({ request, key }: { request: RecoverRequest; key: string }) => {
      const params = { path: { endpoint: id }, header: { "Idempotency-Key": key } };
      const body = request;
      return (await ask(api.POST("/api/v1/endpoints/{endpoint}/recover", { params, body }))).recovery;
    },
  });
}

export function useRecovery(id: string | null) {
  const client = useQueryClient();
  return useQuery({
    queryKey: ["recoveries", id],
    enabled: id !== null,
    queryFn: async ({ signal }) => {
      const { recovery } = await ask(api.GET("/api/v1/recoveries/{recovery}", { params: { path: { recovery: id ?? "" } }, signal }));
      if (recovery.status === "done") void client.invalidateQueries({ queryKey: ["deliveries"] });
      return recovery;
    },
    refetchInterval: ({ state }) => (state.data?.status === "done" ? false : 600),
  });
}
