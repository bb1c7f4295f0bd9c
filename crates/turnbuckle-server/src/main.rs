//! The `turnbuckle` command.

mod cli;

use std::process::ExitCode;

/// The writer and the HTTP tasks free what the other allocated, all the time:
/// the system's allocator spends a tenth of the processor on that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
