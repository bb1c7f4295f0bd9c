import { useState } from "react";
import type { EventStatus, Source } from "../../api/client";
import { Choice } from "../../components/bits";
import { Button } from "../../components/button";
import { Field, SettledInput } from "../../components/field";
import { fromLocalInput, toLocalInput } from "../../lib/time";
import { useStrings } from "../../strings";
import { STATUSES, type EventFilters } from "./queries";

interface Props {
  filters: EventFilters;
  sources: readonly Source[] | undefined;
  onChange: (filters: EventFilters) => void;
}

const FURTHER = ["since", "until", "entity", "record"] as const;

export function EventFilterBar({ filters, sources, onChange }: Props) {
  const t = useStrings();
  const [further, setFurther] = useState(() => FURTHER.some((name) => filters[name]));
  const set = (name: keyof EventFilters, value: string | undefined): void => {
    onChange({ ...filters, cursor: "", [name]: value ?? "" });
  };
  const any = Object.entries(filters).some(([name, value]) => name !== "cursor" && value);
  const statuses: [EventStatus | "", string][] = [["", t.app.all], ...STATUSES.map((status): [EventStatus, string] => [status, t.events.statuses[status]])];
  const known = sources ?? [];
  return (
    <section className="filters" aria-label={t.app.filters}>
      <Choice label={t.events.statusFilter} value={(filters.status ?? "") as EventStatus | ""} options={statuses} onChange={(status) => set("status", status)} />
      <div className="filter-fields">
        <Field label={t.events.source}>
          {(props) => (
            <select {...props} value={filters.source ?? ""} onChange={(event) => set("source", event.target.value)}>
              <option value="">{t.events.allSources}</option>
              {filters.source && !known.some(({ id }) => id === filters.source) && <option value={filters.source}>{filters.source}</option>}
              {known.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t.events.errorText}>
          {(props) => <SettledInput {...props} type="search" value={filters.error ?? ""} onSettled={(value) => set("error", value)} />}
        </Field>
        <div className="filter-actions">
          <Button look="quiet" aria-expanded={further} onClick={() => setFurther(!further)}>
            {t.app.moreFilters}
          </Button>
          {any && (
            <Button look="quiet" onClick={() => onChange({})}>
              {t.app.clearFilters}
            </Button>
          )}
        </div>
      </div>
      {further && (
        <div className="filter-fields">
          {(["since", "until"] as const).map((name) => (
            <Field key={name} label={t.events[name]}>
              {(props) => <SettledInput {...props} type="datetime-local" value={toLocalInput(filters[name])} onSettled={(value) => set(name, fromLocalInput(value))} />}
            </Field>
          ))}
          <Field label={t.events.entity}>
            {(props) => <SettledInput {...props} placeholder={t.events.entityHint} value={filters.entity ?? ""} onSettled={(value) => set("entity", value)} />}
          </Field>
          <Field label={t.events.record}>
            {(props) => <SettledInput {...props} placeholder={t.events.recordHint} value={filters.record ?? ""} onSettled={(value) => set("record", value)} />}
          </Field>
        </div>
      )}
    </section>
  );
}
