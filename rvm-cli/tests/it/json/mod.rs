//! The JSON of every verb: what it prints has the fields and types that its structure says, and `docs/json.md` describes just those.

mod page;
mod structures;
mod verbs;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rvm_core::Rvm;
use serde_json::{Deserializer, Value};

use crate::rvmctl::{on, program, verbs as all_verbs};
use crate::stores::write;
use crate::surroundings::places::{Damage, Places};
use structures::{Kind, Structures};
use verbs::{Call, UNSEEN, VERBS, WITHOUT};

/// Guards against a page that describes other fields than there are.
#[test]
fn the_page_describes_what_the_structures_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/json.md");
    let rendered = page::rendered(&Structures::read());
    if std::env::var_os("RVM_WRITE_DOCS").is_some() {
        write(&path, rendered.as_bytes());
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let differs = found.lines().zip(rendered.lines()).find(|(found, rendered)| found != rendered);
    assert!(
        found == rendered,
        "docs/json.md is out of date, at {differs:?}: RVM_WRITE_DOCS=1 cargo test -p rvm-cli --test it json"
    );
}

/// Guards against a verb that nobody described.
#[test]
fn every_verb_is_on_the_page() {
    let known = VERBS.iter().map(|verb| verb.name).chain(WITHOUT.iter().map(|(verb, _)| *verb));
    let known: BTreeSet<String> = known.map(str::to_owned).collect();
    let verbs: BTreeSet<String> = all_verbs().into_iter().collect();
    let missing: Vec<_> = verbs.symmetric_difference(&known).collect();
    assert!(missing.is_empty(), "not in json/verbs.rs, or no verb any more: {missing:?}");
}

/// Guards against objects that lack a field, or have one that their structure does not know, and against fields that are never filled.
#[test]
fn what_is_printed_is_what_the_structures_say() {
    let structures = Structures::read();
    let places = Places::new();
    let mut seen = BTreeSet::new();
    for verb in VERBS {
        for call in verb.calls {
            for object in printed(call, &places) {
                assert_eq!(object["schema"], 1, "{}", verb.title);
                let mut check = Check { structures: &structures, seen: &mut seen };
                check.object(&object, verb.report, verb.title, true);
            }
        }
    }
    for error in errors(&places) {
        let mut check = Check { structures: &structures, seen: &mut seen };
        check.object(&error, "ErrorReport", "errors", true);
    }
    let mut unseen = BTreeSet::new();
    collect_unseen(&structures, "ErrorReport", &seen, &mut unseen);
    for verb in VERBS {
        collect_unseen(&structures, verb.report, &seen, &mut unseen);
    }
    let excused: BTreeSet<String> = UNSEEN.iter().map(|(field, _)| (*field).to_owned()).collect();
    let missing: Vec<_> = unseen.difference(&excused).collect();
    assert!(missing.is_empty(), "no call shows these filled: {missing:?}");
    let by_chance = |field: &&String| {
        UNSEEN.iter().any(|(name, why)| name == *field && why.starts_with("by chance"))
    };
    let shown: Vec<_> = excused.difference(&unseen).filter(|field| !by_chance(field)).collect();
    assert!(shown.is_empty(), "these are shown: take them off the list: {shown:?}");
}

/// The objects that a call prints.
fn printed(call: &Call, places: &Places) -> Vec<Value> {
    let (words, directory, live) = match call {
        Call::Clean(words) => (words, Some(places.clean()), None),
        Call::Crashed(words) => (words, Some(places.crashed()), None),
        Call::Damaged(words) => (words, Some(places.damaged(Damage::CrashedHeader)), None),
        Call::Adopted(words) => {
            let directory = places.clean();
            write(&directory.join("copied.seg"), b"copied there");
            (words, Some(directory), None)
        }
        Call::Archived(words) => {
            let directory = places.clean();
            for call in ["archive on", "poke a 0 --hex 01", "poke a 0 --hex 02", "seg create c 1"] {
                assert_eq!(on(&directory, call).code, 0, "{call}");
            }
            (words, Some(directory), None)
        }
        Call::Mended(words) => (words, Some(places.damaged(Damage::OneSlot)), None),
        Call::Live(words) => {
            let directory = places.missing();
            let every = Duration::from_millis(1);
            let store = Rvm::options().publish_stats(every).open(&directory).unwrap();
            let segment = store.map("a", 4096).unwrap();
            store.transaction(&[&segment], |txn| txn.write(&segment, 0, b"live")).unwrap();
            wait_for_the_commit(&directory);
            (words, Some(directory), Some(store))
        }
        Call::Apart(words) => (words, None, None),
    };
    let mut command: Command = program();
    command.arg("--json");
    if let Some(directory) = &directory {
        command.arg("--store").arg(directory);
    }
    command.args(words.split_whitespace().map(|word| places.filled_in(word)));
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let objects: Vec<Value> = Deserializer::from_slice(&output.stdout)
        .into_iter()
        .map(|object| object.unwrap_or_else(|fault| panic!("{words}: {fault}: {told}")))
        .collect();
    assert!(!objects.is_empty(), "{words}: {told}");
    drop(live);
    objects
}

