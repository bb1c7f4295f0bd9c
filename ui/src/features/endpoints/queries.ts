import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, askTagged, idempotencyKey, ifMatch, type Endpoint, type EndpointDocument, type RecoverRequest } from "../../api/client";

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

/** To be edited: with its tag, so that two people do not overwrite each other. */
export function useEndpointSettings(id: string) {
  return useQuery({
    queryKey: [...ENDPOINTS, "settings", id],
    queryFn: async ({ signal }) => {
      const { data, tag } = await askTagged(api.GET("/api/v1/endpoints/{endpoint}", { params: { path: { endpoint: id } }, signal }));
      return { endpoint: data.endpoint, tag };
    },
  });
}

export function useCreateEndpoint() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: EndpointDocument) => {
      const { endpoint } = await ask(api.POST("/api/v1/endpoints", { body, params: { header: { "Idempotency-Key": idempotencyKey() } } }));
      await testIfAgile(endpoint);
      return endpoint;
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ENDPOINTS }),
  });
}

export function useUpdateEndpoint(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ document, tag }: { document: EndpointDocument; tag: string | null }) => {
      const params = { path: { endpoint: id }, header: ifMatch(tag) };
      const { endpoint } = await ask(api.PATCH("/api/v1/endpoints/{endpoint}", { params, body: document as never }));
      await testIfAgile(endpoint);
      return endpoint;
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ENDPOINTS }),
  });
}

/** Saving Agile's page sends a test; what becomes of it is in the deliveries. */
async function testIfAgile({ id, format }: Endpoint): Promise<void> {
  if (format === "agile") await ask(api.POST("/api/v1/endpoints/{endpoint}/test", { params: { path: { endpoint: id } } }));
}

export function useDeleteEndpoint(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/endpoints/{endpoint}", { params: { path: { endpoint: id } } })),
    onSuccess: () => {
      client.removeQueries({ queryKey: [...ENDPOINTS, "one", id] });
      return client.invalidateQueries({ queryKey: [...ENDPOINTS, "list"] });
    },
  });
}

export function useRotateSecret(id: string) {
  return useMutation({
    mutationFn: async (overlap: string) =>
      (await ask(api.POST("/api/v1/endpoints/{endpoint}/rotate-secret", { params: { path: { endpoint: id } }, body: { overlap } }))).endpoint,
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
