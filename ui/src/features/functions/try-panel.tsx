import { useState } from "react";
import type { FunctionTrial, TryRequest } from "../../api/client";
import { CodeBox } from "../../components/bits";
import { Button } from "../../components/button";
import { AreaField, SelectField, TextField, type Option } from "../../components/inputs";
import { ProblemBox } from "../../components/states";
import { duration, exactTime } from "../../lib/time";
import { useStrings, useWords } from "../../strings";
import { useEvents } from "../events/queries";
import { CallErrorText, CallInside } from "./function-bits";

const METHODS = ["POST", "GET", "PUT", "PATCH", "DELETE"] as const;
const OFFERED = 20;

interface Props {
  busy: boolean;
  error: unknown;
  trial: FunctionTrial | undefined;
  onRun: (request: TryRequest) => void;
  onGoTo: (line: number, column: number) => void;
}

/** Runs the newest version once: with a request that is typed, or with one of the webhook log. */
export function TryPanel({ busy, error, trial, onRun, onGoTo }: Props) {
  const t = useStrings();
  const { language } = useWords();
  const [method, setMethod] = useState<string>("POST");
  const [query, setQuery] = useState("");
  const [body, setBody] = useState("{}");
  const [event, setEvent] = useState("");
  const events = useEvents({}, OFFERED);
  const received = (events.data?.inbound_events ?? []).map(({ id, received_at }): Option => [id, exactTime(new Date(received_at), language)]);
  const run = (): void => onRun(event ? { event } : { request: { method, query, body } });
  return (
    <div className="trial">
      <section className="part" aria-labelledby="request">
        <h3 id="request">{t.functions.request}</h3>
        {received.length > 0 && <SelectField label={t.trial.take} value={event} options={[["", t.app.none], ...received]} onChange={setEvent} />}
        {event === "" && (
          <>
            <div className="filter-fields">
              <SelectField label={t.functions.method} value={method} options={METHODS.map((name): Option => [name, name])} onChange={setMethod} />
              <TextField label={t.event.query} spellCheck={false} placeholder="id=17" value={query} onChange={setQuery} />
            </div>
            <AreaField label={t.trial.body} rows={6} value={body} onChange={setBody} />
          </>
        )}
        <p className="hint">{t.functions.tryHint}</p>
        <div className="actions">
          <Button look="primary" busy={busy} onClick={run}>
            {t.functions.run}
          </Button>
        </div>
      </section>
      <section className="part" aria-labelledby="result">
        <h3 id="result">{t.functions.result}</h3>
        {error !== null ? <ProblemBox error={error} /> : trial ? <TrialResult trial={trial} onGoTo={onGoTo} /> : <p className="muted">{t.functions.noResult}</p>}
      </section>
    </div>
  );
}

function TrialResult({ trial, onGoTo }: { trial: FunctionTrial; onGoTo: (line: number, column: number) => void }) {
  const t = useStrings();
  const { language } = useWords();
  const { error } = trial;
  return (
    <div className="form">
      <p role="status" className="muted">
        {error ? t.functions.failed : t.functions.succeeded} · {duration(trial.duration_ms, language)}
      </p>
      {error && (
        <div className="form">
          <CallErrorText error={error} />
          {error.line !== null && (
            <div className="actions">
              <Button className="button-small" onClick={() => onGoTo(error.line ?? 1, error.column ?? 1)}>
                {t.functions.goTo(error.line)}
              </Button>
            </div>
          )}
        </div>
      )}
      {trial.result && <CodeBox long text={JSON.stringify(trial.result, null, 2)} label={t.functions.result} />}
      <CallInside logs={trial.logs} cut={trial.logs_cut} hostCalls={trial.host_calls} />
    </div>
  );
}
