//! The words of a line: parted by spaces, or in quotes.

/// A word, and whether it was quoted: then it is a text, whatever it looks like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) quoted: bool,
}

/// Parts a line. Within quotes `\"`, `\\`, `\n`, `\t` and `\0` stand for what they do elsewhere. What follows a `#` between words does not count.
pub(super) fn words(line: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '#' {
            break;
        }
        if let Some(behind) = rest.strip_prefix('"') {
            let (text, behind) = quoted(behind)?;
            if behind.chars().next().is_some_and(|next| !next.is_whitespace()) {
                return Err("a word ends with its closing quote; a space has to follow".to_owned());
            }
            words.push(Word { text, quoted: true });
            rest = behind.trim_start();
        } else {
            let (text, behind) =
                rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
            if text.contains('"') {
                return Err(format!("the quote within {text} begins no word"));
            }
            words.push(Word { text: text.to_owned(), quoted: false });
            rest = behind.trim_start();
        }
    }
    Ok(words)
}

/// The text up to the closing quote, and what is behind.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Ok((plain, chars.as_str())),
            '\\' => plain.push(match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('0') => '\0',
                Some(c @ ('"' | '\\')) => c,
                Some(other) => return Err(format!("\\{other} means nothing in quotes")),
                None => break,
            }),
            c => plain.push(c),
        }
    }
    Err("a quote is not closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against texts that are cut at a space, and quotes that are guessed.
    #[test]
    fn quotes_keep_a_text_together() {
        let plain = |text: &str| Word { text: text.into(), quoted: false };
        let text = |text: &str| Word { text: text.into(), quoted: true };
        let expected = vec![plain("set"), plain("a"), text("b \"c\" # \\\n"), text("")];
        assert_eq!(words("  set\ta \"b \\\"c\\\" # \\\\\\n\" \"\" # d"), Ok(expected));
        assert_eq!(words(""), Ok(vec![]));
        for line in ["\"a", "a\"b\"", "\"a\"b", "\"\\x\"", "\"\\"] {
            assert!(words(line).is_err(), "{line}");
        }
    }
}
