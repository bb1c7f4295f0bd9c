import { Link } from "wouter";
import type { Delivery, DeliveryStatus } from "../../api/client";
import { Badge, type Tone } from "../../components/bits";
import { Button } from "../../components/button";
import { Cell, Row, Table } from "../../components/table";
import { Time } from "../../components/time";
import { shortId } from "../../lib/text";
import { useStrings, type Strings } from "../../strings";

const TONES: Record<DeliveryStatus, Tone> = { pending: "wait", delivered: "good", dead: "bad", held: "still", superseded: "plain" };

export function DeliveryStatusBadge({ status }: { status: DeliveryStatus }) {
  const t = useStrings();
  return (
    <Badge tone={TONES[status]} title={t.deliveries.statusHints[status]}>
      {t.deliveries.statuses[status]}
    </Badge>
  );
}

/** What it tells of: `Lead updated`, `Test`. */
export function aboutDelivery(delivery: Delivery, t: Strings): string {
  const { object, type } = delivery;
  if (object === "test" || object === "notice") return t.deliveries.kinds[object];
  const change = type && Object.hasOwn(t.deliveries.types, type) ? t.deliveries.types[type as keyof Strings["deliveries"]["types"]] : type;
  return [object, change].filter(Boolean).join(" ");
}

/** One that waits behind another, or for its endpoint, cannot be hurried. */
export const canResend = (delivery: Delivery): boolean => delivery.status !== "held" && delivery.status !== "superseded";

export function LastAnswer({ delivery }: { delivery: Delivery }) {
  const t = useStrings();
  return delivery.last_status == null ? <span className="muted">{t.deliveries.noAnswer}</span> : <AnswerStatus status={delivery.last_status} />;
}

export function AnswerStatus({ status }: { status: number }) {
  return <code className={status < 300 ? "" : "error-text"}>{status}</code>;
}

interface TableProps {
  deliveries: readonly Delivery[];
  /** Names of endpoints by id, where deliveries of several are listed. */
  endpoints?: ReadonlyMap<string, string>;
  onResend?: (delivery: Delivery) => void;
}

export function DeliveryTable({ deliveries, endpoints, onResend }: TableProps) {
  const t = useStrings();
  return (
    <Table
      label={t.endpoints.deliveries}
      columns={[
        { key: "created", label: t.deliveries.created },
        { key: "status", label: t.deliveries.status },
        { key: "about", label: t.deliveries.about },
        ...(endpoints ? [{ key: "endpoint", label: t.endpoints.one }] : []),
        { key: "attempts", label: t.deliveries.attempts },
        { key: "answer", label: t.deliveries.lastAnswer },
        ...(onResend ? [{ key: "action", label: t.deliveries.resend, hidden: true }] : []),
      ]}
    >
      {deliveries.map((delivery) => (
        <Row key={delivery.id}>
          <Cell column="created">
            <Link href={`/deliveries/${delivery.id}`} className="row-link">
              <Time at={delivery.created_at} />
            </Link>
          </Cell>
          <Cell column="status">
            <DeliveryStatusBadge status={delivery.status} />
          </Cell>
          <Cell column="about" label={t.deliveries.about}>
            {aboutDelivery(delivery, t)}
          </Cell>
          {endpoints && (
            <Cell column="endpoint" label={t.endpoints.one}>
              <span className="url">{endpoints.get(delivery.endpoint) ?? shortId(delivery.endpoint)}</span>
            </Cell>
          )}
          <Cell column="attempts" label={t.deliveries.attempts}>
            {delivery.attempt_count}
          </Cell>
          <Cell column="answer" label={t.deliveries.lastAnswer}>
            <LastAnswer delivery={delivery} />
          </Cell>
          {onResend && (
            <Cell column="action">
              {canResend(delivery) && (
                <Button className="button-small" onClick={() => onResend(delivery)}>
                  {t.deliveries.resend}
                </Button>
              )}
            </Cell>
          )}
        </Row>
      ))}
    </Table>
  );
}
