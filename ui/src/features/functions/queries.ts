import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, askTagged, idempotencyKey, ifMatch, type FunctionDocument, type TryRequest } from "../../api/client";

const FUNCTIONS = ["functions"] as const;
const CALLS_MS = 5_000;

/** For choosing one; those beyond the first 200 are typed. */
export function useAllFunctions() {
  return useQuery({
    queryKey: [...FUNCTIONS, "all"],
    queryFn: async ({ signal }) => (await ask(api.GET("/api/v1/functions", { params: { query: { limit: 200 } }, signal }))).functions,
  });
}

export function useFunctionList(cursor: string | undefined) {
  return useQuery({
    queryKey: [...FUNCTIONS, "list", cursor],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/functions", { params: { query: cursor ? { cursor } : {} }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function useFunction(name: string) {
  return useQuery({
    queryKey: [...FUNCTIONS, "one", name],
    queryFn: async ({ signal }) => (await ask(api.GET("/api/v1/functions/{function}", { params: { path: { function: name } }, signal }))).function,
  });
}

/** To be edited: its newest script, and the tag that guards both. */
export function useDraft(name: string) {
  return useQuery({
    queryKey: [...FUNCTIONS, "draft", name],
    queryFn: async ({ signal }) => {
      const { data, tag } = await askTagged(api.GET("/api/v1/functions/{function}", { params: { path: { function: name } }, signal }));
      const path = { function: name, version: data.function.draft_version };
      const { version } = await ask(api.GET("/api/v1/functions/{function}/versions/{version}", { params: { path }, signal }));
      return { function: data.function, version, tag };
    },
  });
}

export function useVersions(name: string, cursor: string | undefined) {
  return useQuery({
    queryKey: [...FUNCTIONS, "versions", name, cursor],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/functions/{function}/versions", { params: { path: { function: name }, query: cursor ? { cursor } : {} }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** What version `to` has that `from` has not. */
export function useDifference(name: string, from: number, to: number) {
  return useQuery({
    queryKey: [...FUNCTIONS, "difference", name, from, to],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => (await ask(api.GET("/api/v1/functions/{function}/versions/{version}/diff/{to}", { params: { path: { function: name, version: from, to } }, signal }))).diff,
  });
}

export function useSaveFunction(name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ document, tag }: { document: FunctionDocument; tag: string | null }) => {
      const params = { path: { function: name }, header: ifMatch(tag) };
      const { data, tag: next } = await askTagged(api.PUT("/api/v1/functions/{function}", { params, body: document }));
      return { function: data.function, tag: next };
    },
    onSuccess: () => client.invalidateQueries({ queryKey: FUNCTIONS }),
  });
}

/** A new function: one that has the name already is refused, not overwritten. */
export function useCreateFunction() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ name, document }: { name: string; document: FunctionDocument }) => {
      const params = { path: { function: name }, header: { "If-None-Match": "*" } };
      return (await ask(api.PUT("/api/v1/functions/{function}", { params, body: document }))).function;
    },
    onSuccess: () => client.invalidateQueries({ queryKey: FUNCTIONS }),
  });
}

export function usePublish(name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (version: number) => ask(api.POST("/api/v1/functions/{function}/publish", { params: { path: { function: name } }, body: { version } })),
    onSuccess: () => client.invalidateQueries({ queryKey: FUNCTIONS }),
  });
}

/** Another key beside those that there are; the URLs show it from then on. */
export function useAddFunctionKey(name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.POST("/api/v1/functions/{function}/keys", { params: { path: { function: name }, header: { "Idempotency-Key": idempotencyKey() } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: FUNCTIONS }),
  });
}

export function useEndFunctionKeys(name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/functions/{function}/keys", { params: { path: { function: name } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: FUNCTIONS }),
  });
}

export function useTryFunction(name: string) {
  return useMutation({
    mutationFn: (body: TryRequest) => ask(api.POST("/api/v1/functions/{function}/try", { params: { path: { function: name } }, body })),
  });
}

export function useDeleteFunction(name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/functions/{function}", { params: { path: { function: name } } })),
    onSuccess: () => {
      client.removeQueries({ queryKey: [...FUNCTIONS, "draft", name] });
      client.removeQueries({ queryKey: [...FUNCTIONS, "one", name] });
      return client.invalidateQueries({ queryKey: [...FUNCTIONS, "list"] });
    },
  });
}

export function useCalls(name: string, failed: boolean, cursor: string | undefined) {
  return useQuery({
    queryKey: [...FUNCTIONS, "calls", name, failed, cursor],
    queryFn: ({ signal }) => {
      const query = { ...(failed ? { failed } : {}), ...(cursor ? { cursor } : {}) };
      return ask(api.GET("/api/v1/functions/{function}/calls", { params: { path: { function: name }, query }, signal }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: CALLS_MS,
  });
}

export function useCall(name: string, call: string) {
  return useQuery({
    queryKey: [...FUNCTIONS, "call", name, call],
    queryFn: async ({ signal }) => (await ask(api.GET("/api/v1/functions/{function}/calls/{call}", { params: { path: { function: name, call } }, signal }))).call,
  });
}
