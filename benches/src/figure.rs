//! Counts as figures to reckon with.

/// A count as a figure; exact below 2^53, which is more bytes or commits than are counted here.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a figure to be shown")]
#[must_use]
pub fn figure(count: u64) -> f64 {
    count as f64
}
