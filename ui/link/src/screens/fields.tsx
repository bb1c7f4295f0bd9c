// Each field of an object: where the app reads it from.
import { useId, useState } from "react";
import { Button } from "../../../src/components/button";
import type { Column, Entity, FieldDeclaration, ObjectDeclaration } from "../api/shapes";
import { reasonAgainst, transformsFor, type PathColumn } from "../lib/columns";
import { isFieldComplete } from "../lib/completeness";
import { carryOver, type FieldDraft, type ObjectDraft } from "../lib/draft";
import { operatorsOf } from "../lib/filters";
import { suggest } from "../lib/suggestions";
import { kindOfField } from "../lib/values";
import { ColumnPicker } from "../parts/column-picker";
import type { Choice } from "../parts/combobox";
import { Icon } from "../parts/icon";
import { PreviewPanel, usePreview } from "../parts/preview";
import { Heading, Loading, ProblemBox } from "../parts/problem";
import { ExpressionInput, ValueInput } from "../parts/values";
import { useEntity, useEntityMap, useObject, usePaths } from "../state/session";
import { say, useSay, useSayCount, useStrings } from "../strings";

interface FieldsScreenProps {
  slug: string;
  name: string;
  declared: ObjectDeclaration;
}

export function FieldsScreen({ slug, name, declared }: FieldsScreenProps) {
  const t = useStrings();
  const sayNames = useSay();
  const count = useSayCount();
  const { object, change } = useObject(slug);
  const query = useEntity(object.entity);
  const preview = usePreview(slug, declared, object);
  const entity = query.data;
  const lookups = useEntityMap(entity ? entity.columns.flatMap(({ lookup, readable }) => (lookup !== null && readable ? [lookup] : [])) : []);
  const fields = Object.entries(declared.fields ?? {});

  if (query.error && !entity) return <ProblemBox error={query.error} title={sayNames(t.schema.failed)} onRetry={() => void query.refetch()} />;
  if (!entity) return <Loading label={t.columns.loading} />;

  const set = (field: string, next: FieldDraft | null): void =>
    change((before) => {
      const rest = Object.fromEntries(Object.entries(before.fields).filter(([other]) => other !== field));
      const after: ObjectDraft = { ...before, fields: next ? { ...rest, [field]: next } : rest };
      return carryOver(after, declared, field, (use, column, payload) => fits(entity, use, column, declared, payload));
    });

  const offers = fields.flatMap(([field, declaration]) => {
    if (object.fields[field]) return [];
    const column = bestColumn(field, declaration, entity, lookups.known);
    return column ? [[field, column] as const] : [];
  });

  return (
    <div className="split">
      <div className="split-main">
        <Heading title={sayNames(t.fields.title, { object: name })}>
          <p className="lead">{sayNames(t.fields.text)}</p>
        </Heading>
        {offers.length > 0 && (
          <Button
            className="suggest-all"
            onClick={() => {
              for (const [field, column] of offers) set(field, mappingTo(column, declared.fields?.[field] ?? null, null));
            }}
          >
            <Icon name="star" />
            {count(t.fields.suggest, offers.length)}
          </Button>
        )}
        <div className="field-list">
          {fields.map(([field, declaration]) => (
            <FieldRow
              key={field}
              slug={field}
              label={declaration.label ?? field}
              declaration={declaration}
              entity={entity}
              draft={object.fields[field] ?? null}
              errors={preview.errors}
              onChange={(next) => set(field, next)}
            />
          ))}
        </div>
      </div>
      <PreviewPanel declared={declared} query={preview.query} shown={preview.shown} />
    </div>
  );
}

/** Whether a payload field can be searched by, or written to, a column of the entity itself. */
function fits(entity: Entity, use: "search" | "create" | "update", path: string, declared: ObjectDeclaration, payload: string): boolean {
  const column = entity.columns.find((it) => it.name === path);
  if (!column) return false;
  if (use === "search") return operatorsOf(column).some(({ op }) => op === "eq");
  const events = Object.values(declared.events ?? {});
  const declaration = events.find((event) => event.payloadSchema?.[payload])?.payloadSchema?.[payload];
  return declaration !== undefined && reasonAgainst(column, { for: use, payload: declaration, taken: [] }) === null;
}

