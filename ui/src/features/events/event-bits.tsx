import type { EventStatus, InboundEvent, RecordDifference, Source, Warning } from "../../api/client";
import { Badge, type Tone } from "../../components/bits";
import { Marked } from "../../components/marked";
import { countByEntity, shortId, shorten } from "../../lib/text";
import { useStrings, type Strings } from "../../strings";

const TONES: Record<EventStatus, Tone> = { new: "wait", processing: "wait", failed: "bad", done: "good" };

/** What becomes of a record. */
export const CHANGE_TONES: Record<RecordDifference["change"], Tone> = { created: "good", updated: "wait", unchanged: "still", deleted: "bad" };

export function EventStatusBadge({ status }: { status: EventStatus }) {
  const t = useStrings();
  return <Badge tone={TONES[status]}>{t.events.statuses[status]}</Badge>;
}

export function SourceName({ id, sources }: { id: string; sources: readonly Source[] | undefined }) {
  // One that was deleted, or is not among those that were listed, still has its id.
  const source = sources?.find((source) => source.id === id);
  return source ? <>{source.name}</> : <code className="muted">{shortId(id)}</code>;
}

/** In a line: the error if it failed, else the entities of its records, and how many values were left out. */
export function Outcome({ event }: { event: InboundEvent }) {
  const t = useStrings();
  if (event.error !== null)
    return (
      <span className="error-text" title={event.error}>
        <Marked text={shorten(event.error, 140)} />
      </span>
    );
  return (
    <span className="outcome">
      {countByEntity(event.records).map(([entity, count]) => (
        <span key={entity} className="chip">
          {entity}
          {count > 1 && ` × ${count}`}
        </span>
      ))}
      {event.records.length === 0 && <span className="muted">{event.status === "done" ? t.events.nothing : "–"}</span>}
      {event.warnings.length > 0 && <span className="muted">{t.events.warnings(event.warnings.length)}</span>}
    </span>
  );
}

export function Warnings({ warnings }: { warnings: readonly Warning[] }) {
  return (
    <ul className="warnings">
      {warnings.map(({ path, detail }) => (
        <li key={path + detail}>
          <code>{path}</code>
          <span>
            <Marked text={detail} />
          </span>
        </li>
      ))}
    </ul>
  );
}

const ADVICE: readonly (readonly [RegExp, keyof Strings["event"]["advice"]])[] = [
  [/cannot be parsed|is not UTF-8/, "parse"],
  [/names no entity|must be the code of an entity/, "noEntity"],
  [/is not an entity|may not be written|is not admitted/, "wrongEntity"],
  [/required/, "required"],
  [/function/, "function"],
];

/** What to do about an error. The server says what is wrong; this says which hand mends it. */
export function adviceFor(error: string): keyof Strings["event"]["advice"] {
  return ADVICE.find(([pattern]) => pattern.test(error))?.[1] ?? "other";
}
