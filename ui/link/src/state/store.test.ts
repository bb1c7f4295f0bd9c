import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../../../src/api/problem";
import type { LinkDocument, Objects } from "../api/shapes";
import { DraftStore, resume } from "./store";

const objects: Objects = { deal: { fields: { name: { type: "string" } } } };
const link = (version = "1", more: Partial<LinkDocument> = {}): LinkDocument => ({ objects: {}, mapping: { objects: {} }, draft: null, version, ...more });
const optOut = { deal: { entity: null, fields: {}, events: {} } };

function fakeApi() {
  return {
    saveDraft: vi.fn((_: string, { version }: { version: string }) => Promise.resolve(String(Number(version) + 1))),
    finish: vi.fn(() => Promise.resolve(link("9"))),
    link: vi.fn(() => Promise.resolve(link("5"))),
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the draft", () => {
  it("is saved a moment after the last change, once", async () => {
    const api = fakeApi();
    const store = new DraftStore(api, "c", objects, link(), {}, false);
    store.update(() => optOut);
    store.update((draft) => ({ ...draft }));
    expect(store.state().save).toBe("dirty");
    await vi.runAllTimersAsync();
    expect(store.state().save).toBe("saved");
    expect(api.saveDraft).toHaveBeenCalledTimes(1);
    expect(api.saveDraft.mock.calls[0]?.[1]).toMatchObject({ version: "1", document: { objects, mapping: { objects: { deal: { entity: null } } }, ui: { form: 1, draft: optOut } } });
    store.update((draft) => ({ ...draft }));
    await vi.runAllTimersAsync();
    expect(api.saveDraft.mock.calls[1]?.[1]).toMatchObject({ version: "2" });
  });

  it("is kept when the server is lost, here and in the tab, and is saved on demand", async () => {
    const api = fakeApi();
    api.saveDraft.mockRejectedValueOnce(new Problem(0, "no-answer", ""));
    const store = new DraftStore(api, "c", objects, link(), {}, false);
    store.update(() => optOut);
    await vi.runAllTimersAsync();
    expect(store.state()).toMatchObject({ save: "failed", draft: optOut });
    expect(resume(link(), objects, "c")).toEqual({ draft: optOut, origin: "backup" });
    await store.flush();
    expect(store.state().save).toBe("saved");
    expect(resume(link(), objects, "c").origin).toBe("new");
  });

  it("waits for a choice when another window was faster", async () => {
    const api = fakeApi();
    api.saveDraft.mockRejectedValueOnce(new Problem(412, "version-changed", "x"));
    const store = new DraftStore(api, "c", objects, link(), {}, false);
    store.update(() => optOut);
    await vi.runAllTimersAsync();
    expect(store.state().save).toBe("conflict");
    store.update((draft) => ({ ...draft }));
    await vi.runAllTimersAsync();
    expect(api.saveDraft).toHaveBeenCalledTimes(1);
    await store.settle("mine");
    expect(api.saveDraft.mock.calls[1]?.[1]).toMatchObject({ version: "5" });
    expect(store.state()).toMatchObject({ save: "saved", draft: optOut });
  });

  it("takes the other window's when that is chosen", async () => {
    const api = fakeApi();
    api.saveDraft.mockRejectedValueOnce(new Problem(412, "version-changed", "x"));
    api.link.mockResolvedValueOnce(link("5", { draft: { document: { objects, mapping: { objects: { deal: { entity: "Lead", fields: {}, events: {} } } } }, saved_at: "2026-01-01T00:00:00Z" } }));
    const store = new DraftStore(api, "c", objects, link(), {}, false);
    store.update(() => optOut);
    await vi.runAllTimersAsync();
    await store.settle("theirs");
    expect(store.state()).toMatchObject({ save: "saved", draft: { deal: { entity: "Lead" } } });
  });

  it("is finished once by a double click", async () => {
    const api = fakeApi();
    const store = new DraftStore(api, "c", objects, link(), optOut, false);
    await Promise.all([store.finish(), store.finish()]);
    expect(api.finish).toHaveBeenCalledTimes(1);
  });

  it("goes on with what was left unfinished before what is saved", () => {
    const mapping = { objects: { deal: { entity: null } } };
    const saved = link("3", { objects, mapping });
    expect(resume(saved, objects, "c")).toMatchObject({ origin: "saved", draft: { deal: { entity: null } } });
    const left = { document: { objects, mapping, ui: { form: 1, draft: { deal: { fields: { name: { column: "" } }, events: {} } } } }, saved_at: "2026-01-01T00:00:00Z" };
    expect(resume({ ...saved, draft: left }, objects, "c")).toMatchObject({ origin: "draft", draft: { deal: { fields: { name: { column: "" } } } } });
  });
});
