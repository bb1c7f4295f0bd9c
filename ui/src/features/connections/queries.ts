import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, ask } from "../../api/client";

const CONNECTIONS = ["connections"] as const;
const SCHEMA_MS = 60_000;

/** For choosing one; a workspace with more than 200 types the id. */
export function useAllConnections() {
  return useQuery({
    queryKey: [...CONNECTIONS, "all"],
    queryFn: async ({ signal }) => (await ask(api.GET("/api/v1/connections", { params: { query: { limit: 200 } }, signal }))).connections,
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
