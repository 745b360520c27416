//! Lives of the real store: random scripts of everything that a program may ask of it, run on the simulated device or in a
//! directory, and judged by the oracle after every power cut, kill and fault.

mod check;
mod command;
mod explore;
mod layout;
mod program;
mod script;
mod step;
mod threads;

pub use check::judge_and_close;
pub use command::Life;
pub use explore::{explore, explore_with_faults, explore_with_threads};
pub use program::run;
pub use script::Script;
pub use step::{Part, Step};
