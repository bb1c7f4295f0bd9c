import * as Menu from "@radix-ui/react-dropdown-menu";
import { useStrings } from "../strings";
import { Icon } from "./icon";

interface Action {
  label: string;
  onSelect: () => void;
  danger?: boolean;
}

/** What is done seldom, behind one button. `label` tells several such buttons of a page apart. */
export function ActionMenu({ label, actions }: { label?: string; actions: readonly Action[] }) {
  const t = useStrings();
  return (
    // Modal menus lock the page with a style element, which its policy forbids.
    <Menu.Root modal={false}>
      <Menu.Trigger className="button button-plain" aria-label={label}>
        {t.app.more}
        <Icon name="chevron" />
      </Menu.Trigger>
      <Menu.Content className="menu" align="end" sideOffset={6} collisionPadding={8}>
        {actions.map(({ label, onSelect, danger = false }) => (
          <Menu.Item key={label} className="menu-item" data-danger={danger} onSelect={onSelect}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Content>
    </Menu.Root>
  );
}
