//! A shell at a terminal: lines that can be edited, remembered and completed.

use std::env;
use std::fs;
use std::path::PathBuf;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};

use super::command::FORMS;
use super::session::{Session, Then};
use crate::failure::Failure;
use crate::output::{Output, complain};

/// What is known for completion.
struct Known {
    segments: Vec<String>,
}

/// Takes commands until the user leaves. What fails is told, and nothing ends by it.
pub(super) fn run(
    session: &mut Session,
    keep_history: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let config = Config::builder().auto_add_history(true).build();
    let mut editor: Editor<Known, FileHistory> = Editor::with_config(config).map_err(fault)?;
    let history = if keep_history { Some(history_file()?) } else { None };
    if let Some(file) = &history {
        // There is none the first time.
        editor.load_history(file).ok();
    }
    loop {
        output.flush()?;
        editor.set_helper(Some(Known { segments: session.names() }));
        match editor.readline(&session.prompt()) {
            Ok(line) => match super::obey(session, &line, output) {
                Ok(Then::GoOn) => {}
                Ok(Then::Leave) => break,
                Err(failure) if failure.is_broken_pipe() => return Err(failure),
                Err(failure) => complain(&failure.to_line()),
            },
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(other) => return Err(fault(other)),
        }
    }
    match history {
        Some(file) => editor.save_history(&file).map_err(fault),
        None => Ok(()),
    }
}

fn fault(error: ReadlineError) -> Failure {
    Failure::Terminal(std::io::Error::other(error))
}

/// The file, in a directory that is made for it.
fn history_file() -> Result<PathBuf, Failure> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = named("XDG_STATE_HOME").or_else(|| Some(named("HOME")?.join(".local/state")));
    let refused = || Failure::Usage("--keep-history needs HOME or XDG_STATE_HOME".to_owned());
    let directory = state.ok_or_else(refused)?.join("rvmctl");
    fs::create_dir_all(&directory).map_err(|source| Failure::file("make", &directory, source))?;
    Ok(directory.join("history"))
}

impl Completer for Known {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(candidates(line.get(..at).unwrap_or(line), &self.segments))
    }
}

/// Where the last word begins, and what it may become: a command at the beginning, a segment behind.
fn candidates(line: &str, segments: &[String]) -> (usize, Vec<String>) {
    let start = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let begun = line.get(start..).unwrap_or_default();
    let is_first = line.get(..start).unwrap_or_default().trim().is_empty();
    let commands = FORMS.iter().filter_map(|(form, _)| form.split(' ').next()).map(str::to_owned);
    let mut names: Vec<String> = if is_first { commands.collect() } else { segments.to_vec() };
    names.retain(|name| name.starts_with(begun));
    names.dedup();
    (start, names)
}

impl Hinter for Known {
    type Hint = String;
}

impl Highlighter for Known {}

impl Validator for Known {}

impl Helper for Known {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against segments where a command belongs, and the other way round.
    #[test]
    fn commands_and_segments_are_completed_where_they_belong() {
        let segments = ["accounts".to_owned(), "audit".to_owned()];
        let of = |line: &str| candidates(line, &segments);
        assert_eq!(of("com"), (0, vec!["commit".to_owned()]));
        assert_eq!(of("  a"), (2, vec!["abort".to_owned()]));
        assert_eq!(of("begin au"), (6, vec!["audit".to_owned()]));
        assert_eq!(of("begin accounts a").1, segments);
        assert_eq!(of("").1.len(), FORMS.len() - 1);
    }
}
