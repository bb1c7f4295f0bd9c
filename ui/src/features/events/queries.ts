import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, idempotencyKey, type EventStatus, type InboundEvent, type ReplayRequest } from "../../api/client";
import type { Filters } from "../../lib/filters";

export const FILTER_NAMES = ["status", "source", "since", "until", "entity", "record", "error", "cursor"] as const;
export const STATUSES = ["new", "processing", "failed", "done"] as const satisfies readonly EventStatus[];
export type EventFilters = Filters<(typeof FILTER_NAMES)[number]>;

const EVENTS = ["inbound-events"] as const;
const SOON_MS = 2_000;
const LATER_MS = 15_000;

const moves = (event: Pick<InboundEvent, "status">): boolean => event.status === "new" || event.status === "processing";

export function useEvents(filters: EventFilters, limit = 50) {
  return useQuery({
    queryKey: [...EVENTS, "list", filters, limit],
    queryFn: ({ signal }) => {
      const { status, ...rest } = filters;
      const query = { ...rest, limit, ...(status ? { status: status as EventStatus } : {}) };
      return ask(api.GET("/api/v1/inbound-events", { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data?.inbound_events.some(moves) ? SOON_MS : LATER_MS),
  });
}

export function useEvent(id: string) {
  return useQuery({
    queryKey: [...EVENTS, "one", id],
    queryFn: async ({ signal }) =>
      (await ask(api.GET("/api/v1/inbound-events/{event}", { params: { path: { event: id } }, signal }))).inbound_event,
    refetchInterval: ({ state }) => (state.data && moves(state.data) ? SOON_MS : false),
  });
}

/** Sources by id. A workspace has few; those beyond the first 200 are shown by their ids. */
export function useSources() {
  return useQuery({
    queryKey: ["sources"],
    queryFn: async ({ signal }) =>
      (await ask(api.GET("/api/v1/sources", { params: { query: { limit: 200 } }, signal }))).sources,
    refetchInterval: LATER_MS,
  });
}

export function useRecord(connection: string | undefined, entity: string, id: string) {
  return useQuery({
    queryKey: ["records", connection, entity, id],
    enabled: connection !== undefined,
    queryFn: async ({ signal }) => {
      const path = { connection: connection ?? "", entity, record: id };
      return (await ask(api.GET("/api/v1/connections/{connection}/entities/{entity}/records/{record}", { params: { path }, signal }))).record;
    },
  });
}

export function useDryRun(request: ReplayRequest) {
  return useQuery({
    queryKey: ["dry-run", request],
    queryFn: async ({ signal }) =>
      (await ask(api.POST("/api/v1/inbound-events/replay", { body: { ...request, dry_run: true }, signal }))).replay,
    // What it shows must not be older than the dialog.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

export function useStartReplay() {
  return useMutation({
    mutationFn: async ({ request, key }: { request: ReplayRequest; key: string }) =>
      (await ask(api.POST("/api/v1/inbound-events/replay", { body: request, params: { header: { "Idempotency-Key": key } } }))).replay,
  });
}

export function useReplay(id: string | null) {
  const client = useQueryClient();
  return useQuery({
    queryKey: ["replays", id],
    enabled: id !== null,
    queryFn: async ({ signal }) => {
      const { replay } = await ask(api.GET("/api/v1/replays/{replay}", { params: { path: { replay: id ?? "" } }, signal }));
      if (replay.status === "done") void client.invalidateQueries({ queryKey: EVENTS });
      return replay;
    },
    refetchInterval: ({ state }) => (state.data?.status === "done" ? false : 600),
  });
}

export { idempotencyKey };
