import * as Menu from "@radix-ui/react-dropdown-menu";
import { Suspense, useEffect, useId, useRef, useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { asProblem } from "./api/problem";
import { Icon, Mark, type IconName } from "./components/icon";
import { useNotify } from "./components/notify";
import { Loading, problemWords } from "./components/states";
import { mayLeave } from "./components/unsaved";
import { usePreferences } from "./preferences";
import { useLiveUpdates } from "./features/session/live";
import { useMayAdminister, useSession, useSignOut } from "./features/session/session";
import { LANGUAGES, useStrings, type Language, type Strings } from "./strings";
import { THEMES, type Theme } from "./theme";

interface Place {
  to: string;
  label: string;
  icon: IconName;
}

interface Group {
  /** The first group needs no heading. */
  label: string | null;
  places: readonly Place[];
}

/** In the order of the way that data goes: in, out, where it lies, what it is done with, who may. */
function groups(t: Strings, mayAdminister: boolean): readonly Group[] {
  return [
    { label: null, places: [{ to: "/", label: t.overview.title, icon: "overview" }] },
    {
      label: t.app.places.in,
      places: [
        { to: "/sources", label: t.sources.title, icon: "sources" },
        { to: "/events", label: t.events.title, icon: "log" },
      ],
    },
    {
      label: t.app.places.out,
      places: [
        { to: "/endpoints", label: t.endpoints.title, icon: "endpoints" },
        { to: "/deliveries", label: t.deliveries.title, icon: "deliveries" },
        { to: "/subscriptions", label: t.subscriptions.title, icon: "subscriptions" },
      ],
    },
    {
      label: t.app.places.crm,
      places: [
        { to: "/connections", label: t.connections.title, icon: "connections" },
        { to: "/records", label: t.records.title, icon: "records" },
      ],
    },
    {
      label: t.app.places.tools,
      places: [
        { to: "/functions", label: t.functions.title, icon: "functions" },
        { to: "/bins", label: t.bins.title, icon: "bins" },
      ],
    },
    {
      label: t.app.places.workspace,
      places: [
        { to: "/settings", label: t.app.settings, icon: "settings" },
        // The server shows these to admins alone.
        ...(mayAdminister
          ? ([
              { to: "/keys", label: t.keys.title, icon: "keys" },
              { to: "/users", label: t.users.title, icon: "users" },
            ] as const)
          : []),
      ],
    },
  ];
}

const isAt = (path: string, place: string): boolean => (place === "/" ? path === "/" : path === place || path.startsWith(`${place}/`));

export function Layout({ children }: { children: ReactNode }) {
  const t = useStrings();
  const { workspace } = useSession();
  useLiveUpdates();
  const mayAdminister = useMayAdminister();
  const [path] = useLocation();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);
  // On small screens the places are behind a button.
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    // A new page begins at its top, for eyes and for screen readers.
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path]);
  return (
    <div className="layout">
      <a
        className="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {t.app.skip}
      </a>
      <header className="side">
        <div className="side-head">
          <Link href="/" className="brand">
            <Mark />
            {t.app.name}
          </Link>
          <span className="workspace" title={workspace.slug}>
            {workspace.label || workspace.slug}
          </span>
        </div>
        <button type="button" className="button button-quiet nav-toggle" aria-expanded={open} aria-controls="places" onClick={() => setOpen(!open)}>
          <Icon name={open ? "close" : "menu"} />
          {t.app.menu}
        </button>
        <nav id="places" aria-label={t.app.navigation} data-open={open}>
          {groups(t, mayAdminister).map(({ label, places }) => (
            <PlaceGroup key={places[0]?.to} label={label} places={places} path={path} onGo={() => setOpen(false)} />
          ))}
        </nav>
        <UserMenu />
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Suspense fallback={<Loading lines={8} />}>{children}</Suspense>
      </main>
    </div>
  );
}

function PlaceGroup({ label, places, path, onGo }: Group & { path: string; onGo: () => void }) {
  const id = useId();
  return (
    <div className="places">
      {label && (
        <p id={id} className="places-label">
          {label}
        </p>
      )}
      <ul role="list" aria-labelledby={label ? id : undefined}>
        {places.map((place) => (
          <li key={place.to}>
            <Link href={place.to} aria-current={isAt(path, place.to) ? "page" : undefined} onClick={onGo}>
              <Icon name={place.icon} />
              {place.label}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

function UserMenu() {
  const t = useStrings();
  const { user } = useSession();
  const { theme, setTheme, language, setLanguage } = usePreferences();
  const signOut = useSignOut();
  const notify = useNotify();
  const leave = (): void => {
    if (mayLeave()) signOut().catch((error: unknown) => notify(problemWords(asProblem(error), t).title));
  };
  return (
    // Modal menus lock the page with a style element, which its policy forbids.
    <Menu.Root modal={false}>
      <Menu.Trigger className="user" aria-label={t.app.userMenu(user.name)}>
        <span className="avatar" aria-hidden="true">
          {user.name.slice(0, 1).toUpperCase()}
        </span>
        <span className="user-name">
          {user.name}
          <span className="muted">{t.app.roles[user.role]}</span>
        </span>
        <Icon name="chevron" />
      </Menu.Trigger>
        <Menu.Content className="menu" align="end" sideOffset={6} collisionPadding={8}>
          <Menu.Label className="menu-label">{t.app.theme}</Menu.Label>
          <Menu.RadioGroup value={theme} onValueChange={(value) => setTheme(value as Theme)}>
            {THEMES.map((value) => (
              <MenuChoice key={value} value={value}>
                {t.app.themes[value]}
              </MenuChoice>
            ))}
          </Menu.RadioGroup>
          <Menu.Separator className="menu-line" />
          <Menu.Label className="menu-label">{t.app.language}</Menu.Label>
          <Menu.RadioGroup value={language} onValueChange={(value) => setLanguage(value as Language)}>
            {Object.entries(LANGUAGES).map(([code, name]) => (
              <MenuChoice key={code} value={code} lang={code}>
                {name}
              </MenuChoice>
            ))}
          </Menu.RadioGroup>
          <Menu.Separator className="menu-line" />
          <Menu.Item className="menu-item" onSelect={leave}>
            {t.app.signOut}
          </Menu.Item>
        </Menu.Content>
    </Menu.Root>
  );
}

function MenuChoice({ value, lang, children }: { value: string; lang?: string; children: ReactNode }) {
  return (
    <Menu.RadioItem className="menu-item" value={value} lang={lang}>
      {children}
      <Menu.ItemIndicator className="menu-check">
        <Icon name="check" />
      </Menu.ItemIndicator>
    </Menu.RadioItem>
  );
}
