import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, idempotencyKey, ifMatch, type CrmRecord, type SearchRequest, type Values } from "../../api/client";
import type { Filters } from "../../lib/filters";

const RECORDS = ["records"] as const;
const CHANGES = ["changes"] as const;

export const RECORD_FILTERS = ["connection", "entity", "column", "text", "filter", "sort", "cursor"] as const;
export type RecordFilters = Filters<(typeof RECORD_FILTERS)[number]>;

export interface RecordSearch {
  connection: string;
  entity: string;
  request: SearchRequest;
}

/** What the filters of the address ask for. Throws a `SyntaxError` where the filter is no JSON. */
export function searchOf({ connection = "", entity = "", column, text, filter, sort, cursor }: RecordFilters): RecordSearch {
  const conditions: Values[] = [];
  if (column && text) conditions.push({ column, op: "contains", value: text });
  if (filter) conditions.push(JSON.parse(filter) as Values);
  return {
    connection,
    entity,
    request: {
      limit: 50,
      count: true,
      ...(conditions.length > 0 ? { filter: { all: conditions } as never } : {}),
      ...(sort ? { sort: [{ column: sort.replace(/^-/, ""), descending: sort.startsWith("-") }] } : {}),
      ...(cursor ? { cursor } : {}),
    },
  };
}

export function useRecords(search: RecordSearch | null) {
  return useQuery({
    queryKey: [...RECORDS, "search", search],
    enabled: search !== null && search.connection !== "" && search.entity !== "",
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const { connection = "", entity = "", request = {} } = search ?? {};
      return ask(api.POST("/api/v1/connections/{connection}/entities/{entity}/records/search", { params: { path: { connection, entity } }, body: request, signal }));
    },
  });
}

/** Names of the records that lookups point to, by id. What cannot be read keeps its id. */
export function useLookupNames(connection: string, wanted: readonly (readonly [entity: string, id: string])[]) {
  const pairs = [...new Set(wanted.map(([entity, id]) => `${entity}:${id}`))].sort();
  return useQuery({
    queryKey: [...RECORDS, "names", connection, pairs],
    enabled: pairs.length > 0,
    staleTime: 30_000,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const entities = [...new Set(wanted.map(([entity]) => entity))];
      const names = new Map<string, string>();
      await Promise.all(
        entities.map(async (entity) => {
          const path = { connection, entity };
          const ids = [...new Set(wanted.flatMap(([of, id]) => (of === entity ? [id] : [])))];
          const described = await ask(api.GET("/api/v1/connections/{connection}/entities/{entity}", { params: { path }, signal }));
          const { records } = await ask(api.POST("/api/v1/connections/{connection}/entities/{entity}/records/batch", { params: { path }, body: { ids }, signal }));
          for (const record of records) {
            const name = (record?.data as Values | null | undefined)?.[described.entity.display];
            if (record && typeof name === "string") names.set(record.id, name);
          }
        }),
      );
      return names;
    },
  });
}

/** Records of an entity whose name has the text in it, to choose from. */
export function useCandidates(connection: string, entity: string, text: string) {
  return useQuery({
    queryKey: [...RECORDS, "candidates", connection, entity, text],
    staleTime: 30_000,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const path = { connection, entity };
      const { display } = (await ask(api.GET("/api/v1/connections/{connection}/entities/{entity}", { params: { path }, signal }))).entity;
      const body: SearchRequest = { limit: 20, ...(text ? { filter: { column: display, op: "contains", value: text } as never } : {}) };
      const { records } = await ask(api.POST("/api/v1/connections/{connection}/entities/{entity}/records/search", { params: { path }, body, signal }));
      return records.flatMap(({ id, data }) => {
        const name = (data as Values | null | undefined)?.[display];
        return typeof name === "string" ? [{ id, name }] : [];
      });
    },
  });
}

export function useCreateRecord(connection: string, entity: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (data: Values): Promise<CrmRecord> => {
      const params = { path: { connection, entity }, header: { "Idempotency-Key": idempotencyKey() } };
      return (await ask(api.POST("/api/v1/connections/{connection}/entities/{entity}/records", { params, body: { data: data as never } }))).record;
    },
    onSuccess: () => client.invalidateQueries({ queryKey: RECORDS }),
  });
}

export function useUpdateRecord({ id, entity }: CrmRecord, connection: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ data, version }: { data: Values; version: number }) => {
      const params = { path: { connection, entity, record: id }, header: ifMatch(`"${version}"`) };
      return ask(api.PATCH("/api/v1/connections/{connection}/entities/{entity}/records/{record}", { params, body: { data: data as never } }));
    },
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: RECORDS }), client.invalidateQueries({ queryKey: CHANGES })]),
  });
}

export function useDeleteRecord(connection: string, entity: string, id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/connections/{connection}/entities/{entity}/records/{record}", { params: { path: { connection, entity, record: id } } })),
    onSuccess: () => {
      client.removeQueries({ queryKey: [...RECORDS, connection, entity, id] });
      return client.invalidateQueries({ queryKey: [...RECORDS, "search"] });
    },
  });
}

/** The change feed of an entity, from its oldest change on; it cannot be asked for one record. */
export function useChanges(connection: string, entity: string) {
  return useInfiniteQuery({
    queryKey: [...CHANGES, connection, entity],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => {
      const query = { connection, entity, limit: 200, ...(pageParam ? { cursor: pageParam } : {}) };
      return ask(api.GET("/api/v1/changes", { params: { query }, signal }));
    },
    getNextPageParam: ({ page }) => (page.has_more ? page.next : undefined),
  });
}
