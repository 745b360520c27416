//! Numbers as people read them: grouped digits, binary units, durations. Integers only, so nothing is rounded twice.

use std::time::Duration;

/// `27004` as `27,004`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun, as in `1 record` and `2 records`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// Bytes in the largest binary unit of which there is at least one, with one decimal.
pub(crate) fn bytes(len: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if len < 1024 {
        return format!("{len} B");
    }
    let (mut unit, mut whole, mut below) = (UNITS[0], len / 1024, len % 1024);
    for larger in UNITS.into_iter().skip(1) {
        if whole < 1024 {
            break;
        }
        (unit, whole, below) = (larger, whole / 1024, whole % 1024);
    }
    format!("{whole}.{} {unit}", below * 10 / 1024)
}

/// A duration with three digits or more, in the unit that suits it.
pub(crate) fn duration(time: Duration) -> String {
    let micros = time.as_micros();
    let tenths = |value: u128, unit: u128| format!("{}.{}", value / unit, value % unit * 10 / unit);
    match micros {
        0..1_000 => format!("{micros} us"),
        1_000..1_000_000 => format!("{} ms", tenths(micros, 1_000)),
        1_000_000..120_000_000 => format!("{} s", tenths(micros, 1_000_000)),
        _ => format!("{} min {} s", micros / 60_000_000, micros / 1_000_000 % 60),
    }
}

/// A short duration, with two digits or more also where microseconds have fewer.
pub(crate) fn latency(nanos: u64) -> String {
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..10_000 => format!("{}.{} us", nanos / 1_000, nanos % 1_000 / 100),
        _ => duration(Duration::from_nanos(nanos)),
    }
}

/// How many there were in a second.
pub(crate) fn per_second(count: u64, time: Duration) -> u64 {
    let micros = time.as_micros().max(1);
    u64::try_from(u128::from(count) * 1_000_000 / micros).unwrap_or(u64::MAX)
}

/// Nanoseconds, as JSON gives them.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a comma in front, and against wrong groups.
    #[test]
    fn digits_are_grouped_from_the_right() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(27_004), "27,004");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    /// Guards against an index past the largest unit.
    #[test]
    fn bytes_have_a_unit_up_to_the_largest_number() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(1 << 20), "1.0 MiB");
        assert_eq!(bytes(u64::MAX), "15.9 EiB");
    }

    /// Guards against a wrong unit at the boundaries, and a division by zero.
    #[test]
    fn durations_and_rates_are_plain() {
        assert_eq!(duration(Duration::from_micros(999)), "999 us");
        assert_eq!(duration(Duration::from_micros(3_140)), "3.1 ms");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 5 s");
        assert_eq!([669, 1_337, 181_300].map(latency), ["669 ns", "1.3 us", "181 us"]);
        assert_eq!(per_second(10, Duration::ZERO), 10_000_000);
        assert_eq!(per_second(500, Duration::from_millis(250)), 2_000);
    }
}
