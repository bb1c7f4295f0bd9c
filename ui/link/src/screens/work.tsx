// From an active connection to the finished mapping: the schema, the draft, and the screens around it.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { LinkFailure } from "../../../../sdk/js/link/src/types";
import { asProblem } from "../../../src/api/problem";
import { Button } from "../../../src/components/button";
import { isFetching, isOver, isStale } from "../api/client";
import type { Connection, LinkDocument, Objects } from "../api/shapes";
import { allParts, type Part } from "../lib/completeness";
import { Confirm } from "../parts/confirm";
import { Icon } from "../parts/icon";
import { Loading, Notice, ProblemBox } from "../parts/problem";
import { nameOfObject, nameOfPart, Rail } from "../parts/rail";
import { Shell } from "../parts/shell";
import { entitiesQuery, useColumnsOf, useSession, useStore, useWork, WorkContext, type Work } from "../state/session";
import { sameScreen, screenOf, useScreens, type Screen } from "../state/screens";
import { DraftStore, resume, type Origin } from "../state/store";
import { say, useSay, useStrings } from "../strings";
import { ConnectionScreen } from "./connection";
import { EntityScreen } from "./entity";
import { EventScreen } from "./event";
import { FieldsScreen } from "./fields";
import { Overview } from "./overview";

interface WorkProps {
  connection: Connection;
  onReconnect: () => void;
  /** Ends Link without a connection. */
  onFail: (reason: LinkFailure) => void;
  onClose: () => void;
  /** Keeps what has to be done before Link closes. */
  beforeClose: (flush: (() => Promise<void>) | null) => void;
}

interface Loaded {
  link: LinkDocument;
  objects: Objects;
}

export function WorkScreen(props: WorkProps) {
  const { connection } = props;
  const t = useStrings();
  const sayNames = useSay();
  const { api, host } = useSession();
  const schema = useQuery(entitiesQuery(api, connection.id));
  const loaded = useQuery({
    queryKey: ["link", connection.id],
    queryFn: async (): Promise<Loaded> => {
      const link = await api.link(connection.id);
      const declared = host.options.objects;
      return { link, objects: declared ? await api.declare(connection.id, declared) : link.objects };
    },
    enabled: schema.data !== undefined,
    staleTime: Infinity,
  });
  const error = schema.data === undefined ? (isFetching(schema.error) ? null : schema.error) : loaded.error;
  const problem = error ? asProblem(error) : null;

  if (schema.data !== undefined && loaded.data) return <Draft {...props} loaded={loaded.data} />;
  const isInvalid = schema.data !== undefined && problem?.status === 400;
  const retry = (): void => void (schema.data === undefined ? schema.refetch() : loaded.refetch());
  const close = (): void => {
    if (isInvalid) props.onFail({ code: "invalid-objects", message: problem.errors.map(({ path, detail }) => `${path}: ${detail}`).join("; ") || problem.detail || "", errors: [...problem.errors] });
    else if (problem) props.onFail({ code: problem.status === 401 ? "token-invalid" : problem.status === 502 ? "unavailable" : "lost-server", message: "" });
    else props.onClose();
  };
  return (
    <Shell onClose={close}>
      <div className="narrow">
        {isInvalid ? (
          <Notice tone="bad" alert title={sayNames(t.problem.objects)}>
            <p>{sayNames(t.problem.objectsText)}</p>
            {problem.detail && problem.errors.length === 0 && <p>{problem.detail}</p>}
            <ul>
              {problem.errors.map(({ path, detail }) => (
                <li key={path + detail}>
                  <code>{path}</code> {detail}
                </li>
              ))}
            </ul>
          </Notice>
        ) : error ? (
          <ProblemBox error={error} title={sayNames(t.schema.failed)} onRetry={retry} />
        ) : (
          <div className="waiting">
            <h1>{sayNames(t.schema.title)}</h1>
            <Loading lines={5} label={t.schema.text} />
          </div>
        )}
      </div>
    </Shell>
  );
}

function Draft({ loaded, ...props }: WorkProps & { loaded: Loaded }) {
  const { api } = useSession();
  const { connection } = props;
  const [resumed] = useState(() => resume(loaded.link, loaded.objects, connection.id));
  const [store] = useState(() => new DraftStore(api, connection.id, loaded.objects, loaded.link, resumed.draft, resumed.origin === "backup"));
  const work = useMemo((): Work => ({ connection, objects: loaded.objects, store }), [connection, loaded.objects, store]);
  const { beforeClose } = props;
  useEffect(() => {
    beforeClose(() => store.flush());
    return () => beforeClose(null);
  }, [beforeClose, store]);
  return (
    <WorkContext value={work}>
      <Screens {...props} origin={resumed.origin} savedAt={loaded.link.draft?.saved_at ?? null} />
    </WorkContext>
  );
}

