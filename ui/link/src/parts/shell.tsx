// The frame around every screen: whose it is, where one is, what comes next, whether it is saved.
import type { ReactNode } from "react";
import { Button } from "../../../src/components/button";
import { useSay, useStrings, useWords } from "../strings";
import { Icon } from "./icon";

interface ShellProps {
  onClose: (() => void) | null;
  rail?: ReactNode;
  footer?: ReactNode;
  children: ReactNode;
}

export function Shell({ onClose, rail, footer, children }: ShellProps) {
  const t = useStrings();
  const say = useSay();
  const { names } = useWords();
  return (
    <div className="shell" data-rail={rail !== undefined}>
      <header className="shell-head">
        <span className="shell-mark">
          <Icon name="link" />
        </span>
        <p className="shell-title">{names.app === t.app.unnamed ? t.app.title : say(t.app.titleFor)}</p>
        {onClose && (
          <Button look="quiet" className="button-icon" aria-label={t.app.close} title={t.app.close} onClick={onClose}>
            <Icon name="close" />
          </Button>
        )}
      </header>
      {rail}
      <main className="shell-main scroller">
        {children}
        <p className="brand-line">{t.app.by}</p>
      </main>
      {footer !== undefined && <footer className="shell-foot">{footer}</footer>}
    </div>
  );
}
