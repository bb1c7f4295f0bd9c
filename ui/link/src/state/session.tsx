import { QueryClient, useQueries, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { createContext, use, useSyncExternalStore } from "react";
import { isFetching, type LinkApi } from "../api/client";
import type { Column, Connection, Entity, Objects, Platform } from "../api/shapes";
import { entitiesOn, resolve, type PathColumn } from "../lib/columns";
import type { EventDraft, LinkDraft, ObjectDraft } from "../lib/draft";
import { emptyEvent, emptyObject } from "../lib/draft";
import type { Host } from "../host/host";
import type { DraftStore, StoreState } from "./store";

export interface Session {
  host: Host;
  api: LinkApi;
  platform: Platform;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = use(SessionContext);
  if (!session) throw new Error("there is a session inside its provider only");
  return session;
}

/** What is mapped: there once the connection is active and its schema is read. */
export interface Work {
  connection: Connection;
  objects: Objects;
  store: DraftStore;
}

export const WorkContext = createContext<Work | null>(null);

export function useWork(): Work {
  const work = use(WorkContext);
  if (!work) throw new Error("there is work inside its provider only");
  return work;
}

export function useStore(): StoreState {
  const { store } = useWork();
  return useSyncExternalStore(store.subscribe, store.state);
}

/** One object of the draft, and the way to change it. */
export function useObject(slug: string): { object: ObjectDraft; change: (change: (object: ObjectDraft) => ObjectDraft) => void } {
  const { store } = useWork();
  const { draft } = useStore();
  return {
    object: draft[slug] ?? emptyObject(),
    change: (change) => store.update((all) => ({ ...all, [slug]: change(all[slug] ?? emptyObject()) })),
  };
}

export function useEvent(slug: string, event: string): { draft: EventDraft; change: (change: (draft: EventDraft) => EventDraft) => void } {
  const { object, change } = useObject(slug);
  return {
    draft: object.events[event] ?? emptyEvent(),
    change: (next) => change((all) => ({ ...all, events: { ...all.events, [event]: next(all.events[event] ?? emptyEvent()) } })),
  };
}

/** A call that fails says so beside a button that tries again, so nothing is repeated behind the user's back. */
export const newQueryClient = (): QueryClient =>
  new QueryClient({ defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false, networkMode: "always" }, mutations: { retry: false, networkMode: "always" } } });

/** While the hub still reads the CRM's schema it is asked again every second. */
const POLL_MS = 1000;
const whileFetching = (query: { state: { error: unknown } }): number | false => (isFetching(query.state.error) ? POLL_MS : false);

export function useEntities() {
  const { api } = useSession();
  const { connection } = useWork();
  return useQuery(entitiesQuery(api, connection.id));
}

export const entitiesQuery = (api: LinkApi, connection: string) => ({
  queryKey: ["entities", connection],
  queryFn: ({ signal }: { signal: AbortSignal }) => api.entities(connection, signal),
  staleTime: Infinity,
  refetchInterval: whileFetching,
});

const entityQuery = (api: LinkApi, connection: string, name: string) => ({
  queryKey: ["entity", connection, name],
  queryFn: ({ signal }: { signal: AbortSignal }) => api.entity(connection, name, signal),
  staleTime: Infinity,
  refetchInterval: whileFetching,
});

export function useEntity(name: string | null | undefined): UseQueryResult<Entity, unknown> {
  const { api } = useSession();
  const { connection } = useWork();
  return useQuery({ ...entityQuery(api, connection.id, name ?? ""), enabled: Boolean(name) });
}

/** Several entities at once, by name; those that are not there yet are missing. */
export function useEntityMap(names: readonly string[]): { known: Map<string, Entity>; isLoading: boolean } {
  const { api } = useSession();
  const { connection } = useWork();
  const wanted = [...new Set(names)];
  const results = useQueries({ queries: wanted.map((name) => entityQuery(api, connection.id, name)) });
  const known = new Map<string, Entity>();
  for (const { data } of results) if (data) known.set(data.name, data);
  return { known, isLoading: results.some((result) => result.isLoading || isFetching(result.error)) };
}

/** What paths lead to, asking for the entities on their way one step after the other. */
export function usePaths(start: Entity | undefined, paths: readonly string[]): (path: string) => PathColumn | null {
  const first = useEntityMap(paths.flatMap((path) => entitiesOn(path, start, () => undefined)));
  const second = useEntityMap(paths.flatMap((path) => entitiesOn(path, start, (name) => first.known.get(name))));
  return (path) => resolve(path, start, (name) => second.known.get(name) ?? first.known.get(name));
}

/** The columns of the entities that the draft uses, for what an event has to give. */
export function useColumnsOf(draft: LinkDraft): { columnsOf: (entity: string) => readonly Column[]; isLoading: boolean } {
  const { known, isLoading } = useEntityMap(Object.values(draft).flatMap(({ entity }) => (entity ? [entity] : [])));
  return { columnsOf: (entity) => known.get(entity)?.columns ?? [], isLoading };
}
