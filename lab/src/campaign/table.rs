//! The table that a campaign prints.

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use super::{Outcome, Row};

/// The rows as a Markdown table.
#[must_use]
pub fn markdown(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(["harness", "what it did", "lost or phantom", "seconds"]);
    for row in rows {
        let (did, broken) = match &row.outcome {
            Outcome::Passed(figures) => {
                let figures = figures.iter().map(|f| format!("{} {}", grouped(f.found), f.what));
                (figures.collect::<Vec<_>>().join(", "), "0".to_owned())
            }
            Outcome::Skipped(reason) => (format!("skipped: {reason}"), "-".to_owned()),
            Outcome::Failed(_) => ("FAILED, see above".to_owned(), "?".to_owned()),
        };
        table.add_row([row.harness.to_owned(), did, broken, format!("{:.0}", row.seconds)]);
    }
    table.to_string()
}

/// The rows for programs.
#[must_use]
pub fn json(rows: &[Row]) -> Value {
    let row = |row: &Row| {
        let (ended, figures, reason) = match &row.outcome {
            Outcome::Passed(figures) => ("passed", json!(figures), Value::Null),
            Outcome::Skipped(reason) => ("skipped", json!([]), json!(reason)),
            Outcome::Failed(reason) => ("failed", json!([]), json!(reason)),
        };
        json!({
            "harness": row.harness, "about": row.about, "ended": ended,
            "figures": figures, "reason": reason, "seconds": row.seconds,
        })
    };
    json!({ "schema": 1, "rows": rows.iter().map(row).collect::<Vec<_>>() })
}

/// A number with commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let lead = digits.len() % 3;
    let mut text = digits[..lead].to_owned();
    for group in digits.as_bytes()[lead..].chunks(3) {
        if !text.is_empty() {
            text.push(',');
        }
        text.extend(group.iter().map(|digit| char::from(*digit)));
    }
    text
}
