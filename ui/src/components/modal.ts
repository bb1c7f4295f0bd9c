import { useEffect, useRef, type RefObject } from "react";

/**
 * The browser's own modal dialog: it keeps the focus, makes the rest inert, closes on Escape and gives the
 * focus back. A library would add style elements, which the page's policy forbids.
 */
export function useModal(): RefObject<HTMLDialogElement | null> {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return ref;
}
