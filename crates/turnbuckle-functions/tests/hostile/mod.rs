//! Scripts that want more than they are given. Each ends by its deadline, and
//! the sandbox goes on.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use turnbuckle_functions::{Call, Failure, Limits};

use super::{Echo, call, sandbox};

const DEADLINE: Duration = Duration::from_millis(100);

/// What a script must end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Stopped from outside.
    TimeUp,
    /// Something that it could have caught, or did.
    Itself,
    /// Either: it may meet the end of its memory first.
    Any,
}

const SCRIPTS: &[(&str, End, &str)] = &[
    ("loop", End::TimeUp, "while (true);"),
    ("catch", End::TimeUp, "while (true) try { while (true) throw 1 } catch {}"),
    ("finally", End::TimeUp, "(function f() { try { while (true); } finally { f() } })()"),
    ("generator", End::TimeUp, "function* g() { while (true) yield 1 } for (const x of g());"),
    ("proxy", End::TimeUp, "p = new Proxy({}, { get() { while (true); } }); p.x"),
    ("getter", End::TimeUp, "o = { get x() { while (true); } }; JSON.stringify(o)"),
    ("to_json", End::TimeUp, "return { toJSON() { while (true); } }"),
    (
        "iterator",
        End::TimeUp,
        "o = { [Symbol.iterator]() { return { next() { return {} } } } }; for (x of o);",
    ),
    ("promises", End::Any, "f = () => Promise.resolve().then(f); return f()"),
    (
        "microtasks",
        End::Any,
        "(async () => { while (true) await 0 })(); return new Promise(() => {})",
    ),
    ("never", End::Itself, "return new Promise(() => {})"),
    ("thenable", End::Any, "return { then(done) { done(this) } }"),
    ("regex", End::TimeUp, "/^(a+)+$/.test('a'.repeat(40) + 'b')"),
    ("regex_words", End::TimeUp, "/(x+x+)+y/.exec('x'.repeat(60))"),
    ("sparse_join", End::Any, "(new Array(3e8) + '')"),
    ("sparse_sort", End::Any, "a = []; a.length = 2 ** 32 - 1; a.sort()"),
    ("sparse_reverse", End::Any, "a = []; a.length = 2 ** 32 - 1; a.reverse()"),
    ("index_of", End::TimeUp, "s = 'a'.repeat(5e6); n = 0; while (true) n += s.indexOf('ab')"),
    ("big_power", End::Any, "return String(3n ** 2n ** 24n).length"),
    ("big_product", End::TimeUp, "n = 7n ** 40000n; while (true) n * n"),
    ("doubling", End::Any, "s = 'x'; while (true) s += s"),
    ("array_bomb", End::Any, "a = []; while (true) a.push(new Array(1000).fill(a.length))"),
    ("buffer_bomb", End::Any, "a = []; while (true) a.push(new Uint8Array(1 << 20))"),
    (
        "catch_memory",
        End::TimeUp,
        "a = []; while (true) try { while (true) a.push('x'.repeat(1e5) + a.length) } catch {}",
    ),
    ("deep", End::Itself, "(function f() { f() })()"),
    ("deep_catch", End::Any, "(function f() { try { f() } catch { f() } })()"),
    ("deep_json", End::Itself, "return JSON.parse('['.repeat(1e6))"),
    (
        "deep_stringify",
        End::Any,
        "a = []; for (i = 0; i < 1e6; i++) a = [a]; return JSON.stringify(a).length",
    ),
    ("deep_regex", End::Any, "return new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).test('')"),
    ("json_bomb", End::Any, "a = ['x'.repeat(1e5)]; for (i = 0; i < 30; i++) a = [a, a]; return a"),
    ("eval_loop", End::TimeUp, "eval('while (true);')"),
    ("function_maker", End::TimeUp, "new Function('while (true);')()"),
    ("log_flood", End::Any, "while (true) info('x'.repeat(1000))"),
    ("ask_flood", End::Any, "while (true) try { zoho.crm.createRecord() } catch {}"),
    ("symbol_flood", End::Any, "a = {}; i = 0; while (true) a[Symbol(i++)] = 1"),
    ("weak", End::Any, "while (true) new WeakRef(new FinalizationRegistry(() => {}))"),
    ("atomics", End::Any, "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)"),
    ("date", End::Any, "while (true) new Date().toLocaleString()"),
    (
        "prototype",
        End::Itself,
        "Object.prototype.then = null; Array.prototype.map = null; Object.prototype.toJSON = () => 1; return {a: 1}",
    ),
    (
        "stringify_gone",
        End::Itself,
        "JSON.stringify = () => { throw 1 }; Object.keys = null; return {a: 1}",
    ),
    (
        "response_proxy",
        End::Any,
        "return new Proxy({}, { has() { throw 1 }, getOwnPropertyDescriptor() { while (true); } })",
    ),
    ("throw_proxy", End::Any, "throw new Proxy(new Error(), { get() { while (true); } })"),
    (
        "throw_getter",
        End::TimeUp,
        "throw Object.defineProperty(new Error(), 'message', { get() { while (true); } })",
    ),
];

/// What ends by itself is given time to, on a machine that is busy.
fn hostile(script: &str, end: End) -> Call {
    let time = if end == End::Itself { 100 * DEADLINE } else { DEADLINE };
    let limits = Limits { time, memory_bytes_max: 16 << 20, ..Limits::default() };
    Call { limits, ..call(&format!("function handler() {{ {script} }}")) }
}

#[tokio::test]
async fn every_script_ends_and_the_sandbox_goes_on() {
    let sandbox = sandbox();
    let mut wrong = Vec::new();
    for (name, end, script) in SCRIPTS {
        let outcome = sandbox.call(hostile(script, *end), Arc::new(Echo::default())).await;
        let is_time_up = matches!(outcome.result, Err(Failure::TimeUp(_)));
        let is_as_said = match end {
            End::TimeUp => is_time_up,
            End::Itself => !is_time_up,
            End::Any => true,
        };
        if !is_as_said {
            wrong.push(format!("{name}: {:?}", outcome.result));
        }
        let after = sandbox.call(call("handler = () => 'well'"), Arc::new(Echo::default())).await;
        assert_eq!(after.result.unwrap(), json!({"output": "well"}), "after {name}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One that computes for ever takes no turn away from those that do not.
#[tokio::test]
async fn scripts_take_turns() {
    let sandbox = Arc::new(sandbox());
    let mut endless = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (sandbox, limits) = (sandbox.clone(), Limits::default());
        let source = "function handler() { while (true); }";
        let call = Call { limits, ..call(source) };
        endless.spawn(async move { sandbox.call(call, Arc::new(Echo::default())).await });
    }
    let begun = Instant::now();
    for _ in 0..20 {
        let quick = sandbox.call(call("handler = () => 1"), Arc::new(Echo::default())).await;
        assert_eq!(quick.result.unwrap(), json!({"output": 1}));
    }
    // Those who never end are still at it: nobody waited for them.
    assert!(begun.elapsed() < Limits::default().time);
    assert!(endless.try_join_next().is_none());
}
