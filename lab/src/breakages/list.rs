//! The list.

use super::{Breakage, Watch};

/// Every breakage, with the test that notices.
pub const BREAKAGES: &[Breakage] = &[
    Breakage {
        name: "acknowledge a commit before its force",
        file: "rvm-txn/src/log_handle/force.rs",
        text: "if state.durable >= target {",
        instead: "if true {",
        by: Watch::Tests("lab", "lives::no_power"),
    },
    Breakage {
        name: "force only the own log, not the closure",
        file: "rvm-txn/src/logs/closure.rs",
        text: "find(|goal| goal.followed < goal.target)",
        instead: "find(|goal| goal.followed > goal.target)",
        by: Watch::Tests("rvm-core", "entangled"),
    },
    Breakage {
        name: "forget what a transaction read",
        file: "rvm-txn/src/transaction/append.rs",
        text: "if lsn > decided {",
        instead: "if lsn < decided {",
        by: Watch::Tests("rvm-core", "entangled"),
    },
    Breakage {
        name: "count a log as decided by its own force",
        file: "rvm-txn/src/log_handle/state.rs",
        text: "self.links.front().map_or(self.durable, |link| link.lsn)",
        instead: "self.durable",
        by: Watch::Tests("rvm-core", "entangled"),
    },
    Breakage {
        name: "advance the head before the segment is forced",
        file: "rvm-txn/src/apply.rs",
        text: "    segment.force()?;\n",
        instead: "",
        by: Watch::Tests("lab", "lives::no_power"),
    },
    Breakage {
        name: "skip the check of participants in the cut",
        file: "rvm-txn/src/recovery/cut.rs",
        text: "self.lower(need.log, need.record, lack);",
        instead: "",
        by: Watch::Tests("rvm-txn", "cut"),
    },
    Breakage {
        name: "judge an older epoch by nothing",
        file: "rvm-txn/src/recovery/cut.rs",
        text: "(named.end <= other.prev_end, other.prev_end)",
        instead: "(true, other.prev_end)",
        by: Watch::Tests("rvm-txn", "cut"),
    },
    Breakage {
        name: "go on after a failed force",
        file: "rvm-txn/src/health.rs",
        text: "match self.cause() {",
        instead: "match None::<Arc<LogError>> {",
        by: Watch::Tests("rvm-core", ""),
    },
    Breakage {
        name: "let the oldest of overlapping ranges win",
        file: "rvm-log/src/resolve.rs",
        text: "active.push(Active { age,",
        instead: "active.push(Active { age: usize::MAX - age,",
        by: Watch::Tests("rvm-log", ""),
    },
    Breakage {
        name: "undo in the wrong order",
        file: "rvm-txn/src/transaction/abort.rs",
        text: "self.undo.records().iter().rev()",
        instead: "self.undo.records().iter()",
        by: Watch::Tests("rvm-core", "model"),
    },
    Breakage {
        name: "show readers what a crash may take back",
        file: "rvm-txn/src/read.rs",
        text: "while state.decided < target {",
        instead: "while state.decided > target {",
        by: Watch::Tests("rvm-core", ""),
    },
    Breakage {
        name: "forget to sync the name of a new log",
        file: "rvm-log/src/log_file.rs",
        text: "storage.sync_names()?;",
        instead: "",
        by: Watch::Tests("lab", "lives::no_power"),
    },
    Breakage {
        name: "take the page cache's word in recovery",
        file: "rvm-txn/src/recovery/files.rs",
        text: "blob.drop_cache()?;",
        instead: "",
        by: Watch::Tests("lab", "lives::no_fault"),
    },
    Breakage {
        name: "judge logs that were not forced",
        file: "rvm-txn/src/recovery/files.rs",
        text: "blob.force()?;",
        instead: "",
        by: Watch::Tests("lab", "lives::no_power"),
    },
    Breakage {
        name: "drop the salt from the checksum",
        file: "rvm-log/src/format/checksum.rs",
        text: "crc32c::crc32c(&salt.0)",
        instead: "u32::from(salt.0[0]) & 0",
        by: Watch::Tests("rvm-log", ""),
    },
    Breakage {
        name: "drop the position from the checksum",
        file: "rvm-log/src/format/checksum.rs",
        text: "Running(self.salt_crc).over(&lsn.0.to_le_bytes())",
        instead: "Running(self.salt_crc ^ u32::from(lsn.0 == u64::MAX))",
        by: Watch::Tests("rvm-log", ""),
    },
    Breakage {
        name: "take lost records for a torn tail",
        file: "rvm-log/src/scan.rs",
        text: "if self.synced > self.at {",
        instead: "if self.synced > self.limit {",
        by: Watch::Tests("rvm-log", "torn_tail"),
    },
    Breakage {
        name: "let the tail's block overlap the head's",
        file: "rvm-log/src/ring.rs",
        text: "block_start(head).plus(self.capacity)",
        instead: "head.plus(self.capacity)",
        by: Watch::Tests("rvm-log", ""),
    },
    Breakage {
        name: "forget to sync the name of a new segment",
        file: "rvm-txn/src/segment_files.rs",
        text: "    sync_names(shared)\n}\n\n/// The log of",
        instead: "    Ok(())\n}\n\n/// The log of",
        by: Watch::Tests("lab", "lives::no_power"),
    },
    Breakage {
        name: "name a log before its bytes are forced",
        file: "rvm-log/src/log_file.rs",
        text: "            blob.force()\n",
        instead: "            Ok(())\n",
        by: Watch::Tests("lab", "lives::no_power"),
    },
    Breakage {
        name: "promise a length that was not forced",
        file: "rvm-txn/src/segment_files.rs",
        text: "        force(shared, blob.as_ref())?;\n",
        instead: "",
        by: Watch::Tests("lab", "lives::no_power"),
    },
    Breakage {
        name: "pass over records that reach outside their segment",
        file: "rvm-txn/src/recovery/survey.rs",
        text: "survey_readable(log, header.segment_len)",
        instead: "survey_readable(log, u64::MAX)",
        by: Watch::Tests("lab", "findings"),
    },
    Breakage {
        name: "believe a clean mark without looking",
        file: "rvm-txn/src/recovery/survey.rs",
        text: "found.end != header.head || found.torn.is_some()",
        instead: "found.end < header.head",
        by: Watch::Tests("rvm-core", "damage"),
    },
    Breakage {
        name: "fold without evidence in the headers",
        file: "rvm-txn/src/truncate/mod.rs",
        text: "    leave_evidence(shared, log, mark, &named)?;\n",
        instead: "    let _ = (leave_evidence, &named);\n",
        by: Watch::Tests("rvm-core", "rotted"),
    },
    Breakage {
        name: "recover without evidence in the headers",
        file: "rvm-txn/src/recovery/mod.rs",
        text: "        if log.header().synced < *cut {",
        instead: "        if log.header().synced > *cut {",
        by: Watch::Tests("rvm-core", "rotted"),
    },
    Breakage {
        name: "cut below what a header vouches for",
        file: "rvm-txn/src/recovery/cut.rs",
        text: "    match lost.into_iter().next() {",
        instead: "    match lost.into_iter().nth(1000) {",
        by: Watch::Tests("rvm-core", "rotted"),
    },
    Breakage {
        name: "vouch for what is not decided",
        file: "rvm-txn/src/truncate/mod.rs",
        text: "let decided = log.latch.lock().decided;",
        instead: "let decided = log.latch.lock().durable;",
        by: Watch::Tests("lab", "lives::no_power"),
    },
    Breakage {
        name: "retry a failed force, and trust it",
        file: "rvm-txn/src/log_handle/force.rs",
        text: "let forced = MutexGuard::unlocked(&mut state, || batch.force(self.blob.as_ref(), ring));",
        instead: "let forced = MutexGuard::unlocked(&mut state, || {
                batch.force(self.blob.as_ref(), ring).or_else(|_| Ok(self.blob.force()?))
            });",
        by: Watch::Tests("lab", "lives::no_fault"),
    },
    Breakage {
        name: "reuse positions without a new epoch",
        file: "rvm-txn/src/recovery/reset.rs",
        text: "            header.epoch = target;\n            header.salt = salt;\n",
        instead: "            let _ = (target, salt);\n",
        by: Watch::Tests("lab", "lives::no_power"),
    },
    Breakage {
        name: "write one header slot only",
        file: "rvm-log/src/log_file.rs",
        text: "for offset in [self.other_slot_offset(), self.slot_offset] {",
        instead: "for offset in [self.other_slot_offset()] {",
        by: Watch::Tests("rvm-log", "pair"),
    },
    Breakage {
        name: "accept zeros where a record's end belongs",
        file: "rvm-log/src/format/record/view.rs",
        text: "        if crc != checksums.at(header.lsn).over(body).value()
            || take.u32() != Some(header.total_len)",
        instead: "        let end = take.u32();
        if (crc, end) != (0, Some(0))
            && (crc != checksums.at(header.lsn).over(body).value() || end != Some(header.total_len))",
        by: Watch::Tests("lab", "lives::no_power"),
    },
    Breakage {
        name: "check poison outside the latch",
        file: "rvm-txn/src/transaction/append.rs",
        text: "            let latches: Latches<'a> =
                plan.iter().map(|planned| planned.log.latch.lock()).collect();
            self.shared.logs.health.check()?;",
        instead: "            self.shared.logs.health.check()?;
            let latches: Latches<'a> =
                plan.iter().map(|planned| planned.log.latch.lock()).collect();",
        by: Watch::Schedules("failing"),
    },
    Breakage {
        name: "truncate what is durable and not decided",
        file: "rvm-txn/src/truncate/mod.rs",
        text: "(state.head, state.decided, mem::take",
        instead: "(state.head, state.durable, mem::take",
        by: Watch::Schedules("truncation"),
    },
];