/** The column that a field probably means; of a lookup, the looked-up record's name where a text is wanted. */
function bestColumn(slug: string, field: FieldDeclaration, entity: Entity, known: Map<string, Entity>): PathColumn | null {
  const own = entity.columns.map((column) => {
    const target = field.type === "string" && column.lookup !== null ? known.get(column.lookup) : undefined;
    const display = target?.columns.find(({ name }) => name === target.display);
    const it: PathColumn = display && column.name.endsWith("Id")
      ? { path: `${column.name.slice(0, -2)}.${display.name}`, labels: [column.label, display.label], column: display }
      : { path: column.name, labels: [column.label], column };
    return { it, names: [column.label, column.name] };
  });
  const fitting = own.filter(({ it }) => reasonAgainst(it.column, { for: "read", field }) === null);
  return suggest(field.label === undefined ? [slug] : [field.label, slug], fitting, 1)[0]?.it ?? null;
}

/** The mapping to a column that was chosen; what was said of a conversion is kept where it still fits. */
function mappingTo(chosen: PathColumn, field: FieldDeclaration | null, before: FieldDraft | null): FieldDraft {
  const offered = transformsFor(chosen.column, field);
  const kept = before && "column" in before ? before.transform : undefined;
  const transform = kept && offered.includes(kept) ? kept : offered.includes("direct") ? undefined : offered.find((it) => it !== "direct");
  const base = { column: chosen.path };
  switch (transform) {
    case undefined:
      return base;
    case "date":
      return { ...base, transform };
    case "find": {
      const old = before && "column" in before ? before : undefined;
      return { ...base, transform, where: old?.where ?? { property: "", equals: "" }, ...(old?.extract === undefined ? {} : { extract: old.extract }) };
    }
    case "collect":
      return { ...base, transform, property: before && "column" in before ? (before.property ?? "") : "" };
  }
}

type Source = "column" | "static" | "expression" | "children" | "empty";

const sourceOf = (draft: FieldDraft | null): Source => {
  if (!draft || "column" in draft) return "column";
  if ("static" in draft) return "static";
  if ("expression" in draft) return "expression";
  return "children" in draft ? "children" : "empty";
};

interface FieldRowProps {
  slug: string;
  label: string;
  /** Null for a child, which has no declared type. */
  declaration: FieldDeclaration | null;
  entity: Entity;
  draft: FieldDraft | null;
  errors: ReadonlyMap<string, string>;
  onChange: (next: FieldDraft | null) => void;
  onRemove?: () => void;
}

