// On small screens rows are laid out as cards by CSS. Browsers then may forget that this is a table; the roles
// keep it one.
/* eslint-disable jsx-a11y/no-redundant-roles, jsx-a11y/no-interactive-element-to-noninteractive-role */
import type { ReactNode } from "react";

export interface Column {
  key: string;
  label: ReactNode;
  /** A heading that only screen readers need. */
  hidden?: boolean;
}

export function Table({ label, columns, children }: { label: string; columns: readonly Column[]; children: ReactNode }) {
  return (
    <table className="table" role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th key={column.key} role="columnheader" scope="col" data-column={column.key}>
              {column.hidden ? <span className="visually-hidden">{column.label}</span> : column.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">{children}</tbody>
    </table>
  );
}

export function Row({ children, selected }: { children: ReactNode; selected?: boolean }) {
  return (
    <tr role="row" data-selected={selected}>
      {children}
    </tr>
  );
}

/** `label` is the heading that a card shows before the value. */
export function Cell({ column, label, children }: { column: string; label?: string; children: ReactNode }) {
  return (
    <td role="cell" data-column={column}>
      {label && (
        <span className="cell-label" aria-hidden="true">
          {label}
        </span>
      )}
      <span className="cell-value">{children}</span>
    </td>
  );
}
