//! The module that every instance is of: the engine, started, its prelude run.
//!
//! Made from `module/sandbox.wasm` once for each kind of scripts, and kept in a file, as machine code:
//! compiling takes a second, loading what was compiled a few milliseconds.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tokio::runtime::Builder;
use wasmtime::{Engine, Instance, Module, Store, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

use crate::error::SandboxError;
use crate::guest::Guest;
use crate::state::{self, State};

/// QuickJS-ng and `shim.c`; `module/build.sh` makes it.
const SANDBOX: &[u8] = include_bytes!("../module/sandbox.wasm");

/// How the files are named that are kept: machine code, and its SHA-256.
const COMPILED: &str = "cwasm";
const SUM: &str = "sha256";

/// What an engine runs when it is started, for one kind of scripts.
pub struct Prelude {
    /// In the name of the file.
    name: &'static str,
    script: &'static str,
}

pub const OF_FUNCTIONS: Prelude =
    Prelude { name: "functions", script: include_str!("functions.js") };
pub const OF_EXPRESSIONS: Prelude =
    Prelude { name: "expressions", script: include_str!("expressions.js") };

/// Loads the module from `folder`, where it is put at the first use.
///
/// # Errors
/// If it can neither be read nor made.
pub fn load(engine: &Engine, folder: &Path, prelude: &Prelude) -> Result<Module, SandboxError> {
    let Prelude { name, script } = prelude;
    let digest = Sha256::new().chain_update(SANDBOX).chain_update(script).finalize();
    let version: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let path = folder.join(format!("{name}-{version}.{COMPILED}"));
    let sum = path.with_extension(SUM);
    if is_whole(&path, &sum) {
        // SAFETY: the folder belongs to this process's owner alone, as the records in it do, and
        // the file is as it was written.
        // Whatever made the file said with which engine and settings; another's is refused.
        match unsafe { Module::deserialize_file(engine, &path) } {
            Ok(module) => return Ok(module),
            Err(error) => tracing::info!(%error, "the sandbox is compiled anew"),
        }
    }
    let module = compile(engine, script)?;
    let compiled = module.serialize().map_err(SandboxError::of("keep the sandbox"))?;
    // Two processes may do it at once: each renames a file of its own. What they make is the same.
    let keep = |kept: &Path, bytes: &[u8]| {
        let unfinished = kept.with_extension(std::process::id().to_string());
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&unfinished, kept)
    };
    // The sum last: a file without one is made again.
    keep(&path, &compiled)
        .and_then(|()| keep(&sum, &Sha256::digest(&compiled)))
        .map_err(SandboxError::of("keep the sandbox"))?;
    remove_others(folder, name, &path);
    Ok(module)
}

/// What this and other versions of the program kept in `folder`, of this kind of scripts.
fn kept(folder: &Path, name: &str) -> impl Iterator<Item = PathBuf> {
    let start = format!("{name}-");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(move |path| {
        let is_ours = path.extension().is_some_and(|it| it == COMPILED || it == SUM);
        is_ours
            && path.file_name().and_then(|it| it.to_str()).is_some_and(|it| it.starts_with(&start))
    })
}

/// Whether this or another version of the program kept its module in `folder`.
pub fn was_kept(folder: &Path, prelude: &Prelude) -> bool {
    kept(folder, prelude.name).next().is_some()
}

/// Whether the file is as it was written: machine code that a disk has changed would be run.
fn is_whole(path: &Path, sum: &Path) -> bool {
    let read = || Some((std::fs::read(path).ok()?, std::fs::read(sum).ok()?));
    read().is_some_and(|(compiled, sum)| Sha256::digest(compiled).as_slice() == sum)
}

/// Removes what other versions of the program kept: whichever runs next makes its own again.
fn remove_others(folder: &Path, name: &str, current: &Path) {
    for path in kept(folder, name).filter(|path| path.with_extension(COMPILED) != current) {
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::info!(%error, path = %path.display(), "an old sandbox is left");
        }
    }
}

/// Starts the engine, and compiles what it is then.
fn compile(engine: &Engine, prelude: &str) -> Result<Module, SandboxError> {
    const ACTION: &str = "start the engine of the sandbox";
    let wizer = Wizer::new();
    let (context, instrumented) =
        wizer.instrument(SANDBOX).map_err(SandboxError::of("read the sandbox"))?;
    let starting = async {
        let module = Module::new(engine, &instrumented).map_err(SandboxError::of(ACTION))?;
        let mut linker = state::linker(engine).map_err(SandboxError::of(ACTION))?;
        linker.define_unknown_imports_as_traps(&module).map_err(SandboxError::of(ACTION))?;
        let mut store = State::idle(engine);
        let instance = linker
            .instantiate_async(&mut store, &module)
            .await
            .map_err(SandboxError::of(ACTION))?;
        let guest = Guest::of(&mut store, &instance).map_err(SandboxError::of(ACTION))?;
        guest.start(&mut store, prelude).await.map_err(SandboxError::of(ACTION))?;
        wizer
            .snapshot(&context, &mut Started { store, instance })
            .await
            .map_err(SandboxError::of("keep the engine of the sandbox"))
    };
    // On a thread of its own: this one may be driving tasks.
    let start = || {
        let runtime = Builder::new_current_thread().build().map_err(SandboxError::of(ACTION))?;
        runtime.block_on(starting)
    };
    let snapshot = std::thread::scope(|scope| scope.spawn(start).join())
        .unwrap_or_else(|_| Err(SandboxError::of(ACTION)("it panicked")))?;
    Module::new(engine, snapshot).map_err(SandboxError::of("compile the sandbox"))
}

/// The instance whose state is kept.
struct Started {
    store: Store<State>,
    instance: Instance,
}

impl InstanceState for Started {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        let global = self.instance.get_global(&mut self.store, name);
        match global.map(|global| global.get(&mut self.store)) {
            Some(Val::I32(value)) => SnapshotVal::I32(value),
            Some(Val::I64(value)) => SnapshotVal::I64(value),
            Some(Val::F32(value)) => SnapshotVal::F32(value),
            Some(Val::F64(value)) => SnapshotVal::F64(value),
            other => unreachable!("clang makes no globals such as {name}: {other:?}"),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        let memory = self.instance.get_memory(&mut self.store, name);
        contents(memory.expect("a module has the memory that it exports").data(&self.store));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_version_kept_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "functions-1.cwasm",
            "functions-1.sha256",
            "functions-2.cwasm",
            "functions-2.sha256",
            "expressions-1.cwasm",
            "functions-1",
        ];
        for name in names {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        assert!(was_kept(folder.path(), &OF_FUNCTIONS) && was_kept(folder.path(), &OF_EXPRESSIONS));
        remove_others(folder.path(), "functions", &folder.path().join("functions-2.cwasm"));
        let left: Vec<_> =
            names.into_iter().filter(|name| folder.path().join(name).exists()).collect();
        assert_eq!(left, &names[2..]);
        std::fs::remove_file(folder.path().join("expressions-1.cwasm")).unwrap();
        assert!(!was_kept(folder.path(), &OF_EXPRESSIONS));
        assert!(!was_kept(&folder.path().join("none"), &OF_FUNCTIONS));
    }
}
