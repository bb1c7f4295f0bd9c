const PATHS = {
  overview: "M3 12.5 12 4l9 8.500M5.500 10.500V20h13v-9.500M10 20v-5.500h4V20",
  log: "M4 6h16M4 12h16M4 18h10",
  endpoints: "M4 12h10M10 7l5 5-5 5M19 5v14",
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
