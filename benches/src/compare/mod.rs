//! Ours, the loop by hand and other stores, run in turn over the same transactions: what each of them reaches, as tables, numbers
//! and plots.

mod contest;
mod found;
mod markdown;
mod measure;
mod numbers;
mod plots;

pub use found::{ByThreads, Comparison, Figures, Found, Latency, Plan};
pub use measure::{compare, steps};
