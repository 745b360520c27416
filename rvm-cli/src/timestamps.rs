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

/// Reads a time: RFC 3339, as in `2026-11-26T12:00:00Z` or with an offset, or nanoseconds since 1970 behind an `@`.
pub(crate) fn parse_marked_time(text: &str) -> Result<u64, String> {
    parse_nanos(text.strip_prefix('@').unwrap_or_default())
        .unwrap_or_else(|| parse_rfc3339(text).ok_or_else(|| no_time(text, "behind an @")))
}

/// As [`parse_marked_time`]; nanoseconds need no `@`.
pub(crate) fn parse_time(text: &str) -> Result<u64, String> {
    parse_nanos(text.strip_prefix('@').unwrap_or(text)).unwrap_or_else(|| {
        parse_rfc3339(text).ok_or_else(|| no_time(text, "with or without an @ before them"))
    })
}

fn no_time(text: &str, marked: &str) -> String {
    format!(
        "{text:?} is no time; write for example 2026-11-26T12:00:00Z, 2026-11-26T13:00:00+01:00, or nanoseconds since 1970 {marked}"
    )
}

/// `None` if it is no number.
fn parse_nanos(text: &str) -> Option<Result<u64, String>> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().map_err(|_| format!("{text:?} is beyond all clocks")))
}

fn parse_rfc3339(text: &str) -> Option<u64> {
    let (local, ahead, behind) = without_offset(text)?;
    parse_utc(local)?.checked_add(behind)?.checked_sub(ahead)
}

/// The text before the offset, and the nanoseconds by which its clock is ahead of UTC, or behind it.
fn without_offset(text: &str) -> Option<(&str, u64, u64)> {
    if let Some(utc) = text.strip_suffix(['Z', 'z']) {
        return Some((utc, 0, 0));
    }
    let (local, offset) = text.split_at_checked(text.len().checked_sub("+00:00".len())?)?;
    // A third number that stands nowhere makes it a time like others.
    let [hours, minutes, _] = numbers(&format!("{}:00", offset.get(1..)?), ':', [2, 2, 2])?;
    if hours >= 24 || minutes >= 60 {
        return None;
    }
    let nanos = (hours * 3600 + minutes * 60) * NANOS_PER_SECOND;
    match offset.get(..1)? {
        "+" => Some((local, nanos, 0)),
        "-" => Some((local, 0, nanos)),
        _ => None,
    }
}

fn parse_utc(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (whole, fraction) = time.split_once('.').map_or((time, "0"), |(whole, part)| (whole, part));
    let [hour, minute, second] = numbers(whole, ':', [2, 2, 2])?;
    let fits = (1970..=2554).contains(&year)
        && (1..=12).contains(&month)
        && hour < 24
        && minute < 60
        && second < 60;
    let digits =
        (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !fits || !digits {
        return None;
    }
    let nanos: u64 = format!("{fraction:0<9}").parse().ok()?;
    let months = months(year).into_iter().zip(1..).collect::<Vec<_>>();
    let (in_month, _) = months.iter().find(|(_, number)| *number == month)?;
    if day == 0 || day > *in_month {
        return None;
    }
    let years: u64 = (1970..year).map(days_in).sum();
    let before: u64 =
        months.iter().take_while(|(_, number)| *number < month).map(|(days, _)| days).sum();
    let seconds = (years + before + day - 1) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos)
}

/// Three numbers of so many digits.
fn numbers(text: &str, between: char, digits: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(between);
    let mut found = [0; 3];
    for (place, digits) in found.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits)?;
        *place = part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())??;
    }
    parts.next().is_none().then_some(found)
}

/// The date that is so many days after 1970-01-01. 64 bits of nanoseconds end in 2554, so walking the years is quick.
fn date(mut days: u64) -> (u64, u64, u64) {
    let mut year = 1970;
    loop {
        let in_year = days_in(year);
        if days < in_year {
            break;
        }
        days -= in_year;
        year += 1;
    }
    let mut month = 1;
    for in_month in months(year) {
        if days < in_month {
            break;
        }
        days -= in_month;
        month += 1;
    }
    (year, month, days + 1)
}

const fn days_in(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

const fn months(year: u64) -> [u64; 12] {
    let february = if is_leap(year) { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
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

    /// Guards against a time that is read as another one than it is shown as, and against what is none.
    #[test]
    fn times_are_read_as_they_are_shown() {
        for nanos in
            [0, 951_782_400 * NANOS_PER_SECOND + 7, 4_107_542_400 * NANOS_PER_SECOND, 1 << 60]
        {
            assert_eq!(parse_time(&rfc3339(nanos)), Ok(nanos));
        }
        assert_eq!(parse_time("1970-01-01 00:00:01.5z"), Ok(1_500_000_000));
        assert_eq!((parse_time("17"), parse_time("@17")), (Ok(17), Ok(17)));
        assert_eq!(parse_marked_time("@17"), Ok(17));
        assert!(parse_marked_time("17").is_err());
        let noon = parse_time("2026-11-26T12:00:00.5Z");
        for same in [
            "2026-11-26T12:00:00.5+00:00",
            "2026-11-26T12:00:00.5-00:00",
            "2026-11-26T13:00:00.5+01:00",
            "2026-11-26t06:30:00.5-05:30",
            "2026-11-27T11:59:00.5+23:59",
        ] {
            assert_eq!((parse_time(same), parse_marked_time(same)), (noon.clone(), noon.clone()));
        }
        assert_eq!(parse_time("1970-01-01T01:00:00+01:00"), Ok(0));
        for wrong in [
            "",
            "-1",
            "now",
            "2026-11-26",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2600-01-01T00:00:00Z",
            "2026-01-01T00:00:00.Z",
            "+026-01-01T00:00:00Z",
            "18446744073709551616",
            "2554-12-31T00:00:00Z",
            "@",
            "@-1",
            "@2026-01-01T00:00:00Z",
            "1970-01-01T00:59:59+01:00",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+01:60",
            "2026-01-01T00:00:00+0100",
            "2026-01-01T00:00:00Z+01:00",
            "2026-01-01T00:00:00\u{e9}01:00",
            "+01:00",
        ] {
            assert!(parse_time(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
