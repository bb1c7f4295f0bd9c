const PATHS = {
  overview: "M3 12.5 12 4l9 8.500M5.500 10.500V20h13v-9.500M10 20v-5.500h4V20",
  log: "M4 6h16M4 12h16M4 18h10",
  endpoints: "M5 5v14M9 12h10M15 7l5 5-5 5",
  sources: "M4 12h10M10 7l5 5-5 5M19 5v14",
  deliveries: "M4 5h16v14H4zM4 6l8 7 8-7",
  subscriptions: "M6 16v-5a6 6 0 0 1 12 0v5l1.500 2h-15zM10 20.500h4",
  connections: "M9 8H7a4 4 0 0 0 0 8h2M15 8h2a4 4 0 0 1 0 8h-2M8.500 12h7",
  records: "M4 5h16v14H4zM4 10h16M4 14.500h16M10 10v9",
  functions: "m8 7-5 5 5 5M16 7l5 5-5 5M13.500 5l-3 14",
  bins: "M5 8h14l-1.500 12h-11zM3.500 8h17M9 8V4h6v4",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.500v5M9 14.500v5",
  keys: "M14 10a4.500 4.500 0 1 0-1.500 1.500L20 19v-3h-2M14 14.500l2-2",
  users: "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7ZM3 20a6 6 0 0 1 12 0M16 4.500a3.500 3.500 0 0 1 0 6.500M18 14.500a6 6 0 0 1 3 5.500",
  menu: "M4 7h16M4 12h16M4 17h16",
  plus: "M12 5v14M5 12h14",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  check: "m5 12.500 4.500 4.500L19 7.500",
  chevron: "m7 10 5 5 5-5",
  left: "m14 6-6 6 6 6",
  right: "m10 6 6 6-6 6",
  close: "M6 6l12 12M18 6 6 18",
  alert: "M12 4 2.500 20h19zM12 10v4.500M12 17.200v.1",
} as const;

export type IconName = keyof typeof PATHS;

/** A drawing beside words; never the only thing that says something. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path d="M11.500 11h9a3 3 0 0 1 3 3v4a3 3 0 0 1-3 3h-9a3 3 0 0 1-3-3v-4a3 3 0 0 1 3-3ZM4 16h8.500M19.500 16H28" />
    </svg>
  );
}
