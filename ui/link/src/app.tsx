// The whole of Link: who is asked, which connection, its authorisation, its mapping.
import { QueryClientProvider, useQuery, useQueryClient } from "@tanstack/react-query";
import { Component, useCallback, useEffect, useRef, useState, type ReactNode } from "react";
import type { LinkErrorCode, LinkFailure } from "../../../sdk/js/link/src/types";
import { asProblem } from "../../src/api/problem";
import { Button } from "../../src/components/button";
import { LinkApi } from "./api/client";
import type { Connection, Connector, Platform } from "./api/shapes";
import type { Host } from "./host/host";
import { Loading, Notice, ProblemBox } from "./parts/problem";
import { Shell } from "./parts/shell";
import { Authorise, isActive } from "./screens/authorise";
import { Choose } from "./screens/choose";
import { WorkScreen } from "./screens/work";
import { newQueryClient, SessionContext, useSession } from "./state/session";
import { useSay, useStrings, WordsContext, type Strings } from "./strings";

export interface Speech {
  strings: Strings;
  language: string;
}

export function App({ host, speech }: { host: Host; speech: Speech }) {
  const [client] = useState(newQueryClient);
  const [api] = useState(() => new LinkApi(host.token, host.keepToken));
  useEffect(() => api.keepFresh(), [api]);
  return (
    <WordsContext value={{ ...speech, names: { app: speech.strings.app.unnamed, crm: "" } }}>
      <Boundary fallback={<Broken />}>
        <QueryClientProvider client={client}>
          <Begin host={host} api={api} speech={speech} />
        </QueryClientProvider>
      </Boundary>
    </WordsContext>
  );
}

/** What the app is called, where anybody has said so: without a label its workspace has its slug for one. */
const nameOf = ({ name, slug }: Platform, speech: Speech): string => (name === slug ? speech.strings.app.unnamed : name);

/** Asks who the app is; that is also where a token shows to be none. */
function Begin({ host, api, speech }: { host: Host; api: LinkApi; speech: Speech }) {
  const t = useStrings();
  const say = useSay();
  const query = useQuery({ queryKey: ["platform"], queryFn: api.platform, staleTime: Infinity });
  if (query.data) {
    return (
      <SessionContext value={{ host, api, platform: query.data }}>
        <WordsContext value={{ ...speech, names: { app: nameOf(query.data, speech), crm: "" } }}>
          <Connect platform={query.data} speech={speech} />
        </WordsContext>
      </SessionContext>
    );
  }
  const problem = query.error ? asProblem(query.error) : null;
  const code: LinkErrorCode = problem?.status === 401 ? "token-invalid" : problem?.status === 403 ? "wrong-origin" : problem ? "lost-server" : "closed";
  return (
    <Shell onClose={() => host.fail({ code, message: "" })}>
      <div className="narrow">
        {problem?.status === 401 ? (
          <Notice tone="bad" alert title={t.problem.token}>
            <p>{say(t.problem.tokenText)}</p>
          </Notice>
        ) : problem?.status === 403 ? (
          <Notice tone="bad" alert title={t.problem.origin}>
            <p>{problem.detail ?? say(t.problem.originText)}</p>
          </Notice>
        ) : query.error ? (
          <ProblemBox error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <Loading />
        )}
      </div>
    </Shell>
  );
}

type Stage = { at: "choose" } | { at: "authorise"; connector: Connector } | { at: "work"; connection: Connection };

