//! Figures as people read them.

/// Whole from 100 on, with a comma between thousands; three digits below.
pub(super) fn number(figure: f64) -> String {
    match figure {
        figure if figure >= 100.0 => grouped(&format!("{figure:.0}")),
        figure if figure >= 10.0 => format!("{figure:.1}"),
        figure => format!("{figure:.2}"),
    }
}

/// As short as it can be said: a label of an axis.
pub(super) fn label(figure: f64) -> String {
    if figure >= 1.0 { grouped(&format!("{figure:.0}")) } else { figure.to_string() }
}

/// Digits with a comma between thousands.
pub(super) fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against figures that look more exact than they are.
    #[test]
    fn figures_have_three_digits_or_are_whole() {
        assert_eq!(["7", "1234", "1234567"].map(grouped), ["7", "1,234", "1,234,567"]);
        assert_eq!([0.123, 12.34, 99_999.9].map(number), ["0.12", "12.3", "100,000"]);
        assert_eq!([0.1, 1.0, 10_000.0].map(label), ["0.1", "1", "10,000"]);
    }
}
