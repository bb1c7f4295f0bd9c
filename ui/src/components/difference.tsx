import type { ReactNode } from "react";
import { valueText } from "../lib/text";
import { useStrings } from "../strings";

export interface Difference {
  column: string;
  before: unknown;
  after: unknown;
}

/** What a record held before and after, column by column. */
export function DifferenceTable({ differences }: { differences: readonly Difference[] }) {
  const t = useStrings();
  const show = (value: unknown): ReactNode => valueText(value) ?? <span className="muted">{t.app.empty}</span>;
  return (
    <table className="difference">
      <thead>
        <tr>
          <th scope="col">{t.replay.column}</th>
          <th scope="col">{t.replay.before}</th>
          <th scope="col">{t.replay.after}</th>
        </tr>
      </thead>
      <tbody>
        {differences.map(({ column, before, after }) => (
          <tr key={column}>
            <th scope="row">{column}</th>
            <td>{show(before)}</td>
            <td>{show(after)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
