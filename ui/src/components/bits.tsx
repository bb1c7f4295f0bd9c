import { useEffect, useId, type ReactNode } from "react";
import { Link } from "wouter";
import { useStrings } from "../strings";
import { LinkButton } from "./button";
import { CopyButton } from "./copy";
import { Icon } from "./icon";

export type Tone = "good" | "bad" | "wait" | "still" | "plain";

export function Badge({ tone, title, children }: { tone: Tone; title?: string; children: ReactNode }) {
  return (
    <span className={`badge badge-${tone}`} title={title}>
      {children}
    </span>
  );
}

interface HeaderProps {
  title: string;
  /** What the tab of the browser says, where that is more than the heading. */
  tab?: string;
  up?: { to: string; label: string };
  children?: ReactNode;
  actions?: ReactNode;
}

export function PageHeader({ title, tab, up, children, actions }: HeaderProps) {
  const t = useStrings();
  useTitle(tab ?? title);
  return (
    <header className="page-header">
      <div>
        {up && (
          <Link href={up.to} className="up">
            <Icon name="left" />
            {up.label}
          </Link>
        )}
        <h1>{title}</h1>
        {children && <div className="page-about">{children}</div>}
      </div>
      {actions && (
        <div className="actions" role="group" aria-label={t.app.more}>
          {actions}
        </div>
      )}
    </header>
  );
}

export function useTitle(title: string): void {
  const t = useStrings();
  useEffect(() => {
    document.title = `${title} · ${t.app.name}`;
  }, [title, t]);
}

export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section className="section" aria-labelledby={id}>
      <div className="section-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** Names and values; a value that is undefined is left out. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) =>
        value === undefined ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

export function CodeBox({ text, label, aside, long = false }: { text: string; label: string; aside?: ReactNode; long?: boolean }) {
  return (
    <div className="code-box" data-bare={!aside}>
      <div className="code-bar">
        {aside}
        <CopyButton text={text} />
      </div>
      <pre tabIndex={0} role="group" aria-label={label} data-long={long}>
        {text}
      </pre>
    </div>
  );
}

interface ChoiceProps<Value extends string> {
  label: string;
  value: Value;
  options: readonly (readonly [Value, string])[];
  onChange: (value: Value) => void;
}

/** One of a few, all in sight. */
export function Choice<Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>) {
  const name = useId();
  return (
    <fieldset className="choice">
      <legend className="visually-hidden">{label}</legend>
      {options.map(([option, text]) => (
        <label key={option}>
          <input type="radio" name={name} value={option} checked={option === value} onChange={() => onChange(option)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function Progress({ label, done, total }: { label: string; done: number; total: number }) {
  return (
    <div className="progress">
      <progress aria-label={label} value={total === 0 ? 1 : done} max={total === 0 ? 1 : total} />
      <span aria-hidden="true">{label}</span>
    </div>
  );
}

/** Newest and older; the browser's back button leads to the page before. */
export function Pager({ older, newest }: { older: string | null; newest: string | null }) {
  const t = useStrings();
  if (!older && !newest) return null;
  return (
    <nav className="pager" aria-label={t.app.pages}>
      {newest && (
        <LinkButton to={newest}>
          <Icon name="left" />
          {t.app.newest}
        </LinkButton>
      )}
      {older && (
        <LinkButton to={older}>
          {t.app.older}
          <Icon name="right" />
        </LinkButton>
      )}
    </nav>
  );
}
