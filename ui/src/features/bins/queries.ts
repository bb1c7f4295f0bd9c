import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../api/client";

const BINS = ["bins"] as const;
const LIVE_MS = 2_000;

export function useBins(cursor: string | undefined, limit = 50) {
  return useQuery({
    queryKey: [...BINS, "list", cursor, limit],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/bins", { params: { query: { limit, ...(cursor ? { cursor } : {}) } }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function useCreateBin() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (label: string) => (await ask(api.POST("/api/v1/bins", { body: { label: label || null } }))).bin,
    onSuccess: () => client.invalidateQueries({ queryKey: BINS }),
  });
}

export function useDeleteBin(name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/bins/{bin}", { params: { path: { bin: name } } })),
    onSuccess: () => {
      client.removeQueries({ queryKey: [...BINS, "requests", name] });
      return client.invalidateQueries({ queryKey: [...BINS, "list"] });
    },
  });
}

/** What a bin received. The first page follows what comes. */
export function useBinRequests(name: string, cursor: string | undefined) {
  return useQuery({
    queryKey: [...BINS, "requests", name, cursor],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/bins/{bin}/requests", { params: { path: { bin: name }, query: { limit: 25, ...(cursor ? { cursor } : {}) } }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: cursor ? false : LIVE_MS,
  });
}
