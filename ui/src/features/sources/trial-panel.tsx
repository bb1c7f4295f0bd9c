import type { InboundEventDetail, Source, SourceTrial, Values } from "../../api/client";
import { Badge } from "../../components/bits";
import { CopyId } from "../../components/copy";
import { AreaField, SelectField, TextField, type Option } from "../../components/inputs";
import { Marked } from "../../components/marked";
import { ProblemBox } from "../../components/states";
import { prettyJson, valueText } from "../../lib/text";
import { exactTime } from "../../lib/time";
import { useStrings, useWords } from "../../strings";
import { CHANGE_TONES, Warnings } from "../events/event-bits";
import { useEvents } from "../events/queries";
import { useTakeEvent, type Sample } from "./queries";

const OFFERED = 20;
const CONTENT_TYPES = ["application/json", "application/x-www-form-urlencoded"] as const;

interface SampleProps {
  source: Source;
  sample: Sample;
  onChange: (sample: Sample) => void;
}

/** A post to try: typed, pasted, or taken from the log. */
export function SampleFields({ source, sample, onChange }: SampleProps) {
  const t = useStrings();
  const { language } = useWords();
  const events = useEvents({ source: source.id }, OFFERED);
  const take = useTakeEvent();
  const options = (events.data?.inbound_events ?? []).map((event): Option => [event.id, `${exactTime(new Date(event.received_at), language)} · ${t.events.statuses[event.status]}`]);
  const fill = (event: InboundEventDetail): void => {
    if (event.body_encoding !== "text") return;
    // The length is that of what is sent now, and the type has a field of its own.
    const headers = Object.fromEntries(Object.entries(event.headers as Record<string, string>).filter(([name]) => !name.startsWith("content-")));
    onChange({ body: prettyJson(event.body) ?? event.body, contentType: event.content_type ?? "application/json", query: event.query, headers });
  };
  const types = CONTENT_TYPES.map((type): Option => [type, type]);
  return (
    <div className="form">
      {options.length > 0 && (
        <SelectField label={t.trial.take} value={take.variables ?? ""} options={[["", t.app.choose], ...options]} onChange={(id) => id !== "" && take.mutate(id, { onSuccess: fill })} />
      )}
      {take.data && take.data.body_encoding !== "text" && <p className="hint">{t.trial.notText}</p>}
      {take.error && <ProblemBox error={take.error} />}
      <AreaField
        label={t.trial.body}
        hint={t.trial.bodyHint}
        rows={10}
        value={sample.body}
        onChange={(body) => onChange({ ...sample, body })}
      />
      <div className="filter-fields">
        <SelectField label={t.event.contentType} value={sample.contentType} options={types} onChange={(contentType) => onChange({ ...sample, contentType })} />
        <TextField label={t.event.query} placeholder="utm_campaign=autumn" spellCheck={false} value={sample.query} onChange={(query) => onChange({ ...sample, query })} />
      </div>
    </div>
  );
}

/** What the source makes of the sample. */
export function TrialOutcome({ trial, error }: { trial: SourceTrial | null | undefined; error: unknown }) {
  const t = useStrings();
  if (error) return <ProblemBox error={error} />;
  if (!trial) return <p className="muted">{t.trial.none}</p>;
  return (
    <div className="form">
      <p className="visually-hidden" role="status">
        {trial.error === null ? t.records.count(trial.records.length, true) : t.events.statuses.failed}
      </p>
      {trial.error !== null && (
        <div className="notice notice-bad">
          <div className="notice-text">
            <strong>
              <Marked text={trial.error} />
            </strong>
          </div>
        </div>
      )}
      {trial.error === null && trial.records.length === 0 && <p className="muted">{t.trial.noRecords}</p>}
      {trial.records.length > 0 && (
        <ul className="records">
          {trial.records.map((record) => (
            <li key={record.item}>
              <p className="record-head">
                <Badge tone={CHANGE_TONES[record.change]}>{t.trial.changes[record.change]}</Badge>
                <strong>{record.entity}</strong>
                {record.id && <CopyId id={record.id} />}
              </p>
              <dl className="headers">
                {Object.entries(record.data as Values).flatMap(([name, value]) => {
                  const text = valueText(value);
                  return text === null ? [] : [
                    <div key={name}>
                      <dt>{name}</dt>
                      <dd>{text}</dd>
                    </div>,
                  ];
                })}
              </dl>
            </li>
          ))}
        </ul>
      )}
      {trial.warnings.length > 0 && <Warnings warnings={trial.warnings} />}
    </div>
  );
}
