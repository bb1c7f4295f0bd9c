// Charts over time: bars that stand on each other, and lines. d3 makes scales and paths; what is drawn with them is
// SVG in the page, so themes, contrast modes and the policy that the server sends hold for it as for everything else.
// Colours are not alone: what is bad is hatched, and second lines are dashed. Whoever sees no pictures has the totals
// in words and every number in a table.
import { scaleBand, scaleLinear, scaleLog, scaleTime } from "d3-scale";
import { line } from "d3-shape";
import { useId, useState, type PointerEvent } from "react";
import { durationMarks } from "../lib/scale";
import { useStrings } from "../strings";
import { Cell, Row, Table } from "./table";

export type Look = "bar" | "bar-bad" | "line" | "line-dashed" | "outline" | "outline-dashed";

export interface Series {
  key: string;
  label: string;
  look: Look;
  /** One for each point; null where there is none. */
  values: readonly (number | null)[];
  /** Of all the time that is shown. */
  total: number | null;
}

interface ChartProps {
  title: string;
  /** What the whole of it is, such as "last day". */
  about: string;
  /** Where each point starts, and where the last one ends. */
  times: readonly Date[];
  series: readonly Series[];
  /** Counts begin at 0; durations lie on a logarithmic axis. */
  of: "counts" | "durations";
  /** What is said where there is nothing to draw. */
  nothing: string;
  format: (value: number) => string;
  formatMark: (value: number) => string;
  formatTime: (at: Date) => string;
  formatTimeMark: (at: Date) => string;
}

const HEIGHT = 170;
const TOP = 8;
const RIGHT = 8;
const BOTTOM = 24;
const LEFT = 52;
/** Between the marks of the axis of time. */
const MARK_PX = 90;

const isBar = ({ look }: Series): boolean => look.startsWith("bar");

export function Chart(props: ChartProps) {
  const { title, about, times, series, nothing, format, formatTime } = props;
  const t = useStrings();
  const id = useId();
  const [at, setAt] = useState<number | null>(null);
  const [open, setOpen] = useState(false);
  const isEmpty = series.every(({ values }) => values.every((value) => value === null || value === 0));
  // The newest answer may have fewer points than the one that was pointed at.
  const pointed = at !== null && at < times.length - 1 ? at : null;
  const start = pointed === null ? undefined : times[pointed];
  const shown = ({ values, total }: Series): string => {
    const value = pointed === null ? total : (values[pointed] ?? null);
    return value === null ? "–" : format(value);
  };
  const inWords = series.map(({ label, total }) => `${label} ${total === null ? "–" : format(total)}`).join(", ");
  return (
    <figure className="chart" aria-labelledby={id}>
      <figcaption>
        <h3 id={id}>{title}</h3>
        <span className="muted">{start ? formatTime(start) : about}</span>
      </figcaption>
      <dl className="chart-legend">
        {series.map((one) => (
          <div key={one.key}>
            <dt>
              <Swatch look={one.look} />
              {one.label}
            </dt>
            <dd>{shown(one)}</dd>
          </div>
        ))}
      </dl>
      {isEmpty ? (
        <p className="chart-nothing muted">{nothing}</p>
      ) : (
        <>
          <Plot {...props} label={`${title}, ${about}: ${inWords}`} pointed={pointed} onPoint={setAt} />
          <details className="more" onToggle={(event) => setOpen(event.currentTarget.open)}>
            <summary>{t.statistics.numbers}</summary>
            {open && <Numbers {...props} />}
          </details>
        </>
      )}
    </figure>
  );
}

/** What the table has: the points at which there is something, newest first. */
function Numbers({ title, times, series, format, formatTime }: ChartProps) {
  const t = useStrings();
  const columns = [{ key: "time", label: t.statistics.time }, ...series.map(({ key, label }) => ({ key, label }))];
  const points = times.slice(0, -1).flatMap((start, point) => (series.some(({ values }) => values[point]) ? [{ start, point }] : []));
  return (
    <Table label={title} columns={columns}>
      {points.reverse().map(({ start, point }) => (
        <Row key={start.getTime()}>
          <Cell column="time">
            <time dateTime={start.toISOString()}>{formatTime(start)}</time>
          </Cell>
          {series.map(({ key, label, values }) => {
            const value = values[point] ?? null;
            return (
              <Cell key={key} column={key} label={label}>
                {value === null ? "–" : format(value)}
              </Cell>
            );
          })}
        </Row>
      ))}
    </Table>
  );
}

function Swatch({ look }: { look: Look }) {
  const hatch = useId();
  return (
    <svg className="chart-swatch" width="18" height="12" aria-hidden="true">
      <Hatch id={hatch} />
      {look.startsWith("bar") ? <Bar look={look} hatch={hatch} x={3} y={0.5} width={12} height={11} /> : <path className={`chart-${look}`} d="M0 6H18" />}
    </svg>
  );
}

function Hatch({ id }: { id: string }) {
  return (
    <defs>
      <pattern id={id} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect className="chart-hatch" width="5" height="5" />
        <path className="chart-hatch-line" d="M0 0V5" />
      </pattern>
    </defs>
  );
}

