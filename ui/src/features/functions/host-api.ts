import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";

const call = (label: string, detail: string): Completion => ({ label, detail, type: "function", apply: `${label}(` });
const request = (member: string, detail: string): Completion => ({ label: `crmAPIRequest.get("${member}")`, detail, type: "property" });

/** What a script gets from the hub, by the names that the guide on functions has. */
const HOST_API: readonly Completion[] = [
  call("zoho.crm.getRecordById", "entity, id, connection?"),
  call("zoho.crm.searchRecords", "entity, criteria, page?, perPage?, connection?"),
  call("zoho.crm.createRecord", "entity, values, connection?"),
  call("zoho.crm.updateRecord", "entity, id, values, connection?"),
  { label: "zoho.crm.invokeConnector", detail: '"crm.zapikey", map', type: "function", apply: 'zoho.crm.invokeConnector("crm.zapikey", {})' },
  call("zoho.encryption.hmacsha256", 'key, text, "hex" | "base64"'),
  call("invokeUrl", "{url, type, headers, parameters, body}"),
  call("info", "…"),
  request("body", "text"),
  request("params", "map"),
  request("headers", "map, lower case"),
  request("method", "text"),
  request("file_content", "file, list or null"),
  request("user_info", "map"),
  request("auth_type", "text"),
  { label: "crmAPIResponse", detail: "{status_code, headers, body}", type: "property", apply: "crmAPIResponse: {status_code: 200, body: }" },
];

/** Offers the host API; dots belong to its names, so it matches more than a word. */
export function completeHostApi(context: CompletionContext): CompletionResult | null {
  const typed = context.matchBefore(/[\w.]+/);
  if (!typed && !context.explicit) return null;
  return { from: typed?.from ?? context.pos, options: [...HOST_API], validFor: /^[\w."(]*$/ };
}
