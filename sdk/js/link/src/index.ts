export { linkCRM } from "./link.ts";
export { LinkError, LINK_ERROR_CODES } from "./types.ts";
export type {
  EventDeclaration,
  EventType,
  FieldDeclaration,
  FieldType,
  LinkErrorCode,
  LinkOptions,
  ObjectDeclaration,
  Objects,
  Strings,
  Theme,
  ThemeMode,
} from "./types.ts";
