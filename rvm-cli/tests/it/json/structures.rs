//! The structures of `src/reports`, read from their source: names, types and comments of their fields.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What a field holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Text,
    Number,
    Real,
    Truth,
    /// A number, or a text where JSON has no number for it.
    NumberOrText,
    Object(String),
    List(Box<Kind>),
    OrNull(Box<Kind>),
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Its comment, on one line; empty if it has none.
    pub(super) meaning: String,
    pub(super) may_be_absent: bool,
    /// The fields of its structure stand beside those of this one.
    flattened: bool,
}

/// A structure.
#[derive(Clone, Default, Debug)]
pub(super) struct Structure {
    pub(super) meaning: String,
    pub(super) fields: Vec<Field>,
}

/// All structures by name.
pub(super) struct Structures(BTreeMap<String, Structure>);

impl Structures {
    /// Reads them all.
    pub(super) fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/reports");
        let (mut structures, mut unions) = (BTreeMap::new(), Vec::new());
        for entry in fs::read_dir(folder).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            collect(&text, &mut structures, &mut unions);
        }
        let names: Vec<String> = structures.keys().cloned().collect();
        for structure in structures.values_mut() {
            for field in &mut structure.fields {
                field.kind = resolved(field.kind.clone(), &names, &unions);
            }
        }
        Self(structures)
    }

    pub(super) fn get(&self, name: &str) -> &Structure {
        self.0.get(name).unwrap_or_else(|| panic!("src/reports has no structure {name}"))
    }

    /// The fields of a structure as JSON has them: those of flattened ones in place.
    pub(super) fn fields(&self, name: &str) -> Vec<Field> {
        let mut fields = Vec::new();
        for field in &self.get(name).fields {
            match &field.kind {
                Kind::Object(inner) if field.flattened => fields.extend(self.fields(inner)),
                _ => fields.push(field.clone()),
            }
        }
        fields
    }
}

fn collect(text: &str, structures: &mut BTreeMap<String, Structure>, unions: &mut Vec<String>) {
    let (mut comment, mut attributes) = (String::new(), String::new());
    let mut open: Option<(String, Structure)> = None;
    for line in text.lines() {
        let code = line.trim();
        if let Some(words) = code.strip_prefix("///") {
            comment.push_str(words.trim());
            comment.push(' ');
            continue;
        }
        if code.starts_with("#[") {
            attributes.push_str(code);
            continue;
        }
        if let Some(name) = code.strip_prefix("pub(crate) struct ") {
            let name = name.split([' ', '<', ';', '(']).next().unwrap().to_owned();
            open =
                Some((name, Structure { meaning: comment.trim().to_owned(), fields: Vec::new() }));
        } else if let Some(name) = code.strip_prefix("pub(crate) enum ") {
            if attributes.contains("untagged") {
                unions.push(name.trim_end_matches(" {").to_owned());
            }
        } else if line == "}" {
            if let Some((name, structure)) = open.take() {
                let before = structures.insert(name.clone(), structure);
                assert!(before.is_none(), "two structures of src/reports are called {name}");
            }
        } else if let Some((_, structure)) = &mut open {
            structure.fields.extend(field(code, &comment, &attributes));
        }
        comment.clear();
        attributes.clear();
    }
}

fn field(code: &str, comment: &str, attributes: &str) -> Option<Field> {
    let (name, kind) = code.strip_prefix("pub(crate) ")?.split_once(": ")?;
    let renamed = attributes.split_once("rename = \"").map(|(_, rest)| rest.split('"').next());
    let name = renamed.flatten().unwrap_or(name);
    Some(Field {
        name: name.to_owned(),
        kind: kind_of(kind.trim_end_matches(',')),
        meaning: comment.trim().to_owned(),
        may_be_absent: attributes.contains("skip_serializing_if"),
        flattened: attributes.contains("flatten"),
    })
}

fn kind_of(text: &str) -> Kind {
    let inside =
        |outer: &str| text.strip_prefix(outer)?.strip_suffix('>').map(kind_of).map(Box::new);
    if let Some(inner) = inside("Option<") {
        return Kind::OrNull(inner);
    }
    if let Some(inner) = inside("Vec<") {
        return Kind::List(inner);
    }
    match text.trim_start_matches("super::") {
        "String" | "&'static str" => Kind::Text,
        "bool" => Kind::Truth,
        "f64" => Kind::Real,
        "u8" | "u16" | "u32" | "u64" | "i64" | "usize" => Kind::Number,
        name => Kind::Object(name.to_owned()),
    }
}

/// What has a name is a structure, a union of values, or a word.
fn resolved(kind: Kind, structures: &[String], unions: &[String]) -> Kind {
    let within = |inner: Kind| Box::new(resolved(inner, structures, unions));
    match kind {
        Kind::List(inner) => Kind::List(within(*inner)),
        Kind::OrNull(inner) => Kind::OrNull(within(*inner)),
        Kind::Object(name) if unions.contains(&name) => Kind::NumberOrText,
        Kind::Object(name) if !structures.contains(&name) => Kind::Text,
        other => other,
    }
}
