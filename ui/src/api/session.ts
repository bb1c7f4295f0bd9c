// The session operations are not in openapi.json yet. These types are what the document will have; when it has
// them, this file becomes three calls of the generated client.
import { CONSOLE_HEADER } from "./client";
import { asProblem, problemFrom } from "./problem";

export type Role = "admin" | "editor" | "viewer";

export interface Session {
  user: { id: string; name: string; role: Role };
  workspace: { slug: string; label: string };
}

/** Who is signed in; null if nobody is. */
export async function getSession(): Promise<Session | null> {
  const response = await send("GET");
  if (response.status === 401) return null;
  return (await body(response)) as Session;
}

export async function createSession(name: string, password: string): Promise<Session> {
  return (await body(await send("POST", { name, password }))) as Session;
}

/** Ends the session. One that has ended already is no error. */
export async function deleteSession(): Promise<void> {
  const response = await send("DELETE");
  if (response.status !== 401) await body(response);
}

async function send(method: string, document?: object): Promise<Response> {
  const headers = { ...CONSOLE_HEADER, accept: "application/json", "content-type": "application/json" };
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (document) init.body = JSON.stringify(document);
  try {
    return await fetch("/api/v1/session", init);
  } catch (error) {
    throw asProblem(error);
  }
}

async function body(response: Response): Promise<unknown> {
  const text = await response.text();
  let value: unknown = null;
  try {
    value = text === "" ? null : JSON.parse(text);
  } catch {
    if (response.ok) throw problemFrom(response, null);
  }
  if (!response.ok) throw problemFrom(response, value);
  return value;
}
