//! A strict reader of the text format of Prometheus: every rule of the format that our output could break is an error here.

use std::collections::{BTreeMap, BTreeSet};

/// What a text holds.
pub(super) struct Families {
    kinds: BTreeMap<String, String>,
    samples: Vec<Sample>,
}

struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: String,
}

/// Reads a text; an error says the line.
pub(super) fn parse(text: &str) -> Result<Families, String> {
    if !text.ends_with('\n') {
        return Err("the last line has no end".into());
    }
    let mut families = Families { kinds: BTreeMap::new(), samples: Vec::new() };
    let (mut helped, mut family) = (None, String::new());
    for line in text.lines() {
        let fault = |what: &str| format!("{what}: {line}");
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').ok_or_else(|| fault("no help"))?;
            (!help.trim().is_empty()).then_some(()).ok_or_else(|| fault("no help"))?;
            helped = Some(name.to_owned());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').ok_or_else(|| fault("no type"))?;
            if helped.take().as_deref() != Some(name) || !is_name(name) {
                return Err(fault("a type without its help, or a bad name"));
            }
            if !["counter", "gauge", "histogram"].contains(&kind) {
                return Err(fault("a type that there is not"));
            }
            if kind == "counter" && !name.ends_with("_total") {
                return Err(fault("a counter that is not called so"));
            }
            name.clone_into(&mut family);
            if families.kinds.insert(family.clone(), kind.to_owned()).is_some() {
                return Err(fault("a family that is there twice"));
            }
        } else {
            let sample = sample(line).ok_or_else(|| fault("no sample"))?;
            let histogram = families.kinds.get(&family).is_some_and(|kind| kind == "histogram");
            let suffix = sample.name.strip_prefix(&family).ok_or_else(|| fault("no family"))?;
            let allowed: &[&str] = if histogram { &["_bucket", "_sum", "_count"] } else { &[""] };
            if family.is_empty() || !allowed.contains(&suffix) {
                return Err(fault("a sample of another family"));
            }
            if families.samples.iter().any(|s| s.name == sample.name && s.labels == sample.labels) {
                return Err(fault("a sample that is there twice"));
            }
            families.samples.push(sample);
        }
    }
    Ok(families)
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn sample(line: &str) -> Option<Sample> {
    let name_end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(name_end);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, behind) = rest.split_once("=\"")?;
            let (value, behind) = quoted(behind)?;
            if !is_name(label) || labels.insert(label.to_owned(), value).is_some() {
                return None;
            }
            rest = behind;
            if let Some(behind) = rest.strip_prefix('}') {
                rest = behind;
                break;
            }
            rest = rest.strip_prefix(',')?;
        }
    }
    let value = rest.strip_prefix(' ')?;
    value.parse::<f64>().ok()?;
    is_name(name).then(|| Sample { name: name.to_owned(), labels, value: value.to_owned() })
}

/// A label's value up to its closing quote, and what stands behind.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut chars) = (String::new(), text.char_indices());
    loop {
        match chars.next()? {
            (at, '"') => return Some((value, &text[at + 1..])),
            (_, '\\') => value.push(match chars.next()?.1 {
                'n' => '\n',
                escaped @ ('"' | '\\') => escaped,
                _ => return None,
            }),
            (_, plain) => value.push(plain),
        }
    }
}

impl Families {
    /// The value of the one sample with these labels, and maybe others.
    pub(super) fn value(&self, name: &str, labels: &[(&str, &str)]) -> &str {
        let has = |sample: &&Sample| {
            let has = |(label, value): &(&str, &str)| {
                sample.labels.get(*label).is_some_and(|found| found == value)
            };
            sample.name == name && labels.iter().all(has)
        };
        let mut found = self.samples.iter().filter(has);
        let first = found.next().unwrap_or_else(|| panic!("no {name} with {labels:?}"));
        assert!(found.next().is_none(), "several {name} with {labels:?}");
        &first.value
    }

    pub(super) fn histograms(&self) -> impl Iterator<Item = &str> {
        self.kinds.iter().filter(|(_, kind)| *kind == "histogram").map(|(name, _)| name.as_str())
    }

    /// Buckets grow, end with all, and their bounds are numbers in order.
    pub(super) fn check_histogram(&self, family: &str) {
        let bucket = format!("{family}_bucket");
        let buckets: Vec<(f64, u64)> = self
            .samples
            .iter()
            .filter(|sample| sample.name == bucket)
            .map(|sample| (sample.labels["le"].parse().unwrap(), sample.value.parse().unwrap()))
            .collect();
        assert!(buckets.len() > 10, "{family}");
        for pair in buckets.windows(2) {
            assert!(pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1, "{family}: {pair:?}");
        }
        let (bound, all) = *buckets.last().unwrap();
        assert!(bound.is_infinite());
        assert_eq!(self.value(&format!("{family}_count"), &[]), all.to_string());
        let bounds: BTreeSet<u64> = buckets.iter().map(|bucket| bucket.0.to_bits()).collect();
        assert_eq!(bounds.len(), buckets.len());
        self.value(&format!("{family}_sum"), &[]).parse::<f64>().unwrap();
    }
}
