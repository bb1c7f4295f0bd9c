import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, askTagged, ifMatch, type ConnectionDocument } from "../../api/client";
import type { Filters } from "../../lib/filters";

const CONNECTIONS = ["connections"] as const;
const SCHEMA_MS = 60_000;

export function useConnectionList(filters: Filters<"context" | "cursor">) {
  return useQuery({
    queryKey: [...CONNECTIONS, "list", filters],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/connections", { params: { query: filters }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** As many as a page may have, for choosing one. */
export function useAllConnections() {
  return useQuery({
    queryKey: [...CONNECTIONS, "all"],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/connections", { params: { query: { limit: 200 } }, signal })),
  });
}

export function useConnectors() {
  return useQuery({
    queryKey: [...CONNECTIONS, "connectors"],
    queryFn: async ({ signal }) => (await ask(api.GET("/api/v1/connectors", { params: { query: { limit: 200 } }, signal }))).connectors,
  });
}

export function useConnection(id: string) {
  return useQuery({
    queryKey: [...CONNECTIONS, "one", id],
    queryFn: async ({ signal }) => (await ask(api.GET("/api/v1/connections/{connection}", { params: { path: { connection: id } }, signal }))).connection,
  });
}

/** A new connection: one that has the id already is refused, not changed. */
export function useCreateConnection() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, document }: { id: string; document: ConnectionDocument }) => {
      const params = { path: { connection: id }, header: { "If-None-Match": "*" } };
      return (await ask(api.PUT("/api/v1/connections/{connection}", { params, body: document }))).connection;
    },
    onSuccess: () => client.invalidateQueries({ queryKey: CONNECTIONS }),
  });
}

export function useUpdateConnection(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (part: Partial<ConnectionDocument>) => ask(api.PATCH("/api/v1/connections/{connection}", { params: { path: { connection: id } }, body: part as never })),
    onSuccess: () => client.invalidateQueries({ queryKey: CONNECTIONS }),
  });
}

export function useDeleteConnection(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/connections/{connection}", { params: { path: { connection: id } } })),
    // What belonged to it went with it: sources, endpoints, records.
    onSuccess: () => {
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] === CONNECTIONS[0] && queryKey[1] !== "list" });
      return client.invalidateQueries();
    },
  });
}

export function useObjects(connection: string) {
  return useQuery({
    queryKey: [...CONNECTIONS, "objects", connection],
    queryFn: async ({ signal }) => {
      const { data, tag } = await askTagged(api.GET("/api/v1/connections/{connection}/objects", { params: { path: { connection } }, signal }));
      return { document: data, tag };
    },
  });
}

export function useMapping(connection: string) {
  return useQuery({
    queryKey: [...CONNECTIONS, "mapping", connection],
    queryFn: async ({ signal }) => {
      const { data, tag } = await askTagged(api.GET("/api/v1/connections/{connection}/mapping", { params: { path: { connection } }, signal }));
      return { document: data, tag };
    },
  });
}

/** A document, and the tag of what it replaces. */
interface Write {
  document: unknown;
  tag: string | null;
}

export function useSaveObjects(connection: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ document, tag }: Write) => ask(api.PUT("/api/v1/connections/{connection}/objects", { params: { path: { connection }, header: ifMatch(tag) }, body: document as never })),
    onSuccess: () => client.invalidateQueries({ queryKey: CONNECTIONS }),
  });
}

export function useSaveMapping(connection: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ document, tag }: Write) => ask(api.PUT("/api/v1/connections/{connection}/mapping", { params: { path: { connection }, header: ifMatch(tag) }, body: document as never })),
    onSuccess: () => client.invalidateQueries({ queryKey: CONNECTIONS }),
  });
}

/** Entities of a connection, for choosing. They change seldom. */
export function useEntities(connection: string) {
  return useQuery({
    queryKey: [...CONNECTIONS, "entities", connection],
    enabled: connection !== "",
    staleTime: SCHEMA_MS,
    queryFn: async ({ signal }) =>
      (await ask(api.GET("/api/v1/connections/{connection}/entities", { params: { path: { connection }, query: { limit: 200 } }, signal }))).entities,
  });
}

/** An entity with its columns. */
export function useEntity(connection: string, entity: string) {
  return useQuery({
    queryKey: [...CONNECTIONS, "entity", connection, entity],
    enabled: connection !== "" && entity !== "",
    staleTime: SCHEMA_MS,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      (await ask(api.GET("/api/v1/connections/{connection}/entities/{entity}", { params: { path: { connection, entity } }, signal }))).entity,
  });
}
