// A text field with a list that is filtered as one types, by the combobox pattern of the ARIA Authoring Practices.
//
// What cannot be chosen stays in the list and can be reached by the arrow keys, since its reason must be readable by
// everybody. The list is a plain element below the field: nothing here adds style elements, which the policy forbids.
import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import { Icon } from "./icon";

export interface Choice {
  id: string;
  label: string;
  /** Beside the label: the name in the CRM's API, the type. */
  code?: string | undefined;
  note?: string | undefined;
  /** Why it cannot be chosen. */
  reason?: string | undefined;
  isSuggested?: boolean;
  /** Choosing it leads to another list. */
  leads?: boolean;
  isChosen?: boolean;
}

export interface ChoiceGroup {
  label: string;
  choices: readonly Choice[];
}

interface ComboboxProps {
  label: string;
  /** Hides the label, for a field that stands beside its words. */
  isLabelHidden?: boolean;
  /** What is chosen, as shown while the list is closed. */
  value: string;
  placeholder?: string;
  /** The groups for what is typed. */
  groups: (typed: string) => readonly ChoiceGroup[];
  /** True keeps the list open: it shows another one now. */
  onChoose: (id: string, typed: string) => boolean;
  onOpen?: () => void;
  onClose?: () => void;
  /** Says how many there are, to screen readers. */
  status: (count: number) => string;
  empty: string;
  isInvalid?: boolean;
  describedBy?: string | undefined;
  children?: ReactNode;
}

/** The room that a list wants below its field, and what it leaves free around it. */
const ROOM_PX = 300;
const GAP_PX = 14;
/** Less than that shows nothing; the list then scrolls with the page. */
const LEAST_PX = 130;

export function Combobox({ label, isLabelHidden = false, value, placeholder, groups, onChoose, onOpen, onClose, status, empty, isInvalid = false, describedBy, children }: ComboboxProps) {
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState<string | null>(null);
  const [isUp, setIsUp] = useState(false);
  const [room, setRoom] = useState(ROOM_PX);

  const shown = isOpen ? groups(typed).filter(({ choices }) => choices.length > 0) : [];
  const flat = shown.flatMap(({ choices }) => choices);
  const at = flat.findIndex((choice) => choice.id === active);
  const optionId = (choice: Choice): string => `${id}-${choice.id}`;
  const current = at >= 0 ? flat[at] : undefined;

  useEffect(() => {
    if (current) document.getElementById(`${id}-${current.id}`)?.scrollIntoView({ block: "nearest" });
  }, [current, id]);

  const open = (): void => {
    if (isOpen) return;
    const box = root.current?.getBoundingClientRect();
    const scroller = root.current?.closest(".scroller")?.getBoundingClientRect();
    const below = (scroller?.bottom ?? window.innerHeight) - (box?.bottom ?? 0);
    const above = (box?.top ?? 0) - (scroller?.top ?? 0);
    const goesUp = below < ROOM_PX && above > below;
    setIsUp(goesUp);
    setRoom(Math.max(LEAST_PX, Math.min(ROOM_PX, (goesUp ? above : below) - GAP_PX)));
    setTyped("");
    setActive(null);
    setIsOpen(true);
    onOpen?.();
  };
  const close = (): void => {
    if (!isOpen) return;
    setIsOpen(false);
    setTyped("");
    onClose?.();
  };
  const choose = (choice: Choice): void => {
    if (choice.reason !== undefined) return;
    const stays = onChoose(choice.id, typed);
    if (stays) {
      setTyped("");
      setActive(null);
    } else close();
  };
  const move = (step: number): void => {
    if (flat.length === 0) return;
    const next = at < 0 ? (step > 0 ? 0 : flat.length - 1) : (at + step + flat.length) % flat.length;
    setActive(flat[next]?.id ?? null);
  };

  return (
    <div className="combobox" ref={root} data-open={isOpen} data-up={isUp}>
      <label id={`${id}-label`} htmlFor={id} className={isLabelHidden ? "visually-hidden" : undefined}>
        {label}
      </label>
      <div className="combobox-field">
        <input
          ref={input}
          id={id}
          role="combobox"
          type="text"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          aria-expanded={isOpen}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={current ? optionId(current) : undefined}
          aria-invalid={isInvalid || undefined}
          aria-describedby={describedBy}
          placeholder={isOpen && value !== "" ? value : placeholder}
          value={isOpen ? typed : value}
          onChange={(event) => {
            open();
            setTyped(event.target.value);
            setActive(null);
          }}
          onClick={open}
          onBlur={close}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown" || event.key === "ArrowUp") {
              event.preventDefault();
              if (isOpen) move(event.key === "ArrowDown" ? 1 : -1);
              else open();
            } else if (event.key === "Enter") {
              event.preventDefault();
              // Without a way through the list, Enter takes the only thing that is left of it.
              const only = flat.filter((choice) => choice.reason === undefined);
              const chosen = current ?? (typed !== "" && only.length === 1 ? only[0] : undefined);
              if (!isOpen) open();
              else if (chosen) choose(chosen);
            } else if (event.key === "Escape" && isOpen) {
              // The dialog around it must not close as well.
              event.preventDefault();
              event.stopPropagation();
              close();
            }
          }}
        />
        <Icon name="chevron" />
      </div>
      {isOpen && (
        <div className="combobox-pop">
          {/* The field keeps the focus while the list is used by mouse. */}
          {/* eslint-disable-next-line jsx-a11y/interactive-supports-focus -- by the pattern the field keeps the focus and names the active option */}
          <div id={`${id}-list`} role="listbox" aria-labelledby={`${id}-label`} style={{ maxHeight: room }} onMouseDown={(event) => event.preventDefault()}>
            {shown.map((group, index) => (
              <div key={group.label} role="group" aria-labelledby={`${id}-group-${index}`}>
                <div id={`${id}-group-${index}`} className="combobox-group" role="presentation">
                  {group.label}
                </div>
                {group.choices.map((choice) => (
                  // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- keys are handled by the field
                  <div
                    key={choice.id}
                    id={optionId(choice)}
                    role="option"
                    tabIndex={-1}
                    className="choice-row"
                    aria-selected={choice.isChosen ?? false}
                    aria-disabled={choice.reason !== undefined || undefined}
                    data-active={choice.id === active}
                    onMouseMove={() => setActive(choice.id)}
                    onClick={() => choose(choice)}
                  >
                    <span className="choice-mark">{choice.isSuggested ? <Icon name="star" /> : choice.isChosen ? <Icon name="check" /> : null}</span>
                    <span className="choice-words">
                      <span className="choice-label">{choice.label}</span> {choice.code !== undefined && <code>{choice.code}</code>}
                      {choice.reason !== undefined && <span className="choice-reason"> {choice.reason}</span>}
                    </span>
                    <span className="choice-note">
                      {choice.note}
                      {choice.leads && <Icon name="right" />}
                    </span>
                  </div>
                ))}
              </div>
            ))}
          </div>
          {flat.length === 0 && <p className="combobox-empty">{empty}</p>}
          {children}
        </div>
      )}
      <span className="visually-hidden" role="status">
        {isOpen ? status(flat.length) : ""}
      </span>
    </div>
  );
}
