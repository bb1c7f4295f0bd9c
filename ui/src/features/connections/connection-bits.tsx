import type { Connection } from "../../api/client";
import { Badge } from "../../components/bits";
import { useStrings } from "../../strings";

export function ConnectionStatusBadge({ connection }: { connection: Connection }) {
  const t = useStrings();
  return connection.status === "active" ? <Badge tone="good">{t.connections.statuses.active}</Badge> : <Badge tone="bad">{t.connections.statuses.error}</Badge>;
}

/** How far the user has mapped what the app declared. */
export function MappingState({ connection }: { connection: Connection }) {
  const t = useStrings();
  if (!connection.has_objects) return <span className="muted">{t.connections.noObjects}</span>;
  if (connection.mapping.complete) return <Badge tone="good">{t.connections.complete}</Badge>;
  return <Badge tone="wait">{t.connections.missing(connection.mapping.missing.length)}</Badge>;
}
