//! The commands of a shell, and how they are written.

use rvm_core::Durability;

use super::values::bytes_of;
use super::words::{Word, words};
use crate::sizes::parse_size;

/// What a line asks for.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Command {
    Help,
    Segments,
    Map { name: String, len: Option<u64> },
    Unmap { name: String },
    Begin { names: Vec<String> },
    Set { name: String, offset: u64, bytes: Vec<u8> },
    Fill { name: String, offset: u64, len: u64, pattern: Vec<u8> },
    Show { name: String, offset: u64, len: Option<u64> },
    Changes,
    Label { text: String },
    Commit { durability: Durability },
    Abort,
    Flush,
    Truncate,
    Status,
    Stats,
    History,
    Quit,
}

/// Each command with its form and its meaning, as `help` shows them.
pub(super) const FORMS: [(&str, &str); 19] = [
    ("segments", "list the segments, and which are mapped"),
    ("map NAME [LEN]", "map a segment; with a length it is made, or extended"),
    ("unmap NAME", "give it back; what is committed stays"),
    ("begin NAME...", "begin a transaction over mapped segments"),
    ("set NAME OFFSET VALUE...", "declare the range, and change it"),
    ("fill NAME OFFSET LEN VALUE...", "the same with a value again and again"),
    ("show NAME [OFFSET [LEN]]", "bytes, with the changes of the open transaction"),
    ("changes", "what the open transaction declared, old and new"),
    ("label TEXT", "label the open transaction"),
    ("commit", "commit; durable when it is done"),
    ("commit lazy", "commit; durable within the interval, or after flush"),
    ("abort", "undo what the open transaction changed"),
    ("flush", "make every lazy commit durable"),
    ("truncate", "fold the logs into the segments"),
    ("status", "segments and logs, as `rvmctl status`"),
    ("stats", "what this shell's store counted"),
    ("history", "the transactions of this shell"),
    ("help", "this list"),
    ("quit", "leave; an open transaction is aborted"),
];

impl Command {
    /// `None` if the line says nothing.
    pub(super) fn parse(line: &str) -> Result<Option<Self>, String> {
        let words = words(line)?;
        let Some((first, given)) = words.split_first() else { return Ok(None) };
        let mut given = Given { verb: &first.text, words: given };
        let command = match first.text.as_str() {
            "help" | "?" => Self::Help,
            "segments" => Self::Segments,
            "map" => Self::Map { name: given.name()?, len: given.optional_size()? },
            "unmap" => Self::Unmap { name: given.name()? },
            "begin" => Self::Begin { names: given.names()? },
            "set" => {
                let (name, offset) = (given.name()?, given.size()?);
                Self::Set { name, offset, bytes: given.bytes()? }
            }
            "fill" => {
                let (name, offset, len) = (given.name()?, given.size()?, given.size()?);
                Self::Fill { name, offset, len, pattern: given.bytes()? }
            }
            "show" => {
                let (name, offset) = (given.name()?, given.optional_size()?.unwrap_or(0));
                Self::Show { name, offset, len: given.optional_size()? }
            }
            "changes" => Self::Changes,
            "label" => Self::Label { text: given.text()? },
            "commit" => Self::Commit { durability: given.durability()? },
            "abort" => Self::Abort,
            "flush" => Self::Flush,
            "truncate" => Self::Truncate,
            "status" => Self::Status,
            "stats" => Self::Stats,
            "history" => Self::History,
            "quit" | "exit" => Self::Quit,
            other => return Err(format!("there is no command {other:?}; `help` lists them")),
        };
        given.end()?;
        Ok(Some(command))
    }
}

/// The words behind the first, which are taken one by one.
struct Given<'a> {
    verb: &'a str,
    words: &'a [Word],
}

impl Given<'_> {
    fn usage(&self) -> String {
        let form = FORMS.iter().find(|(form, _)| form.split(' ').next() == Some(self.verb));
        format!("write {}", form.map_or(self.verb, |(form, _)| form))
    }

    fn next(&mut self) -> Result<String, String> {
        let (first, rest) = self.words.split_first().ok_or_else(|| self.usage())?;
        self.words = rest;
        Ok(first.text.clone())
    }

    fn name(&mut self) -> Result<String, String> {
        self.next()
    }

    fn names(&mut self) -> Result<Vec<String>, String> {
        let mut names = vec![self.name()?];
        while !self.words.is_empty() {
            names.push(self.name()?);
        }
        Ok(names)
    }

    fn size(&mut self) -> Result<u64, String> {
        parse_size(&self.next()?)
    }

    fn optional_size(&mut self) -> Result<Option<u64>, String> {
        if self.words.is_empty() { Ok(None) } else { self.size().map(Some) }
    }

    fn bytes(&mut self) -> Result<Vec<u8>, String> {
        bytes_of(std::mem::take(&mut self.words))
    }

    fn text(&mut self) -> Result<String, String> {
        let mut text = self.next()?;
        while !self.words.is_empty() {
            text = format!("{text} {}", self.next()?);
        }
        Ok(text)
    }

    fn durability(&mut self) -> Result<Durability, String> {
        match self.words {
            [] => Ok(Durability::Force),
            [word] if word.text == "lazy" => {
                self.words = &[];
                Ok(Durability::Lazy)
            }
            _ => Err("write commit, or commit lazy".to_owned()),
        }
    }

    fn end(&self) -> Result<(), String> {
        if self.words.is_empty() { Ok(()) } else { Err(self.usage()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a list of commands that lacks one, or has one that there is not.
    #[test]
    fn every_form_of_the_list_is_a_command() {
        for (form, _) in FORMS {
            let line = form
                .replace(['[', ']'], "")
                .replace("NAME...", "a b")
                .replace("NAME", "a")
                .replace("OFFSET", "1")
                .replace("LEN", "2")
                .replace("VALUE...", "u8:1 \"x\"")
                .replace("TEXT", "some text");
            assert!(matches!(Command::parse(&line), Ok(Some(_))), "{line}");
            let twice = format!("{line} {line}");
            let takes_more =
                ["begin", "set", "fill", "label"].iter().any(|verb| form.starts_with(verb));
            assert!(takes_more || Command::parse(&twice).is_err(), "{twice}");
        }
    }

    /// Guards against lines that do something else than they say.
    #[test]
    fn a_line_is_taken_whole_or_not() {
        assert_eq!(Command::parse("  # nothing"), Ok(None));
        let set = Command::Set { name: "a".into(), offset: 4096, bytes: vec![1, 0, b'x'] };
        assert_eq!(Command::parse("set a 4K u16le:1 \"x\""), Ok(Some(set)));
        let label = Command::Label { text: "a b c".into() };
        assert_eq!(Command::parse("label a \"b c\""), Ok(Some(label)));
        for wrong in [
            "explode",
            "map",
            "begin",
            "set a",
            "set a 1",
            "set a x u8:1",
            "show a 1 2 3",
            "commit now",
        ] {
            assert!(Command::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Command::parse("unmap").unwrap_err(), "write unmap NAME");
    }
}
