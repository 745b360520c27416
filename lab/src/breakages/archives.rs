//! Breakages of archives.

use super::{Breakage, Watch};

/// Every breakage of archives, with the test that notices.
pub(super) const BREAKAGES: &[Breakage] = &[
    Breakage {
        name: "move the head before the archive is forced",
        file: "rvm-log/src/archive/append.rs",
        text: "        self.file.blob().force()?;\n        (self.end,",
        instead: "        (self.end,",
        by: Watch::Tests("rvm-core", "archive::crashes"),
    },
    Breakage {
        name: "archive before the fold, so that a base is older than it says",
        file: "rvm-txn/src/truncate/mod.rs",
        text: "    let applied = apply_to_segment(storage, blob, &header, (head, mark), Pace::BesideCommits);\n    let last_txn = shared.last_txn_id();\n    let kept =\n        applied.and_then(|_| keep(storage, &log.archive, blob, &header, (head, mark), last_txn));",
        instead: "    let last_txn = shared.last_txn_id();\n    let kept = keep(storage, &log.archive, blob, &header, (head, mark), last_txn);\n    let kept = kept.and_then(|()| apply_to_segment(storage, blob, &header, (head, mark), Pace::BesideCommits));",
        by: Watch::Tests("rvm-core", "archive::switching"),
    },
    Breakage {
        name: "archive what is durable and not decided",
        file: "rvm-txn/src/truncate/mod.rs",
        text: "keep(storage, &log.archive, blob, &header, (head, mark), last_txn)",
        instead: "keep(storage, &log.archive, blob, &header, (head, log.latch.lock().durable), last_txn)",
        by: Watch::Tests("rvm-txn", "truncate"),
    },
    Breakage {
        name: "let recovery reset logs that are not archived",
        file: "rvm-txn/src/recovery/mod.rs",
        text: "            keep_applied(storage, archives, log, *cut, last_txn_id)?;\n",
        instead: "            let _ = keep_applied;\n",
        by: Watch::Tests("rvm-core", "archive::crashes"),
    },
    Breakage {
        name: "append behind the torn end of an archive",
        file: "rvm-log/src/archive/append.rs",
        text: "        let cut_due = file.blob().len()? != found.at;",
        instead: "        let cut_due = false;",
        by: Watch::Tests("rvm-log", "archives"),
    },
];
