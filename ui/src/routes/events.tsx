import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import type { InboundEvent, Source } from "../api/client";
import { PageHeader, Pager } from "../components/bits";
import { Button, LinkButton } from "../components/button";
import { Answered, Empty } from "../components/states";
import { Cell, Row, Table } from "../components/table";
import { Time } from "../components/time";
import { EventStatusBadge, Outcome, SourceName } from "../features/events/event-bits";
import { EventFilterBar } from "../features/events/event-filters";
import { FILTER_NAMES, STATUSES, useEvents, useSources, type EventFilters } from "../features/events/queries";
import { ReplayDialog, type Which } from "../features/events/replay-dialog";
import { useMayWrite } from "../features/session/session";
import { filtersFrom, queryOf, replayable } from "../lib/filters";
import { exactTime } from "../lib/time";
import { useStrings, useWords } from "../strings";

export default function EventsPage() {
  const t = useStrings();
  const [, navigate] = useLocation();
  const filters: EventFilters = filtersFrom(useSearch(), FILTER_NAMES, { status: STATUSES });
  const events = useEvents(filters);
  const sources = useSources();
  const mayWrite = useMayWrite();
  const { cursor, ...matching } = filters;
  // A selection belongs to the filters it was made under.
  const address = queryOf(matching);
  const [selection, setSelection] = useState({ address, ids: new Set<string>(), all: false });
  const { ids, all } = selection.address === address ? selection : { ids: new Set<string>(), all: false };
  const select = (next: Set<string>, everything = false): void => setSelection({ address, ids: next, all: everything });
  const [replaying, setReplaying] = useState<Which | null>(null);

  const which = (): Which => (all ? pickReplayable(matching) : { ids: [...ids] });
  return (
    <>
      <PageHeader title={t.events.title} />
      <EventFilterBar filters={filters} sources={sources.data} onChange={(next) => navigate(`/events${queryOf(next)}`, { replace: true })} />
      {!mayWrite && <p className="hint">{t.app.viewerOnly}</p>}
      <Answered query={events} lines={8}>
        {({ inbound_events: list, page }) => (
          <>
            {list.length === 0 ? (
              <NoEvents filtered={address !== ""} more={page.has_more} />
            ) : (
              <>
                {mayWrite && (
                  <SelectionBar
                    page={list}
                    ids={ids}
                    all={all}
                    more={page.has_more || cursor !== undefined}
                    mayMatch={replayable(matching)}
                    onSelect={select}
                    onReplay={() => setReplaying(which())}
                  />
                )}
                <EventTable events={list} sources={sources.data} {...(mayWrite ? { ids, all, onSelect: select } : {})} />
              </>
            )}
            <Pager
              newest={cursor ? `/events${address}` : null}
              older={page.has_more && page.next ? `/events${queryOf({ ...matching, cursor: page.next })}` : null}
            />
          </>
        )}
      </Answered>
      {replaying && <ReplayDialog which={replaying} onClose={() => setReplaying(null)} onDone={() => select(new Set())} />}
    </>
  );
}

function pickReplayable({ source, status, since, until }: EventFilters): Which {
  return {
    ...(source ? { source } : {}),
    ...(status ? { status: status as InboundEvent["status"] } : {}),
    ...(since ? { since } : {}),
    ...(until ? { until } : {}),
  };
}

function NoEvents({ filtered, more }: { filtered: boolean; more: boolean }) {
  const t = useStrings();
  if (more) return <p className="muted">{t.app.pageEmpty}</p>;
  if (filtered)
    return (
      <Empty title={t.events.emptyFiltered} action={<LinkButton to="/events">{t.app.clearFilters}</LinkButton>}>
        <p>{t.events.emptyFilteredDetail}</p>
      </Empty>
    );
  return (
    <Empty title={t.events.empty} action={<LinkButton to="/" look="primary">{t.events.toOverview}</LinkButton>}>
      <p>{t.events.emptyDetail}</p>
    </Empty>
  );
}

interface SelectionProps {
  page: readonly InboundEvent[];
  ids: ReadonlySet<string>;
  all: boolean;
  more: boolean;
  mayMatch: boolean;
  onSelect: (ids: Set<string>, all?: boolean) => void;
  onReplay: () => void;
}

function SelectionBar({ page, ids, all, more, mayMatch, onSelect, onReplay }: SelectionProps) {
  const t = useStrings();
  const whole = page.every(({ id }) => ids.has(id));
  const some = all || ids.size > 0;
  return (
    <div className="selection" data-on={some}>
      <label className="check">
        <input
          type="checkbox"
          checked={all || whole}
          ref={(box) => {
            if (box) box.indeterminate = some && !all && !whole;
          }}
          onChange={() => onSelect(all || whole ? new Set() : new Set([...ids, ...page.map(({ id }) => id)]))}
        />
        <span className={some ? "visually-hidden" : ""}>{t.events.selectAll}</span>
      </label>
      <span role="status">{all ? t.events.allMatching : ids.size > 0 && t.events.selected(ids.size)}</span>
      {some && (
        <>
          {whole && more && !all && (
            mayMatch ? (
              <Button look="quiet" onClick={() => onSelect(new Set(ids), true)}>
                {t.events.selectMatching}
              </Button>
            ) : (
              <span className="hint">{t.events.cannotMatch}</span>
            )
          )}
          <span className="grow" />
          <Button look="quiet" onClick={() => onSelect(new Set())}>
            {t.events.clearSelection}
          </Button>
          <Button look="primary" onClick={onReplay}>
            {t.events.replay}
          </Button>
        </>
      )}
    </div>
  );
}

interface TableProps {
  events: readonly InboundEvent[];
  sources: readonly Source[] | undefined;
  ids?: ReadonlySet<string>;
  all?: boolean;
  onSelect?: (ids: Set<string>) => void;
}

export function EventTable({ events, sources, ids, all = false, onSelect }: TableProps) {
  const t = useStrings();
  const { language } = useWords();
  const columns = [
    ...(onSelect ? [{ key: "select", label: t.events.replay, hidden: true }] : []),
    { key: "received", label: t.events.received },
    { key: "status", label: t.events.status },
    { key: "source", label: t.events.source },
    { key: "outcome", label: t.events.outcome },
  ];
  const toggle = (id: string): void => {
    const next = new Set(all ? events.map((event) => event.id) : ids);
    if (!next.delete(id)) next.add(id);
    onSelect?.(next);
  };
  return (
    <Table label={t.events.title} columns={columns}>
      {events.map((event) => {
        const selected = all || ids?.has(event.id) === true;
        return (
          <Row key={event.id} selected={selected}>
            {onSelect && (
              <Cell column="select">
                <input
                  type="checkbox"
                  checked={selected}
                  aria-label={t.events.select(exactTime(new Date(event.received_at), language))}
                  onChange={() => toggle(event.id)}
                />
              </Cell>
            )}
            <Cell column="received">
              <Link href={`/events/${event.id}`} className="row-link">
                <Time at={event.received_at} />
              </Link>
            </Cell>
            <Cell column="status">
              <EventStatusBadge status={event.status} />
            </Cell>
            <Cell column="source" label={t.events.source}>
              <SourceName id={event.source} sources={sources} />
            </Cell>
            <Cell column="outcome" label={t.events.outcome}>
              <Outcome event={event} />
            </Cell>
          </Row>
        );
      })}
    </Table>
  );
}
