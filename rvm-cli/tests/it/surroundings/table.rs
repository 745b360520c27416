//! What is sensible for each verb.

use super::places::Damage;

/// What a verb needs of a store's files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reads {
    /// None of them, or what it names itself.
    Nothing,
    /// The segments: their names and lengths.
    Segments,
    /// The logs, too.
    Logs,
}

/// One verb.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// As the help lists it.
    pub(super) verb: &'static str,
    /// A call that works on a store with the segments `a` and `b`.
    pub(super) call: &'static str,
    /// What it gets on standard input.
    pub(super) input: Option<&'static str>,
    /// Whether it works on the store of --store; those that do not are tried only with what they print.
    pub(super) needs_store: bool,
    pub(super) makes_store: bool,
    /// What it says if there is none.
    pub(super) no_store: &'static str,
    /// How it ends on a store that another process has open.
    pub(super) in_use: &'static [i32],
    pub(super) reads: Reads,
    /// How it may end on a damaged store, where that does not follow from what it reads.
    pub(super) hostile: &'static [(Damage, &'static [i32])],
    /// A call where `a` has 10 GiB; one that prints bytes names a range.
    pub(super) sparse: &'static str,
    pub(super) sparse_codes: &'static [i32],
    /// Why its lines may be longer than a narrow terminal is wide.
    pub(super) long_lines: Option<&'static str>,
    /// Whether it prints nothing when all is well.
    pub(super) silent: bool,
}

/// A verb that looks at the logs and at what is committed.
const fn looks(verb: &'static str, call: &'static str) -> Row {
    Row {
        verb,
        call,
        input: None,
        needs_store: true,
        makes_store: false,
        no_store: "there is no store in",
        in_use: &[0],
        reads: Reads::Logs,
        hostile: &[],
        sparse: call,
        sparse_codes: &[0],
        long_lines: None,
        silent: false,
    }
}

/// A verb that opens the store for writing.
const fn writes(verb: &'static str, call: &'static str) -> Row {
    Row { in_use: &[5], ..looks(verb, call) }
}

/// A verb that has nothing to do with the store of --store.
const fn apart(verb: &'static str, call: &'static str) -> Row {
    Row { needs_store: false, reads: Reads::Nothing, ..looks(verb, call) }
}

const HEX: Option<&str> = Some("a hex dump has 16 bytes on a line");
const SCRIPT: Option<&str> = Some("it is read by a program, which wants its lines as they are");

/// Memory for a segment of 10 GiB is refused, in words, where it has to be mapped to be written.
const TOO_LARGE: &[i32] = &[1];

pub(super) const ROWS: &[Row] = &[
    Row {
        long_lines: Some("the plan and the table of kills are shown by the demo's own tests"),
        ..apart("demo", "demo --help")
    },
    apart("crashtest", "crashtest --kills 1 --check true -- yes"),
    apart("bench", "bench --seconds 0.05 --rounds 1 --size 64K"),
    Row {
        sparse_codes: &[3],
        hostile: &[(Damage::RecordLength, &[3, 4])],
        ..looks("status", "status")
    },
    Row { reads: Reads::Segments, ..looks("seg ls", "seg ls") },
    Row { makes_store: true, ..writes("seg create", "seg create new 4096") },
    Row { sparse: "seg destroy a --yes", ..writes("seg destroy", "seg destroy b --yes") },
    Row { sparse: "peek a 0x10000000 256", long_lines: HEX, ..looks("peek", "peek a") },
    Row {
        sparse_codes: TOO_LARGE,
        hostile: &[(Damage::Empty, &[2])],
        ..writes("poke", "poke a 0 --hex 01")
    },
    Row { hostile: &[(Damage::ForeignLog, &[0, 4])], ..looks("log ls", "log ls") },
    // A store that is well has no transaction in its log.
    apart("log show", "log show 1 --diff --store {crashed}"),
    Row {
        silent: true,
        hostile: &[(Damage::ForeignLog, &[0, 4])],
        ..looks("log tail", "log tail")
    },
    looks("log timeline", "log timeline"),
    looks("blame", "blame a 0+9 --as hex:4"),
    looks("dump", "dump a"),
    writes("truncate", "truncate"),
    writes("recover", "recover"),
    Row {
        sparse_codes: &[3],
        hostile: &[(Damage::RecordLength, &[3, 4]), (Damage::Fifo, &[4]), (Damage::Link, &[4])],
        ..looks("verify", "verify --deep")
    },
    Row {
        hostile: &[(Damage::Fifo, &[4]), (Damage::Link, &[4])],
        ..writes("repair", "repair --yes")
    },
    looks("stats", "stats"),
    Row { input: Some("segments\nshow a 0 16\n"), long_lines: HEX, ..writes("shell", "shell") },
    Row { long_lines: SCRIPT, ..apart("completions", "completions bash") },
    Row { long_lines: SCRIPT, ..apart("man", "man") },
    looks("backup", "backup {out}"),
    apart("restore", "restore {backup} --to {out}"),
    Row { long_lines: SCRIPT, ..looks("export", "export") },
    // A segment that is longer than the text says is not cut.
    Row { makes_store: true, sparse_codes: &[2], ..writes("import", "import --replace {export}") },
    Row {
        no_store: "",
        sparse_codes: &[1],
        hostile: &[(Damage::RecordLength, &[1, 4])],
        ..looks("diff", "diff {store} {clean}")
    },
    writes("archive on", "archive on"),
    writes("archive off", "archive off"),
    looks("archive status", "archive status"),
    looks("replay", "replay --until 1 --to {out}"),
];
