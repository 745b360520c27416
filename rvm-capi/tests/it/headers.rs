//! `include/rvm.h` and `include/rvm_ext.h` are what cbindgen makes of the sources. `RVM_WRITE_HEADERS=1` writes them.

use std::path::PathBuf;

use crate::programs::folder;
use cbindgen::{Builder, Config, DocumentationStyle, Language, Layout, Style};

/// Guards against a header that declares what the library does not have, or says what it does not do.
#[test]
fn headers_are_made_from_the_sources() {
    for (name, text) in [("rvm.h", teaching()), ("rvm_ext.h", extended())] {
        let path = folder().join("include").join(name);
        if std::env::var_os("RVM_WRITE_HEADERS").is_some() {
            #[expect(clippy::disallowed_methods, reason = "a source file, on demand")]
            std::fs::write(&path, &text).unwrap();
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == text,
            "{} is not what the sources say: RVM_WRITE_HEADERS=1 cargo test -p rvm-capi --test it headers",
            path.display()
        );
    }
}

fn source(name: &str) -> PathBuf {
    folder().join("src").join(name)
}

fn teaching() -> String {
    let mut config = config("RVM_H", include_str!("rvm_types.h"));
    hide(&mut config, &["rvm_t", "trans_t", "rvm_map_or_minus_one"]);
    same_in_c(&mut config, &[("rvm_t_returned", "rvm_t"), ("trans_t_returned", "trans_t")]);
    made(Builder::new().with_src(source("teaching.rs")), config)
}

fn extended() -> String {
    let mut config = config("RVM_EXT_H", include_str!("rvm_ext_types.h"));
    hide(&mut config, &["rvmx_open_int", "rvmx_begin_pointer"]);
    same_in_c(&mut config, &[("rvm_t_place", "rvm_t"), ("trans_t_place", "trans_t")]);
    let sources = ["codes.rs", "settings.rs", "figures.rs", "extended.rs", "visitors.rs"];
    let builder = sources.into_iter().fold(Builder::new(), |b, name| b.with_src(source(name)));
    made(builder, config)
}

/// What stands in the file with the types, or is only found under another name.
fn hide(config: &mut Config, names: &[&str]) {
    config.export.exclude.extend(names.iter().map(ToString::to_string));
}

/// Types of Rust that are one in C.
fn same_in_c(config: &mut Config, names: &[(&str, &str)]) {
    for (from, to) in names {
        hide(config, &[from]);
        config.export.rename.insert((*from).to_owned(), (*to).to_owned());
    }
}

fn config(guard: &str, types: &str) -> Config {
    let mut config = Config {
        language: Language::C,
        include_guard: Some(guard.to_owned()),
        after_includes: Some(types.trim_end().to_owned()),
        no_includes: true,
        cpp_compat: true,
        usize_is_size_t: true,
        style: Style::Tag,
        documentation_style: DocumentationStyle::Doxy,
        line_length: 100,
        ..Config::default()
    };
    config.function.args = Layout::Horizontal;
    config
}

fn made(builder: Builder, config: Config) -> String {
    let bindings = builder.with_config(config).generate().expect("the sources can be read");
    let mut text = Vec::new();
    bindings.write(&mut text);
    // C89 has no such comments, and lines that begin with a blank look unkept.
    let text = String::from_utf8(text).expect("the sources are ASCII");
    let text = text
        .replace("  // extern \"C\"", "")
        .replace("  // __cplusplus", "")
        .replace(" // __cplusplus", "");
    text.replace("\n\n\n", "\n\n")
}
