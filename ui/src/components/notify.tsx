import { createContext, use, useCallback, useRef, useState, type ReactNode } from "react";

type Notify = (text: string) => void;
const NotifyContext = createContext<Notify>(() => undefined);

/** Says a short thing at the edge of the page, and to screen readers. */
export const useNotify = (): Notify => use(NotifyContext);

const SHOWN_MS = 4000;

export function NotifyProvider({ children }: { children: ReactNode }) {
  const [text, setText] = useState("");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const notify = useCallback((next: string) => {
    clearTimeout(timer.current);
    setText(next);
    timer.current = setTimeout(() => setText(""), SHOWN_MS);
  }, []);
  return (
    <NotifyContext value={notify}>
      {children}
      <div className="toast" role="status" data-shown={text !== ""}>
        {text}
      </div>
    </NotifyContext>
  );
}
