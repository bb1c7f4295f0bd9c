import { useId, type ReactNode } from "react";
import { Button } from "../../../src/components/button";
import { useModal } from "../../../src/components/modal";
import { useStrings } from "../strings";

interface ConfirmProps {
  title: string;
  children: ReactNode;
  go: string;
  busy?: boolean;
  isDangerous?: boolean;
  onGo: () => void;
  /** Missing where there is no way around the question. */
  onCancel?: () => void;
  /** Another answer, in place of "Cancel". */
  other?: { label: string; onGo: () => void };
}

/** A question that must be answered. */
export function Confirm({ title, children, go, busy = false, isDangerous = false, onGo, onCancel, other }: ConfirmProps) {
  const t = useStrings();
  const id = useId();
  const ref = useModal();
  return (
    <dialog
      ref={ref}
      className="confirm"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onCancel?.();
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
      <div className="confirm-actions">
        {other && (
          <Button busy={busy} onClick={other.onGo}>
            {other.label}
          </Button>
        )}
        {onCancel && <Button onClick={onCancel}>{t.app.cancel}</Button>}
        <Button look="primary" className={isDangerous ? "button-bad" : ""} busy={busy} onClick={onGo}>
          {go}
        </Button>
      </div>
    </dialog>
  );
}
