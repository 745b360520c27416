//! The page that describes JSON: put together from the structures, their comments, and the list of verbs.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::structures::{Field, Kind, Structures};
use super::verbs::{VERBS, WITHOUT};

const HEAD: &str = "\
# JSON

What `rvmctl --json VERB` prints: one object on standard output, field by field. The page is made from the comments of `rvm-cli/src/reports`, and
held against what each verb prints (`rvm-cli/tests/it/json`); `RVM_WRITE_DOCS=1 cargo test -p rvm-cli --test it json` writes it again.

Every object has the field `schema`, a number: 1. It is raised when a field goes or means something else. New fields may come at any time.
Lengths and positions are in bytes. Durations are in nanoseconds, and named so. Moments are there twice: as RFC 3339 text in UTC, and as nanoseconds
since 1970. A *text* is a string, a *number* a whole number, a *real* any number, a *truth* `true` or `false`; *or null* says that the
field is there and may be null, and *absent* that it may be missing. A path that is not UTF-8 is shown with replacement characters.
What a verb tells beside its object, notes and progress, goes to standard error.

";

/// What fields of these names hold wherever they have no comment.
const COMMON: &[(&str, &str)] = &[
    ("store", "The store's directory."),
    ("segment", "The segment's name."),
    ("name", "The segment's name."),
    ("len", "Its length in bytes."),
    ("offset", "Where it starts in the segment, in bytes."),
    ("count", "How many there are."),
    ("transaction", "The transaction's number."),
    ("label", "The label, as it was given: it may hold control characters."),
    ("lsn", "The record's position in the log."),
    ("records", "How many records."),
    ("duration_nanos", "How long it took."),
    ("dry_run", "Whether nothing was written."),
];

/// The whole page.
pub(super) fn rendered(structures: &Structures) -> String {
    let mut page = HEAD.to_owned();
    let (mut objects, mut silent) = (BTreeSet::new(), Vec::new());
    page.push_str(
        "## Errors\n\nOn standard error, when something fails; the exit code is not 0.\n\n",
    );
    table(&mut page, structures, "ErrorReport", &mut objects, &mut silent);
    for verb in VERBS {
        writeln!(page, "## {}\n", verb.title).unwrap();
        table(&mut page, structures, verb.report, &mut objects, &mut silent);
    }
    page.push_str("## Verbs without JSON\n\n");
    for (verb, reason) in WITHOUT {
        writeln!(page, "* `{verb}`: {reason}.").unwrap();
    }
    page.push_str("\n## Objects\n");
    let mut done = BTreeSet::new();
    while let Some(name) = objects.difference(&done).next().cloned() {
        writeln!(page, "\n### {name}\n").unwrap();
        let meaning = structures.get(&name).meaning.clone();
        if !meaning.is_empty() {
            writeln!(page, "{meaning}\n").unwrap();
        }
        table(&mut page, structures, &name, &mut objects, &mut silent);
        page.pop();
        done.insert(name);
    }
    assert!(silent.is_empty(), "comments have to say what these are: {silent:?}");
    page
}

fn table(
    page: &mut String,
    structures: &Structures,
    name: &str,
    objects: &mut BTreeSet<String>,
    silent: &mut Vec<String>,
) {
    page.push_str("| field | type | meaning |\n|---|---|---|\n");
    let fields = structures.fields(name);
    for field in &fields {
        let absent = if field.may_be_absent { ", or absent" } else { "" };
        let kind = shown(&field.kind, objects);
        let meaning = meaning(field, &fields);
        if meaning.is_empty() {
            silent.push(format!("{name}.{}", field.name));
        }
        writeln!(page, "| `{}` | {kind}{absent} | {meaning} |", field.name).unwrap();
    }
    page.push('\n');
}

fn meaning(field: &Field, fields: &[Field]) -> String {
    if !field.meaning.is_empty() {
        return field.meaning.replace('|', "\\|");
    }
    let common = COMMON.iter().find(|(name, _)| *name == field.name);
    if let Some((_, meaning)) = common {
        return (*meaning).to_owned();
    }
    let moment = field.name.strip_suffix("_nanos");
    if moment.is_some_and(|moment| fields.iter().any(|field| field.name == moment)) {
        return "The same moment, in nanoseconds since 1970.".to_owned();
    }
    String::new()
}

fn shown(kind: &Kind, objects: &mut BTreeSet<String>) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Real => "real".to_owned(),
        Kind::Truth => "truth".to_owned(),
        Kind::NumberOrText => "real or text".to_owned(),
        Kind::List(inner) => format!("list of {}", shown(inner, objects)),
        Kind::OrNull(inner) => format!("{} or null", shown(inner, objects)),
        Kind::Object(name) => {
            objects.insert(name.clone());
            format!("[{name}](#{})", name.to_lowercase())
        }
    }
}
