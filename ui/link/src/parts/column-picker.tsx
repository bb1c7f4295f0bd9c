// Chooses a column, or a path over lookup columns to another record's. Suggestions come first and are marked; what
// cannot serve is greyed, with the reason.
import { useState } from "react";
import type { Entity } from "../api/shapes";
import { canWalk, columnsAt, reasonAgainst, stepOf, walks, type PathColumn, type Reason, type Use } from "../lib/columns";
import { suggest, wordsOf } from "../lib/suggestions";
import { useEntity, useEntityMap, usePaths } from "../state/session";
import { say, useSayCount, useStrings, type Strings } from "../strings";
import { Combobox, type Choice, type ChoiceGroup } from "./combobox";

interface ColumnPickerProps {
  label: string;
  isLabelHidden?: boolean;
  entity: Entity | undefined;
  use: Use;
  /** The path that is chosen; empty for none. */
  path: string;
  /** What the column is for, by all its names; suggestions come from them. */
  names?: readonly string[];
  placeholder?: string;
  /** Choices that are no columns, such as a fixed value that was typed. */
  others?: (typed: string) => readonly Choice[];
  onOther?: (id: string, typed: string) => void;
  onChoose: (column: PathColumn) => void;
  describedBy?: string | undefined;
}

/** More are not drawn at once: typing finds them. */
const SHOWN_MAX = 120;

/** A level that the picker went down to, over a lookup column. */
interface Level {
  base: string;
  labels: string[];
  entity: string;
}

