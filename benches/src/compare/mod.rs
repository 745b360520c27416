//! Ours, the loop by hand and other stores, run in turn over the same transactions: what each of them reaches, as tables, numbers
//! and plots.

mod contest;
mod device;
mod found;
mod machine;
mod markdown;
mod measure;
mod numbers;
mod plots;

pub use found::{ByThreads, Comparison, Figures, Found, Latency, Plan};
pub use machine::Machine;
pub use measure::{compare, steps};
