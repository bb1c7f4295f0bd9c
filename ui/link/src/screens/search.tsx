// The search builder: nested groups of conditions, and beside them what they find.
//
// The tree is drawn as what it is, lists within named groups, so that a screen reader tells where in it one is.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Button } from "../../../src/components/button";
import { asProblem } from "../../../src/api/problem";
import type { Column, Entity, EventDeclaration, FieldDeclaration, Json, ObjectDeclaration, Op, SearchResult } from "../api/shapes";
import { toFields, type EventDraft } from "../lib/draft";
import {
  adapted,
  conditionsOf,
  countsDays,
  emptyCondition,
  emptyGroup,
  GROUPS_DEEP_MAX,
  isConditionComplete,
  isGroup,
  operandsOf,
  operatorsOf,
  payloadFieldsFor,
  toFilter,
  withNode,
  type ConditionDraft,
  type GroupDraft,
  type GroupKind,
  type NodeDraft,
} from "../lib/filters";
import { kindOfColumn, kindOfField, type ValueKind } from "../lib/values";
import { ColumnPicker } from "../parts/column-picker";
import { Icon } from "../parts/icon";
import { useSettled } from "../parts/preview";
import { Loading, Notice, ProblemBox } from "../parts/problem";
import { Records } from "../parts/records";
import { ValueInput, ValuesInput } from "../parts/values";
import { useObject, usePaths, useSession, useWork } from "../state/session";
import { say, useSay, useSayCount, useStrings } from "../strings";

interface SearchEditorProps {
  slug: string;
  event: string;
  object: ObjectDeclaration;
  declared: EventDeclaration;
  entity: Entity;
  draft: EventDraft;
  onChange: (change: (draft: EventDraft) => EventDraft) => void;
}

/** What every level of the tree needs. */
interface Builder {
  entity: Entity;
  schema: Record<string, FieldDeclaration>;
  columnOf: (path: string) => Column | undefined;
  byHub: ReadonlySet<string>;
  /** What the server says against a condition, by its id. */
  errors: ReadonlyMap<string, string>;
  change: (id: string, change: (node: NodeDraft) => NodeDraft | null) => void;
}

export default function SearchEditor({ slug, event, object, declared, entity, draft, onChange }: SearchEditorProps) {
  const t = useStrings();
  const schema = declared.payloadSchema ?? {};
  const paths = usePaths(entity, [...conditionsOf(draft.filter).map(({ column }) => column), ...draft.sort.map(({ column }) => column)].filter(Boolean));
  const { filter, pointers } = toFilter(draft.filter);
  const [payload, setPayload] = useState<Record<string, Json>>({});
  const trial = useTrial(slug, event, object, entity, { filter, sort: draft.sort.filter(({ column }) => column !== "") }, payload, Object.keys(schema));
  const byHub = new Set((trial.result?.evaluated_by_hub ?? []).flatMap((pointer) => pointers.get(pointer.replace(/^\/filter/, "")) ?? []));

  const refused = trial.error ? asProblem(trial.error).errors : [];
  const errors = new Map<string, string>();
  const others: string[] = [];
  for (const { path, detail } of refused) {
    const at = path.replace(/^.*?\/filter(?=\/|$)/, "");
    const pointer = [...pointers.keys()].find((it) => at === it || at.startsWith(`${it}/`));
    const id = pointer === undefined ? undefined : pointers.get(pointer);
    if (id === undefined) others.push(detail);
    else errors.set(id, detail);
  }

  const builder: Builder = {
    entity,
    schema,
    columnOf: (path) => paths(path)?.column,
    byHub,
    errors,
    change: (id, change) => onChange((before) => ({ ...before, filter: withNode(before.filter, id, change) })),
  };
  return (
    <div className="split">
      <div className="split-main">
        <section aria-labelledby="search-title">
          <h2 id="search-title" className="rows-title">
            {t.search.title}
          </h2>
          <Group builder={builder} group={draft.filter} depth={1} />
        </section>
        <SortEditor entity={entity} draft={draft} onChange={onChange} />
      </div>
      <div className="panel" role="group" aria-labelledby="try-title" tabIndex={0}>
        <h2 id="try-title">{t.search.try}</h2>
        <TryPanel object={object} schema={schema} used={trial.used} payload={payload} onPayload={setPayload} trial={trial} others={others} unfinished={conditionsOf(draft.filter).some((it) => !isConditionComplete(it))} />
      </div>
    </div>
  );
}

interface Trial {
  result: SearchResult | undefined;
  error: unknown;
  isStale: boolean;
  isWaiting: boolean;
  /** The payload fields that conditions use, which need a value to try them. */
  used: string[];
  retry: () => void;
}

