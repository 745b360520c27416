//! Recoverable virtual memory for programs in C and C++: `librvm`, with `rvm.h` and `rvm_ext.h`.
//!
//! `teaching` has the functions of `rvm.h`, the teaching interface: no error codes, lines on stderr, and a commit that
//! cannot be made durable ends the process. `extended` and `visitors` have those of `rvm_ext.h`: a code from each. Both are thin: a call is
//! `call::guarded`, so that no panic leaves it; what C passed is looked at by `foreign`; and the work is done on a
//! `directory::Directory` or in `transactions`.
//!
//! Nothing here trusts what it is passed: directories and transactions are small numbers that are looked up, addresses of segments are
//! compared and never followed. What must be followed, because C has no other way to pass it, is text, lists and places for results; see
//! `foreign`.
//!
//! The headers in `include/` are made from `teaching` and `extended` by a test, which fails when they differ.

#![deny(unsafe_code)]

mod call;
mod checked;
mod codes;
mod directory;
mod extended;
mod fault;
mod figures;
mod foreign;
mod fork;
mod mapped;
mod os;
mod registry;
mod settings;
mod teaching;
mod transactions;
mod verbose;
mod visitors;
