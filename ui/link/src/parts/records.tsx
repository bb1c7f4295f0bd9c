import type { AppRecord, FieldDeclaration } from "../api/shapes";
import { say, useStrings } from "../strings";
import { ValueText } from "./value-text";

/** Records as the app will get them, each with the fields that are mapped. */
export function Records({ records, fields, shown }: { records: readonly AppRecord[]; fields: Record<string, FieldDeclaration>; shown: readonly string[] }) {
  const t = useStrings();
  return (
    <ol className="records" role="list">
      {records.map((record, index) => (
        <li key={record.id} className="record">
          <h3 title={record.id}>{record.label ?? say(t.preview.record, { number: index + 1 })}</h3>
          {shown.length > 0 && (
            <dl>
              {shown.map((slug) => (
                <div key={slug}>
                  <dt>{fields[slug]?.label ?? slug}</dt>
                  <dd>
                    <ValueText value={record.data[slug]} field={fields[slug]} />
                  </dd>
                </div>
              ))}
            </dl>
          )}
        </li>
      ))}
    </ol>
  );
}
