import { queryOf } from "../../lib/filters";

/** Where the records of an entity are listed. */
export const recordsPath = (connection: string, entity: string): string => `/records${queryOf({ connection, entity })}`;

/** Where a record is shown. */
export const recordPath = (connection: string, entity: string, id: string): string =>
  `/records/${encodeURIComponent(connection)}/${encodeURIComponent(entity)}/${encodeURIComponent(id)}`;