interface BarProps {
  look: Look;
  hatch: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

function Bar({ look, hatch, ...box }: BarProps) {
  return look === "bar-bad" ? <rect className="chart-bar-bad" fill={`url(#${hatch})`} {...box} /> : <rect className="chart-bar" {...box} />;
}

interface PlotProps extends ChartProps {
  label: string;
  pointed: number | null;
  onPoint: (point: number | null) => void;
}

/** As wide as there is room; drawn once it is known how wide that is. */
function Plot(props: PlotProps) {
  const [width, setWidth] = useState(0);
  const [measure] = useState(() => (box: HTMLDivElement | null) => {
    if (!box) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(box);
    return () => observer.disconnect();
  });
  return (
    <div className="chart-plot" ref={measure}>
      {width > LEFT + RIGHT && <Drawing {...props} width={width} />}
    </div>
  );
}

function Drawing({ label, times, series, of, width, pointed, onPoint, formatMark, formatTimeMark }: PlotProps & { width: number }) {
  const hatch = useId();
  const [right, bottom] = [width - RIGHT, HEIGHT - BOTTOM];
  const starts = times.slice(0, -1);
  const slots = scaleBand<number>().domain(starts.keys()).range([LEFT, right]).paddingInner(0.15);
  const [first = new Date(), last = first] = [times[0], times.at(-1)];
  const time = scaleTime().domain([first, last]).range([LEFT, right]);
  const bars = series.filter(isBar);
  const lines = series.filter((one) => !isBar(one));
  const sums = starts.map((_, point) => bars.reduce((sum, { values }) => sum + (values[point] ?? 0), 0));
  const values = [...sums, ...lines.flatMap((one) => one.values.filter((value) => value !== null))];
  const marks = durationMarks(values.filter((value) => value > 0));
  const counts = scaleLinear().domain([0, Math.max(...values, 4)]).range([bottom, TOP]).nice(4);
  const durations = scaleLog().domain([marks[0] ?? 1, marks.at(-1) ?? 10]).range([bottom, TOP]).clamp(true);
  const height = of === "counts" ? counts : durations;
  const slot = slots.bandwidth();
  const point = (event: PointerEvent<SVGSVGElement>): void => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
    const found = Math.floor(((x - LEFT) / (right - LEFT)) * starts.length);
    onPoint(0 <= found && found < starts.length ? found : null);
  };
  return (
    <svg width={width} height={HEIGHT} role="img" aria-label={label} onPointerMove={point} onPointerDown={point} onPointerLeave={() => onPoint(null)}>
      <Hatch id={hatch} />
      {pointed !== null && <rect className="chart-pointed" x={slots(pointed)} y={TOP} width={slot} height={bottom - TOP} />}
      {(of === "counts" ? counts.ticks(4).filter(Number.isInteger) : marks).map((mark) => (
        <g key={mark}>
          <path className="chart-grid" d={`M${LEFT} ${height(mark)}H${right}`} />
          <text className="chart-mark" x={LEFT - 8} y={height(mark)} dy="0.32em" textAnchor="end">
            {formatMark(mark)}
          </text>
        </g>
      ))}
      {time.ticks(Math.max(2, Math.floor((right - LEFT) / MARK_PX))).map((mark) => (
        <text key={mark.getTime()} className="chart-mark" x={time(mark)} y={HEIGHT - 6} textAnchor={time(mark) > right - 20 ? "end" : "middle"}>
          {formatTimeMark(mark)}
        </text>
      ))}
      {starts.map((start, index) => {
        let below = 0;
        return bars.map(({ key, look, values }) => {
          const value = values[index] ?? 0;
          if (value === 0) return null;
          const [from, to] = [counts(below), counts((below += value))];
          // Whatever happened is to be seen, however little it is beside the rest.
          return <Bar key={`${key} ${start.getTime()}`} look={look} hatch={hatch} x={slots(index) ?? 0} y={Math.min(to, from - 2)} width={slot} height={Math.max(from - to, 2)} />;
        });
      })}
      {lines.map(({ key, look, values }) =>
        look.startsWith("outline") ? (
          <Outline key={key} look={look} d={outline(values, (index) => LEFT + ((right - LEFT) * index) / starts.length, counts)} />
        ) : (
          <Line key={key} look={look} values={values} x={(index) => (slots(index) ?? 0) + slot / 2} y={height} />
        ),
      )}
    </svg>
  );
}

/** Along the slots, and nothing where there is nothing. */
function outline(values: readonly (number | null)[], x: (slot: number) => number, y: (value: number) => number): string {
  const parts = values.map((value, index) => {
    if (!value) return "";
    const up = values[index - 1] ? "" : `M${x(index)} ${y(0)}`;
    const down = values[index + 1] ? "" : `V${y(0)}`;
    return `${up}V${y(value)}H${x(index + 1)}${down}`;
  });
  return parts.join("");
}

/** A dashed one crosses bars, so it brings its own ground. */
function Outline({ look, d }: { look: Look; d: string }) {
  return (
    <>
      {look === "outline-dashed" && <path className="chart-ground" d={d} />}
      <path className={`chart-${look}`} d={d} />
    </>
  );
}

interface LineProps {
  look: Look;
  values: readonly (number | null)[];
  x: (point: number) => number;
  y: (value: number) => number;
}

/** From one middle of a slot to the next; a value that stands alone is a dot. */
function Line({ look, values, x, y }: LineProps) {
  const path = line<number | null>()
    .defined((value) => value !== null)
    .x((_, index) => x(index))
    .y((value) => y(value ?? 0));
  const isAlone = (value: number | null, index: number): boolean => value !== null && values[index - 1] == null && values[index + 1] == null;
  return (
    <>
      <path className={`chart-${look}`} d={path(values as (number | null)[]) ?? ""} />
      {values.map((value, index) => isAlone(value, index) && <circle key={index} className={`chart-dot chart-${look}`} cx={x(index)} cy={y(value ?? 0)} r="2.5" />)}
    </>
  );
}
