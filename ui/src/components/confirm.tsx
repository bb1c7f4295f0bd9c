import type { ReactNode } from "react";
import { useStrings } from "../strings";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { ProblemBox } from "./states";

interface ConfirmProps {
  title: string;
  confirm: string;
  busy: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** Asks before something that cannot be taken back; says what goes with it. */
export function ConfirmDialog({ title, confirm, busy, error, onConfirm, onClose, children }: ConfirmProps) {
  const t = useStrings();
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.app.cancel}</Button>
          <Button look="danger" busy={busy} onClick={onConfirm}>
            {confirm}
          </Button>
        </>
      }
    >
      {children}
      {error !== null && <ProblemBox error={error} />}
    </Dialog>
  );
}
