//! The directories that verbs are sent to, and what their calls name.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use super::table::{Reads, Row};
use crate::flights;
use crate::rvmctl::on;
use crate::stores::{clean, crashed, parent, write};

/// The length of the large segment.
const LARGE: u64 = 10 << 30;

/// Where a log's records begin.
const DATA_START: u64 = 8192;

/// What somebody did to the files of a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Damage {
    /// Both slots of a log's header are garbage.
    Header,
    /// A record in the log of a crashed store says that it is longer than the log.
    RecordLength,
    /// A log is another store's.
    ForeignLog,
    /// A log is a fifo that nobody writes to.
    Fifo,
    /// A segment is a link to a file elsewhere.
    Link,
    /// All files are empty.
    Empty,
    /// As `Header`, in a crashed store: records of another log name this one.
    CrashedHeader,
    /// One slot of a log's header is garbage, which costs nothing.
    OneSlot,
}

pub(crate) const DAMAGES: [Damage; 8] = [
    Damage::Header,
    Damage::RecordLength,
    Damage::ForeignLog,
    Damage::Fifo,
    Damage::Link,
    Damage::Empty,
    Damage::CrashedHeader,
    Damage::OneSlot,
];

impl Damage {
    /// How a verb may end that meets it.
    pub(crate) fn codes(self, row: &Row) -> &'static [i32] {
        if let Some((_, codes)) = row.hostile.iter().find(|(damage, _)| *damage == self) {
            return codes;
        }
        match (row.reads, self) {
            (Reads::Logs, Self::Header | Self::CrashedHeader | Self::ForeignLog | Self::Empty) => {
                &[4]
            }
            // The last force of a crashed store may be a torn one: then it is read as far as it goes.
            (Reads::Logs, Self::RecordLength) => &[0, 3, 4],
            (Reads::Logs, Self::Fifo | Self::Link) | (Reads::Segments, Self::Link) => &[1],
            // Names and lengths of segments do not need the logs.
            (Reads::Segments | Reads::Nothing, _) | (_, Self::OneSlot) => &[0],
        }
    }
}

/// A directory for all of them.
pub(crate) struct Places {
    parent: TempDir,
    clean: PathBuf,
    crashed: PathBuf,
    count: Cell<u32>,
}

impl Places {
    pub(crate) fn new() -> Self {
        let parent = parent();
        let (clean, crashed) = (clean(&parent), crashed(&parent));
        Self { parent, clean, crashed, count: Cell::new(0) }
    }

    /// A path where nothing is.
    pub(crate) fn missing(&self) -> PathBuf {
        self.count.set(self.count.get() + 1);
        self.parent.path().join(format!("new-{}", self.count.get()))
    }

    /// A store that is well, under a name that is no text.
    pub(crate) fn clean_under_an_odd_name(&self) -> PathBuf {
        let mut name = self.missing().into_os_string();
        name.push(OsStr::from_bytes(b"-\xff"));
        copy(&self.clean, Path::new(&name));
        name.into()
    }

    /// A directory without a file.
    pub(crate) fn empty(&self) -> PathBuf {
        let directory = self.missing();
        fs::create_dir(&directory).unwrap();
        directory
    }

    /// A store that is well.
    pub(crate) fn clean(&self) -> PathBuf {
        let directory = self.missing();
        copy(&self.clean, &directory);
        directory
    }

    /// A store as a crash leaves it.
    pub(crate) fn crashed(&self) -> PathBuf {
        let directory = self.missing();
        copy(&self.crashed, &directory);
        directory
    }

    /// A crashed store whose segment `a` is large since, and all hole but for what is in its log.
    pub(crate) fn sparse(&self) -> PathBuf {
        let directory = self.crashed();
        let segment = OpenOptions::new().write(true).open(directory.join("a.seg")).unwrap();
        segment.set_len(LARGE).unwrap();
        directory
    }

    /// A store that somebody damaged.
    pub(crate) fn damaged(&self, damage: Damage) -> PathBuf {
        let directory = self.missing();
        let crashes = [Damage::RecordLength, Damage::CrashedHeader].contains(&damage);
        let from = if crashes { &self.crashed } else { &self.clean };
        copy(from, &directory);
        let (log, segment) = (directory.join("a.log"), directory.join("a.seg"));
        match damage {
            Damage::Header | Damage::CrashedHeader => overwrite(&log, 0, &[0xa5; 8192]),
            Damage::OneSlot => overwrite(&log, 0, &[0xa5; 4096]),
            Damage::RecordLength => overwrite(&log, DATA_START + 4, &[0xff; 4]),
            Damage::ForeignLog => {
                let other = TempDir::new_in(self.parent.path()).unwrap();
                fs::copy(clean(&other).join("a.log"), &log).unwrap();
            }
            Damage::Fifo => {
                fs::remove_file(&log).unwrap();
                mknodat(CWD, &log, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
            }
            Damage::Link => {
                fs::rename(&segment, directory.join("elsewhere")).unwrap();
                std::os::unix::fs::symlink("elsewhere", &segment).unwrap();
            }
            Damage::Empty => {
                for name in ["a.log", "b.log", "a.seg", "b.seg"] {
                    write(&directory.join(name), b"");
                }
            }
        }
        directory
    }

    /// A word of a call, with what stands in braces: a path where nothing is, a backup, an export.
    pub(crate) fn filled_in(&self, word: &str) -> OsString {
        match word {
            "{out}" => self.missing().into(),
            "{clean}" => self.clean.clone().into(),
            "{crashed}" => self.crashed.clone().into(),
            "{backup}" => self.ready("backup", |to| format!("backup {}", to.display())),
            "{export}" => self.ready("export", |to| format!("export --to {}", to.display())),
            "{changed}" => {
                let changed = self.clean();
                assert_eq!(on(&changed, "poke a 8 --hex 0102").code, 0);
                assert_eq!(on(&changed, "seg create c 1").code, 0);
                changed.into()
            }
            "{ledger}" => {
                let (ledger, flights) = (self.missing(), flights::file(&self.parent, 300));
                let call = format!("demo --kills 1 --input {}", flights.display());
                assert_eq!(on(&ledger, &call).code, 0);
                ledger.into()
            }
            "{flights}" => flights::file(&self.parent, 300).into(),
            word => {
                assert!(!word.starts_with('{'), "{word}: nothing of that kind is ready");
                word.into()
            }
        }
    }

    /// What a call makes of the store that is well, once.
    fn ready(&self, name: &str, call: impl FnOnce(&Path) -> String) -> OsString {
        let made = self.parent.path().join(name);
        if !made.exists() {
            assert_eq!(on(&self.clean, &call(&made)).code, 0, "{name}");
        }
        made.into()
    }

    /// A text as standard input.
    pub(crate) fn input(&self, text: &str) -> Stdio {
        let path = self.missing();
        write(&path, text.as_bytes());
        File::open(path).unwrap().into()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn overwrite(path: &Path, offset: u64, bytes: &[u8]) {
    let mut file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(offset)).unwrap();
    let mut before = vec![0; bytes.len()];
    file.read_exact(&mut before).unwrap();
    assert!(before != bytes, "nothing would change");
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(bytes).unwrap();
}
