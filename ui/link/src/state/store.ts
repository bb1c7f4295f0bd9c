// The draft that is being edited, and its way to the server.
//
// Every change is saved soon after it was made. Saves never overlap; what changes during one goes out with the next.
// A save that fails keeps the work here, and in the tab's storage, until it is tried again. A save that another
// window was faster than stops everything until the user has chosen one of the two.
import { isStale, type LinkApi } from "../api/client";
import type { LinkDocument, Objects, Version } from "../api/shapes";
import { forget, keep, kept } from "../lib/backup";
import { draftFrom, fitted, toMapping, type LinkDraft } from "../lib/draft";

export type SaveState = "saved" | "dirty" | "saving" | "failed" | "conflict";

export interface StoreState {
  draft: LinkDraft;
  save: SaveState;
  /** Why the last save failed. */
  error: unknown;
}

/** What the page notes in a draft beside the documents. */
export interface DraftNotes {
  form: 1;
  draft: LinkDraft;
}

const isNotes = (ui: unknown): ui is DraftNotes => typeof ui === "object" && ui !== null && (ui as Partial<DraftNotes>).form === 1 && typeof (ui as Partial<DraftNotes>).draft === "object";

export type Origin = "new" | "saved" | "draft" | "backup";

/** The work to go on with: what could not be saved last time, else what was left unfinished, else what is saved. */
export function resume(link: LinkDocument, objects: Objects, connection: string): { draft: LinkDraft; origin: Origin } {
  const backup = kept(connection);
  if (backup && isNotes(backup.ui) && backup.version === link.version) return { draft: fitted(backup.ui.draft, objects), origin: "backup" };
  if (link.draft) {
    const { ui, mapping } = link.draft.document;
    const draft = isNotes(ui) ? ui.draft : draftFrom(mapping ?? { objects: {} }, {});
    return { draft: fitted(draft, objects), origin: "draft" };
  }
  const draft = fitted(draftFrom(link.mapping, link.objects), objects);
  return { draft, origin: Object.keys(draft).length > 0 ? "saved" : "new" };
}

const SAVE_AFTER_MS = 700;

type Api = Pick<LinkApi, "saveDraft" | "finish" | "link">;

export class DraftStore {
  #state: StoreState;
  #version: Version;
  #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> | null = null;
  #finishing: Promise<void> | null = null;

  constructor(
    private readonly api: Api,
    private readonly connection: string,
    private readonly objects: Objects,
    link: LinkDocument,
    draft: LinkDraft,
    isDirty: boolean,
  ) {
    this.#state = { draft, save: isDirty ? "dirty" : "saved", error: null };
    this.#version = link.version;
    if (isDirty) this.#later();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  state = (): StoreState => this.#state;

  #set(change: Partial<StoreState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }

  update(change: (draft: LinkDraft) => LinkDraft): void {
    const draft = change(this.#state.draft);
    if (draft === this.#state.draft) return;
    const { save } = this.#state;
    this.#set({ draft, save: save === "conflict" || save === "failed" ? save : "dirty" });
    this.#backUp();
    if (save !== "conflict") this.#later();
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), SAVE_AFTER_MS);
  }

  #notes(): DraftNotes {
    return { form: 1, draft: this.#state.draft };
  }

  #backUp(): void {
    keep(this.connection, { version: this.#version, ui: this.#notes() });
  }

  /** Saves what is not saved, now. Never throws: how it went is in the state. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#saving;
    if (this.#state.save !== "dirty" && this.#state.save !== "failed") return;
    this.#saving ??= this.#save().finally(() => {
      this.#saving = null;
    });
    await this.#saving;
  }

  async #save(): Promise<void> {
    const { draft } = this.#state;
    this.#set({ save: "saving", error: null });
    try {
      this.#version = await this.api.saveDraft(this.connection, {
        document: { objects: this.objects, mapping: toMapping(draft, this.objects), ui: this.#notes() },
        version: this.#version,
      });
    } catch (error) {
      this.#set(isStale(error) ? { save: "conflict", error } : { save: "failed", error });
      return;
    }
    if (this.#state.draft === draft) {
      this.#set({ save: "saved" });
      forget(this.connection);
    } else {
      this.#set({ save: "dirty" });
      this.#backUp();
      this.#later();
    }
  }

  /** Ends a conflict. Throws if the server cannot be asked; the conflict then stays. */
  async settle(which: "mine" | "theirs"): Promise<void> {
    const link = await this.api.link(this.connection);
    this.#version = link.version;
    if (which === "mine") {
      this.#set({ save: "dirty", error: null });
      await this.flush();
      return;
    }
    forget(this.connection);
    const { draft } = resume(link, this.objects, this.connection);
    this.#set({ draft, save: "saved", error: null });
  }

  /** Saves the whole as finished. A second call joins the first: a double click finishes once. */
  finish(): Promise<void> {
    this.#finishing ??= this.#finish().finally(() => {
      this.#finishing = null;
    });
    return this.#finishing;
  }

  async #finish(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#saving;
    try {
      const documents = { objects: this.objects, mapping: toMapping(this.#state.draft, this.objects), version: this.#version };
      const link = await this.api.finish(this.connection, documents);
      this.#version = link.version;
      this.#set({ save: "saved", error: null });
      forget(this.connection);
    } catch (error) {
      if (isStale(error)) this.#set({ save: "conflict", error });
      else if (this.#state.save === "dirty") this.#later();
      throw error;
    }
  }

  /** After the connection is gone there is nothing to save any more. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#set({ save: "saved", error: null });
    forget(this.connection);
  }
}
