export { linkCRM } from "./link";
export { LinkError, LINK_ERROR_CODES } from "./types";
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
} from "./types";
