import { keepPreviousData, useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { api, ask, askTagged, idempotencyKey, ifMatch, type SourceDocument, type SourceTrial } from "../../api/client";
import type { SourceMapping } from "./mapping-draft";

const SOURCES = ["sources"] as const;

export function useSourceList(cursor: string | undefined, limit = 50) {
  return useQuery({
    queryKey: [...SOURCES, "list", cursor, limit],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/sources", { params: { query: { limit, ...(cursor ? { cursor } : {}) } }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** With its tag, so that two people do not overwrite each other. */
export function useSource(id: string) {
  return useQuery({
    queryKey: [...SOURCES, "one", id],
    queryFn: async ({ signal }) => {
      const { data, tag } = await askTagged(api.GET("/api/v1/sources/{source}", { params: { path: { source: id } }, signal }));
      return { source: data.source, tag };
    },
  });
}

const renew = (client: QueryClient) => client.invalidateQueries({ queryKey: SOURCES });

export function useCreateSource() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: SourceDocument) =>
      (await ask(api.POST("/api/v1/sources", { body, params: { header: { "Idempotency-Key": idempotencyKey() } } }))).source,
    onSuccess: () => renew(client),
  });
}

export function useReplaceSource(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ document, tag }: { document: SourceDocument; tag: string | null }) => {
      const { data, tag: next } = await askTagged(api.PUT("/api/v1/sources/{source}", { body: document, params: { path: { source: id }, header: ifMatch(tag) } }));
      return { source: data.source, tag: next };
    },
    onSuccess: () => renew(client),
  });
}

export function useDeleteSource(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/sources/{source}", { params: { path: { source: id } } })),
    onSuccess: () => {
      client.removeQueries({ queryKey: [...SOURCES, "one", id] });
      return renew(client);
    },
  });
}

export function useAddKey(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.POST("/api/v1/sources/{source}/keys", { params: { path: { source: id }, header: { "Idempotency-Key": idempotencyKey() } } })),
    onSuccess: () => renew(client),
  });
}

export function useEndKey(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ key, after }: { key: string; after: string }) =>
      ask(api.DELETE("/api/v1/sources/{source}/keys/{key}", { params: { path: { source: id, key }, query: after ? { after } : {} } })),
    onSuccess: () => renew(client),
  });
}

/** A post as a sender would make it. */
export interface Sample {
  body: string;
  contentType: string;
  query: string;
  headers: Record<string, string>;
}

/** What the source would make of the sample, with the settings of `version` and this mapping. Nothing is stored. */
export function useTrial(id: string, sample: Sample | null, version: string, mapping: SourceMapping | null) {
  return useQuery({
    queryKey: ["source-trials", id, version, sample, mapping],
    enabled: sample !== null,
    gcTime: 0,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<SourceTrial | null> => {
      if (!sample) return null;
      const { body, contentType, query, headers } = sample;
      const post = { body, content_type: contentType, query, headers, mapping: mapping as never };
      return ask(api.POST("/api/v1/sources/{source}/try", { params: { path: { source: id } }, body: post, signal }));
    },
  });
}

/** An event of the log, to be tried again. */
export function useTakeEvent() {
  return useMutation({
    mutationFn: async (event: string) => (await ask(api.GET("/api/v1/inbound-events/{event}", { params: { path: { event } } }))).inbound_event,
  });
}
