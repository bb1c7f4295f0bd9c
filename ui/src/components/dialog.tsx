import { useId, type ReactNode } from "react";
import { useStrings } from "../strings";
import { Icon } from "./icon";
import { useModal } from "./modal";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  footer?: ReactNode;
}

/** A modal dialog with a head that closes it. */
export function Dialog({ title, onClose, children, footer }: DialogProps) {
  const t = useStrings();
  const id = useId();
  const ref = useModal();
  return (
    <dialog
      ref={ref}
      className="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div className="dialog-head">
        <h2 id={id}>{title}</h2>
        <button type="button" className="button button-quiet button-icon" aria-label={t.app.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      <div className="dialog-body">{children}</div>
      {footer && <div className="dialog-foot">{footer}</div>}
    </dialog>
  );
}
