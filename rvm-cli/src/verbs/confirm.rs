//! Asks whether something is to be done that cannot be taken back.

use std::io::{self, IsTerminal, Write};

use crate::failure::Failure;

/// Asks on the terminal; without one, `why` it is asked for is told with the refusal. After any answer but yes it is told that it `was_not` done.
pub(super) fn confirm(why: &str, question: &str, was_not: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!("{why}: give --yes, or be asked on a terminal")));
    }
    let terminal =
        |source| Failure::File { operation: "ask on", path: "the terminal".to_owned(), source };
    let mut prompt = io::stderr();
    write!(prompt, "{question} [y/N] ").and_then(|()| prompt.flush()).map_err(terminal)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(terminal)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::NotConfirmed(was_not.to_owned())),
    }
}
