import type { ReactNode } from "react";
import { Badge } from "../../components/bits";
import { useStrings } from "../../strings";
import { filterText, writeText, type DeclaredObject, type MappedEvent, type MappedField, type MappedObject, type MappingDocument, type ObjectsDocument } from "./documents";

/** Each object of the app beside what it is mapped to. */
export function ObjectsView({ objects, mapping }: { objects: ObjectsDocument; mapping: MappingDocument }) {
  return (
    <ul className="records">
      {Object.entries(objects.objects).map(([slug, declared]) => (
        <ObjectItem key={slug} slug={slug} declared={declared} mapped={mapping.objects[slug]} />
      ))}
    </ul>
  );
}

function ObjectItem({ slug, declared, mapped }: { slug: string; declared: DeclaredObject; mapped: MappedObject | undefined }) {
  const t = useStrings();
  const fields = Object.entries(declared.fields ?? {});
  const events = Object.entries(declared.events ?? {});
  return (
    <li>
      <div className="record-head">
        <h3>{declared.label ?? slug}</h3>
        <code className="muted">{slug}</code>
        {mapped === undefined ? <Badge tone="wait">{t.connections.unmapped}</Badge> : mapped.entity === null ? <Badge tone="still">{t.connections.optedOut}</Badge> : <span className="chip">{mapped.entity}</span>}
      </div>
      {declared.description && <p className="muted">{declared.description}</p>}
      {fields.length > 0 && (
        <MappedTable
          name={t.connections.field}
          value={t.connections.comesFrom}
          rows={fields.map(([name, field]) => ({ name, label: field.label, type: field.type, value: <FieldSource field={mapped?.fields?.[name]} /> }))}
        />
      )}
      {events.length > 0 && (
        <MappedTable
          name={t.connections.event}
          value={t.connections.does}
          rows={events.map(([name, event]) => ({ name, label: event.label, type: event.type, value: <EventDoes event={mapped?.events?.[name]} /> }))}
        />
      )}
    </li>
  );
}

interface TableProps {
  name: string;
  value: string;
  rows: readonly { name: string; label: string | null | undefined; type: string; value: ReactNode }[];
}

function MappedTable({ name, value, rows }: TableProps) {
  const t = useStrings();
  return (
    <table className="difference mapped">
      <thead>
        <tr>
          <th scope="col">{name}</th>
          <th scope="col">{t.connections.type}</th>
          <th scope="col">{value}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name}>
            <th scope="row" title={row.name}>
              {row.label ?? row.name}
            </th>
            <td>{row.type}</td>
            <td>{row.value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function FieldSource({ field }: { field: MappedField | undefined }) {
  const t = useStrings();
  if (!field) return <span className="muted">{t.connections.nowhere}</span>;
  if (field.empty) return <span className="muted">{t.connections.onPurpose}</span>;
  if (field.column !== undefined)
    return (
      <>
        <code>{field.column}</code>
        {field.transform && <span className="muted"> · {field.transform}</span>}
      </>
    );
  if (field.expression !== undefined) return <code>{field.expression}</code>;
  if (field.children)
    return (
      <ul>
        {Object.entries(field.children).map(([label, child]) => (
          <li key={label}>
            {label}: <FieldSource field={child} />
          </li>
        ))}
      </ul>
    );
  return <code>{JSON.stringify(field.static)}</code>;
}

function EventDoes({ event }: { event: MappedEvent | undefined }) {
  const t = useStrings();
  if (!event) return <span className="muted">{t.connections.nothing}</span>;
  return (
    <>
      {event.action}
      {event.filter && (
        <>
          {": "}
          <code>{filterText(event.filter)}</code>
        </>
      )}
      {event.columns && (
        <ul>
          {Object.entries(event.columns).map(([column, from]) => (
            <li key={column}>
              <code>
                {column} ← {writeText(from)}
              </code>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
