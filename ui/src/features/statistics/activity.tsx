// What happened over time, in four charts.
import { useLocation, useSearch } from "wouter";
import { Choice, Section } from "../../components/bits";
import { Chart, type Series } from "../../components/chart";
import { Answered } from "../../components/states";
import { filtersFrom, queryOf } from "../../lib/filters";
import { markOf, RANGE_DEFAULT, RANGES, type Range } from "../../lib/ranges";
import { shortCount } from "../../lib/scale";
import { duration, exactTime } from "../../lib/time";
import { useStrings, useWords } from "../../strings";
import { useStatistics } from "./queries";

type Statistics = NonNullable<ReturnType<typeof useStatistics>["data"]>;
type Counts = Statistics["total"];

export default function Activity() {
  const t = useStrings();
  const [, navigate] = useLocation();
  const filters = filtersFrom(useSearch(), ["range"], { range: RANGES });
  const range = (filters.range ?? RANGE_DEFAULT) as Range;
  const statistics = useStatistics(range);
  return (
    <Section
      title={t.statistics.title}
      aside={
        <Choice
          label={t.statistics.range}
          value={range}
          options={RANGES.map((range) => [range, t.statistics.spans[range]] as const)}
          onChange={(range) => navigate(`/${queryOf({ range: range === RANGE_DEFAULT ? "" : range })}`, { replace: true })}
        />
      }
    >
      <Answered query={statistics} lines={8}>
        {(data) => (
          <div className="charts" aria-busy={statistics.isPlaceholderData}>
            <Charts statistics={data} />
          </div>
        )}
      </Answered>
      <p className="hint">{t.statistics.about}</p>
    </Section>
  );
}

function Charts({ statistics: { range, until, points, total } }: { statistics: Statistics }) {
  const t = useStrings();
  const { language } = useWords();
  const series = (key: string, label: string, look: Series["look"], of: (counts: Counts) => number | null): Series => ({
    key,
    label,
    look,
    values: points.map(of),
    total: of(total),
  });
  const common = {
    about: t.statistics.ranges[range],
    times: [...points.map(({ starts_at: at }) => new Date(at)), new Date(until)],
    nothing: t.statistics.nothing,
    formatTime: (at: Date) => exactTime(at, language),
    formatTimeMark: (at: Date) => markOf(range, at, language),
  };
  const counts = {
    ...common,
    of: "counts",
    format: (value: number) => new Intl.NumberFormat(language).format(value),
    formatMark: (value: number) => shortCount(value, language),
  } as const;
  const durations = {
    ...common,
    of: "durations",
    format: (value: number) => duration(value, language),
    formatMark: (value: number) => duration(value, language),
  } as const;
  return (
    <>
      <Chart
        {...counts}
        title={t.statistics.events}
        series={[
          series("received", t.statistics.received, "outline", ({ events }) => events.received),
          series("processed", t.statistics.processed, "bar", ({ events }) => events.processed),
          series("failed", t.statistics.failed, "bar-bad", ({ events }) => events.failed),
        ]}
      />
      <Chart
        {...counts}
        title={t.statistics.deliveries}
        series={[
          series("delivered", t.statistics.delivered, "bar", ({ deliveries }) => deliveries.delivered),
          series("dead", t.statistics.dead, "bar-bad", ({ deliveries }) => deliveries.dead),
          series("failed-attempts", t.statistics.failedAttempts, "outline-dashed", ({ deliveries }) => deliveries.failed_attempts),
        ]}
      />
      <Chart
        {...durations}
        title={t.statistics.process}
        series={[
          series("p50", t.statistics.p50, "line", ({ process_time: it }) => it.p50_ms),
          series("p95", t.statistics.p95, "line-dashed", ({ process_time: it }) => it.p95_ms),
        ]}
      />
      <Chart
        {...durations}
        title={t.statistics.delivery}
        series={[
          series("p50", t.statistics.p50, "line", ({ delivery_time: it }) => it.p50_ms),
          series("p95", t.statistics.p95, "line-dashed", ({ delivery_time: it }) => it.p95_ms),
        ]}
      />
    </>
  );
}
