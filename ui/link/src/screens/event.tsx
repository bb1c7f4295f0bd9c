// One event of an object: what is done when the app invokes it.
import { lazy, Suspense, useId } from "react";
import type { Action, EventDeclaration, ObjectDeclaration } from "../api/shapes";
import { actionsOf } from "../lib/draft";
import { Heading, Loading, ProblemBox } from "../parts/problem";
import { useEntity, useEvent, useObject } from "../state/session";
import { useSay, useStrings } from "../strings";
import { WriteEditor } from "./write";

// The builder is the largest part, and whoever maps no search never needs it.
const SearchEditor = lazy(() => import("./search"));

interface EventScreenProps {
  slug: string;
  event: string;
  name: string;
  object: ObjectDeclaration;
  declared: EventDeclaration;
}

export function EventScreen({ slug, event, name, object, declared }: EventScreenProps) {
  const t = useStrings();
  const say = useSay();
  const id = useId();
  const { object: mapped } = useObject(slug);
  const { draft, change } = useEvent(slug, event);
  const query = useEntity(mapped.entity);
  const entity = query.data;
  if (query.error && !entity) return <ProblemBox error={query.error} title={say(t.schema.failed)} onRetry={() => void query.refetch()} />;
  if (!entity) return <Loading label={t.columns.loading} />;

  const words = (action: Action): [string, string] => {
    if (action === "noop") return [t.event.actions.noop, declared.type === "search" ? t.event.actions.noopSearchText : t.event.actions.noopText];
    return [t.event.actions[action], t.event.actions[`${action}Text`]];
  };
  return (
    <>
      <Heading title={name}>
        <p className="lead">
          <span className="map-type">{t.event[declared.type]}</span> {declared.description}
        </p>
      </Heading>
      <fieldset className="picks picks-wide">
        <legend className="rows-title">{t.event.action}</legend>
        {actionsOf(declared).map((action) => {
          const [title, text] = words(action);
          return (
            <label key={action} className="pick" data-chosen={draft.action === action}>
              <input type="radio" name={id} checked={draft.action === action} onChange={() => change((before) => ({ ...before, action }))} />
              <span className="row-title">{title}</span>
              <span className="hint">{say(text, { entity: entity.label })}</span>
            </label>
          );
        })}
      </fieldset>
      {draft.action === "search" && (
        <Suspense fallback={<Loading />}>
          <SearchEditor slug={slug} event={event} object={object} declared={declared} entity={entity} draft={draft} onChange={change} />
        </Suspense>
      )}
      {(draft.action === "create" || draft.action === "update") && <WriteEditor declared={declared} entity={entity} action={draft.action} draft={draft} onChange={change} />}
    </>
  );
}
