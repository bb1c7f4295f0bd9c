// The session of whoever is signed in.
import { api, ask } from "./client";
import { Problem } from "./problem";
import type { components } from "./schema";

export type Session = components["schemas"]["SessionAnswer"];
export type Role = Session["user"]["role"];

/** Who is signed in; null if nobody is. */
export async function getSession(): Promise<Session | null> {
  try {
    return await ask(api.GET("/api/v1/session"));
  } catch (error) {
    if (isOver(error)) return null;
    throw error;
  }
}

export const createSession = (name: string, password: string): Promise<Session> =>
  ask(api.POST("/api/v1/session", { body: { name, password } }));

/** Ends the session. One that has ended already is no error. */
export async function deleteSession(): Promise<void> {
  try {
    await ask(api.DELETE("/api/v1/session"));
  } catch (error) {
    if (!isOver(error)) throw error;
  }
}

const isOver = (error: unknown): boolean => error instanceof Problem && error.status === 401;
