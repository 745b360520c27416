//! Salvage of a store in a directory.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

use rvm_core::{Condition, Recovery, Rvm};

use super::history::{History, contents};

/// Guards against a file or a name of the damaged store that changes, down to the time of its last change.
#[test]
fn the_files_of_a_directory_stay_as_they_are() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("store");
    fs::create_dir(&directory).unwrap();
    let history = History::new(0, 25);
    for (name, bytes) in contents(&history.storage) {
        write(&directory.join(name.to_string()), &bytes);
    }
    let log = directory.join("a.log");
    let mut bytes = fs::read(&log).unwrap();
    bytes[8192 + 90] ^= 1;
    write(&log, &bytes);

    let before = files(&directory);
    let rvm = Rvm::options().recovery(Recovery::Salvage).open(&directory).unwrap();
    assert_eq!(rvm.recovery_report().salvage.condition("a"), Condition::MayHoldNewer);
    assert_eq!(rvm.map("a", 1).unwrap().read().unwrap().len(), super::history::LEN);
    rvm.close().unwrap();
    assert_eq!(files(&directory), before);
    assert!(Rvm::open(&directory).unwrap_err().is_corruption());
}

fn write(path: &Path, bytes: &[u8]) {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .unwrap()
        .write_all(bytes)
        .unwrap();
}

/// The bytes of each file, and when it was changed last.
fn files(directory: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let file = |entry: fs::DirEntry| {
        let changed = entry.metadata().unwrap().modified().unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, (fs::read(entry.path()).unwrap(), changed))
    };
    entries.map(file).collect()
}
