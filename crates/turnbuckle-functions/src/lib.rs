//! The JavaScript sandbox: runs scripts of users.
//!
//! Who acts: [`Sandbox`] keeps an engine compiled to WebAssembly, with a few
//! threads of its own; each [`Sandbox::call`] gets a fresh instance of it, made
//! from a snapshot in which the engine has started. [`Expressions`] evaluates what is
//! shorter, on instances that are kept, since nothing can be left behind in one.
//!
//! Guaranteed: a script of a function sees its input, what its [`Host`] answers, a clock of
//! milliseconds and nothing else, neither of the machine nor of another call. It
//! ends by its deadline, whatever it does, and takes no more memory, log and
//! output than its [`Limits`]. An expression sees its input alone, and comes to the same
//! whenever and wherever it is evaluated. Neither can end or stop the process.
//!
//! Absent on purpose: modules, timers, files, network. What a script may do
//! beyond computing it asks its host.

mod call;
mod error;
mod expressions;
mod guest;
mod host;
mod limits;
mod module;
mod sandbox;
mod state;

pub use call::{Call, Outcome};
pub use error::{Failure, SandboxError, Thrown};
pub use expressions::{Evaluated, ExpressionSet, Expressions, Stopped};
pub use host::{Asked, Host, Refused};
pub use limits::Limits;
pub use sandbox::Sandbox;
