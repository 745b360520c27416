//! Lines that are as long as a terminal is wide.

/// How many columns a text takes, without the codes that colour it.
pub(super) fn visible_len(text: &str) -> usize {
    anstream::adapter::strip_str(text).to_string().chars().count()
}

/// Lines of at most so many columns, unless a word is longer.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if visible_len(line) + 1 + visible_len(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Lines of at most so many columns; a word that is longer goes on in the next line.
pub(super) fn wrapped_within(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in wrapped(text, width) {
        if visible_len(&line) <= width {
            lines.push(line);
            continue;
        }
        let chars: Vec<char> = line.chars().collect();
        lines.extend(chars.chunks(width.max(1)).map(|part| part.iter().collect::<String>()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against words that are cut or lost where a terminal is narrow.
    #[test]
    fn sentences_are_wrapped_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("one two three", 1), ["one", "two", "three"]);
        assert_eq!(wrapped("one two three", 80), ["one two three"]);
    }

    /// Guards against a path that reaches beyond the terminal's edge, and colours that count as text.
    #[test]
    fn long_words_go_on_in_the_next_line() {
        assert_eq!(wrapped_within("in /a/long/path now", 6), ["in", "/a/lon", "g/path", "now"]);
        assert_eq!(visible_len("\u{1b}[1mbold\u{1b}[0m"), 4);
    }
}