function useTrial(slug: string, event: string, object: ObjectDeclaration, entity: Entity, search: { filter: ReturnType<typeof toFilter>["filter"]; sort: EventDraft["sort"] }, payload: Record<string, Json>, fields: string[]): Trial {
  const { api } = useSession();
  const { connection, objects } = useWork();
  const { object: mapped } = useObject(slug);
  const text = JSON.stringify(search.filter);
  const used = fields.filter((field) => text.includes(`"payload":${JSON.stringify(field)}`));
  const given = Object.fromEntries(used.flatMap((field) => (payload[field] == null || payload[field] === "" ? [] : [[field, payload[field]]])));
  const ask = useSettled({ filter: search.filter, sort: search.sort, payload: given, fields: toFields(mapped, object) });
  const isReady = used.every((field) => Object.hasOwn(given, field)) && used.every((field) => Object.hasOwn(ask.payload, field));
  const query = useQuery({
    queryKey: ["search", connection.id, slug, event, entity.name, ask],
    queryFn: ({ signal }) => {
      const action = { action: "search" as const, filter: ask.filter, ...(ask.sort.length > 0 ? { sort: ask.sort } : {}) };
      return api.search(connection.id, { objects, object: slug, event, mapping: { entity: entity.name, fields: ask.fields, events: { [event]: action } }, payload: ask.payload }, signal);
    },
    enabled: isReady,
    placeholderData: keepPreviousData,
  });
  return { result: query.data, error: isReady ? query.error : null, isStale: query.isPlaceholderData || query.isFetching, isWaiting: !isReady, used, retry: () => void query.refetch() };
}

interface TryPanelProps {
  object: ObjectDeclaration;
  schema: Record<string, FieldDeclaration>;
  used: readonly string[];
  payload: Record<string, Json>;
  onPayload: (payload: Record<string, Json>) => void;
  trial: Trial;
  /** What the server says against it as a whole. */
  others: readonly string[];
  unfinished: boolean;
}

function TryPanel({ object, schema, used, payload, onPayload, trial, others, unfinished }: TryPanelProps) {
  const t = useStrings();
  const sayNames = useSay();
  const count = useSayCount();
  const { result } = trial;
  const shown = [...new Set((result?.records ?? []).flatMap((record) => Object.keys(record.data)))].filter((slug) => result?.records.some((record) => record.data[slug] != null)).slice(0, 4);
  return (
    <>
      {used.length > 0 && (
        <>
          <p className="hint">{sayNames(t.search.tryText)}</p>
          <div className="try-fields">
            {used.map((field) => {
              const declaration = schema[field];
              if (!declaration) return null;
              const label = declaration.label ?? field;
              if (declaration.type === "array") {
                return <ListInput key={field} label={label} onChange={(values) => onPayload({ ...payload, [field]: values })} />;
              }
              return <ValueInput key={field} label={label} kind={kindOfField(declaration) ?? "text"} value={payload[field]} onChange={(value) => onPayload({ ...payload, [field]: value })} />;
            })}
          </div>
        </>
      )}
      <div aria-live="polite">
        {trial.isWaiting ? (
          <p className="muted panel-empty">{t.search.fill}</p>
        ) : trial.error && asProblem(trial.error).status === 400 ? (
          <Notice tone="wait" title={t.preview.refused}>
            {others.map((detail) => (
              <p key={detail}>{detail}</p>
            ))}
          </Notice>
        ) : trial.error ? (
          <ProblemBox error={trial.error} title={t.search.failed} onRetry={trial.retry} />
        ) : !result ? (
          <Loading lines={2} />
        ) : (
          <div data-stale={trial.isStale}>
            <p className="found">{result.count.exact ? count(t.search.count, result.count.value) : say(t.search.countMore, { count: result.count.value })}</p>
            {unfinished && <p className="hint">{t.search.unfinished}</p>}
            <Records records={result.records} fields={object.fields ?? {}} shown={shown} />
          </div>
        )}
      </div>
    </>
  );
}

function ListInput({ label, onChange }: { label: string; onChange: (values: Json[]) => void }) {
  const t = useStrings();
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea id={id} rows={2} aria-describedby={`${id}-hint`} onChange={(event) => onChange(event.target.value.split("\n").map((line) => line.trim()).filter(Boolean))} />
      <p id={`${id}-hint`} className="hint">
        {t.search.values}
      </p>
    </div>
  );
}

