//! The integration tests of the store, as its users see it.

mod child;
mod damage;
mod declared;
mod failing;
mod faults;
mod files;
mod fork;
mod lifecycle;
mod misuse;
mod model;
mod syscalls;
mod threads;
