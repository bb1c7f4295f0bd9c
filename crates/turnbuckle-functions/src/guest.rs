//! What an instance exports: texts go in, an answer comes out.

use wasmtime::{Instance, Memory, Store, TypedFunc};

use crate::error::{Failure, Thrown};
use crate::state::{State, Stop, slice};

/// Of the stack that QuickJS watches; the linker gives it a megabyte.
const STACK_BYTES: u32 = 512 << 10;
/// What an instance takes beside what scripts allocate: its stack and its tables.
const OVERHEAD_BYTES: usize = 2 << 20;

/// What an instance exports.
pub struct Guest {
    memory: Memory,
    allocate: TypedFunc<u32, u32>,
    pub release: TypedFunc<u32, ()>,
    start: TypedFunc<(u32, u32), u32>,
    limit: TypedFunc<(u32, u32), ()>,
    pub evaluate: TypedFunc<(u32, u32, u32), u32>,
    pub check: TypedFunc<(u32, u32, u32), u32>,
    call: TypedFunc<(u32, u32), u32>,
    answer: TypedFunc<(), u32>,
    answer_len: TypedFunc<(), u32>,
}

impl Guest {
    pub fn of(store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Self> {
        Ok(Self {
            memory: instance.get_memory(&mut *store, "memory").ok_or(Stop::NoMemory)?,
            allocate: instance.get_typed_func(&mut *store, "allocate")?,
            release: instance.get_typed_func(&mut *store, "release")?,
            start: instance.get_typed_func(&mut *store, "start")?,
            limit: instance.get_typed_func(&mut *store, "limit")?,
            evaluate: instance.get_typed_func(&mut *store, "evaluate")?,
            check: instance.get_typed_func(&mut *store, "check")?,
            call: instance.get_typed_func(&mut *store, "call")?,
            answer: instance.get_typed_func(&mut *store, "answer")?,
            answer_len: instance.get_typed_func(&mut *store, "answer_len")?,
        })
    }

    /// Starts the engine and runs the prelude.
    pub async fn start(&self, store: &mut Store<State>, prelude: &str) -> wasmtime::Result<()> {
        let at = self.give(store, prelude).await?;
        let is_started = self.start.call_async(&mut *store, (at, prelude.len() as u32)).await?;
        if is_started == 0 {
            let thrown = String::from_utf8_lossy(self.answer(store).await?).into_owned();
            return Err(wasmtime::Error::msg(thrown));
        }
        self.release.call_async(store, at).await
    }

    pub fn memory_bytes(&self, store: &Store<State>) -> usize {
        self.memory.data_size(store)
    }

    /// Puts a text, and a NUL behind it, into the memory of the instance.
    pub async fn give(&self, store: &mut Store<State>, text: &str) -> wasmtime::Result<u32> {
        let at = self.allocate.call_async(&mut *store, text.len() as u32 + 1).await?;
        if at == 0 {
            return Err(Stop::NoMemory.into());
        }
        self.memory.write(&mut *store, at as usize, text.as_bytes())?;
        self.memory.write(&mut *store, at as usize + text.len(), &[0])?;
        Ok(at)
    }

    async fn answer<'a>(&self, store: &'a mut Store<State>) -> wasmtime::Result<&'a [u8]> {
        let at = self.answer.call_async(&mut *store, ()).await?;
        let length = self.answer_len.call_async(&mut *store, ()).await?;
        let memory = self.memory.data(store);
        Ok(slice(memory, at, length).ok_or(Stop::NoMemory)?)
    }

    /// What was thrown.
    pub async fn thrown(&self, store: &mut Store<State>) -> wasmtime::Result<Failure> {
        let described = self.answer(store).await?;
        let unknown =
            |_| Failure::Crashed(format!("it threw {:?}", String::from_utf8_lossy(described)));
        Ok(serde_json::from_slice::<Thrown>(described).map_or_else(unknown, Failure::Thrown))
    }

    /// Bounds what scripts take of the memory of the instance.
    pub async fn limit(&self, store: &mut Store<State>) -> wasmtime::Result<()> {
        let memory = store.data().limits.memory_bytes_max.saturating_sub(OVERHEAD_BYTES);
        self.limit.call_async(store, (memory as u32, STACK_BYTES)).await
    }

    /// Hands a text to what the prelude answered, and answers what that does.
    pub async fn run<'a>(
        &self,
        store: &'a mut Store<State>,
        input: &str,
    ) -> wasmtime::Result<Result<&'a [u8], Failure>> {
        let at = self.give(store, input).await?;
        let is_done = self.call.call_async(&mut *store, (at, input.len() as u32)).await?;
        if is_done == 0 {
            return Ok(Err(self.thrown(store).await?));
        }
        self.release.call_async(&mut *store, at).await?;
        Ok(Ok(self.answer(store).await?))
    }
}
