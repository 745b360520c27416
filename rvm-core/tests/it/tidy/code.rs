//! The code in Rust source, told from its comments and its texts.

/// Takes comments and the inside of literals out of Rust source.
pub(super) fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment_len(rest),
            '"' => text_len(rest),
            'r' if !code.ends_with(is_word) => raw_len(rest),
            '\'' => char_len(rest),
            _ => 0,
        };
        if len == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let (taken, behind) = rest.split_at(len);
            code.extend(taken.chars().filter(|c| *c == '\n'));
            rest = behind;
        }
    }
    code
}

/// What can stand before an `r` that does not begin a raw text; the `b` of a raw byte text can.
fn is_word(c: char) -> bool {
    (c.is_alphanumeric() && c != 'b') || c == '_'
}

fn comment_len(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while let Some(found) = rest[at..].find(['/', '*']) {
        at += found;
        let pair = rest.get(at..at + 2).unwrap_or_default();
        match pair {
            "/*" => depth += 1,
            "*/" => depth -= 1,
            _ => {}
        }
        at += if matches!(pair, "/*" | "*/") { 2 } else { 1 };
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn text_len(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

/// The length of a raw text; 0 if this is none.
fn raw_len(rest: &str) -> usize {
    let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
    let Some(inside) = rest[1 + hashes..].strip_prefix('"') else { return 0 };
    let end = format!("\"{}", "#".repeat(hashes));
    let len = inside.find(&end).map_or(inside.len(), |at| at + end.len());
    2 + hashes + len
}

/// The length of a character; 0 if this is a lifetime.
fn char_len(rest: &str) -> usize {
    let mut inside = rest[1..].char_indices();
    match (inside.next(), inside.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let from = 1 + at + escaped.len_utf8();
            rest[from..].find('\'').map_or(0, |end| from + end + 1)
        }
        (Some(_), Some((at, '\''))) => 1 + at + 1,
        _ => 0,
    }
}
