import { useState } from "react";
import type { Objects } from "../api/shapes";
import type { Part } from "../lib/completeness";
import { sameScreen, screenOf, type Screen } from "../state/screens";
import { say, useStrings, type Strings } from "../strings";
import { Icon } from "./icon";

interface RailProps {
  objects: Objects;
  parts: readonly Part[];
  screen: Screen;
  onGo: (screen: Screen) => void;
}

export const nameOfObject = (objects: Objects, slug: string): string => objects[slug]?.label ?? slug;

export function nameOfPart(part: Part, objects: Objects, t: Strings): string {
  if (part.kind === "entity") return t.entity.step;
  if (part.kind === "fields") return t.fields.step;
  const event = objects[part.object]?.events?.[part.event ?? ""];
  return event?.label ?? event?.name ?? part.event ?? "";
}

/** All steps with what is done, beside the screen; on a narrow one folded into a line at the top. */
export function Rail({ objects, parts, screen, onGo }: RailProps) {
  const t = useStrings();
  const [isOpen, setIsOpen] = useState(false);
  const done = parts.filter((part) => part.done).length;
  const progress = say(t.app.progress, { done, total: parts.length });
  const go = (to: Screen): void => {
    setIsOpen(false);
    onGo(to);
  };
  const step = (to: Screen, label: string, state: "done" | "open" | null, level: 1 | 2) => (
    <button type="button" className="step" data-level={level} data-state={state ?? "plain"} aria-current={sameScreen(to, screen) ? "step" : undefined} onClick={() => go(to)}>
      <span className="step-mark">{state === "done" ? <Icon name="check" /> : null}</span>
      <span className="step-label">{label}</span>
      {state && <span className="visually-hidden"> ({state === "done" ? t.app.done : t.app.open})</span>}
    </button>
  );
  return (
    <nav className="rail" aria-label={t.app.steps} data-open={isOpen}>
      <div className="rail-progress">
        <button type="button" className="rail-fold" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
          {progress}
          <Icon name="chevron" />
        </button>
        <p className="rail-count">{progress}</p>
        {parts.length > 0 && <progress aria-label={progress} value={done} max={parts.length} />}
      </div>
      <ol className="rail-list" role="list">
        <li>{step({ at: "overview" }, t.overview.step, null, 1)}</li>
        <li>{step({ at: "connection" }, t.connection.step, null, 1)}</li>
        {Object.keys(objects).map((slug) => (
          <li key={slug}>
            <p className="rail-object">{nameOfObject(objects, slug)}</p>
            <ol role="list">
              {parts
                .filter((part) => part.object === slug)
                .map((part) => (
                  <li key={`${part.kind}-${part.event ?? ""}`}>{step(screenOf(part), nameOfPart(part, objects, t), part.done ? "done" : "open", 2)}</li>
                ))}
            </ol>
          </li>
        ))}
      </ol>
    </nav>
  );
}
