import { useId, useState } from "react";
import type { EntitySummary, ObjectDeclaration } from "../api/shapes";
import { startingEvents } from "../lib/draft";
import { suggest, wordsOf } from "../lib/suggestions";
import { Confirm } from "../parts/confirm";
import { Icon } from "../parts/icon";
import { Heading, Loading, ProblemBox } from "../parts/problem";
import { useEntities, useObject } from "../state/session";
import { say, useSay, useStrings } from "../strings";

/** What stands for opting out among the names of entities, which never begin with a dash. */
const NONE = "-none";

interface EntityScreenProps {
  slug: string;
  name: string;
  declared: ObjectDeclaration;
}

export function EntityScreen({ slug, name, declared }: EntityScreenProps) {
  const t = useStrings();
  const sayNames = useSay();
  const query = useEntities();
  const { object, change } = useObject(slug);
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState<EntitySummary | null | undefined>(undefined);
  const id = useId();

  if (query.error && !query.data) return <ProblemBox error={query.error} title={sayNames(t.schema.failed)} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Loading />;

  const suggested = suggest(
    [name, slug],
    query.data.map((entity) => ({ entity, names: [entity.label, entity.name, entity.label_plural] })),
  ).map(({ entity }) => entity);
  const words = wordsOf(typed);
  const matching = query.data.filter((entity) => {
    const own = wordsOf(`${entity.label} ${entity.label_plural} ${entity.name}`);
    return words.every((part) => own.some((word) => word.startsWith(part)));
  });
  const choose = (entity: EntitySummary | null): void => {
    const next = entity ? entity.name : null;
    if (next === object.entity) return;
    // Opting out and back in loses nothing; another entity has other columns.
    const isMapped = Object.keys(object.fields).length > 0 || Object.values(object.events).some((event) => event.rows.length > 0 || Object.keys(event.payload).length > 0 || event.filter.items.some((item) => "items" in item || item.column !== ""));
    if (entity && isMapped && object.was !== undefined && object.was !== entity.name) setAsked(entity);
    else set(entity);
  };
  const set = (entity: EntitySummary | null): void => {
    setAsked(undefined);
    change((before) => {
      if (!entity) return { ...before, entity: null };
      if (before.was === entity.name) return { ...before, entity: entity.name };
      return { entity: entity.name, was: entity.name, fields: {}, events: startingEvents(declared) };
    });
  };
  const beforeLabel = query.data.find((entity) => entity.name === object.was)?.label ?? object.was ?? "";

  const row = (entity: EntitySummary, isSuggested: boolean) => (
    <label key={`${entity.name}${isSuggested ? "*" : ""}`} className="pick" data-chosen={object.entity === entity.name}>
      <input type="radio" name={id} value={entity.name} checked={object.entity === entity.name} onChange={() => choose(entity)} />
      <span className="row-title">
        {entity.label} {isSuggested && <Icon name="star" />} <code className="row-code">{entity.name}</code> {entity.custom && <span className="map-type">{t.entity.custom}</span>}
      </span>
    </label>
  );
  const first = typed.trim() === "" ? suggested : [];
  const rest = matching.filter((entity) => !first.includes(entity));
  return (
    <div className="narrow">
      <Heading title={sayNames(t.entity.title, { object: name })}>{declared.description && <p className="lead">{declared.description}</p>}</Heading>
      <div className="field find">
        <label htmlFor={`${id}-find`} className="visually-hidden">
          {t.entity.find}
        </label>
        <Icon name="search" />
        <input id={`${id}-find`} type="search" placeholder={t.entity.find} autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} />
      </div>
      <fieldset className="picks">
        <legend className="visually-hidden">{sayNames(t.entity.title, { object: name })}</legend>
        {first.length > 0 && (
          <>
            <p className="rows-title">{t.entity.suggested}</p>
            {first.map((entity) => row(entity, true))}
          </>
        )}
        <label className="pick" data-chosen={object.entity === null}>
          <input type="radio" name={id} value={NONE} checked={object.entity === null} onChange={() => choose(null)} />
          <span className="row-title">{t.entity.none}</span>
          <span className="hint">{sayNames(t.entity.noneText)}</span>
        </label>
        <p className="rows-title">{t.entity.all}</p>
        {rest.map((entity) => row(entity, false))}
        {rest.length === 0 && first.length === 0 && <p className="muted">{t.entity.empty}</p>}
      </fieldset>
      {asked && (
        <Confirm title={say(t.entity.confirm, { entity: asked.label })} go={t.entity.confirmGo} onGo={() => set(asked)} onCancel={() => setAsked(undefined)}>
          <p>{say(t.entity.confirmText, { object: name, before: beforeLabel })}</p>
        </Confirm>
      )}
    </div>
  );
}
