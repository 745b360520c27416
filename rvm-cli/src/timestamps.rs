//! Nanoseconds since 1970 as RFC 3339 text, in UTC.

const NANOS_PER_SECOND: u64 = 1_000_000_000;
const SECONDS_PER_DAY: u64 = 86_400;

/// `0` as `1970-01-01T00:00:00.000000000Z`.
pub(crate) fn rfc3339(unix_nanos: u64) -> String {
    let (seconds, nanos) = (unix_nanos / NANOS_PER_SECOND, unix_nanos % NANOS_PER_SECOND);
    let (days, second) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
}

/// The date that is so many days after 1970-01-01. 64 bits of nanoseconds end in 2554, so walking the years is quick.
fn date(mut days: u64) -> (u64, u64, u64) {
    let mut year = 1970;
    loop {
        let in_year = if is_leap(year) { 366 } else { 365 };
        if days < in_year {
            break;
        }
        days -= in_year;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for in_month in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < in_month {
            break;
        }
        days -= in_month;
        month += 1;
    }
    (year, month, days + 1)
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a calendar that is off by a day around leap days and the ends of years.
    #[test]
    fn known_moments_have_their_known_names() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(rfc3339(951_782_400 * NANOS_PER_SECOND), "2000-02-29T00:00:00.000000000Z");
        assert_eq!(rfc3339(1_735_689_599 * NANOS_PER_SECOND + 5), "2024-12-31T23:59:59.000000005Z");
        assert_eq!(rfc3339(4_107_542_400 * NANOS_PER_SECOND), "2100-03-01T00:00:00.000000000Z");
    }

    /// Guards against a panic at the end of time.
    #[test]
    fn the_last_moment_has_a_name() {
        assert!(rfc3339(u64::MAX).starts_with("2554-07-21T"));
    }
}
