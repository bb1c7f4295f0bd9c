import { useState, type SubmitEvent } from "react";
import { idempotencyKey, type RecoverRequest } from "../../api/client";
import { Progress } from "../../components/bits";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Field } from "../../components/field";
import { ProblemBox } from "../../components/states";
import { fromLocalInput, toLocalInput } from "../../lib/time";
import { useStrings } from "../../strings";
import { useRecovery, useStartRecovery } from "./queries";

const HOUR_MS = 3_600_000;
const agoLocal = (hours: number): string => toLocalInput(new Date(Date.now() - hours * HOUR_MS).toISOString());

export function RecoverDialog({ endpoint, onClose }: { endpoint: string; onClose: () => void }) {
  const t = useStrings();
  const [since, setSince] = useState(() => agoLocal(24));
  const [until, setUntil] = useState("");
  const [only, setOnly] = useState<"dead" | "all">("dead");
  const [missing, setMissing] = useState(false);
  const start = useStartRecovery(endpoint);
  const running = useRecovery(start.data?.id ?? null);
  const recovery = running.data ?? start.data;

  if (recovery) {
    const ended = recovery.status === "done";
    return (
      <Dialog
        title={ended ? t.recover.finished : t.recover.running}
        onClose={onClose}
        footer={
          <Button look={ended ? "primary" : "plain"} onClick={onClose}>
            {t.app.close}
          </Button>
        }
      >
        <Progress label={t.recover.progress(recovery.done, recovery.total)} done={recovery.done} total={recovery.total} />
        <p role="status">{ended ? t.recover.result(recovery.total) : t.recover.background}</p>
        {running.error && <ProblemBox error={running.error} />}
      </Dialog>
    );
  }

  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const from = fromLocalInput(since);
    setMissing(from === undefined);
    if (from === undefined || start.isPending) return;
    const to = fromLocalInput(until);
    const request: RecoverRequest = { since: from, only, ...(to ? { until: to } : {}) };
    start.mutate({ request, key: idempotencyKey() });
  };
  return (
    <Dialog
      title={t.recover.title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.app.cancel}</Button>
          <Button look="primary" type="submit" form="recover" busy={start.isPending}>
            {t.recover.confirm}
          </Button>
        </>
      }
    >
      <p>{t.recover.about}</p>
      <form id="recover" className="form" noValidate onSubmit={submit}>
        <div className="actions" role="group" aria-label={t.recover.ranges}>
          {[1, 24].map((hours) => (
            <Button key={hours} className="button-small" onClick={() => setSince(agoLocal(hours))}>
              {t.recover.hours(hours)}
            </Button>
          ))}
          {[7, 30].map((days) => (
            <Button key={days} className="button-small" onClick={() => setSince(agoLocal(days * 24))}>
              {t.recover.days(days)}
            </Button>
          ))}
        </div>
        <div className="filter-fields">
          <Field label={t.recover.since}>
            {(props) => <input {...props} type="datetime-local" required aria-invalid={missing} value={since} onChange={(event) => setSince(event.target.value)} />}
          </Field>
          <Field label={t.recover.until} hint={t.recover.untilHint}>
            {(props) => <input {...props} type="datetime-local" value={until} onChange={(event) => setUntil(event.target.value)} />}
          </Field>
        </div>
        {missing && (
          <p className="error-text" role="alert">
            {t.recover.sinceMissing}
          </p>
        )}
        <fieldset className="options">
          <legend>{t.recover.which}</legend>
          {(["dead", "all"] as const).map((value) => (
            <label key={value} className="check">
              <input type="radio" name="only" checked={only === value} onChange={() => setOnly(value)} />
              <span>
                {t.recover.only[value]} <span className="muted">· {t.recover.onlyHints[value]}</span>
              </span>
            </label>
          ))}
        </fieldset>
      </form>
      {start.error && <ProblemBox error={start.error} />}
    </Dialog>
  );
}
