//! Lengths of time as users type them: `500ms`, `90s`, `10m`, `1h`; and numbers of seconds.

use std::time::Duration;

/// Longer than anybody waits, and far from every limit of the clock.
const DAYS_MAX: u64 = 365;

/// Reads a length of time: a whole number with `ms`, `s`, `m`, `h` or `d`. Not 0, and at most a year.
pub(crate) fn parse_span(text: &str) -> Result<Duration, String> {
    let fault =
        || format!("{text:?} is no length of time; write for example 500ms, 90s, 10m or 1h");
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(fault)?;
    let (digits, unit) = text.split_at(unit_at);
    let millis: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(fault()),
    };
    let number: u64 = digits.parse().map_err(|_| fault())?;
    match number.checked_mul(millis) {
        Some(0) => Err("a length of 0 leaves no time for anything".to_owned()),
        Some(millis) if millis <= DAYS_MAX * 86_400_000 => Ok(Duration::from_millis(millis)),
        _ => Err(format!("{text:?} is longer than a year")),
    }
}

/// Reads a number of seconds, as in `5` or `0.5`. Not 0, and at most a day.
pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    let fault = || format!("{text:?} is no number of seconds; write for example 5 or 0.5");
    let seconds: f64 = text.parse().map_err(|_| fault())?;
    match Duration::try_from_secs_f64(seconds).map_err(|_| fault())? {
        Duration::ZERO => Err("0 seconds leave no time for anything".to_owned()),
        time if time <= Duration::from_secs(86_400) => Ok(time),
        _ => Err(format!("{text:?} seconds are longer than a day")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against an hour that is taken for a second, and against lengths that overflow or are none.
    #[test]
    fn a_length_has_a_number_and_a_unit() {
        assert_eq!(parse_span("1h"), Ok(Duration::from_secs(3_600)));
        assert_eq!(parse_span("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_span("365d"), Ok(Duration::from_secs(365 * 86_400)));
        for text in ["", "1", "h", "1 h", "-1s", "1.5h", "0s", "366d", "18446744073709551615h"] {
            assert!(parse_span(text).is_err(), "{text:?} was taken");
        }
    }

    /// Guards against seconds that are none, and against a benchmark that outlasts whoever waits for it.
    #[test]
    fn seconds_may_be_a_fraction() {
        assert_eq!(parse_seconds("5"), Ok(Duration::from_secs(5)));
        assert_eq!(parse_seconds("0.25"), Ok(Duration::from_millis(250)));
        for text in ["", "0", "-1", "nan", "inf", "1e-12", "5s", "86401", "1e300"] {
            assert!(parse_seconds(text).is_err(), "{text:?} was taken");
        }
    }
}
