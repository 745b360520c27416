//! Breakages of what keeps a store.

use super::{Breakage, Watch};

/// Every breakage, with the test that notices.
pub(super) const BREAKAGES: &[Breakage] = &[
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
        file: "rvm-txn/src/transaction/append/together.rs",
        text: "if lsn > decided {",
        instead: "if lsn < decided {",
        by: Watch::Tests("rvm-core", "entangled"),
    },
    Breakage {
        name: "name a part by what is in memory, not by what was copied",
        file: "rvm-log/src/tail.rs",
        text: "measure.part_crc_of(self.record_at(position.lsn))",
        instead: "draft.part_crc()",
        by: Watch::Tests("rvm-log", "tail"),
    },
    Breakage {
        name: "count a log as decided by its own force",
        file: "rvm-txn/src/log_handle/state.rs",
        text: "self.links.front().map_or(self.durable, |link| link.lsn)",
        instead: "self.durable",
        by: Watch::Tests("rvm-txn", "truncate"),
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
        by: Watch::Tests("rvm-core", "takes_nothing_more"),
    },
    Breakage {
        name: "let the oldest of overlapping ranges win",
        file: "rvm-log/src/replay/batch.rs",
        text: "    fn ranges(&self) -> impl Iterator<Item = (usize, &[u8])> {",
        instead: "    fn ranges(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.oldest_first().collect::<Vec<_>>().into_iter().rev()
    }

    fn oldest_first(&self) -> impl Iterator<Item = (usize, &[u8])> {",
        by: Watch::Tests("rvm-log", ""),
    },
    Breakage {
        name: "undo in the wrong order",
        file: "rvm-txn/src/transaction/abort.rs",
        text: "self.work.undo.records().iter().rev()",
        instead: "self.work.undo.records().iter()",
        by: Watch::Tests("rvm-core", "model"),
    },
    Breakage {
        name: "show readers what a crash may take back",
        file: "rvm-txn/src/read.rs",
        text: "while state.decided < target {",
        instead: "while false {",
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
        by: Watch::Tests("rvm-core", "recovery_believes"),
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
        text: "lsn.0.to_le_bytes()",
        instead: "(lsn.0 & 0).to_le_bytes()",
        by: Watch::Tests("rvm-log", ""),
    },
    Breakage {
        name: "take lost records for a torn tail",
        file: "rvm-log/src/scan.rs",
        text: "if self.synced > self.at {",
        instead: "if self.synced > self.limit {",
        by: Watch::Tests("rvm-log", "tear"),
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
        file: "rvm-txn/src/truncate/evidence.rs",
        text: "let decided = log.latch.lock().decided.max(end);",
        instead: "let decided = log.latch.lock().durable.max(end);",
        by: Watch::Tests("rvm-txn", "truncate"),
    },
    Breakage {
        name: "vouch for what is not decided when the head moves",
        file: "rvm-txn/src/truncate/mod.rs",
        text: "let decided = log.latch.lock().decided;",
        instead: "let decided = log.latch.lock().durable;",
        by: Watch::Tests("rvm-txn", "truncate"),
    },
    Breakage {
        name: "retry a failed force, and trust it",
        file: "rvm-txn/src/log_handle/force.rs",
        text: "self.latch.unlocked(state, || self.force_batch(&batch, ring));",
        instead: "self.latch.unlocked(state, || {
                self.force_batch(&batch, ring).or_else(|_| Ok(self.blob.force()?))
            });",
        by: Watch::Tests("lab", "lives::no_fault"),
    },
    Breakage {
        name: "reuse positions without a new epoch",
        file: "rvm-txn/src/recovery/reset.rs",
        text: "            header.epoch = target;\n            header.salt = salt;\n",
        instead: "            let _ = (target, salt);\n",
        by: Watch::Tests("rvm-core", "a_record_behind_a_torn"),
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
        text: "        if crc != seed.over(body).value() || take.u32() != Some(header.total_len)",
        instead: "        let end = take.u32();
        if (crc, end) != (0, Some(0))
            && (crc != seed.over(body).value() || end != Some(header.total_len))",
        by: Watch::Tests("lab", "lives::no_power"),
    },
    Breakage {
        name: "check poison outside the latch, before a force",
        file: "rvm-txn/src/log_handle/force.rs",
        text: "        loop {
            if state.durable >= target {
                return Ok(());
            }
            if let Some(cause) = health.cause() {
                return Err(cause);
            }
",
        instead:
            "        if let Some(cause) = MutexGuard::unlocked(&mut state, || health.cause()) {
            return Err(cause);
        }
        loop {
            if state.durable >= target {
                return Ok(());
            }
",
        by: Watch::Schedules("failing"),
    },
    Breakage {
        name: "truncate what is durable and not decided",
        file: "rvm-txn/src/truncate/mod.rs",
        text: "(state.head, state.decided, mem::take",
        instead: "(state.head, state.durable, mem::take",
        by: Watch::Schedules("truncation"),
    },
    Breakage {
        name: "write logs without O_DSYNC",
        file: "rvm-storage/src/file/direct.rs",
        text: ".union(OFlags::DIRECT).union(DATA_SYNC)",
        instead: ".union(OFlags::DIRECT)",
        by: Watch::Tests("lab", "mount"),
    },
    Breakage {
        name: "leave out the force behind a write through the page cache",
        file: "rvm-storage/src/file/blob.rs",
        text: "self.write_buffered(writes)?;\n        self.force_data()",
        instead: "self.write_buffered(writes)",
        by: Watch::Tests("lab", "mount"),
    },
    Breakage {
        name: "leave out the force of a file whose length changed",
        file: "rvm-storage/src/file/blob.rs",
        text: "descriptors.buffered.sync_all().map_err(self.fault(\"force\"))?;\n",
        instead: "",
        by: Watch::Tests("lab", "mount"),
    },
    Breakage {
        name: "leave out the force of the directory",
        file: "rvm-storage/src/file/dir.rs",
        text: "fsync(&self.fd).map_err(|errno| StorageError::io(\"sync\", self.shown(), errno))",
        instead: "Ok(())",
        by: Watch::Tests("lab", "mount"),
    },
    Breakage {
        name: "take a direct write that failed for done",
        file: "rvm-storage/src/file/blob.rs",
        text: ".map_err(self.fault_at(\"write and force\", offset))?;",
        instead: ".unwrap_or(true);",
        by: Watch::Tests("lab", "mount"),
    },
    Breakage {
        name: "take a failed force for done",
        file: "rvm-storage/src/file/blob.rs",
        text: "        descriptors.buffered.sync_data().map_err(self.fault(\"force\"))?;\n        self.slot",
        instead: "        descriptors.buffered.sync_data().ok();\n        self.slot",
        by: Watch::Tests("lab", "mount"),
    },
    Breakage {
        name: "keep the page cache where the medium is asked for",
        file: "rvm-storage/src/file/blob.rs",
        text: "rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed)?;\n",
        instead: "let _kept = file;\n",
        by: Watch::Tests("rvm-storage", "cache::"),
    },
    Breakage {
        name: "write past the page cache without forcing the device",
        file: "rvm-storage/src/file/direct.rs",
        text: "Some(OFlags::WRONLY.union(OFlags::DIRECT).union(DATA_SYNC))",
        instead: "Some(OFlags::WRONLY.union(OFlags::DIRECT))",
        by: Watch::Tests("lab", "block_log"),
    },
    Breakage {
        name: "leave names to the file system",
        file: "rvm-storage/src/file/dir.rs",
        text: "fsync(&self.fd).map_err(|errno| StorageError::io(\"sync\", self.shown(), errno))",
        instead: "Ok(())",
        by: Watch::Tests("lab", "block_log"),
    },
    Breakage {
        name: "leave the bytes of a new file to the page cache",
        file: "rvm-storage/src/file/blob.rs",
        text: "descriptors.buffered.sync_all().map_err(self.fault(\"force\"))?;",
        instead: "",
        by: Watch::Tests("lab", "block_log"),
    },
    Breakage {
        name: "take a part of a direct write for all of it",
        file: "rvm-storage/src/file/direct.rs",
        text: "Ok(written) if written == bytes.len() => {",
        instead: "Ok(written) if written <= bytes.len() => {",
        by: Watch::Tests("lab", "syscalls"),
    },
    Breakage {
        name: "force again where a force failed",
        file: "rvm-storage/src/file/blob.rs",
        text: "        let (descriptors, cover) = self.begin_force()?;\n        descriptors.buffered.sync_data()",
        instead: "        let (descriptors, cover) = self.begin_force()?;\n        descriptors.buffered.sync_data().or_else(|_| descriptors.buffered.sync_data())",
        by: Watch::Tests("lab", "syscalls"),
    },
    Breakage {
        name: "give up an opening that is interrupted",
        file: "rvm-storage/src/file/open.rs",
        text: "retry_on_intr(|| openat(self.dir, self.name, flags, mode))?",
        instead: "openat(self.dir, self.name, flags, mode)?",
        by: Watch::Tests("rvm-core", "interrupted"),
    },
    Breakage {
        name: "make a segment without its space",
        file: "rvm-txn/src/segment_files.rs",
        text: "        blob.allocate(len, Fill::Reserved)?;\n        blob.force()?;",
        instead: "        blob.set_len(len)?;\n        blob.force()?;",
        by: Watch::Tests("lab", "full_disks"),
    },
];
