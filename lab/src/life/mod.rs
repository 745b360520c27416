//! Lives of the real store: random scripts of everything that a program may ask of it, run on the simulated device, and judged by the
//! oracle after every power cut, kill and fault.

mod check;
mod layout;
mod program;
mod script;
mod step;
mod threads;

pub use check::check;
pub use program::run;
pub use script::Script;
pub use step::{Part, Step};
pub use threads::run_on_threads;
