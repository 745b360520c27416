//! Ours, the loop by hand and other stores, run in turn over the same transactions: what each of them reaches, as tables, numbers
//! and plots.

mod contest;
mod curve;
mod found;
mod markdown;
mod measure;
mod numbers;
mod plots;

pub use curve::LatencyCurve;
pub use found::{ByThreads, Comparison, Figures, Found, Plan};
pub use measure::{compare, steps};