function Group({ builder, group, depth, onRemove }: { builder: Builder; group: GroupDraft; depth: number; onRemove?: () => void }) {
  const t = useStrings();
  const id = useId();
  const add = (node: NodeDraft): void => builder.change(group.id, (before) => (isGroup(before) ? { ...before, items: [...before.items, node] } : before));
  return (
    <div className="group" role="group" aria-label={say(t.search.group, { kind: t.search.kinds[group.kind] })} data-depth={depth}>
      <div className="group-head">
        <label htmlFor={id}>{t.search.match}</label>
        <select id={id} value={group.kind} onChange={(event) => builder.change(group.id, (before) => (isGroup(before) ? { ...before, kind: event.target.value as GroupKind } : before))}>
          {(["all", "any", "none"] as const).map((kind) => (
            <option key={kind} value={kind}>
              {t.search.kinds[kind]}
            </option>
          ))}
        </select>
        {onRemove && (
          <Button look="quiet" className="button-icon" aria-label={t.search.removeGroup} title={t.search.removeGroup} onClick={onRemove}>
            <Icon name="close" />
          </Button>
        )}
      </div>
      {group.items.length === 0 ? (
        <p className="muted group-empty">{depth === 1 ? t.search.everything : t.search.emptyGroup}</p>
      ) : (
        <ol role="list">
          {group.items.map((item, index) => {
            const remove = (): void => builder.change(item.id, () => null);
            return (
              <li key={item.id}>
                {isGroup(item) ? <Group builder={builder} group={item} depth={depth + 1} onRemove={remove} /> : <Condition builder={builder} condition={item} number={index + 1} onRemove={remove} />}
              </li>
            );
          })}
        </ol>
      )}
      <div className="actions">
        <Button look="quiet" className="button-small" onClick={() => add(emptyCondition())}>
          <Icon name="plus" />
          {t.search.addCondition}
        </Button>
        {depth < GROUPS_DEEP_MAX && (
          <Button look="quiet" className="button-small" onClick={() => add({ ...emptyGroup(group.kind === "any" ? "all" : "any"), items: [emptyCondition()] })}>
            <Icon name="plus" />
            {t.search.addGroup}
          </Button>
        )}
      </div>
    </div>
  );
}

function Condition({ builder, condition, number, onRemove }: { builder: Builder; condition: ConditionDraft; number: number; onRemove: () => void }) {
  const t = useStrings();
  const sayNames = useSay();
  const id = useId();
  const column = builder.columnOf(condition.column);
  const offered = operatorsOf(column);
  const isTimelike = column?.type === "date" || column?.type === "datetime";
  const opWords = (op: Op): string => (isTimelike && op in t.search.dateOps ? t.search.dateOps[op as keyof typeof t.search.dateOps] : t.search.ops[op]);
  const change = (next: Partial<ConditionDraft>): void => builder.change(condition.id, (before) => (isGroup(before) ? before : { ...before, ...next }));
  const operator = offered.find(({ op }) => op === condition.op);
  const isByHub = builder.byHub.has(condition.id) || operator?.evaluated_by === "hub";
  const error = builder.errors.get(condition.id);
  const operandField = condition.operand?.by === "payload" ? condition.operand.field : "";
  return (
    <div className="condition" role="group" aria-label={say(t.search.condition, { number })} data-done={isConditionComplete(condition)}>
      <ColumnPicker
        label={t.search.column}
        entity={builder.entity}
        use={{ for: "filter" }}
        path={condition.column}
        names={operandField === "" ? [] : [builder.schema[operandField]?.label ?? operandField, operandField]}
        onChoose={({ path, column: chosen }) => builder.change(condition.id, (before) => (isGroup(before) ? before : adapted({ ...before, column: path }, chosen, builder.schema)))}
      />
      <div className="field">
        <label htmlFor={id}>{t.search.operator}</label>
        <select
          id={id}
          value={condition.op}
          disabled={!column}
          onChange={(event) => builder.change(condition.id, (before) => (isGroup(before) ? before : adapted({ ...before, op: event.target.value as Op }, column, builder.schema)))}
        >
          {!operator && <option value={condition.op}>{condition.op === "" ? "" : t.search.ops[condition.op]}</option>}
          {offered.map(({ op }) => (
            <option key={op} value={op}>
              {opWords(op)}
            </option>
          ))}
        </select>
      </div>
      {operandsOf(condition.op) !== 0 && <OperandInput key={`${condition.column}-${countsDays(condition.op)}`} builder={builder} condition={condition} column={column} onChange={(operand) => change({ operand })} />}
      <Button look="quiet" className="button-icon" aria-label={t.search.removeCondition} title={t.search.removeCondition} onClick={onRemove}>
        <Icon name="close" />
      </Button>
      {error !== undefined && (
        <p className="error-text condition-error" role="alert">
          {error}
        </p>
      )}
      {isByHub && (
        <p className="by-hub" title={sayNames(t.search.hubText)}>
          <Icon name="hub" />
          {t.search.hub}
          <span className="visually-hidden">. {sayNames(t.search.hubText)}</span>
        </p>
      )}
    </div>
  );
}