function FieldRow({ slug, label, declaration, entity, draft, errors, onChange, onRemove }: FieldRowProps) {
  const t = useStrings();
  const sayNames = useSay();
  const id = useId();
  // What another source held comes back when it is chosen again.
  const [others, setOthers] = useState<Partial<Record<Source, FieldDraft | null>>>({});
  const isChild = declaration === null;
  const Name = isChild ? "h3" : "h2";
  const source = sourceOf(draft);
  const kind = declaration ? kindOfField(declaration) : "text";
  const sources: Source[] = ["column", ...(kind ? (["static"] as const) : []), "expression", ...(declaration?.type === "object" ? (["children"] as const) : []), "empty"];
  const type = declaration && (declaration.format === "datetime" ? t.fields.types.datetime : t.fields.types[declaration.type]);
  const error = [...errors].find(([path]) => path === slug || path.startsWith(`${slug}/`))?.[1];
  const isDone = isFieldComplete(draft) && error === undefined;
  const choose = (next: Source): void => {
    if (next === source) return;
    setOthers({ ...others, [source]: draft });
    const fresh: Record<Source, FieldDraft | null> = { column: null, static: { static: kind === "boolean" ? true : "" }, expression: { expression: "" }, children: { children: {} }, empty: { empty: true } };
    onChange(others[next] ?? fresh[next]);
  };
  const special = (typed: string): Choice[] => [
    ...(typed.trim() !== "" && kind === "text" ? [{ id: "static", label: say(t.columns.useText, { text: typed.trim() }) }] : []),
    ...(kind === "boolean" ? [{ id: "true", label: say(t.columns.useText, { text: t.fields.yes }) }, { id: "false", label: say(t.columns.useText, { text: t.fields.no }) }] : []),
    { id: "empty", label: t.columns.leaveEmpty },
  ];
  return (
    <section className={isChild ? "map-row map-child" : "map-row"} aria-labelledby={`${id}-name`} data-done={isDone}>
      <div className="map-words">
        <Name id={`${id}-name`} className="map-name">
          <span className="map-mark">{isDone && <Icon name="check" />}</span>
          {label}
          {type && <span className="map-type">{type}</span>}
          <span className="visually-hidden"> ({isDone ? t.app.done : t.app.open})</span>
        </Name>
        {declaration?.description && (
          <p id={`${id}-about`} className="hint">
            {declaration.description}
          </p>
        )}
      </div>
      <div className="map-control">
        <div className="map-line">
          <select className="map-source" aria-label={say(t.fields.source, { field: label })} value={source} onChange={(event) => choose(event.target.value as Source)}>
            {sources.map((it) => (
              <option key={it} value={it}>
                {t.fields.sources[it]}
              </option>
            ))}
          </select>
          <div className="map-value">
            {source === "column" && (
              <ColumnPicker
                label={say(t.fields.column, { field: label })}
                isLabelHidden
                entity={entity}
                use={{ for: "read", field: declaration }}
                path={draft && "column" in draft ? draft.column : ""}
                names={[label, slug]}
                others={special}
                onOther={(what, typed) => onChange(what === "empty" ? { empty: true } : { static: what === "true" ? true : what === "false" ? false : typed.trim() })}
                onChoose={(column) => onChange(mappingTo(column, declaration, draft))}
                describedBy={declaration?.description ? `${id}-about` : undefined}
              />
            )}
            {draft && "static" in draft && kind && (
              <ValueInput label={say(t.fields.static, { field: label })} isLabelHidden kind={kind} value={draft.static} onChange={(value) => onChange({ static: value })} />
            )}
            {draft && "expression" in draft && (
              <ExpressionInput
                label={say(t.fields.expression, { field: label })}
                hint={t.fields.expressionHint}
                example={`record.${entity.display || "Id"}`}
                value={draft.expression}
                error={error}
                onChange={(expression) => onChange({ expression })}
              />
            )}
            {source === "empty" && <p className="muted map-note">{sayNames(t.fields.emptyText)}</p>}
            {source === "children" && <p className="muted map-note">{sayNames(t.fields.childrenText)}</p>}
          </div>
          {onRemove && (
            <Button look="quiet" className="button-icon" aria-label={say(t.fields.removeChild, { child: label })} title={say(t.fields.removeChild, { child: label })} onClick={onRemove}>
              <Icon name="close" />
            </Button>
          )}
        </div>
        {error !== undefined && source !== "expression" && source !== "children" && <p className="error-text">{error}</p>}
        {draft && "column" in draft && <TransformControl declaration={declaration} entity={entity} draft={draft} onChange={onChange} />}
        {draft && "children" in draft && <Children parent={slug} label={label} entity={entity} items={draft.children} errors={errors} onChange={(children) => onChange({ children })} />}
      </div>
    </section>
  );
}

