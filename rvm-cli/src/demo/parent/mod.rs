//! The parent: starts the program, kills it, starts it again, and judges what it finds.

mod life;
mod loss;
mod schedule;
mod session;

pub(super) use session::{Kill, Outcome, Session, Setup};