/** What a column is compared with: a field of the payload, or values. */
function OperandInput({ builder, condition, column, onChange }: { builder: Builder; condition: ConditionDraft; column: Column | undefined; onChange: (operand: ConditionDraft["operand"]) => void }) {
  const t = useStrings();
  const sayNames = useSay();
  const id = useId();
  const { op, operand } = condition;
  const operands = operandsOf(op);
  const fields = payloadFieldsFor(op === "" ? "eq" : op, builder.schema);
  const kind: ValueKind = countsDays(op) ? "integer" : kindOfColumn(column?.type ?? "text");
  const options = countsDays(op) ? null : column?.options;
  const values = operand?.by === "values" ? operand.values : [];
  const from = operand?.by === "payload" ? `payload:${operand.field}` : "value";
  return (
    <div className="operand">
      {fields.length > 0 && (
        <div className="field">
          <label htmlFor={id}>{t.search.operand}</label>
          <select
            id={id}
            value={from}
            onChange={(event) => {
              const chosen = event.target.value;
              if (chosen.startsWith("payload:")) onChange({ by: "payload", field: chosen.slice("payload:".length) });
              else onChange(operands === 1 ? { by: "value", value: null } : { by: "values", values: operands === 2 ? [null, null] : [] });
            }}
          >
            <option value="value">{t.search.byValue}</option>
            {fields.map((field) => (
              <option key={field} value={`payload:${field}`}>
                {sayNames(t.search.byPayload, { field: builder.schema[field]?.label ?? field })}
              </option>
            ))}
          </select>
        </div>
      )}
      {operand?.by !== "payload" && operands === 1 && (
        <ValueInput
          label={t.search.value}
          kind={kind}
          options={options}
          value={operand?.by === "value" ? operand.value : undefined}
          onChange={(value) => onChange({ by: "value", value })}
          suffix={countsDays(op) && <span className="suffix">{t.search.days}</span>}
        />
      )}
      {operand?.by !== "payload" && operands === 2 && (
        <div className="two">
          {([t.search.from, t.search.to] as const).map((label, index) => (
            <ValueInput
              key={label}
              label={label}
              kind={kind}
              options={options}
              value={values[index]}
              onChange={(value) => onChange({ by: "values", values: index === 0 ? [value, values[1] ?? null] : [values[0] ?? null, value] })}
            />
          ))}
        </div>
      )}
      {operand?.by !== "payload" && operands === "many" && column && (
        <ValuesInput label={column.options ? t.search.options : t.search.values} column={column} values={values} onChange={(next) => onChange({ by: "values", values: next })} />
      )}
    </div>
  );
}

function SortEditor({ entity, draft, onChange }: Pick<SearchEditorProps, "entity" | "draft" | "onChange">) {
  const t = useStrings();
  const id = useId();
  const set = (index: number, next: EventDraft["sort"][number] | null): void =>
    onChange((before) => ({ ...before, sort: next ? before.sort.map((it, at) => (at === index ? next : it)) : before.sort.filter((_, at) => at !== index) }));
  return (
    <section aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`} className="rows-title">
        {t.search.sort}
      </h2>
      {draft.sort.map((sort, index) => (
        <div key={index} className="sort-row" role="group" aria-label={t.search.sort}>
          <ColumnPicker label={t.search.sortBy} entity={entity} use={{ for: "sort" }} path={sort.column} onChoose={({ path }) => set(index, { ...sort, column: path })} />
          <div className="field">
            <label htmlFor={`${id}-${index}`}>{t.search.direction}</label>
            <select id={`${id}-${index}`} value={sort.descending ? "down" : "up"} onChange={(event) => set(index, { ...sort, descending: event.target.value === "down" })}>
              <option value="up">{t.search.ascending}</option>
              <option value="down">{t.search.descending}</option>
            </select>
          </div>
          <Button look="quiet" className="button-icon" aria-label={t.search.removeSort} title={t.search.removeSort} onClick={() => set(index, null)}>
            <Icon name="close" />
          </Button>
        </div>
      ))}
      {draft.sort.length === 0 && <p className="hint">{t.search.sortText}</p>}
      <Button look="quiet" className="button-small" onClick={() => onChange((before) => ({ ...before, sort: [...before.sort, { column: "", descending: false }] }))}>
        <Icon name="plus" />
        {t.search.addSort}
      </Button>
    </section>
  );
}
