import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, type KeyRequest } from "../../api/client";

const KEYS = ["keys"] as const;

export function useKeys(cursor: string | undefined) {
  return useQuery({
    queryKey: [...KEYS, cursor],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/keys", { params: { query: cursor ? { cursor } : {} }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function useCreateKey() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: KeyRequest) => (await ask(api.POST("/api/v1/keys", { body }))).key,
    onSuccess: () => client.invalidateQueries({ queryKey: KEYS }),
  });
}

export function useRevokeKey(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/keys/{key}", { params: { path: { key: id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: KEYS }),
  });
}
