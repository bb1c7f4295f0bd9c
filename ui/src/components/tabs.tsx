import { Link } from "wouter";

interface Tab {
  to: string;
  label: string;
}

/** Pages of one thing, side by side. */
export function Tabs({ label, tabs, current }: { label: string; tabs: readonly Tab[]; current: string }) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <Link key={tab.to} href={tab.to} aria-current={tab.to === current ? "page" : undefined}>
          {tab.label}
        </Link>
      ))}
    </nav>
  );
}