function Screens({ connection, origin, savedAt, onReconnect, onFail, onClose }: WorkProps & { origin: Origin; savedAt: string | null }) {
  const t = useStrings();
  const sayNames = useSay();
  const client = useQueryClient();
  const { host } = useSession();
  const { objects, store } = useWork();
  const { draft, save } = useStore();
  const { columnsOf, isLoading } = useColumnsOf(draft);
  const parts = allParts(objects, draft, columnsOf);
  const isKnown = useCallback((screen: Screen): boolean => screen.at === "overview" || screen.at === "connection" || (Object.hasOwn(objects, screen.object) && (screen.at !== "event" || objects[screen.object]?.events?.[screen.event] !== undefined)), [objects]);
  const { screen: wanted, go, back } = useScreens(isKnown);
  const [finishError, setFinishError] = useState<unknown>(null);
  const [isFinishing, setIsFinishing] = useState(false);

  // Fields and events are of an entity: without one the choice of it comes first.
  const screen: Screen = (wanted.at === "fields" || wanted.at === "event") && !draft[wanted.object]?.entity ? { at: "entity", object: wanted.object } : wanted;

  const leaveTo = (to: Screen): void => {
    void store.flush();
    setFinishError(null);
    go(to);
  };
  const finish = async (): Promise<void> => {
    if (isFinishing) return;
    setIsFinishing(true);
    setFinishError(null);
    try {
      await store.finish();
      host.done(connection.id);
    } catch (error) {
      setIsFinishing(false);
      if (!isStale(error)) setFinishError(error);
    }
  };

  const at = parts.findIndex((part) => sameScreen(screenOf(part), screen));
  const next = nextPart(parts, at);
  const isDone = parts.every((part) => part.done) && !isLoading;
  const nextLabel = next ? say(t.app.next, { step: next.object === parts[at]?.object ? nameOfPart(next, objects, t) : `${nameOfObject(objects, next.object)} · ${nameOfPart(next, objects, t)}` }) : t.app.toOverview;

  const shown = (): React.ReactNode => {
    switch (screen.at) {
      case "overview":
        return (
          <Overview connection={connection} objects={objects} draft={draft} parts={parts} origin={origin} savedAt={savedAt} finishError={finishError} onRetry={() => void finish()} onGo={leaveTo} />
        );
      case "connection":
        return (
          <ConnectionScreen
            connection={connection}
            onReconnect={onReconnect}
            onDisconnected={() => {
              store.drop();
              client.clear();
              onFail({ code: "disconnected", message: "" });
            }}
          />
        );
      case "entity":
        return <EntityScreen key={screen.object} slug={screen.object} name={nameOfObject(objects, screen.object)} declared={objects[screen.object] ?? {}} />;
      case "fields":
        return <FieldsScreen key={screen.object} slug={screen.object} name={nameOfObject(objects, screen.object)} declared={objects[screen.object] ?? {}} />;
      case "event": {
        const object = objects[screen.object] ?? {};
        const declared = object.events?.[screen.event];
        if (!declared) return null;
        const name = declared.label ?? declared.name ?? screen.event;
        return <EventScreen key={`${screen.object}/${screen.event}`} slug={screen.object} event={screen.event} name={name} object={object} declared={declared} />;
      }
    }
  };

  const primary =
    screen.at === "overview" ? (
      isDone ? (
        <Button look="primary" busy={isFinishing} onClick={() => void finish()}>
          {isFinishing ? t.overview.finishing : t.overview.finish}
        </Button>
      ) : (
        <>
          <Button disabled title={t.overview.finishHint}>
            {t.overview.finish}
          </Button>
          {next && (
            <Button look="primary" onClick={() => leaveTo(screenOf(next))}>
              {t.overview.go}
              <Icon name="right" />
            </Button>
          )}
        </>
      )
    ) : (
      <Button look="primary" onClick={() => leaveTo(next ? screenOf(next) : { at: "overview" })}>
        <span className="next-label">{nextLabel}</span>
        <Icon name="right" />
      </Button>
    );

  return (
    <Shell
      onClose={onClose}
      rail={<Rail objects={objects} parts={parts} screen={screen} onGo={leaveTo} />}
      footer={
        <>
          {screen.at !== "overview" && (
            <Button onClick={back}>
              <Icon name="left" />
              {t.app.back}
            </Button>
          )}
          <SaveLine />
          <div className="foot-actions">{primary}</div>
        </>
      }
    >
      {save === "conflict" && <Conflict />}
      <div key={JSON.stringify(screen)} className="screen">
        {shown()}
      </div>
      <p className="visually-hidden" role="status">
        {sayNames(t.app.progress, { done: parts.filter((part) => part.done).length, total: parts.length })}
      </p>
    </Shell>
  );
}

/** The next part that is not done, from where one is and then from the start. */
function nextPart(parts: readonly Part[], at: number): Part | undefined {
  return parts.slice(at + 1).find((part) => !part.done) ?? parts.slice(0, Math.max(at, 0)).find((part) => !part.done);
}

function SaveLine() {
  const t = useStrings();
  const { store } = useWork();
  const { save, error } = useStore();
  const sayNames = useSay();
  if (save === "failed") {
    return (
      <div className="save-line" data-state="failed" role="alert">
        <span>{isOver(error) ? sayNames(t.problem.overText) : t.save.failed}</span>
        {!isOver(error) && (
          <Button className="button-small" onClick={() => void store.flush()}>
            {t.save.again}
          </Button>
        )}
      </div>
    );
  }
  return (
    <p className="save-line" role="status" data-state={save}>
      {save === "saving" ? t.save.saving : save === "saved" ? t.save.saved : t.save.dirty}
    </p>
  );
}

/** Two windows saved: one of both is kept. */
function Conflict() {
  const t = useStrings();
  const { store } = useWork();
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const settle = async (which: "mine" | "theirs"): Promise<void> => {
    if (isBusy) return;
    setIsBusy(true);
    setError(null);
    try {
      await store.settle(which);
    } catch (found) {
      setError(found);
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <Confirm title={t.conflict.title} go={t.conflict.mine} busy={isBusy} onGo={() => void settle("mine")} other={{ label: t.conflict.theirs, onGo: () => void settle("theirs") }}>
      <p>{t.conflict.text}</p>
      {error !== null && <ProblemBox error={error} />}
    </Confirm>
  );
}
