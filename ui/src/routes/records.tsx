import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import type { Column, CrmRecord, EntityDetail, Values } from "../api/client";
import { PageHeader } from "../components/bits";
import { Button, LinkButton } from "../components/button";
import { Field, SettledInput } from "../components/field";
import { AreaField, SelectField, type Option } from "../components/inputs";
import { Listing } from "../components/listing";
import { Empty } from "../components/states";
import { Cell, Row, Table } from "../components/table";
import { Time } from "../components/time";
import { ConnectionField } from "../features/connections/connection-field";
import { useEntities, useEntity } from "../features/connections/queries";
import { isSearchable } from "../features/records/column-text";
import { recordPath } from "../features/records/path";
import { RECORD_FILTERS, searchOf, useLookupNames, useRecords, type RecordFilters, type RecordSearch } from "../features/records/queries";
import { useMayWrite } from "../features/session/session";
import { filtersFrom, queryOf } from "../lib/filters";
import { valueText } from "../lib/text";
import { useStrings } from "../strings";

/** Columns that a list shows beside the name: few enough to be read. */
const SHOWN = 5;

export default function RecordsPage() {
  const t = useStrings();
  const [, navigate] = useLocation();
  const filters: RecordFilters = filtersFrom(useSearch(), RECORD_FILTERS);
  const { connection = "", entity = "" } = filters;
  const described = useEntity(connection, entity);
  const mayWrite = useMayWrite();
  const search = readSearch(filters);
  const records = useRecords(search);
  const { cursor, ...matching } = filters;
  const shown = described.data?.name === entity ? described.data : undefined;
  const count = records.data?.count;
  return (
    <>
      <PageHeader
        title={t.records.title}
        actions={
          mayWrite && entity !== "" && (
            <LinkButton to={recordPath(connection, entity, "new")} look="primary">
              {t.records.create}
            </LinkButton>
          )
        }
      />
      <RecordFilterBar filters={filters} described={shown} broken={search === null} onChange={(next) => navigate(`/records${queryOf(next)}`, { replace: true })} />
      {connection === "" || entity === "" ? (
        <Empty title={t.records.choose}>
          <p>{t.records.chooseDetail}</p>
        </Empty>
      ) : (
        search !== null && (
          <>
            {count && <p className="muted" role="status">{t.records.count(count.value, count.exact)}</p>}
            <Listing
              query={records}
              items={(answer) => answer.records}
              path="/records"
              filters={matching}
              cursor={cursor}
              empty={
                <Empty title={filters.text || filters.filter ? t.records.emptyFiltered : t.records.empty}>
                  <p>{filters.text || filters.filter ? t.records.emptyFilteredDetail : t.records.emptyDetail}</p>
                </Empty>
              }
            >
              {(list) => <RecordTable connection={connection} entity={shown} records={list} />}
            </Listing>
          </>
        )
      )}
    </>
  );
}

/** Null where the filter for experts is no JSON. */
function readSearch(filters: RecordFilters): RecordSearch | null {
  try {
    return searchOf(filters);
  } catch {
    return null;
  }
}

interface FilterProps {
  filters: RecordFilters;
  described: EntityDetail | undefined;
  broken: boolean;
  onChange: (filters: RecordFilters) => void;
}

