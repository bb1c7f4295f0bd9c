// What could not be saved yet, kept in the tab: a page that is closed, reloaded or left without a server loses nothing.

const KEY = "turnbuckle.link.";

export interface Backup {
  /** Version of the document that the work began from. */
  version: string;
  ui: unknown;
}

// Storage may be forbidden in a frame; the backup is then missing and the rest works.
export function keep(connection: string, backup: Backup): void {
  try {
    sessionStorage.setItem(KEY + connection, JSON.stringify(backup));
  } catch {
    // There is none.
  }
}

export function kept(connection: string): Backup | null {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY + connection) ?? "null") as Partial<Backup> | null;
    return typeof found?.version === "string" ? { version: found.version, ui: found.ui } : null;
  } catch {
    return null;
  }
}

export function forget(connection: string): void {
  try {
    sessionStorage.removeItem(KEY + connection);
  } catch {
    // There is none.
  }
}
