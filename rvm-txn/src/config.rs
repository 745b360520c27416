//! How a store behaves.

use std::time::Duration;

use rvm_log::{CAPACITY_LIMIT, CAPACITY_MIN, Ring};
use rvm_storage::memory::Residency;

use crate::error::{Error, Result};

/// How a store behaves. [`Config::default`] suits most; change single fields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The size of a new log's ring, in bytes: a multiple of 4096 from 32 KiB. Default 64 KiB.
    pub log_capacity_initial: u64,
    /// The size up to which a log's ring grows, in bytes: a multiple of 4096 up to 1 TiB. Default 64 MiB.
    pub log_capacity_max: u64,
    /// The part of its ring that a log fills before it is truncated in the background, above 0 up to 1. Default 0.5.
    pub truncate_at: f64,
    /// How long a lazy commit may stay in memory only. Default 100 ms.
    pub lazy_interval: Duration,
    /// What is logged of ranges that overlap. Default [`RangePolicy::PerCall`].
    pub range_policy: RangePolicy,
    /// How an abort restores memory. Default [`UndoMode::Keep`].
    pub undo: UndoMode,
    /// Where a segment's memory comes from. Default [`Residency::Resident`].
    pub residency: Residency,
    /// Whether a thread truncates logs and forces lazy commits in the background. Without it both happen on the threads
    /// that commit, when a log is full, and in [`Store::flush`](crate::Store::flush). Default true.
    pub background: bool,
    /// How many threads help to force several logs at once and to recover several segments at once; they start when first
    /// needed. 0 does all on the calling thread. Default 4.
    pub helpers: usize,
    /// What happens to a damaged store. Default [`Recovery::Strict`].
    pub recovery: Recovery,
    /// How often a thread of the store's own tells other processes what it counts, in the file [`PUBLISHED_FILE`](crate::PUBLISHED_FILE);
    /// above 0. Default `None`: never.
    pub publish_stats: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            log_capacity_initial: 64 << 10,
            log_capacity_max: 64 << 20,
            truncate_at: 0.5,
            lazy_interval: Duration::from_millis(100),
            range_policy: RangePolicy::default(),
            undo: UndoMode::default(),
            residency: Residency::default(),
            background: true,
            helpers: 4,
            recovery: Recovery::default(),
            publish_stats: None,
        }
    }
}

/// What is logged of the ranges that a transaction declares.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum RangePolicy {
    /// One undo record and one redo range for each call, in call order.
    #[default]
    PerCall,
    /// Ranges of a transaction that overlap or touch are saved and logged once.
    Coalesce,
}

/// How an abort restores memory.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum UndoMode {
    /// Each declared range is copied before it is changed.
    #[default]
    Keep,
    /// Nothing is copied; an abort reads the committed bytes back from the segment's files. For programs that never abort.
    None,
}

/// What happens when a store is opened that is damaged.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Recovery {
    /// It is refused, with the file and the byte, and is left as it is.
    #[default]
    Strict,
    /// It is opened for reading only, with what is provably intact; [`SalvageReport`](crate::SalvageReport) says what is not.
    /// Nothing is written.
    Salvage,
}

impl Config {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::InvalidOption`].
    pub(crate) fn check(&self) -> Result<Rings> {
        let ring = |option, capacity| {
            Ring::new(capacity).ok_or_else(|| Error::InvalidOption {
                option,
                reason: format!(
                    "{capacity} bytes; it must be a multiple of 4096 from {CAPACITY_MIN} to {CAPACITY_LIMIT}"
                ),
            })
        };
        let initial = ring("log_capacity_initial", self.log_capacity_initial)?;
        let max = ring("log_capacity_max", self.log_capacity_max)?;
        if max.capacity() < initial.capacity() {
            return Err(Error::InvalidOption {
                option: "log_capacity_max",
                reason: format!("{} is less than log_capacity_initial", max.capacity()),
            });
        }
        if !(self.truncate_at > 0.0 && self.truncate_at <= 1.0) {
            return Err(Error::InvalidOption {
                option: "truncate_at",
                reason: format!("{} is not above 0 and at most 1", self.truncate_at),
            });
        }
        if self.publish_stats == Some(Duration::ZERO) {
            let reason = "an interval of 0".to_owned();
            return Err(Error::InvalidOption { option: "publish_stats", reason });
        }
        Ok(Rings { initial, max, truncate_at: self.truncate_at })
    }
}

/// The checked sizes of logs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rings {
    pub(crate) initial: Ring,
    pub(crate) max: Ring,
    truncate_at: f64,
}

impl Rings {
    /// How many live bytes make a log of this size due for truncation.
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a threshold: capacity is at most 2^40, the factor at most 1"
    )]
    pub(crate) fn truncation_due(&self, ring: Ring) -> u64 {
        (ring.capacity() as f64 * self.truncate_at) as u64
    }

    /// The ring that a full one of this size grows to, so that a record of `len` bytes fits; the same if it cannot grow.
    pub(crate) fn grown(&self, ring: Ring, len: u64) -> Ring {
        const FACTOR: u64 = 4;
        let mut capacity = ring.capacity().saturating_mul(FACTOR);
        while Ring::new(capacity).is_some_and(|ring| ring.record_len_max() < len) {
            capacity = capacity.saturating_mul(FACTOR);
        }
        let capacity = capacity.min(self.max.capacity()).max(ring.capacity());
        Ring::new(capacity).unwrap_or(ring)
    }
}
