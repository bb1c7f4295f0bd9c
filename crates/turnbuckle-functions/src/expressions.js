// What expressions find around them, made once and kept in the snapshot.
//
// Nothing here changes: every built-in is frozen, so that an instance can be kept and
// none of its callers learns of another. Nothing here differs from one time to the
// next: there is no clock, no chance and no look at what the engine has cleared away. No text
// becomes code once an expression runs. Answers two functions of texts: one loads expressions, or
// evaluates them; one says what was thrown. The host is asked nothing: asking it says that what
// they are evaluated on was read, and that what is done from then on is theirs, or whose turn it is.
(function (begin) {
  "use strict";

  const { parse, stringify } = JSON;
  const { isFinite, isNaN, Iterator } = globalThis;
  const { defineProperty, freeze, getOwnPropertyDescriptors, getPrototypeOf } = Object;
  const { construct, ownKeys } = Reflect;
  const evaluate = eval;
  const global = globalThis;
  const matchOf = Function.prototype.call.bind(RegExp.prototype.exec);

  const NativeDate = Date;
  const dates = NativeDate.prototype;
  // Of a time that is given.
  const GivenDate = function Date(...given) {
    if (!new.target || given.length === 0) {
      throw new TypeError("an expression has no clock: give `Date` a time");
    }
    return construct(NativeDate, given, new.target);
  };
  GivenDate.prototype = dates;
  GivenDate.parse = NativeDate.parse;
  GivenDate.UTC = NativeDate.UTC;
  defineProperty(dates, "constructor", { value: GivenDate });
  global.Date = GivenDate;

  delete Math.random;
  for (const name of [
    "eval", "Function", "performance", "WeakRef", "FinalizationRegistry", "queueMicrotask",
    "Atomics", "SharedArrayBuffer", "navigator", "gc",
  ]) {
    delete global[name];
  }
  // What the engine keeps for itself, and would take from whoever sets it.
  delete Error.stackTraceLimit;
  delete Error.prepareStackTrace;
  // Where functions say what made them, which would make more out of texts.
  const makers = [function () {}, async function () {}, function* () {}, async function* () {}];
  for (const made of makers) {
    defineProperty(getPrototypeOf(made), "constructor", { value: undefined });
  }

  const seen = new Set();
  const freezeAll = (value) => {
    if (value === null || (typeof value !== "object" && typeof value !== "function")) return;
    if (seen.has(value)) return;
    seen.add(value);
    freezeAll(getPrototypeOf(value));
    const properties = getOwnPropertyDescriptors(value);
    for (const key of ownKeys(properties)) {
      const { value: member, get, set } = properties[key];
      freezeAll(member);
      freezeAll(get);
      freezeAll(set);
    }
    // What holds numbers of a buffer cannot be frozen, and there is none among the built-ins.
    freeze(value);
  };
  const iterators = [
    [][Symbol.iterator](), new Map()[Symbol.iterator](), new Set()[Symbol.iterator](),
    ""[Symbol.iterator](), "".matchAll(/a/g), (function* () {})(), (async function* () {})(),
    [].values().map((it) => it), Iterator.from({ next() {} }),
    ...(Iterator.concat ? [Iterator.concat([])] : []),
  ];
  for (const hidden of [...makers, ...iterators]) freezeAll(getPrototypeOf(hidden));
  freezeAll(global);

  // As JSON that every reader takes: half of a pair of surrogates is U+FFFD.
  const toJson = (value) => {
    const text = stringify(value);
    const has = text !== undefined && text.includes("\\ud");
    return has ? text.replace(/\\(?:\\|ud[89a-f][0-9a-f]{2})/g, (it) => (it === "\\\\" ? it : "\ufffd")) : text;
  };

  let expressions = [];

  const load = ({ names, sources }) => {
    expressions = [];
    const scope = `({${names.join(",")}})=>`;
    const said = [];
    for (const source of sources) {
      try {
        // What can stand in brackets of both kinds is one expression, and closes none of them.
        evaluate(`"use strict";${scope}[\n${source}\n]`);
        expressions.push(evaluate(`"use strict";${scope}(\n${source}\n)`));
        said.push(NOTHING);
      } catch (thrown) {
        said.push(failure(thrown, source));
      }
    }
    return toJson(said);
  };

  // What is said of an expression: a text, a number, a truth value or null that it comes to is
  // said as it is. All else is a list: of nothing, of a value as JSON, or of 0 and what it threw.
  const NOTHING = freeze([]);
  const failure = (thrown, source) => [0, describe(thrown, source)];

  const answer = (expression, scope) => {
    try {
      const value = expression(scope);
      const type = typeof value;
      if (type === "string" || type === "boolean" || value === null) return value;
      if (value === undefined) return NOTHING;
      if (value instanceof Promise) throw new TypeError("it comes to a promise; an expression waits for nothing");
      // JSON would say null, which clears a column.
      const isNone = type === "number" ? !isFinite(value) : value instanceof NativeDate && isNaN(value);
      if (isNone) throw new TypeError(`it comes to ${value}, which is not JSON`);
      if (type === "number") return value;
      const text = toJson(value);
      if (text === undefined) throw new TypeError(`it comes to a ${type}, which is not JSON`);
      return [text];
    } catch (thrown) {
      return failure(thrown);
    }
  };

  // What they are evaluated on is made anew for each webhook, and may be changed: whoever sorts a
  // list sorts it for the expressions behind. Freezing all of it would cost more than they do.
  const evaluateAll = ({ shared, items }) => {
    const said = [];
    for (const item of items) {
      const scope = { ...shared, ...item };
      for (const expression of expressions) said.push(answer(expression, scope));
    }
    return toJson(said);
  };

  // The same, telling whose turn it is: one of them does more than it may.
  const evaluateInTurns = ({ shared, items }) => {
    for (const item of items) {
      const scope = { ...shared, ...item };
      for (let at = 0; at < expressions.length; at++) {
        begin(`${at}`);
        answer(expressions[at], scope);
      }
    }
    return "[]";
  };

  // Held until others come, so that forgetting it is not left to the expressions.
  let given = {};

  const run = (input) => {
    given = parse(input);
    if (given.sources) return load(given);
    begin("");
    return given.isInTurns ? evaluateInTurns(given) : evaluateAll(given);
  };

  // What was thrown, and where in the expression, which begins on the second line. Of one that
  // cannot be read the source is given: a mistake behind it is where it ends.
  const describe = (thrown, source) => {
    try {
      if (!(thrown instanceof Error)) return toJson({ name: "Error", message: `${thrown}` });
      const place = matchOf(/<\w+>:(\d+):(\d+)/, `${thrown.stack}`);
      const at = place ? { line: place[1] - 1, column: +place[2] } : {};
      const lines = source?.split("\n");
      if (lines && lines.length < at.line) {
        const end = { line: lines.length, column: lines.at(-1).length + 1 };
        return toJson({ name: "SyntaxError", message: "it is not finished", ...end });
      }
      return toJson({ name: `${thrown.name}`, message: `${thrown.message}`, ...at });
    } catch {
      return '{"name":"Error","message":"it threw what cannot be shown"}';
    }
  };

  return [run, describe];
});
