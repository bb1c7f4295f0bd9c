import { useId, useState } from "react";
import { Link } from "wouter";
import type { EventDifference, RecordDifference, Replay, ReplayRequest } from "../../api/client";
import { Badge, Progress } from "../../components/bits";
import { Button } from "../../components/button";
import { CopyId } from "../../components/copy";
import { DifferenceTable } from "../../components/difference";
import { Dialog } from "../../components/dialog";
import { Marked } from "../../components/marked";
import { Loading, ProblemBox } from "../../components/states";
import { queryOf } from "../../lib/filters";
import { useStrings } from "../../strings";
import { CHANGE_TONES, Warnings } from "./event-bits";
import { idempotencyKey, useDryRun, useReplay, useStartReplay } from "./queries";

/** Which events: by ids, or by the filters that a replay knows. */
export type Which = Pick<ReplayRequest, "ids" | "source" | "status" | "since" | "until">;

/** Dry run, consent, progress. One key for the whole dialog, so that a second click begins no second replay. */
export function ReplayDialog({ which, onClose, onDone }: { which: Which; onClose: () => void; onDone?: () => void }) {
  const t = useStrings();
  const [asNew, setAsNew] = useState(false);
  const [key] = useState(idempotencyKey);
  const hint = useId();
  const request: ReplayRequest = { ...which, dry_run: false, as_new: asNew };
  const dry = useDryRun(request);
  const start = useStartReplay();
  const running = useReplay(start.data?.id ?? null);
  const replay = running.data ?? start.data;
  const count = dry.data?.total ?? 0;

  if (replay) return <ReplayProgress replay={replay} error={running.error} onClose={onClose} />;

  const begin = (): void =>
    start.mutate({ request, key }, { onSuccess: () => onDone?.() });
  return (
    <Dialog
      title={t.replay.title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.app.cancel}</Button>
          {count > 0 && (
            <Button look="primary" busy={dry.isFetching || start.isPending} onClick={begin}>
              {t.replay.confirm(count)}
            </Button>
          )}
        </>
      }
    >
      <p>{t.replay.about(which.ids ? t.replay.these(which.ids.length) : t.replay.matching)}</p>
      <label className="check">
        <input type="checkbox" checked={asNew} aria-describedby={hint} onChange={(event) => setAsNew(event.target.checked)} />
        {t.replay.asNew}
      </label>
      <p id={hint} className="hint check-hint">
        {t.replay.asNewHint}
      </p>
      {start.error && <ProblemBox error={start.error} />}
      {dry.error ? (
        <ProblemBox error={dry.error} onRetry={() => void dry.refetch()} />
      ) : dry.data ? (
        <DryRun replay={dry.data} />
      ) : (
        <>
          <p className="muted">{t.replay.preparing}</p>
          <Loading lines={3} />
        </>
      )}
    </Dialog>
  );
}

function ReplayProgress({ replay, error, onClose }: { replay: Replay; error: unknown; onClose: () => void }) {
  const t = useStrings();
  const ended = replay.status === "done";
  return (
    <Dialog
      title={ended ? t.replay.finished : t.replay.running}
      onClose={onClose}
      footer={
        <Button look={ended ? "primary" : "plain"} onClick={onClose}>
          {t.app.close}
        </Button>
      }
    >
      <Progress label={t.replay.progress(replay.done + replay.failed, replay.total)} done={replay.done + replay.failed} total={replay.total} />
      <p role="status">{ended ? t.replay.result(replay.done, replay.failed) : t.replay.background}</p>
      {ended && replay.failed > 0 && (
        <p>
          <Link href={`/events${queryOf({ status: "failed" })}`} onClick={onClose}>
            {t.replay.seeFailed}
          </Link>
        </p>
      )}
      {error !== null && <ProblemBox error={error} />}
    </Dialog>
  );
}

function DryRun({ replay }: { replay: Replay }) {
  const t = useStrings();
  const events = replay.events ?? [];
  const failing = events.filter((event) => event.status === "failed").length;
  return (
    <section aria-labelledby="dry-run" className="dry-run">
      <h3 id="dry-run">{t.replay.dryRun}</h3>
      <p role="status">
        <strong>{events.length === 0 ? t.replay.nothing : t.replay.summary(events.length - failing, failing)}</strong>{" "}
        {replay.total > events.length && t.replay.first(events.length, replay.total)}
      </p>
      <p className="hint">{t.replay.dryRunHint}</p>
      <ol className="differences">
        {events.map((event) => (
          <EventDifferences key={event.event} event={event} />
        ))}
      </ol>
    </section>
  );
}

function EventDifferences({ event }: { event: EventDifference }) {
  const t = useStrings();
  const failing = event.status === "failed";
  return (
    <li>
      <div className="difference-head">
        <CopyId id={event.event} />
        <Badge tone={failing ? "bad" : "good"}>{failing ? t.replay.wouldFail : t.replay.wouldBeDone}</Badge>
      </div>
      {event.error !== null && <p className="error-text"><Marked text={event.error} /></p>}
      {!failing && event.records.length === 0 && <p className="muted">{t.replay.noRecords}</p>}
      {event.records.map((record, index) => (
        // A dry run's records have no ids while they are new; their order is fixed.
        <RecordDifferences key={index} record={record} />
      ))}
      {event.warnings.length > 0 && <Warnings warnings={event.warnings} />}
    </li>
  );
}

function RecordDifferences({ record }: { record: RecordDifference }) {
  const t = useStrings();
  const differences: Record<string, { before?: unknown; after?: unknown }> = record.differences;
  const columns = Object.entries(differences).map(([column, { before, after }]) => ({ column, before, after }));
  return (
    <div className="record-difference">
      <p>
        <Badge tone={CHANGE_TONES[record.change]}>{t.replay.changes[record.change]}</Badge> <strong>{record.entity}</strong>{" "}
        {record.id ? <CopyId id={record.id} /> : <span className="muted">{t.replay.newRecord}</span>}
      </p>
      {columns.length > 0 && <DifferenceTable differences={columns} />}
    </div>
  );
}
