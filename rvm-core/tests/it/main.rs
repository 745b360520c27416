//! The integration tests of the store, as its users see it.

mod declared;
mod failing;
mod faults;
mod misuse;
mod model;
mod threads;