export function ColumnPicker({ label, isLabelHidden, entity, use, path, names = [], placeholder, others, onOther, onChoose, describedBy }: ColumnPickerProps) {
  const t = useStrings();
  const count = useSayCount();
  const [isOpen, setIsOpen] = useState(false);
  const [level, setLevel] = useState<Level | null>(null);
  const below = useEntity(level?.entity);
  const chosen = usePaths(entity, path === "" ? [] : [path])(path);
  const mayWalk = walks(use);
  // Names of looked-up records are found by typing too, so the entities one step away are asked for when it opens.
  const near = useEntityMap(isOpen && mayWalk && entity ? entity.columns.flatMap(({ lookup, readable }) => (lookup !== null && readable ? [lookup] : [])) : []);

  const here = level ? below.data : entity;
  const groupsFor = (typed: string): ChoiceGroup[] => {
    if (!here) return [];
    const columns = columnsAt(here, level?.base ?? "", level?.labels ?? []);
    const steps = level || !mayWalk ? [] : columns.filter(({ column }) => canWalk(column, ""));
    const behind = steps.flatMap(({ column, labels }) => {
      const found = column.lookup === null ? undefined : near.known.get(column.lookup);
      return found ? columnsAt(found, stepOf(column), labels) : [];
    });
    const fits = (it: PathColumn): boolean => reasonAgainst(it.column, use) === null;
    const displays = behind.filter((it) => near.known.get(lookupOf(it, entity) ?? "")?.display === it.column.name);
    const named = [...columns.map((it) => ({ it, names: [it.column.label, it.column.name] })), ...displays.map((it) => ({ it, names: [it.labels[0] ?? "", it.labels.join(" ")] }))];
    // What a text field wants of a lookup is the other record's name, not its id.
    const rank = (it: PathColumn): number => (it.path.includes(".") ? 0 : it.column.lookup === null ? 0 : 1);
    const suggested = suggest(names, named.filter(({ it }) => fits(it))).map(({ it }) => it).sort((a, b) => rank(a) - rank(b));
    const isSuggested = new Set(suggested.map((it) => it.path));
    const matching = (all: readonly PathColumn[]): PathColumn[] => (typed.trim() === "" ? [...all] : all.filter((it) => matches(it, typed)));

    const choice = (it: PathColumn): Choice => ({
      id: `column:${it.path}`,
      label: it.labels.join(" › "),
      code: it.path,
      note: t.columns.types[it.column.type],
      reason: reasonWords(reasonAgainst(it.column, use), t),
      isSuggested: isSuggested.has(it.path),
      isChosen: it.path === path,
    });
    const lead = ({ column, labels }: PathColumn): Choice => ({
      id: `into:${column.name}`,
      label: labels.join(" › "),
      note: say(t.columns.intoShort, { entity: column.label }),
      leads: true,
    });

    // What can be chosen comes first; of what was typed, what is meant most likely.
    const begins = (it: PathColumn): boolean => [it.column.label, it.column.name].some((name) => name.toLowerCase().startsWith(typed.trim().toLowerCase()));
    const order = (it: PathColumn): number => (fits(it) ? 0 : 4) + (typed.trim() === "" || isSuggested.has(it.path) ? 0 : begins(it) ? 1 : 2);
    const own = matching(columns).sort((a, b) => order(a) - order(b));
    const choices = own.slice(0, SHOWN_MAX).filter((it) => typed.trim() !== "" || level !== null || !isSuggested.has(it.path));
    const groups: ChoiceGroup[] = [];
    if (level) groups.push({ label: say(t.columns.of, { entity: level.labels.join(" › ") }), choices: [{ id: "back", label: say(t.columns.backTo, { entity: entity?.label ?? "" }) }] });
    if (!level && typed.trim() === "") groups.push({ label: t.columns.suggested, choices: suggested.map(choice) });
    // Two groups of one name would be one to a screen reader.
    groups.push({ label: level ? here.label : say(t.columns.of, { entity: here.label }), choices: choices.map(choice) });
    if (typed.trim() === "") {
      const doors = mayWalk ? columns.filter(({ column }) => canWalk(column, level?.base ?? "")) : [];
      groups.push({ label: t.columns.into, choices: doors.map(lead) });
    } else {
      const found = matching(behind).filter(fits).slice(0, SHOWN_MAX);
      groups.push({ label: t.columns.into, choices: found.map(choice) });
    }
    const more = level ? [] : (others?.(typed) ?? []);
    if (more.length > 0) groups.push({ label: t.columns.other, choices: more });
    return groups;
  };

  return (
    <Combobox
      label={label}
      isLabelHidden={isLabelHidden ?? false}
      value={chosen ? chosen.labels.join(" › ") : path}
      placeholder={placeholder ?? t.fields.choose}
      groups={groupsFor}
      status={(found) => count(t.columns.results, found)}
      empty={below.isLoading || !here ? t.columns.loading : t.columns.empty}
      describedBy={describedBy}
      onOpen={() => {
        setIsOpen(true);
        setLevel(null);
      }}
      onClose={() => setIsOpen(false)}
      onChoose={(id, typed) => {
        const kind = id.slice(0, id.indexOf(":"));
        const name = id.slice(id.indexOf(":") + 1);
        if (id === "back") {
          setLevel(null);
          return true;
        }
        if (kind === "into" && here) {
          const column = here.columns.find((it) => it.name === name);
          if (!column?.lookup) return true;
          const step = stepOf(column);
          setLevel({ base: level ? `${level.base}.${step}` : step, labels: [...(level?.labels ?? []), column.label], entity: column.lookup });
          return true;
        }
        if (kind === "column") {
          const found = pick(name);
          if (found) onChoose(found);
        } else onOther?.(id, typed);
        return false;
      }}
    />
  );

  function pick(wanted: string): PathColumn | undefined {
    if (!here) return undefined;
    const at = columnsAt(here, level?.base ?? "", level?.labels ?? []).find((it) => it.path === wanted);
    if (at) return at;
    for (const column of here.columns) {
      const found = column.lookup === null ? undefined : near.known.get(column.lookup);
      const it = found && columnsAt(found, stepOf(column), [column.label]).find((one) => one.path === wanted);
      if (it) return it;
    }
    return undefined;
  }
}

/** The entity that the first step of a path leads to. */
const lookupOf = (it: PathColumn, start: Entity | undefined): string | null | undefined =>
  start?.columns.find((column) => column.lookup !== null && stepOf(column) === it.path.split(".")[0])?.lookup;

/** Every typed word begins a word of the label or stands in the name. */
function matches({ labels, path }: PathColumn, typed: string): boolean {
  const words = wordsOf(`${labels.join(" ")} ${path}`);
  const whole = `${labels.join(" ")} ${path}`.toLowerCase();
  return wordsOf(typed).every((part) => words.some((word) => word.startsWith(part))) || whole.includes(typed.trim().toLowerCase());
}

export function reasonWords(reason: Reason | null, t: Strings): string | undefined {
  if (!reason) return undefined;
  if (reason.why !== "type") return t.columns.reasons[reason.why];
  const { type, format } = reason.wanted;
  const wanted = type === "string" && format === "datetime" ? "datetime" : type;
  return say(t.columns.reasons.type, { column: t.columns.types[reason.column], wanted: t.fields.types[wanted] });
}
