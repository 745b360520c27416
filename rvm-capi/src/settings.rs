//! What a program chooses when it opens a directory, and the options of the engine that this comes to.
#![expect(unreachable_pub, reason = "what C names is not named by Rust")]
#![expect(clippy::doc_markdown, reason = "the text of a header")]

use std::ffi::{c_double, c_int, c_ulong};
use std::time::Duration;

use rvm_core::{MappedToken, Options, RangePolicy, Residency, Rvm, UndoMode};

use crate::call::wants;
use crate::fault::{Fault, Result};

/// More than the 2 GiB that an `int` can ask for.
const LOG_CAPACITY_MAX_TEACHING: c_ulong = 4 << 30;

/// What can be chosen when a directory is opened. 0 is the default of each; set all to 0 before you choose.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct rvmx_options {
    /// The size of a new log, in bytes: a multiple of 4096 from 32768. Default 65536.
    pub log_capacity_initial: c_ulong,
    /// The size up to which a log grows, in bytes; it bounds the size of a transaction. Default 67108864.
    pub log_capacity_max: c_ulong,
    /// The part of a log that is filled before it is truncated in the background: above 0, up to 1. Default 0.5.
    pub truncate_at: c_double,
    /// How long a lazy commit may stay in memory only, in milliseconds. Default 100.
    pub lazy_interval_ms: c_ulong,
    /// How many threads help to force several logs at once. Default 4; -1 for none.
    pub helpers: c_int,
    /// 1: ranges of a transaction that overlap or touch are saved and logged once.
    pub coalesce: c_int,
    /// 1: no old bytes are kept; an abort reads them back from the files.
    pub no_undo: c_int,
    /// 1: nothing is done in the background: logs are truncated by whoever finds them full, lazy commits wait for a force or rvmx_flush.
    pub no_background: c_int,
    /// 1: the directory is opened for reading: its committed state is copied, also while another process has it open.
    pub read_only: c_int,
    /// 1: segments are private views of their files instead of copies. Nobody else may write to the files, or shorten them; a
    /// change outside of every declared range may vanish at any rvm_begin_trans.
    pub mapped: c_int,
    /// 1: checked mode: when a transaction ends, its segments are compared with what they were, and changes that were not declared are told;
    /// so are those that are declared after they were made. Each segment takes twice its memory, and is read whole by each commit and abort.
    /// RVM_CHECKED=1 in the environment does the same.
    pub checked: c_int,
    /// How often the library writes what it counts into the file rvm.stats of the directory, for rvmctl stats, in milliseconds. Default
    /// never. The file is removed when the directory is closed.
    pub publish_stats_ms: c_int,
}

impl rvmx_options {
    /// Those of a directory that `rvm_init` names: a program may declare the same bytes as often as it likes, and any segment that `rvm_map`
    /// makes as a whole, and neither fills a log. A log grows when it has to.
    pub(crate) fn teaching() -> Self {
        Self { coalesce: 1, log_capacity_max: LOG_CAPACITY_MAX_TEACHING, ..Self::default() }
    }

    /// # Errors
    /// A time that is none.
    pub(crate) fn check(&self) -> Result<()> {
        match self.publish_stats_ms {
            0.. => Ok(()),
            other => Err(Fault::misuse(format!("publish_stats_ms is {other}, less than 0"))),
        }
    }

    pub(crate) fn is_checked(&self) -> bool {
        self.checked != 0 || wants("RVM_CHECKED")
    }

    pub(crate) fn engine(&self) -> Options {
        let mut options =
            Rvm::options().read_only(self.read_only != 0).background(self.no_background == 0);
        if self.log_capacity_initial != 0 {
            options = options.log_capacity_initial(self.log_capacity_initial);
        }
        if self.log_capacity_max != 0 {
            options = options.log_capacity_max(self.log_capacity_max);
        }
        if self.truncate_at != 0.0 {
            options = options.truncate_at(self.truncate_at);
        }
        if self.lazy_interval_ms != 0 {
            options = options.lazy_interval(Duration::from_millis(self.lazy_interval_ms));
        }
        if self.helpers != 0 {
            options = options.helpers(usize::try_from(self.helpers).unwrap_or(0));
        }
        if self.coalesce != 0 {
            options = options.range_policy(RangePolicy::Coalesce);
        }
        if self.no_undo != 0 {
            options = options.undo(UndoMode::None);
        }
        if let Ok(millis @ 1..) = u64::try_from(self.publish_stats_ms) {
            options = options.publish_stats(Duration::from_millis(millis));
        }
        if self.mapped != 0 {
            options = options.residency(Residency::Mapped(mapped_token()));
        }
        options
    }
}

#[expect(unsafe_code, reason = "the token of the mapped residency is unsafe to make")]
fn mapped_token() -> MappedToken {
    // SAFETY: the program promised it when it set `mapped`; the header says what.
    unsafe { MappedToken::new() }
}