/// What is told of failures: of one that has a place in a file, and of one that has none.
fn errors(places: &Places) -> [Value; 2] {
    [places.damaged(Damage::Header), places.missing()].map(|directory| {
        let run = on(&directory, "--json status");
        assert!(run.stdout.is_empty(), "{}", run.text());
        serde_json::from_str(&run.stderr).unwrap()
    })
}

fn wait_for_the_commit(directory: &Path) {
    use rvm_core::Published;
    use rvm_core::rvm_storage::FileStorage;
    let storage = FileStorage::read_only(directory).unwrap();
    while Published::read(&storage).unwrap().unwrap().stats.commits_forced == 0 {
        std::thread::yield_now();
    }
}

/// Holds values against kinds.
struct Check<'a> {
    structures: &'a Structures,
    /// `Structure.field` of each field that was there and neither null nor empty.
    seen: &'a mut BTreeSet<String>,
}

impl Check<'_> {
    fn object(&mut self, value: &Value, name: &str, place: &str, is_whole: bool) {
        let object = value.as_object().unwrap_or_else(|| panic!("{place} is no object: {value}"));
        let fields = self.structures.fields(name);
        for key in object.keys().filter(|key| !(is_whole && *key == "schema")) {
            let known = fields.iter().any(|field| field.name == *key);
            assert!(known, "{place}: {name} has no field {key}");
        }
        for field in &fields {
            let place = format!("{place} {}", field.name);
            match object.get(&field.name) {
                Some(value) => {
                    let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
                    if !empty {
                        self.seen.insert(format!("{name}.{}", field.name));
                    }
                    self.value(value, &field.kind, &place, field.may_be_absent);
                }
                None => assert!(field.may_be_absent, "{place} is missing"),
            }
        }
    }

    fn value(&mut self, value: &Value, kind: &Kind, place: &str, absent_for_null: bool) {
        let fits = match kind {
            Kind::Text => value.is_string(),
            Kind::Number => value.is_u64() || value.is_i64(),
            Kind::Real => value.is_number(),
            Kind::Truth => value.is_boolean(),
            Kind::NumberOrText => value.is_number() || value.is_string(),
            Kind::OrNull(_) if value.is_null() => !absent_for_null,
            Kind::OrNull(inner) => return self.value(value, inner, place, false),
            Kind::Object(name) => return self.object(value, name, place, false),
            Kind::List(inner) => {
                let list =
                    value.as_array().unwrap_or_else(|| panic!("{place} is no list: {value}"));
                return list.iter().for_each(|value| self.value(value, inner, place, false));
            }
        };
        assert!(fits, "{place} should be {kind:?} and is {value}");
    }
}

/// The fields of a structure, and of those that it holds, that no call has shown filled. Of a field that was never filled nothing below can be.
fn collect_unseen(
    structures: &Structures,
    name: &str,
    seen: &BTreeSet<String>,
    unseen: &mut BTreeSet<String>,
) {
    for field in structures.fields(name) {
        let known = format!("{name}.{}", field.name);
        if !seen.contains(&known) {
            unseen.insert(known);
            continue;
        }
        let mut kind = &field.kind;
        while let Kind::List(inner) | Kind::OrNull(inner) = kind {
            kind = inner;
        }
        if let Kind::Object(inner) = kind {
            collect_unseen(structures, inner, seen, unseen);
        }
    }
}
