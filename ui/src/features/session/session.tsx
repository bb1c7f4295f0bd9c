import { QueryCache, QueryClient, MutationCache, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, use } from "react";
import { asProblem, mayPass } from "../../api/problem";
import { hasUnsaved } from "../../components/unsaved";
import { deleteSession, getSession, type Session } from "../../api/session";

export const SESSION = ["session"] as const;

/** A session that is `over` is kept while its page holds work that is not saved: one signs in on top of it. */
type Seen = (Session & { over?: true }) | null;

const ended = (was: Seen | undefined): Seen => (was && hasUnsaved() ? { ...was, over: true } : null);

export function newQueryClient(): QueryClient {
  // A session that ended anywhere is ended everywhere: the layout sees it and leads to the sign-in.
  const onError = (error: unknown): void => {
    if (asProblem(error).status === 401) client.setQueryData<Seen>(SESSION, ended);
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        retry: (count, error) => count < 1 && mayPass(asProblem(error)),
        retryDelay: 700,
      },
    },
  });
  return client;
}

export function useSessionQuery() {
  const client = useQueryClient();
  const queryFn = async (): Promise<Seen> => {
    const [was, session] = [client.getQueryData<Seen>(SESSION), await getSession()];
    // Somebody else signed in beside the page, which holds what is not theirs.
    if (was && session && was.user.name !== session.user.name) beginSession(client, session);
    return session ?? ended(was);
  };
  return useQuery({ queryKey: SESSION, queryFn, staleTime: 60_000 });
}

/** Somebody else is there, or nobody: what was shown before is forgotten, and what they may see asked for anew. */
export function beginSession(client: QueryClient, session: Session | null): void {
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION[0] });
  client.setQueryData(SESSION, session);
}

/** The same user is there again, and goes on. */
export function resumeSession(client: QueryClient, session: Session): void {
  client.setQueryData<Seen>(SESSION, session);
  void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION[0] });
}

export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await deleteSession();
    beginSession(client, null);
  };
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = use(SessionContext);
  if (!session) throw new Error("there is a session inside the layout only");
  return session;
}

export const useMayWrite = (): boolean => useSession().user.role !== "viewer";

/** Key sets and users are an admin's alone. */
export const useMayAdminister = (): boolean => useSession().user.role === "admin";
