import { Link } from "wouter";
import type { Attempt, DeliveryDetail } from "../api/client";
import { CodeBox, Facts, PageHeader, Section } from "../components/bits";
import { Button } from "../components/button";
import { CopyId } from "../components/copy";
import { useNotify } from "../components/notify";
import { Answered, ProblemBox } from "../components/states";
import { Time } from "../components/time";
import { aboutDelivery, AnswerStatus, canResend, DeliveryStatusBadge } from "../features/deliveries/delivery-bits";
import { useDelivery, useResend } from "../features/deliveries/queries";
import { useEndpoint } from "../features/endpoints/queries";
import { useMayWrite } from "../features/session/session";
import { prettyJson } from "../lib/text";
import { duration } from "../lib/time";
import { useStrings, useWords } from "../strings";

export default function DeliveryPage({ id }: { id: string }) {
  const t = useStrings();
  const delivery = useDelivery(id);
  const resend = useResend();
  const notify = useNotify();
  const mayWrite = useMayWrite();
  const found = delivery.data;
  return (
    <>
      <PageHeader
        title={found ? aboutDelivery(found, t) : t.deliveries.one}
        tab={t.deliveries.one}
        up={found ? { to: `/endpoints/${found.endpoint}`, label: t.endpoints.one } : { to: "/endpoints", label: t.endpoints.title }}
        actions={
          mayWrite && found && canResend(found) && (
            <Button
              look="primary"
              title={t.deliveries.resendHint}
              busy={resend.isPending}
              onClick={() => resend.mutate(id, { onSuccess: () => notify(t.deliveries.resendDone) })}
            >
              {t.deliveries.resend}
            </Button>
          )
        }
      >
        <CopyId id={id} whole />
      </PageHeader>
      {resend.error && <ProblemBox error={resend.error} />}
      <Answered query={delivery} lines={8}>
        {(delivery) => <DeliveryBody delivery={delivery} />}
      </Answered>
    </>
  );
}

function DeliveryBody({ delivery }: { delivery: DeliveryDetail }) {
  const t = useStrings();
  const mayWrite = useMayWrite();
  const endpoint = useEndpoint(delivery.endpoint);
  return (
    <>
      {!mayWrite && <p className="hint">{t.app.viewerOnly}</p>}
      <Facts
        facts={[
          [t.deliveries.status, <span key="status" className="with-id"><DeliveryStatusBadge status={delivery.status} /> <span className="muted">{t.deliveries.statusHints[delivery.status]}</span></span>],
          [t.endpoints.one, <Link key="endpoint" href={`/endpoints/${delivery.endpoint}`} className="url">{endpoint.data?.url ?? delivery.endpoint}</Link>],
          [t.deliveries.created, <Time key="created" at={delivery.created_at} exact />],
          [t.deliveries.due, delivery.due_at ? <Time key="due" at={delivery.due_at} exact /> : undefined],
          [t.deliveries.ended, delivery.ended_at ? <Time key="ended" at={delivery.ended_at} exact /> : undefined],
          [t.deliveries.record, delivery.record ? <CopyId key="record" id={delivery.record} whole /> : undefined],
          [t.deliveries.change, delivery.change ? <CopyId key="change" id={delivery.change} whole /> : undefined],
        ]}
      />
      <Section title={t.deliveries.attempts}>
        {delivery.attempts.length === 0 ? (
          <p className="muted">
            {t.deliveries.noAttempts}. {t.deliveries.noAttemptsDetail}
          </p>
        ) : (
          <ol className="attempts">
            {delivery.attempts.toReversed().map((attempt) => (
              <AttemptItem key={attempt.number} attempt={attempt} />
            ))}
          </ol>
        )}
      </Section>
      <Section title={t.deliveries.body}>
        <p className="hint">{t.deliveries.bodyHint}</p>
        <CodeBox long text={prettyJson(delivery.body) ?? delivery.body} label={t.deliveries.body} />
      </Section>
    </>
  );
}

function AttemptItem({ attempt }: { attempt: Attempt }) {
  const t = useStrings();
  const { language } = useWords();
  return (
    <li>
      <div className="attempt-head">
        <strong>
          {t.deliveries.number} {attempt.number}
        </strong>
        {attempt.status != null && <AnswerStatus status={attempt.status} />}
        <span className="muted">
          <Time at={attempt.at} /> · {t.deliveries.took} {duration(attempt.duration_ms, language)}
        </span>
      </div>
      {attempt.error && <p className="error-text">{attempt.error}</p>}
      {attempt.response_body && <CodeBox text={prettyJson(attempt.response_body) ?? attempt.response_body} label={`${t.deliveries.response} ${attempt.number}`} />}
    </li>
  );
}
