// The description of the API as types: those of the package for servers, so that there is one.
export type * from "../../../sdk/js/server/src/schema";
