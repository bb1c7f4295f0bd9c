import type { Endpoint, EndpointStatus } from "../../api/client";
import { Badge, type Tone } from "../../components/bits";
import { Cell, Row, Table } from "../../components/table";
import { Time } from "../../components/time";
import { useStrings } from "../../strings";
import { Link } from "wouter";

const TONES: Record<EndpointStatus, Tone> = { active: "good", paused: "still", disabled: "bad" };

export function EndpointStatusBadge({ status }: { status: EndpointStatus }) {
  const t = useStrings();
  return <Badge tone={TONES[status]}>{t.endpoints.statuses[status]}</Badge>;
}

export function EndpointTable({ endpoints }: { endpoints: readonly Endpoint[] }) {
  const t = useStrings();
  return (
    <Table
      label={t.endpoints.title}
      columns={[
        { key: "url", label: t.endpoints.url },
        { key: "status", label: t.endpoints.status },
        { key: "format", label: t.endpoints.format },
        { key: "scope", label: t.endpoints.scope },
        { key: "success", label: t.endpoints.lastSuccess },
      ]}
    >
      {endpoints.map((endpoint) => (
        <Row key={endpoint.id}>
          <Cell column="url">
            <Link href={`/endpoints/${endpoint.id}`} className="row-link url">
              {endpoint.url}
            </Link>
            {endpoint.description && <span className="muted">{endpoint.description}</span>}
          </Cell>
          <Cell column="status">
            <EndpointStatusBadge status={endpoint.status} />
            {endpoint.status_reason && <span className="reason">{endpoint.status_reason}</span>}
          </Cell>
          <Cell column="format" label={t.endpoints.format}>
            {t.endpoints.formats[endpoint.format ?? "universal"]}
          </Cell>
          <Cell column="scope" label={t.endpoints.scope}>
            {t.endpoints.scopes[endpoint.scope ?? "subscriptions"]}
          </Cell>
          <Cell column="success" label={t.endpoints.lastSuccess}>
            {endpoint.last_success_at ? <Time at={endpoint.last_success_at} /> : <span className="muted">{t.endpoints.never}</span>}
          </Cell>
        </Row>
      ))}
    </Table>
  );
}
