import { localeOf } from "../../../src/lib/locale";
import type { Connection, Objects } from "../api/shapes";
import type { Part } from "../lib/completeness";
import type { LinkDraft } from "../lib/draft";
import { Icon } from "../parts/icon";
import { Heading, Notice, ProblemBox } from "../parts/problem";
import { nameOfObject } from "../parts/rail";
import { useEntities } from "../state/session";
import { screenOf, type Screen } from "../state/screens";
import type { Origin } from "../state/store";
import { say, useSay, useSayCount, useStrings, useWords } from "../strings";
import { CrmMark } from "./choose";

interface OverviewProps {
  connection: Connection;
  objects: Objects;
  draft: LinkDraft;
  parts: readonly Part[];
  origin: Origin;
  savedAt: string | null;
  finishError: unknown;
  onRetry: () => void;
  onGo: (screen: Screen) => void;
}

export function Overview({ connection, objects, draft, parts, origin, savedAt, finishError, onRetry, onGo }: OverviewProps) {
  const t = useStrings();
  const { language } = useWords();
  const sayNames = useSay();
  const count = useSayCount();
  const entities = useEntities();
  const isDone = parts.every((part) => part.done);
  const when = savedAt === null ? "" : new Intl.DateTimeFormat(localeOf(language), { dateStyle: "medium", timeStyle: "short" }).format(new Date(savedAt));
  const label = (name: string): string => entities.data?.find((entity) => entity.name === name)?.label ?? name;

  const stateOf = (slug: string): { text: string; detail: string | null; isDone: boolean } => {
    const entity = draft[slug]?.entity;
    const left = parts.filter((part) => part.object === slug && !part.done).length;
    const detail = entity == null ? null : sayNames(t.overview.is, { entity: label(entity) });
    if (entity === null) return { text: t.overview.optedOut, detail: null, isDone: true };
    if (left === 0) return { text: t.overview.complete, detail, isDone: true };
    return { text: entity === undefined ? t.overview.notStarted : count(t.overview.left, left), detail, isDone: false };
  };

  return (
    <div className="narrow">
      <Heading title={t.overview.title}>
        <p className="lead">{parts.length === 0 ? t.overview.nothing : isDone ? t.overview.allDone : sayNames(t.overview.text)}</p>
      </Heading>
      {finishError !== null && <ProblemBox error={finishError} title={t.overview.refused} onRetry={onRetry} />}
      {origin === "draft" && when !== "" && !isDone && <Notice tone="still" title={say(t.overview.resumed, { when })} />}
      {origin === "backup" && <Notice tone="still" title={t.overview.restored} />}
      <section aria-labelledby="overview-connection">
        <h2 id="overview-connection" className="rows-title">
          {t.overview.connection}
        </h2>
        <ul className="rows" role="list">
          <li>
            <button type="button" className="row" onClick={() => onGo({ at: "connection" })}>
              <CrmMark connector={connection.connector} />
              <span className="row-text">
                <span className="row-title">{connection.connector.name}</span>
                {connection.authorization?.display_label && <span className="hint">{connection.authorization.display_label}</span>}
              </span>
              <span className="badge badge-good">{t.connection.active}</span>
              <Icon name="right" />
            </button>
          </li>
        </ul>
      </section>
      {Object.keys(objects).length > 0 && (
        <section aria-labelledby="overview-objects">
          <h2 id="overview-objects" className="rows-title">
            {sayNames(t.overview.objects)}
          </h2>
          <ul className="rows" role="list">
            {Object.entries(objects).map(([slug, object]) => {
              const state = stateOf(slug);
              const next = parts.find((part) => part.object === slug && !part.done) ?? parts.find((part) => part.object === slug);
              return (
                <li key={slug}>
                  <button type="button" className="row" onClick={() => next && onGo(screenOf(next))}>
                    <span className="row-mark" data-done={state.isDone}>
                      {state.isDone && <Icon name="check" />}
                    </span>
                    <span className="row-text">
                      <span className="row-title">{nameOfObject(objects, slug)}</span>
                      <span className="hint">{state.detail ?? object.description}</span>
                    </span>
                    <span className={`badge badge-${state.isDone ? "good" : "wait"}`}>{state.text}</span>
                    <Icon name="right" />
                  </button>
                </li>
              );
            })}
          </ul>
        </section>
      )}
    </div>
  );
}
