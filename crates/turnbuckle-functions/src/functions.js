// What a function finds around it, made once and kept in the snapshot.
//
// Called with what the host offers. Answers two functions of texts: one runs a call,
// one says what was thrown. They hold on to the built-ins that they need, so that
// a script which changes those changes itself alone.
(function (ask, log, random) {
  "use strict";

  const { parse, stringify: toText } = JSON;
  const { create, defineProperty, entries, getPrototypeOf, keys, setPrototypeOf } = Object;
  const { isArray } = Array;
  const toString = String;
  const isObject = (value) => value !== null && typeof value === "object";
  const evaluate = eval;
  const global = globalThis;
  const plain = Object.prototype;
  const sourceOf = Function.prototype.call.bind(Function.prototype.toString);
  const matchOf = Function.prototype.call.bind(RegExp.prototype.exec);
  const includes = Function.prototype.call.bind(String.prototype.includes);
  const replace = Function.prototype.call.bind(String.prototype.replace);

  // As JSON that every reader takes: half of a pair of surrogates is U+FFFD.
  const stringify = (value) => {
    const text = toText(value);
    const has = text !== undefined && includes(text, "\\ud");
    return has ? replace(text, /\\(?:\\|ud[89a-f][0-9a-f]{2})/g, (it) => (it === "\\\\" ? it : "\ufffd")) : text;
  };

  const define = (object, members) => {
    for (const [name, value] of entries(members)) {
      defineProperty(object, name, { value, writable: true, configurable: true });
    }
    return object;
  };

  // Maps as functions know them: objects with the methods of Deluge's Map beside their keys.
  const map = define(create(plain), {
    get(key) { return Object.hasOwn(this, key) ? this[key] : null; },
    put(key, value) { this[key] = value; return this; },
    putAll(other) { return Object.assign(this, other); },
    remove(key) { const value = this.get(key); delete this[key]; return value; },
    containsKey(key) { return Object.hasOwn(this, key); },
    keys() { return keys(this); },
    size() { return keys(this).length; },
    isEmpty() { return keys(this).length === 0; },
    toString() { return stringify(this); },
  });

  // Makes maps of the objects in a value that came from outside.
  const toMaps = (value) => {
    if (value === null || typeof value !== "object") return value;
    if (isArray(value)) {
      for (let at = 0; at < value.length; at++) toMaps(value[at]);
    } else {
      for (const key of keys(value)) toMaps(value[key]);
      setPrototypeOf(value, map);
    }
    return value;
  };

  // Asks the host; what it refuses is thrown.
  const invoke = (name, given) => {
    const said = parse(ask(stringify({ name, arguments: given })));
    if (Object.hasOwn(said, "error")) throw new Error(said.error);
    return toMaps(said.value);
  };

  // For people, whatever it is.
  const text = (value) => {
    if (typeof value === "string") return value;
    try {
      if (value instanceof Error) return `${value}`;
      return stringify(value) ?? toString(value);
    } catch {
      return isObject(value) ? "what cannot be shown" : toString(value);
    }
  };

  const write = (...values) => {
    log(values.map(text).join(" "));
  };

  define(Math, { random });

  define(global, {
    info: write,
    console: define({}, { log: write, info: write, debug: write, warn: write, error: write }),
    zoho: define({}, {
      crm: define({}, {
        getRecordById: (module, id, connection) =>
          invoke("crm.getRecordById", [module, id, connection ?? null]),
        searchRecords: (module, criteria, page, perPage, connection) =>
          invoke("crm.searchRecords", [module, criteria, page ?? null, perPage ?? null, connection ?? null]),
        createRecord: (module, record, connection) =>
          invoke("crm.createRecord", [module, record, connection ?? null]),
        updateRecord: (module, id, record, connection) =>
          invoke("crm.updateRecord", [module, id, record, connection ?? null]),
        invokeConnector: (name, parameters) =>
          invoke("crm.invokeConnector", [name, parameters ?? {}]),
      }),
      encryption: define({}, {
        hmacsha256: (key, payload, encoding) =>
          invoke("encryption.hmacsha256", [key, payload, encoding ?? "hex"]),
      }),
    }),
    invokeUrl: (request) => invoke("invokeUrl", [request]),
    crmAPIResponse: setPrototypeOf({}, map),
  });
  const response = global.crmAPIResponse;

  // A file of the request: what it is called and holds, with its text to hand.
  const file = ({ name, content_type, base64 }) => {
    const made = setPrototypeOf({ name, content_type }, map);
    const binary = global.atob(base64);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
    return define(made, { bytes, text: () => decode(bytes) });
  };

  // UTF-8, with U+FFFD for what is none.
  const decode = (bytes) => {
    let escaped = "";
    for (const byte of bytes) escaped += "%" + (byte < 16 ? "0" : "") + byte.toString(16);
    try {
      return decodeURIComponent(escaped);
    } catch {
      return String.fromCharCode(...bytes);
    }
  };

  // `crmAPIRequest` and the declared arguments, each where a parameter has its name. A
  // handler whose parameters are patterns or have defaults gets them in order.
  const argumentsOf = (handler, request, given) => {
    const list = matchOf(/^[^(]*\(([^)]*)\)|^(?:async\s+)?(\w+)\s*=>/, sourceOf(handler));
    const names = list ? (list[1] ?? list[2]).split(",").map((name) => name.trim()) : [];
    if (!names.every((name) => matchOf(/^[\w$]*$/, name))) return [request, ...given.map((it) => it.value)];
    return names.map((name) => {
      if (name === "crmAPIRequest") return request;
      const found = given.find((it) => it.name === name);
      return found ? found.value : name === names[0] ? request : undefined;
    });
  };

  const run = async (input) => {
    const { request, arguments: given } = parse(input);
    const handler = evaluate("typeof handler === 'function' ? handler : undefined");
    if (!handler) throw new ReferenceError("the script defines no function `handler`");
    const files = request.file_content;
    if (isArray(files)) request.file_content = files.map(file);
    else if (files) request.file_content = file(files);
    const crmAPIRequest = define(toMaps(request), {});
    const value = await handler(...argumentsOf(handler, crmAPIRequest, toMaps(given)));
    try {
      return answerOf(value);
    } catch (thrown) {
      // What a value of the script throws, and an end of memory, are told as they are elsewhere.
      if (!(thrown instanceof TypeError)) throw thrown;
      return stringify({ invalid: text(thrown.message) });
    }
  };

  const answerOf = (value) => {
    if (value === response) return stringify({ response: value });
    if (value !== null && typeof value === "object" && Object.hasOwn(value, "crmAPIResponse")) {
      return stringify({ response: value.crmAPIResponse });
    }
    const output = value === undefined ? "null" : stringify(value);
    if (output === undefined) throw new TypeError(`it is a ${typeof value}`);
    return `{"output":${output}}`;
  };

  // What was thrown, and where: the first place in a script of the user's.
  const describe = (thrown) => {
    try {
      if (!(thrown instanceof Error)) {
        // The engine throws null where no memory is left for more.
        const message = thrown === null ? "null, as when the memory is used up" : text(thrown);
        return stringify({ name: "Error", message });
      }
      const place = matchOf(/([\w.-]+)\.js:(\d+):(\d+)/, replace(`${thrown.stack}`, /[^\n]*prelude\.js[^\n]*\n?/g, ""));
      const at = place ? { line: +place[2], column: +place[3] } : {};
      return stringify({ name: `${thrown.name}`, message: `${thrown.message}`, ...at });
    } catch {
      return '{"name":"Error","message":"it threw what cannot be shown"}';
    }
  };

  return [run, describe];
});
