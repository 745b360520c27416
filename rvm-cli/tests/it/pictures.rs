//! The pictures of `docs/cli.md`: what verbs draw of a store that is in use, and of two stores that differ.
//!
//! `RVM_WRITE_PICTURES=1` in the environment writes them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anstyle_svg::Term;
use rvm_core::{Durability, Rvm};
use tempfile::TempDir;

use crate::rvmctl::program;
use crate::stores::{parent, write};
use crate::terminal::Terminal;

/// Guards against pictures on the page of something that is not drawn any more.
#[test]
fn pictures_show_what_is_drawn() {
    let parent = parent();
    let store = busy(&parent);
    on_screen(&parent, 0, "--store bank log timeline --svg timeline.svg");
    check("timeline", &fs::read_to_string(parent.path().join("timeline.svg")).unwrap());
    check("stats", &on_screen(&parent, 0, "--store bank stats"));
    on_screen(&parent, 0, "--store bank replay --until 395 --to before");
    check("diff", &on_screen(&parent, 1, "diff before bank"));
    store.close().unwrap();
}

/// A store that is open, with some hundreds of transactions.
fn busy(parent: &TempDir) -> Rvm {
    let options = Rvm::options().log_capacity_initial(32 << 10).log_capacity_max(32 << 10);
    let every = std::time::Duration::from_millis(1);
    let store =
        options.background(false).publish_stats(every).open(parent.path().join("bank")).unwrap();
    store.archive_on().unwrap();
    let accounts = store.map("accounts", 16 << 10).unwrap();
    let journal = store.map("journal", 64 << 10).unwrap();
    for number in 0..400_u64 {
        let mut txn = store.begin(&[&accounts, &journal]).unwrap();
        txn.label(if number % 7 == 0 { "interest" } else { "transfer" }).unwrap();
        let (from, to) = (number * 8 % 4096, (number * 8 + 2048) % 4096);
        txn.write(&accounts, from, &(1000 + number).to_le_bytes()).unwrap();
        txn.write(&accounts, to, &(1000 - number).to_le_bytes()).unwrap();
        let entry = format!("{number:>6} from {from:>4} to {to:>4}\n");
        txn.write(&journal, number * 40, entry.as_bytes()).unwrap();
        let lazy = number % 5 == 0;
        txn.commit_with(if lazy { Durability::Lazy } else { Durability::Force }).unwrap();
    }
    store.flush().unwrap();
    store
}

/// What a terminal shows of a run that ends so, without its progress.
fn on_screen(parent: &TempDir, code: i32, arguments: &str) -> String {
    let mut command = Command::new("sh");
    command.args(["-c", r#"exec "$0" "$@" 2>/dev/null"#]).arg(program().get_program());
    command.args(arguments.split(' ')).current_dir(parent).env("LC_ALL", "C.UTF-8");
    let (ended, shown) = Terminal::start(&mut command, 80).end();
    assert_eq!(ended, code, "{shown}");
    Term::new().render_svg(&shown)
}

/// The picture has the words of the one on the page: times and figures differ from run to run.
fn check(name: &str, drawn: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/pictures/{name}.svg"));
    if std::env::var_os("RVM_WRITE_PICTURES").is_some_and(|wanted| wanted == "1") {
        write(&path, drawn.as_bytes());
    }
    let shown = fs::read_to_string(&path).unwrap();
    assert_eq!(words(&shown), words(drawn), "docs/pictures/{name}.svg is of something else");
}

fn words(picture: &str) -> BTreeSet<&str> {
    let words = picture.split(|c: char| !c.is_ascii_alphabetic());
    words.filter(|word| word.len() > 2 && !word.ends_with("iB")).collect()
}
