//! `rvmctl shell`: a store by hand, at a terminal or from a script.

mod command;
mod session;
mod terminal;
mod transaction;
mod values;
mod words;

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use self::command::Command;
use self::session::{Session, Then};
use crate::arguments::ShellArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, complain};
use crate::place::Place;

/// Longer than any line that means something.
const LINE_LEN_MAX: u64 = 1 << 20;

/// Runs a shell until its commands end.
pub(super) fn run(
    place: &Place,
    asked: &ShellArguments,
    output: &mut Output,
) -> Result<Exit, Failure> {
    if output.wants_json() {
        return Err(Failure::Usage("a shell has no form as JSON".to_owned()));
    }
    let mut session = Session::open(place.clone(), asked.read_only)?;
    complain(&session.greeting());
    let ran = if io::stdin().is_terminal() {
        terminal::run(&mut session, asked.keep_history, output).map(|()| Exit::Fine)
    } else {
        script(&mut session, asked.keep_going, output)
    };
    // Also behind a failure: what is open is aborted, and the store closed.
    let closed = session.close();
    ran.and_then(|exit| closed.map(|()| exit))
}

/// Takes commands from standard input.
fn script(session: &mut Session, keep_going: bool, output: &mut Output) -> Result<Exit, Failure> {
    let mut input = io::stdin().lock();
    let mut exit = Exit::Fine;
    for number in 1.. {
        let Some(line) = next_line(&mut input, number)? else { break };
        match obey(session, &line, output) {
            Ok(Then::GoOn) => {}
            Ok(Then::Leave) => break,
            Err(failure) if failure.is_broken_pipe() => return Err(failure),
            Err(failure) => {
                let failure = Failure::Line { line: number, source: Box::new(failure) };
                if !keep_going {
                    return Err(failure);
                }
                complain(&failure.to_line());
                if exit == Exit::Fine {
                    exit = failure.exit();
                }
            }
        }
    }
    Ok(exit)
}

/// `None` at the end.
fn next_line(input: &mut impl BufRead, number: u64) -> Result<Option<String>, Failure> {
    let mut line = Vec::new();
    let read = io::Read::take(input, LINE_LEN_MAX + 1).read_until(b'\n', &mut line);
    read.map_err(|source| Failure::file("read", Path::new("standard input"), source))?;
    if line.len() > usize::try_from(LINE_LEN_MAX).unwrap_or(usize::MAX) {
        return Err(Failure::Usage(format!("line {number} is longer than {LINE_LEN_MAX} bytes")));
    }
    let line = (!line.is_empty()).then(|| String::from_utf8(line)).transpose();
    line.map_err(|_| Failure::Usage(format!("line {number} is not UTF-8")))
}

/// Does what a line says, if it says anything, and shows it at once.
fn obey(session: &mut Session, line: &str, output: &mut Output) -> Result<Then, Failure> {
    let Some(command) = Command::parse(line).map_err(Failure::Usage)? else {
        return Ok(Then::GoOn);
    };
    let done = session.obey(command, output);
    output.flush()?;
    done
}