function RecordFilterBar({ filters, described, broken, onChange }: FilterProps) {
  const t = useStrings();
  const { connection = "", entity = "" } = filters;
  const entities = useEntities(connection);
  const [further, setFurther] = useState(filters.filter !== undefined);
  const [draft, setDraft] = useState(filters.filter ?? "");
  const set = (part: RecordFilters): void => onChange({ ...filters, cursor: "", ...part });
  const searchable = described?.columns.filter(isSearchable) ?? [];
  const column = filters.column ?? described?.display ?? "";
  const named = (columns: readonly Column[]): Option[] => columns.map(({ name, label }) => [name, label]);
  return (
    <section className="filters" aria-label={t.app.filters}>
      <div className="filter-fields">
        <ConnectionField label={t.records.connection} none={t.app.choose} value={connection} onChange={(next) => onChange({ connection: next, entity })} />
        <SelectField
          label={t.records.entity}
          value={entity}
          disabled={connection === ""}
          options={[["", t.app.choose], ...(entities.data ?? []).map(({ name, label_plural }): Option => [name, label_plural])]}
          onChange={(next) => onChange({ connection, entity: next })}
        />
        {described && (
          <>
            <SelectField label={t.records.column} value={column} options={named(searchable)} onChange={(next) => set({ column: next })} />
            <Field label={t.records.contains}>
              {(props) => <SettledInput {...props} type="search" value={filters.text ?? ""} onSettled={(text) => set({ text, column: text ? column : (filters.column ?? "") })} />}
            </Field>
            <SelectField
              label={t.records.sort}
              value={filters.sort ?? ""}
              options={[
                ["", t.records.sorts.created],
                ["-CreatedOn", t.records.sorts.newest],
                ["-ModifiedOn", t.records.sorts.changed],
                [described.display, t.records.sorts.name],
              ]}
              onChange={(sort) => set({ sort })}
            />
            <div className="filter-actions">
              <Button look="quiet" aria-expanded={further} onClick={() => setFurther(!further)}>
                {t.records.expert}
              </Button>
              {(filters.text || filters.filter || filters.sort) && (
                <Button
                  look="quiet"
                  onClick={() => {
                    setDraft("");
                    onChange({ connection, entity });
                  }}
                >
                  {t.app.clearFilters}
                </Button>
              )}
            </div>
          </>
        )}
      </div>
      {further && described && (
        <div className="form">
          <AreaField
            label={t.records.filter}
            hint={t.records.filterHint}
            rows={4}
            placeholder={'{"any":[{"column":"Email","op":"is_null"},{"column":"Country.Name","op":"eq","value":"Germany"}]}'}
            value={draft}
            error={broken ? t.app.notJson : undefined}
            onChange={setDraft}
          />
          <div className="actions">
            <Button onClick={() => set({ filter: draft.trim() })}>{t.records.apply}</Button>
          </div>
        </div>
      )}
    </section>
  );
}

interface TableProps {
  connection: string;
  entity: EntityDetail | undefined;
  records: readonly CrmRecord[];
}

const dataOf = (record: CrmRecord): Values => (record.data ?? {});

function RecordTable({ connection, entity, records }: TableProps) {
  const t = useStrings();
  // The columns that most records of the page fill, in the order of the entity.
  const filled = (name: string): number => records.filter((record) => valueText(dataOf(record)[name]) !== null).length;
  const candidates = (entity?.columns ?? []).filter(({ name, type }) => !["Id", "CreatedOn", "ModifiedOn", entity?.display].includes(name) && type !== "long_text" && filled(name) > 0);
  const chosen = new Set(candidates.toSorted((a, b) => filled(b.name) - filled(a.name)).slice(0, SHOWN));
  const columns = candidates.filter((column) => chosen.has(column));
  const lookups = columns.flatMap(({ name, lookup }) =>
    lookup ? records.flatMap((record) => (typeof dataOf(record)[name] === "string" ? [[lookup, dataOf(record)[name] as string] as const] : [])) : [],
  );
  const names = useLookupNames(connection, lookups);
  const display = entity?.display ?? "Id";
  return (
    <Table
      label={t.records.title}
      columns={[
        { key: "name", label: entity?.columns.find(({ name }) => name === display)?.label ?? t.records.record },
        ...columns.map(({ name, label }) => ({ key: name, label })),
        { key: "updated", label: t.app.updated },
      ]}
    >
      {records.map((record) => (
        <Row key={record.id}>
          <Cell column="name">
            <Link href={recordPath(connection, record.entity, record.id)} className="row-link">
              {valueText(dataOf(record)[display]) ?? `#${record.number}`}
            </Link>
          </Cell>
          {columns.map((column) => (
            <Cell key={column.name} column="value" label={column.label}>
              <ColumnValue column={column} value={dataOf(record)[column.name]} names={names.data} />
            </Cell>
          ))}
          <Cell column="updated" label={t.app.updated}>
            <Time at={record.updated_at} />
          </Cell>
        </Row>
      ))}
    </Table>
  );
}

/** A value as people read it: a lookup by its name, an option by its label, a time by how long ago it was. */
export function ColumnValue({ column, value, names }: { column: Column; value: unknown; names: ReadonlyMap<string, string> | undefined }) {
  const t = useStrings();
  const text = valueText(value);
  if (text === null) return <span className="muted">–</span>;
  if (column.lookup && typeof value === "string") return <>{names?.get(value) ?? value}</>;
  if (column.type === "boolean") return <>{value === true ? t.endpoints.yes : t.endpoints.no}</>;
  if (column.type === "datetime" && typeof value === "string") return <Time at={value} />;
  if (column.type === "option") return <>{column.options?.find((option) => option.value === value)?.label ?? text}</>;
  return <>{text}</>;
}
