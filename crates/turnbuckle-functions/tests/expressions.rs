//! What expressions come to, and what they cannot do.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use turnbuckle_functions::{Evaluated, ExpressionSet, Expressions, Thrown};

fn expressions() -> Expressions {
    // All tests share what is compiled.
    Expressions::open(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap()
}

fn set(owner: &str, sources: &[&str]) -> Arc<ExpressionSet> {
    let sources = sources.iter().map(|&source| source.to_owned()).collect();
    Arc::new(ExpressionSet::new(owner, &["record", "body"], sources))
}

async fn evaluate(sources: &[&str], scope: Json) -> Vec<Evaluated> {
    let evaluated = expressions().evaluate(&set("acme", sources), &[scope]).await;
    match evaluated.into_iter().next().unwrap() {
        Ok(values) => values,
        Err(stopped) => vec![Err(stopped.thrown)],
    }
}

/// Of expressions of which none does more than it may.
async fn each(
    expressions: &Expressions,
    set: &ExpressionSet,
    scopes: &[Json],
) -> Vec<Vec<Evaluated>> {
    let evaluated = expressions.evaluate(set, scopes).await;
    evaluated.into_iter().collect::<Result<_, _>>().unwrap()
}

async fn value(source: &str, scope: Json) -> Option<Json> {
    let evaluated = evaluate(&[source], scope).await.remove(0);
    evaluated.unwrap_or_else(|thrown| panic!("{source}: {thrown}"))
}

async fn thrown(source: &str) -> Thrown {
    let evaluated = evaluate(&[source], json!({"record": {"Name": "Ada"}, "body": {}})).await;
    match evaluated.into_iter().next().unwrap() {
        Err(thrown) => thrown,
        Ok(value) => panic!("{source} came to {value:?}"),
    }
}

#[tokio::test]
async fn an_expression_comes_to_a_value() {
    let scope = || json!({"record": {"Name": "Ada", "Amount": 12.5, "Tags": ["a", "b"]}});
    for (source, expected) in [
        ("record.Name", json!("Ada")),
        ("`${record.Name} Lovelace`.trim().toUpperCase()", json!("ADA LOVELACE")),
        ("record.Amount * 2", json!(25)),
        ("record.Tags.map((it) => it + 1)", json!(["a1", "b1"])),
        ("({ name: record.Name, ...{ more: [null] } })", json!({"name": "Ada", "more": [null]})),
        ("record.Missing?.toLowerCase() ?? 'none'", json!("none")),
        ("null", json!(null)),
        ("(() => { let sum = 0; for (const it of [1, 2]) sum += it; return sum })()", json!(3)),
        ("/A(d)/.exec(record.Name)[1] // a remark", json!("d")),
        ("new Date('2026-01-02T03:04:05Z').toISOString()", json!("2026-01-02T03:04:05.000Z")),
        ("new Date(0) instanceof Date", json!(true)),
        ("Date.UTC(1970, 0, 2)", json!(86_400_000)),
        ("JSON.parse('{\"a\":1}').a", json!(1)),
        ("[...'ab'].reverse().join('')", json!("ba")),
        ("[3, 1, 2].sort()", json!([1, 2, 3])),
        ("(1, 2)", json!(2)),
        ("typeof index", json!("undefined")),
    ] {
        assert_eq!(value(source, scope()).await, Some(expected), "{source}");
    }
    assert_eq!(value("record.Missing", scope()).await, None, "undefined is nothing");
}

#[tokio::test]
async fn all_of_a_record_are_evaluated_in_one_call_and_fail_alone() {
    let sources = ["record.a", "record.a.b.c", "record.b"];
    let scopes = vec![json!({"record": {"a": 1, "b": 2}}), json!({"record": {"a": null}})];
    let evaluated = each(&expressions(), &set("acme", &sources), &scopes).await;
    assert_eq!(evaluated[0][0], Ok(Some(json!(1))));
    assert_eq!(evaluated[0][2], Ok(Some(json!(2))));
    let thrown = evaluated[0][1].clone().unwrap_err();
    assert_eq!((thrown.name.as_str(), thrown.line), ("TypeError", Some(1)));
    assert_eq!(evaluated[1][0], Ok(Some(json!(null))));
    assert_eq!(evaluated[1][2], Ok(None));
}

#[tokio::test]
async fn items_share_what_they_have_in_common() {
    let set = set("acme", &["body.shop + record.name"]);
    let items = vec![json!({"record": {"name": "a"}}), json!({"record": {"name": "b"}})];
    let evaluated =
        expressions().evaluate_items(&set, &json!({"body": {"shop": "x"}}), &items).await;
    assert_eq!(evaluated.unwrap(), [[Ok(Some(json!("xa")))], [Ok(Some(json!("xb")))]]);
    let none = expressions().evaluate_items(&set, &json!({}), &[]).await;
    assert!(none.unwrap().is_empty());

    // Nothing is known of any of them if one does more than it may.
    let greedy = self::set("acme", &["record.name === 'b' ? (() => { for (;;); })() : 1"]);
    let items = vec![json!({"record": {"name": "a"}}), json!({"record": {"name": "b"}})];
    let evaluated = expressions().evaluate_items(&greedy, &json!({}), &items).await;
    let stopped = evaluated.unwrap_err();
    let together = "it does most of what is too much for all that are evaluated together";
    assert_eq!(stopped.thrown.message, together);
    assert_eq!(stopped.at, Some(0));
}

#[tokio::test]
async fn a_mistake_is_told_with_its_line_and_column() {
    let sources = ["1 +", "ok()", "record.a\n  .b(", "/* open"];
    let read = expressions().check(&set("acme", &sources)).await;
    let places: Vec<_> = read.iter().map(|it| it.as_ref().map(|it| it.name.as_str())).collect();
    let wrong = Some("SyntaxError");
    assert_eq!(places, [wrong, None, wrong, wrong]);
    // What is missing is missing where it ends, and not in what is put around it.
    for (source, line, column) in [("1 +", 1, 4), ("record.a\n  .b(", 2, 6), ("[1,\n2", 2, 2)] {
        let read = expressions().check(&set("acme", &[source])).await.remove(0).unwrap();
        assert_eq!((read.line, read.column), (Some(line), Some(column)), "{source}: {read}");
        assert_eq!(read.message, "it is not finished");
    }
    let thrown = thrown("\n\nrecord.Name.nothing.at.all").await;
    assert_eq!((thrown.line, thrown.name.as_str()), (Some(3), "TypeError"), "{thrown:?}");
    assert!(thrown.column.is_some());
}

/// Only an expression is one: nothing closes the brackets that are put around it.
#[tokio::test]
async fn what_is_no_expression_is_refused() {
    let sources = [
        "",
        " ",
        "// nothing",
        "...record",
        "let a = 1",
        "if (1) 2",
        "return 1",
        "1; 2",
        "1) , (2",
        "1], [2",
        "1)); globalThis.x = 1; ((2",
        "} {",
        "import('fs')x",
        "a => {",
        "`",
        "1) => (2",
        "yield 1",
        "await 1",
        "with (record) { 1 }",
        "delete x",
        "010",
    ];
    let read = expressions().check(&set("acme", &sources)).await;
    let accepted: Vec<_> = sources.iter().zip(&read).filter(|(_, it)| it.is_none()).collect();
    assert!(accepted.is_empty(), "{accepted:?}");
}

#[tokio::test]
async fn there_is_no_clock_no_chance_and_no_code_from_texts() {
    for source in [
        "Date.now()",
        "new Date()",
        "Date()",
        "Math.random()",
        "performance.now()",
        "eval('1')",
        "Function('return 1')()",
        "new Function('1')",
        "(() => {}).constructor('1')",
        "(async () => {}).constructor('1')",
        "(function* () {}).constructor('1')",
        "Reflect.construct((() => {}).constructor, ['1'])",
        "new WeakRef({})",
        "new FinalizationRegistry(() => {})",
        "setTimeout(() => {})",
        "ask('{}')",
        "require('fs')",
        "info('x')",
        "console.log(1)",
        "zoho.crm",
        "crmAPIResponse",
        "globalThis.process.env",
    ] {
        thrown(source).await;
    }
    // What the sandbox offers functions is not here either.
    assert_eq!(
        value("typeof zoho + typeof info", json!({})).await,
        Some(json!("undefinedundefined"))
    );
}

/// Nothing that one evaluation does is seen by the next, on the instance that is kept.
#[tokio::test]
async fn nothing_is_left_behind() {
    let expressions = expressions();
    let tampering = [
        "globalThis.seen = 1",
        "Object.prototype.seen = 1",
        "Array.prototype.map = null",
        "String.prototype.trim = () => 'x'",
        "Object.defineProperty(Object.prototype, 'seen', {value: 1})",
        "delete Math.max",
        "Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({done: true})",
        "Object.setPrototypeOf(Array.prototype, {seen: 1})",
        "JSON.parse = null",
        "undeclared = 1",
        "Symbol.prototype.seen = 1",
        "Iterator.prototype.constructor = 1",
        "Object.getPrototypeOf([].values().map((it) => it)).next = 1",
        "Object.getPrototypeOf([].values().take(1)).seen = 1",
        "Object.getPrototypeOf(Iterator.from({next() {}})).seen = 1",
        "Iterator.prototype[Symbol.toStringTag] = 1",
        "Error.prototype.stack = 1",
        "Promise.prototype.then = 1",
        "Error.prepareStackTrace = () => 'x'",
        "Object.getPrototypeOf(Int8Array).prototype.seen = 1",
        "Error.stackTraceLimit = 0",
        "Object.getPrototypeOf(new Map()[Symbol.iterator]()).next = 1",
        "Date.parse = 1",
        "Object.getPrototypeOf((function* () {})()).next = 1",
        "RegExp.prototype.exec = 1",
    ];
    let set = set("acme", &tampering);
    let scope = || json!({"record": {"Name": "Ada", "Tags": [1, 2]}});
    for _ in 0..2 {
        let evaluated = each(&expressions, &set, &[scope()]).await.remove(0);
        for (source, evaluated) in tampering.iter().zip(evaluated) {
            assert!(evaluated.is_err(), "{source} came to {evaluated:?}");
        }
    }
    // What it was given an expression may change; the next record is another one.
    let changing = self::set(
        "acme",
        &["record.Tags.toSorted((a, b) => b - a) + record.Tags.reverse()", "record.Name += '!'"],
    );
    for _ in 0..2 {
        let evaluated = each(&expressions, &changing, &[scope()]).await.remove(0);
        assert_eq!(evaluated, [Ok(Some(json!("2,12,1"))), Ok(Some(json!("Ada!")))]);
    }
    // A legacy of its own that languages have: what matched last.
    let matched = self::set("acme", &["/A(d)a/.exec(record.Name)[1]", "RegExp.$1 ?? null"]);
    for name in ["Ada", "Ada"] {
        let scope = json!({"record": {"Name": name}});
        let evaluated = each(&expressions, &matched, &[scope]).await.remove(0);
        assert_eq!(evaluated, [Ok(Some(json!("d"))), Ok(Some(json!(null)))]);
    }
}

#[tokio::test]
async fn what_does_too_much_is_stopped_and_harms_nobody() {
    let expressions = expressions();
    let good = set("acme", &["record.Name"]);
    for source in [
        "(() => { for (;;); })()",
        "'a'.repeat(1 << 29)",
        "Array(1e9).join('x')",
        "[...Array(1e8).keys()]",
        "/(a+)+$/.exec('a'.repeat(64) + 'b')",
        "(function f() { return f() })()",
        "(() => { const all = []; for (;;) all.push(new Array(1e5).fill(1)) })()",
        "(() => { for (;;) try { for (;;) [].concat(Array(1e6)) } catch {} })()",
        "JSON.stringify(Array(1e7).fill(0))",
        "new Array(1e9).sort()",
        "(() => { let s = 'x'; for (;;) s += s })()",
        "BigInt(2) ** BigInt(1e9)",
        "new Uint8Array(1e9).fill(1).length",
    ] {
        let scopes = || vec![json!({"record": {"Name": "Ada"}}), json!({"record": {"Name": "Bo"}})];
        let set = set("acme", &["record.Name", source, "record.Name"]);
        for of_scope in expressions.evaluate(&set, &scopes()).await {
            match of_scope {
                Ok(values) => {
                    assert!(values[1].is_err() && values[0].is_ok(), "{source}: {values:?}")
                }
                Err(stopped) => assert_eq!(stopped.at, Some(1), "{source}: {stopped:?}"),
            }
        }
        let after = each(&expressions, &good, &scopes()).await;
        assert_eq!(after, [[Ok(Some(json!("Ada")))], [Ok(Some(json!("Bo")))]], "after {source}");
    }
}

#[tokio::test]
async fn what_is_no_json_has_no_value() {
    for source in ["() => 1", "Symbol('x')", "(async () => 1)()", "1n", "(() => { throw 1 })()"] {
        thrown(source).await;
    }
    // Null would clear a column.
    for source in ["NaN", "1 / 0", "Number('12,50')", "new Date('5. Mai 1990')"] {
        thrown(source).await;
    }
    assert_eq!(value("[undefined]", json!({})).await, Some(json!([null])));
}

/// Every reader of JSON takes what they come to, and what they throw.
#[tokio::test]
async fn half_of_a_pair_of_surrogates_is_replaced() {
    let scope = || json!({"record": {"s": "\u{1F600}!", "t": "a \\ud83d b"}});
    for (source, expected) in [
        ("record.s.slice(0, 1)", json!("\u{fffd}")),
        ("record.s.slice(1)", json!("\u{fffd}!")),
        ("[record.s, '\\\\' + record.s[0]]", json!(["\u{1F600}!", "\\\u{fffd}"])),
        ("({[record.s[0]]: 1})", json!({"\u{fffd}": 1})),
        ("record.t", json!("a \\ud83d b")),
    ] {
        assert_eq!(value(source, scope()).await, Some(expected), "{source}");
    }
    let thrown = thrown("(() => { throw new Error('\\ud83d') })()").await;
    assert_eq!(thrown.message, "\u{fffd}");
    for source in ["(() => { throw {toString() { throw 2 }} })()", "(() => { throw Symbol() })()"] {
        assert_eq!(self::thrown(source).await.message, "it threw what cannot be shown");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_told_by_itself() {
    let deep = format!("{}{}", "[".repeat(3_000), "]".repeat(3_000));
    let read = expressions().check(&set("acme", &["1", &deep, "2 +"])).await;
    assert!(read[0].is_none());
    assert!(read[1].is_some() && read[2].is_some(), "{read:?}");
    let table = format!("({{{}}})[record.Name]", "a: 'Something of a table', ".repeat(380));
    let many = vec![table.as_str(); 20];
    let read = expressions().check(&set("acme", &many)).await;
    assert!(read.iter().all(Option::is_none), "{:?}", read[0]);
}

/// What is large is read, and gives the expressions no more to do than it takes.
#[tokio::test]
async fn a_large_input_is_read() {
    let expressions = expressions();
    let counts = set("acme", &["body.length", "body[body.length - 1].a"]);
    for number in [10_000, 60_000] {
        let body = json!(vec![json!({"a": 1, "b": [2, "x"]}); number]);
        let scope = json!({ "body": body });
        let evaluated = each(&expressions, &counts, &[scope]).await;
        assert_eq!(evaluated, [[Ok(Some(json!(number))), Ok(Some(json!(1)))]]);
    }
}

/// Together they may do as much as one: of many it is the one that does most.
#[tokio::test]
async fn of_many_that_do_too_much_together_the_greediest_is_named() {
    let looping = |times: u32| format!("(() => {{ let n = 0; while (n < {times}) n++ }})()");
    let (some, more) = (looping(1_000), looping(12_000));
    let sources: Vec<&str> = (0..40).map(|at| if at == 7 { &*more } else { &*some }).collect();
    let stopped = expressions().evaluate(&set("acme", &sources), &[json!({})]).await.remove(0);
    assert_eq!(stopped.unwrap_err().at, Some(7));
}

/// Whoever counts steps and not time says the same on a machine that is busy.
#[tokio::test]
async fn what_is_too_much_is_too_much_every_time() {
    let expressions = expressions();
    let looping =
        |times: u32| format!("(() => {{ let n = 0; while (n < {times}) n++; return n }})()");
    let (enough, too_many) = (looping(20_000), looping(20_000_000));
    let (enough, too_many) = (set("acme", &[&enough]), set("acme", &[&too_many]));
    for _ in 0..3 {
        let scope = || vec![json!({})];
        let evaluated = each(&expressions, &enough, &scope()).await;
        assert_eq!(evaluated, [[Ok(Some(json!(20_000)))]]);
        assert!(expressions.evaluate(&too_many, &scope()).await[0].is_err());
    }
}

#[tokio::test]
async fn many_sets_and_callers_at_once_each_get_their_own() {
    let expressions = Arc::new(expressions());
    let one = |number: usize| {
        let expressions = expressions.clone();
        async move {
            let owner = format!("workspace {}", number % 7);
            let source = format!("[record.n, {}]", number % 90);
            let set = set(&owner, &[&source]);
            let scopes = vec![json!({"record": {"n": number}})];
            let evaluated = each(&expressions, &set, &scopes).await;
            assert_eq!(evaluated, [[Ok(Some(json!([number, number % 90])))]]);
        }
    };
    let all: tokio::task::JoinSet<()> = (0..300).map(one).collect();
    all.join_all().await;
}

/// No setter that an expression can reach is of the engine, which would keep what it is
/// given; the others change the object that they are called on, and every one is frozen.
#[tokio::test]
async fn the_setters_in_reach_are_known() {
    let walk = "record.walks && (() => {
        const seen = new Set(), found = [];
        const walk = (value, path) => {
            if (value === null || !['object', 'function'].includes(typeof value)) return;
            if (seen.has(value)) return;
            seen.add(value);
            if (!Object.isFrozen(value)) found.push(`${path} is not frozen`);
            walk(Object.getPrototypeOf(value), path + '^');
            for (const key of Reflect.ownKeys(value)) {
                const { value: member, get, set } = Object.getOwnPropertyDescriptor(value, key);
                const at = `${path}.${String(key)}`;
                if (set) found.push(at);
                walk(member, at);
                walk(get, at);
                walk(set, at);
            }
        };
        walk(globalThis, '');
        return found;
    })()";
    // With the steps of as many items as count.
    let items: Vec<Json> =
        (0..10).map(|number| json!({"record": {"walks": number == 0}})).collect();
    let set = set("acme", &[walk]);
    let evaluated = expressions().evaluate_items(&set, &json!({}), &items).await.unwrap();
    let known = json!([
        "^.toString^.caller",
        "^.toString^.arguments",
        "^.__proto__",
        ".Error.prototype.stack",
        ".Iterator.prototype.constructor",
        ".Iterator.prototype.Symbol(Symbol.toStringTag)",
    ]);
    assert_eq!(evaluated[0][0], Ok(Some(known)));
}