function Connect({ platform, speech }: { platform: Platform; speech: Speech }) {
  const t = useStrings();
  const say = useSay();
  const { api, host } = useSession();
  const client = useQueryClient();
  const [stage, setStage] = useState<Stage | null>(null);
  const [code, setCode] = useState<LinkErrorCode>("closed");
  const isEnding = useRef(false);
  const flush = useRef<(() => Promise<void>) | null>(null);

  const fail = useCallback(
    (reason: LinkFailure): void => {
      if (isEnding.current) return;
      isEnding.current = true;
      host.fail(reason);
    },
    [host],
  );
  const close = useCallback(async (): Promise<void> => {
    if (isEnding.current) return;
    // What was typed last is saved first, but a lost server does not keep anybody here: the tab keeps it then.
    await Promise.race([flush.current?.(), new Promise((resolve) => setTimeout(resolve, 2000))]);
    fail({ code, message: "" });
  }, [code, fail]);

  useEffect(() => host.onClose(() => void close()), [host, close]);
  useEffect(() => {
    const key = (event: KeyboardEvent): void => {
      // Fields and questions that are open take the key for themselves.
      if (event.key === "Escape" && !event.defaultPrevented && host.kind === "dialog" && !document.querySelector("dialog[open]")) void close();
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, [close, host.kind]);

  const first = useQuery({
    queryKey: ["connection", host.connectionID],
    queryFn: async () => {
      try {
        return await api.connection(host.connectionID);
      } catch (error) {
        // It is made when a CRM is chosen. One of another context looks the same and is refused then.
        if (asProblem(error).status === 404) return null;
        throw error;
      }
    },
    staleTime: Infinity,
  });

  const beforeClose = useCallback((next: (() => Promise<void>) | null): void => {
    flush.current = next;
  }, []);
  const activated = useCallback((connection: Connection): void => {
    setCode("closed");
    setStage({ at: "work", connection });
  }, []);

  const reconnect = async (connection: Connection): Promise<void> => {
    await flush.current?.();
    // The mapping is read again afterwards: this one's version is no longer the server's.
    client.removeQueries({ queryKey: ["link"] });
    setStage({ at: "authorise", connector: connection.connector });
  };

  if (host.refusesReturn(platform.website_origins)) {
    return (
      <Shell onClose={null}>
        <Notice tone="bad" alert title={t.problem.returnTo}>
          <p>{say(t.problem.returnToText)}</p>
        </Notice>
      </Shell>
    );
  }
  if (first.error) {
    const { status } = asProblem(first.error);
    return (
      <Shell onClose={() => fail({ code: status === 401 ? "token-invalid" : "lost-server", message: "" })}>
        <ProblemBox error={first.error} onRetry={() => void first.refetch()} />
      </Shell>
    );
  }
  if (first.data === undefined) {
    return (
      <Shell onClose={() => void close()}>
        <div className="narrow">
          <Loading />
        </div>
      </Shell>
    );
  }
  if (first.data && !first.data.connector.crm) {
    return (
      <Shell onClose={() => fail({ code: "connection-not-crm", message: "" })}>
        <Notice tone="bad" alert title={t.problem.notCrm}>
          <p>{say(t.problem.notCrmText)}</p>
        </Notice>
      </Shell>
    );
  }
  const found = first.data;
  const now: Stage = stage ?? (found === null ? { at: "choose" } : isActive(found) ? { at: "work", connection: found } : { at: "authorise", connector: found.connector });
  const crm = now.at === "choose" ? "" : now.at === "authorise" ? now.connector.name : now.connection.connector.name;
  return (
    <WordsContext value={{ ...speech, names: { app: nameOf(platform, speech), crm } }}>
      {now.at === "work" ? (
        <WorkScreen
          key={now.connection.id}
          connection={now.connection}
          onReconnect={() => void reconnect(now.connection)}
          onFail={fail}
          onClose={() => void close()}
          beforeClose={beforeClose}
        />
      ) : (
        <Shell onClose={() => void close()}>
          {now.at === "choose" ? (
            <Choose onChoose={(connector) => setStage({ at: "authorise", connector })} onNone={() => setCode("no-connectors")} />
          ) : (
            <Authorise
              key={now.connector.slug}
              connector={now.connector}
              connectionID={host.connectionID}
              found={stage === null ? found : null}
              onActive={activated}
              onState={setCode}
              onOther={() => setStage({ at: "choose" })}
            />
          )}
        </Shell>
      )}
    </WordsContext>
  );
}

/** A page that nobody opened, or that has done its work. */
export function Alone({ speech, isLanding }: { speech: Speech; isLanding: boolean }) {
  const { problem, landing } = speech.strings;
  return (
    <WordsContext value={{ ...speech, names: { app: speech.strings.app.unnamed, crm: "" } }}>
      <Shell onClose={null}>
        <div className="narrow">
          <Notice tone={isLanding ? "good" : "bad"} title={isLanding ? landing.title : problem.noHost}>
            <p>{isLanding ? landing.text : problem.noHostText}</p>
          </Notice>
        </div>
      </Shell>
    </WordsContext>
  );
}

class Boundary extends Component<{ fallback: ReactNode; children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    return this.state.broken ? this.props.fallback : this.props.children;
  }
}

function Broken() {
  const t = useStrings();
  return (
    <Shell onClose={null}>
      <Notice tone="bad" alert title={t.problem.broken} action={<Button onClick={() => location.reload()}>{t.problem.reload}</Button>}>
        <p>{t.problem.brokenText}</p>
      </Notice>
    </Shell>
  );
}
