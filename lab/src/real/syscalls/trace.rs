//! What strace tells of a run: which system calls there were, of which file, and which of them were tampered with.

use std::collections::BTreeMap;

/// A system call of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Call {
    /// The thread that made it.
    pub(super) thread: String,
    pub(super) name: String,
    /// How many calls of this name the thread had made then, with this one. So strace counts, too.
    pub(super) nth: usize,
    /// What strace showed.
    pub(super) shown: String,
    /// How the file was opened that the first argument stands for, if that was seen.
    opened: String,
}

impl Call {
    /// Whether this is a force of a log, so that nothing may be acknowledged behind its failure.
    pub(super) fn forces_log(&self) -> bool {
        let of_log = self.shown.split(',').next().is_some_and(|first| first.contains(".log>"));
        let forces = match self.name.as_str() {
            "pwrite64" => self.opened.contains("O_DSYNC"),
            // A reader beside us forces, too.
            "fdatasync" => self.opened.contains("O_RDWR"),
            _ => false,
        };
        of_log && forces
    }

    /// Length and offset, of a write.
    pub(super) fn extent(&self) -> Option<(u64, u64)> {
        let (arguments, _) = self.shown.rsplit_once(')')?;
        let mut last = arguments.rsplit(", ");
        let offset = last.next()?.parse().ok()?;
        Some((last.next()?.parse().ok()?, offset))
    }
}

/// The calls of a trace from the first one on that is about the store: it makes the directory, whether that is there or not.
pub(super) fn calls(trace: &str) -> Vec<Call> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut opened: BTreeMap<String, String> = BTreeMap::new();
    let mut before: BTreeMap<String, usize> = BTreeMap::new();
    let (mut calls, mut is_ours) = (Vec::new(), false);
    for line in trace.lines() {
        let Some((thread, shown)) = line.split_once(' ') else { continue };
        let shown = shown.trim_start();
        let Some((name, arguments)) = shown.split_once('(') else { continue };
        // Signals, ends, and the second half of a call that others came between.
        if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
            continue;
        }
        let count = counts.entry((thread.to_owned(), name.to_owned())).or_default();
        *count += 1;
        is_ours |= name == "mkdirat";
        if !is_ours {
            before.insert(name.to_owned(), *count);
        }
        if name == "openat"
            && let Some((_, descriptor)) = shown.rsplit_once(" = ")
        {
            opened.insert(number(descriptor).to_owned(), shown.to_owned());
        }
        // strace would meet the loader's call of this number first.
        if is_ours && *count > before.get(name).copied().unwrap_or(0) {
            calls.push(Call {
                thread: thread.to_owned(),
                name: name.to_owned(),
                nth: *count,
                shown: shown.to_owned(),
                opened: opened.get(number(arguments)).cloned().unwrap_or_default(),
            });
        }
    }
    calls
}

/// The digits at the front.
fn number(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against faults that are aimed at another call than was meant.
    #[test]
    fn calls_are_counted_for_each_thread_from_the_store_on() {
        let trace = "\
            7 openat(AT_FDCWD</>, \"/lib/libc.so\", O_RDONLY) = 3</lib/libc.so>\n\
            7 mkdirat(AT_FDCWD</>, \"s\", 0700) = 0\n\
            7 openat(3</s>, \"a.log\", O_WRONLY|O_DSYNC) = 4</s/a.log>\n\
            8 openat(3</s>, \"b.seg\", O_RDWR) = 5</s/b.seg>\n\
            8 pwrite64(4</s/a.log>, \"\"..., 4096, 8192 <unfinished ...>\n\
            7 pwrite64(4</s/a.log>, \"\"..., 4096, 8192) = 4096\n\
            8 <... pwrite64 resumed>) = 4096\n\
            7 openat(3</s>, \"b.log\", O_RDONLY) = 4</s/b.log>\n\
            7 fdatasync(4</s/b.log>)            = 0\n\
            7 +++ exited with 0 +++\n";
        let calls = calls(trace);
        let short: Vec<_> = calls.iter().map(|c| (&c.thread[..], &c.name[..], c.nth)).collect();
        let expected = [
            ("7", "mkdirat", 1),
            ("7", "openat", 2),
            ("8", "pwrite64", 1),
            ("7", "pwrite64", 1),
            ("7", "openat", 3),
            ("7", "fdatasync", 1),
        ];
        assert_eq!(short, expected);
        assert_eq!(calls[3].extent(), Some((4096, 8192)));
        let forces: Vec<bool> = calls.iter().map(Call::forces_log).collect();
        assert_eq!(forces, [false, false, true, true, false, false]);
    }
}
