import { useLocation, useSearch } from "wouter";
import type { Delivery, DeliveryStatus } from "../api/client";
import { Choice, PageHeader } from "../components/bits";
import { Button } from "../components/button";
import { Field, SettledInput } from "../components/field";
import { SelectField, type Option } from "../components/inputs";
import { Listing } from "../components/listing";
import { useNotify } from "../components/notify";
import { Empty, ProblemBox } from "../components/states";
import { DeliveryTable } from "../features/deliveries/delivery-bits";
import { DELIVERY_STATUSES, useDeliveries, useResend, type DeliveryFilters } from "../features/deliveries/queries";
import { useEndpoints } from "../features/endpoints/queries";
import { useMayWrite } from "../features/session/session";
import { filtersFrom, queryOf } from "../lib/filters";
import { fromLocalInput, toLocalInput } from "../lib/time";
import { useStrings } from "../strings";

const NAMES = ["endpoint", "status", "since", "until", "cursor"] as const;

export default function DeliveriesPage() {
  const t = useStrings();
  const [, navigate] = useLocation();
  const filters: DeliveryFilters = filtersFrom(useSearch(), NAMES, { status: DELIVERY_STATUSES });
  const deliveries = useDeliveries(filters, 50);
  const endpoints = useEndpoints(undefined, 200);
  const resend = useResend();
  const notify = useNotify();
  const mayWrite = useMayWrite();
  const { cursor, ...matching } = filters;
  const set = (part: DeliveryFilters): void => navigate(`/deliveries${queryOf({ ...matching, ...part })}`, { replace: true });
  const isFiltered = queryOf(matching) !== "";
  const statuses: [DeliveryStatus | "", string][] = [["", t.app.all], ...DELIVERY_STATUSES.map((status): [DeliveryStatus, string] => [status, t.deliveries.statuses[status]])];
  const urls = new Map(endpoints.data?.endpoints.map(({ id, url, description }) => [id, description || url]));
  const send = (delivery: Delivery): void => resend.mutate(delivery.id, { onSuccess: () => notify(t.deliveries.resendDone) });
  return (
    <>
      <PageHeader title={t.deliveries.title} />
      <section className="filters" aria-label={t.app.filters}>
        <Choice label={t.deliveries.statusFilter} value={(filters.status ?? "") as DeliveryStatus | ""} options={statuses} onChange={(status) => set({ status })} />
        <div className="filter-fields">
          <SelectField
            label={t.endpoints.one}
            value={filters.endpoint ?? ""}
            options={[["", t.deliveries.allEndpoints], ...[...urls].map(([id, name]): Option => [id, name])]}
            onChange={(endpoint) => set({ endpoint })}
          />
          {(["since", "until"] as const).map((name) => (
            <Field key={name} label={t.recover[name]}>
              {(props) => <SettledInput {...props} type="datetime-local" value={toLocalInput(filters[name])} onSettled={(value) => set({ [name]: fromLocalInput(value) ?? "" })} />}
            </Field>
          ))}
          {isFiltered && (
            <div className="filter-actions">
              <Button look="quiet" onClick={() => navigate("/deliveries", { replace: true })}>
                {t.app.clearFilters}
              </Button>
            </div>
          )}
        </div>
      </section>
      {resend.error && <ProblemBox error={resend.error} />}
      <Listing
        query={deliveries}
        items={(answer) => answer.deliveries}
        path="/deliveries"
        filters={matching}
        cursor={cursor}
        empty={
          <Empty title={isFiltered ? t.deliveries.noneMatches : t.deliveries.empty}>
            <p>{isFiltered ? t.records.emptyFilteredDetail : t.deliveries.emptyAllDetail}</p>
          </Empty>
        }
      >
        {(list) => <DeliveryTable deliveries={list} endpoints={urls} {...(mayWrite ? { onResend: send } : {})} />}
      </Listing>
    </>
  );
}