function TransformControl({ declaration, entity, draft, onChange }: { declaration: FieldDeclaration | null; entity: Entity; draft: Extract<FieldDraft, { column: string }>; onChange: (next: FieldDraft) => void }) {
  const t = useStrings();
  const sayNames = useSay();
  const id = useId();
  const found = usePaths(entity, [draft.column])(draft.column);
  if (!found) return null;
  const offered = transformsFor(found.column, declaration).filter((it) => it !== "date" || isDateWorthwhile(found.column));
  const current = draft.transform ?? "direct";
  const choose = (transform: string): void => {
    const base = { column: draft.column };
    if (transform === "find") onChange({ ...base, transform, where: draft.where ?? { property: "", equals: "" } });
    else if (transform === "collect") onChange({ ...base, transform, property: draft.property ?? "" });
    else if (transform === "date") onChange({ ...base, transform });
    else onChange(base);
  };
  const isForced = offered.length === 1 && offered[0] === "date";
  const isDateOnly = offered.every((it) => it === "direct" || it === "date") && offered.includes("date");
  return (
    <div className="map-more">
      {isForced ? (
        <p className="hint">{sayNames(t.fields.toDateOnly)}</p>
      ) : isDateOnly ? (
        <label className="check">
          <input type="checkbox" checked={current === "date"} onChange={(event) => choose(event.target.checked ? "date" : "direct")} />
          {t.fields.toDate}
        </label>
      ) : (
        offered.length > 1 && (
          <div className="field field-inline">
            <label htmlFor={id}>{t.fields.transform}</label>
            <select id={id} value={current} onChange={(event) => choose(event.target.value)}>
              {offered.map((it) => (
                <option key={it} value={it}>
                  {t.fields.transforms[it]}
                </option>
              ))}
            </select>
          </div>
        )
      )}
      {current === "find" && (
        <div className="map-parts">
          <ValueInput label={t.fields.findProperty} kind="text" value={draft.where?.property} onChange={(value) => onChange({ ...draft, where: { property: asText(value), equals: draft.where?.equals ?? "" } })} />
          <ValueInput label={t.fields.findEquals} kind="text" value={draft.where?.equals} onChange={(value) => onChange({ ...draft, where: { property: draft.where?.property ?? "", equals: value ?? "" } })} />
          <ValueInput
            label={t.fields.findExtract}
            kind="text"
            value={draft.extract}
            onChange={(value) => {
              const rest = { column: draft.column, transform: "find" as const, where: draft.where ?? { property: "", equals: "" } };
              onChange(value === null ? rest : { ...rest, extract: asText(value) });
            }}
          />
        </div>
      )}
      {current === "collect" && (
        <ValueInput label={t.fields.collectProperty} kind="text" value={draft.property} onChange={(value) => onChange({ ...draft, property: asText(value) })} />
      )}
    </div>
  );
}

const asText = (value: unknown): string => (typeof value === "string" ? value.trim() : "");

/** A date is ISO 8601 already; the question is for numbers and texts, and for times that a day is wanted of. */
const isDateWorthwhile = (column: Column): boolean => column.type !== "datetime" && column.type !== "date";

interface ChildrenProps {
  parent: string;
  label: string;
  entity: Entity;
  items: Record<string, FieldDraft | null>;
  errors: ReadonlyMap<string, string>;
  onChange: (items: Record<string, FieldDraft | null>) => void;
}

/** The parts of an object field, which the user names. */
function Children({ parent, label, entity, items, errors, onChange }: ChildrenProps) {
  const t = useStrings();
  const id = useId();
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const add = (): void => {
    const trimmed = name.trim();
    if (trimmed === "") setProblem(t.fields.childNeeded);
    else if (Object.hasOwn(items, trimmed)) setProblem(t.fields.childTaken);
    else {
      onChange({ ...items, [trimmed]: null });
      setName("");
      setProblem(null);
      return;
    }
    document.getElementById(id)?.focus();
  };
  return (
    <div className="children" role="group" aria-label={say(t.fields.children, { field: label })}>
      {Object.entries(items).map(([child, draft]) => (
        <FieldRow
          key={child}
          slug={child}
          label={child}
          declaration={null}
          entity={entity}
          draft={draft}
          errors={new Map([...errors].flatMap(([path, detail]) => (path.startsWith(`${parent}/children/${child}`) ? [[path.slice(`${parent}/children/`.length), detail]] : [])))}
          onChange={(next) => onChange({ ...items, [child]: next })}
          onRemove={() => onChange(Object.fromEntries(Object.entries(items).filter(([other]) => other !== child)))}
        />
      ))}
      <div className="child-new">
        <div className="field">
          <label htmlFor={id}>{t.fields.childName}</label>
          <input
            id={id}
            value={name}
            maxLength={100}
            autoComplete="off"
            aria-invalid={problem !== null || undefined}
            aria-describedby={problem === null ? undefined : `${id}-problem`}
            onChange={(event) => {
              setName(event.target.value);
              setProblem(null);
            }}
            onKeyDown={(event) => {
              if (event.key === "Enter") add();
            }}
          />
        </div>
        <Button onClick={add}>
          <Icon name="plus" />
          {t.fields.addChild}
        </Button>
      </div>
      {problem !== null && (
        <p id={`${id}-problem`} className="error-text" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
