//! What a store's process publishes, what its files tell by themselves, and both as metrics of Prometheus.

mod exposition;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rvm_core::rvm_history::statistics::{LABELS_MAX, Statistics};
use rvm_core::rvm_storage::{FileStorage, Storage};
use rvm_core::rvm_txn::PUBLISHED_FILE;
use rvm_core::{Durability, Error, Published, Rvm};

use exposition::{Families, parse};

const WAIT: Duration = Duration::from_secs(10);
const HOUR: Duration = Duration::from_secs(3_600);

fn published(directory: &Path) -> Result<Option<Published>, Error> {
    Published::read(&FileStorage::read_only(directory).unwrap())
}

fn statistics(directory: &Path) -> Statistics {
    Statistics::take(&FileStorage::read_only(directory).unwrap(), WAIT).unwrap()
}

/// Guards against figures that nobody else sees, that never change, and that outlive the process that they are of.
#[test]
fn a_process_publishes_what_it_counts_while_it_has_the_store_open() {
    let dir = tempfile::tempdir().unwrap();
    let directory = dir.path().join("store");
    let store = Rvm::options().publish_stats(Duration::from_millis(5)).open(&directory).unwrap();
    let first = published(&directory).unwrap().expect("it is there when the store is open");
    assert_eq!((first.process, first.stale, first.poisoned), (std::process::id(), false, false));
    let notes = store.map("notes", 64).unwrap();
    store.transaction(&[&notes], |txn| txn.write(&notes, 0, b"kept")).unwrap();
    let patience = Instant::now() + WAIT;
    let later = loop {
        let found = published(&directory).unwrap().unwrap();
        if found.stats.commits_forced == 1 || Instant::now() > patience {
            break found;
        }
        thread::yield_now();
    };
    assert_eq!(later.stats, store.stats());
    assert!(later.written >= first.written);
    store.close().unwrap();
    assert_eq!(published(&directory).unwrap(), None);
    assert!(!directory.join(PUBLISHED_FILE).exists());
}

/// Guards against a reader that finds a file without a name where it was replaced that moment, and takes it for damage.
#[test]
fn figures_that_are_replaced_while_they_are_read_are_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    storage.publish(b"one").unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3_000 {
                storage.publish(b"two").unwrap();
            }
            done.store(true, Ordering::SeqCst);
        });
        while !done.load(Ordering::SeqCst) {
            let found = storage.published(100).unwrap().expect("there always is one");
            assert!([b"one", b"two"].contains(&found.as_slice().try_into().unwrap()));
        }
    });
}

/// Guards against files in the store of those who asked for none, and an interval that keeps a thread busy.
#[test]
fn nothing_is_published_unless_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let store = Rvm::open(dir.path()).unwrap();
    store.map("notes", 64).unwrap();
    assert_eq!(published(dir.path()).unwrap(), None);
    store.close().unwrap();
    let refused = Rvm::options().publish_stats(Duration::ZERO).open(dir.path());
    assert!(matches!(refused, Err(Error::InvalidOption { option: "publish_stats", .. })));
}

/// Guards against the figures of a process that was killed, or is stuck, that pass for those of one that works.
#[test]
fn figures_whose_process_is_gone_or_silent_are_stale() {
    let dir = tempfile::tempdir().unwrap();
    let (directory, crashed) = (dir.path().join("store"), dir.path().join("crashed"));
    let store = Rvm::options().publish_stats(HOUR).open(&directory).unwrap();
    assert!(!published(&directory).unwrap().unwrap().stale);
    fs::create_dir(&crashed).unwrap();
    for entry in fs::read_dir(&directory).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), crashed.join(entry.file_name())).unwrap();
    }
    assert!(published(&crashed).unwrap().unwrap().stale, "nobody has it open");
    let figures = directory.join(PUBLISHED_FILE);
    let text = fs::read_to_string(&figures).unwrap();
    let written = published(&directory).unwrap().unwrap().written;
    let long_ago = written - u64::try_from(HOUR.as_nanos()).unwrap() * 3;
    overwrite(&figures, text.replace(&written.to_string(), &long_ago.to_string()).as_bytes());
    assert!(published(&directory).unwrap().unwrap().stale, "it is silent");
    store.close().unwrap();
}

fn overwrite(path: &Path, bytes: &[u8]) {
    use std::io::Write;
    let mut options = fs::OpenOptions::new();
    options.write(true).truncate(true).create(true).open(path).unwrap().write_all(bytes).unwrap();
}

/// Guards against a hang, a panic, a link that is followed and an error without a name, whatever lies where figures should.
#[test]
fn whatever_else_lies_there_is_an_error_that_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let figures = dir.path().join(PUBLISHED_FILE);
    for text in [b"rvm statistics 1\nprocess x\n".as_slice(), &[0; 100], &vec![b'1'; 1 << 20]] {
        overwrite(&figures, text);
        let refused = published(dir.path()).unwrap_err();
        assert!(refused.is_corruption(), "{refused}");
        assert!(refused.to_string().contains(PUBLISHED_FILE), "{refused}");
    }
    overwrite(&figures, b"");
    assert_eq!(published(dir.path()).unwrap(), None, "a power cut may leave an empty file");
    fs::remove_file(&figures).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &figures).unwrap();
    assert!(published(dir.path()).unwrap_err().to_string().contains("a symbolic link"));
    fs::remove_file(&figures).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &figures,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    assert!(published(dir.path()).unwrap_err().to_string().contains("a fifo"));
    // A process that publishes puts its own in place of it.
    let store = Rvm::options().publish_stats(HOUR).open(dir.path()).unwrap();
    assert!(published(dir.path()).unwrap().is_some());
    store.close().unwrap();
}

/// Guards against transactions over several segments that count twice, lazy ones that count as forced, and bytes under the wrong label.
#[test]
fn the_files_alone_tell_what_the_logs_hold() {
    let dir = tempfile::tempdir().unwrap();
    let store = Rvm::options().background(false).open(dir.path()).unwrap();
    let (a, b) = (store.map("a", 4096).unwrap(), store.map("b", 4096).unwrap());
    for (number, label) in [(1, "small"), (2, "both"), (3, "both"), (4, "")] {
        let mut txn = store.begin(&[&a, &b]).unwrap();
        txn.label(label).unwrap();
        txn.write(&a, 0, &[number; 5]).unwrap();
        if label == "both" {
            txn.write(&b, 64, &[number; 100]).unwrap();
            txn.write(&b, 0, &[number]).unwrap();
        }
        let durability = if number == 4 { Durability::Lazy } else { Durability::Force };
        txn.commit_with(durability).unwrap();
    }
    store.flush().unwrap();
    let logs = statistics(dir.path()).logs;
    assert_eq!((logs.transactions, logs.lazy_transactions, logs.records), (4, 1, 6));
    assert_eq!((logs.ranges, logs.range_bytes, logs.last_transaction), (8, 4 * 5 + 2 * 101, 4));
    let buckets: Vec<_> = logs.range_lens.buckets().filter(|(_, count)| *count > 0).collect();
    assert_eq!(buckets, [(1, 2), (4, 4), (64, 2)]);
    let labels: Vec<_> =
        logs.labels.iter().map(|of| (of.label.as_str(), of.transactions, of.range_bytes)).collect();
    assert_eq!(labels, [("both", 2, 2 * 106), ("small", 1, 5), ("", 1, 5)]);
    let [a, b] = logs.segments.as_slice() else { panic!("{:?}", logs.segments) };
    assert_eq!((a.name.as_str(), a.len, a.records, a.range_bytes), ("a", 4096, 4, 20));
    assert_eq!((b.records, b.ranges, b.range_bytes), (2, 4, 202));
    assert_eq!(a.used(), a.record_bytes);
    assert!(logs.first_commit <= logs.last_commit && logs.first_commit.is_some());
    store.truncate_log().unwrap();
    let logs = statistics(dir.path()).logs;
    assert_eq!((logs.transactions, logs.last_transaction, logs.first_commit), (0, 4, None));
    store.close().unwrap();
}

/// Guards against memory that grows with what a program calls its transactions.
#[test]
fn so_many_labels_are_told_apart_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let options = Rvm::options().background(false).log_capacity_initial(1 << 20);
    let store = options.open(dir.path()).unwrap();
    let notes = store.map("notes", 64).unwrap();
    let count = LABELS_MAX + 10;
    for number in 0..count {
        let mut txn = store.begin(&[&notes]).unwrap();
        txn.label(&number.to_string()).unwrap();
        txn.write(&notes, 0, b"x").unwrap();
        txn.commit_with(Durability::Lazy).unwrap();
    }
    store.flush().unwrap();
    let logs = statistics(dir.path()).logs;
    assert_eq!((logs.labels.len(), logs.other_labels), (LABELS_MAX, 10));
    assert_eq!(logs.transactions, u64::try_from(count).unwrap());
    store.close().unwrap();
}

fn metrics(text: &str) -> Families {
    parse(text).unwrap_or_else(|fault| panic!("{fault}\n{text}"))
}

/// Guards against an exposition that a server of metrics refuses, or reads as other figures.
#[test]
fn the_metrics_are_those_that_a_strict_reader_finds() {
    let dir = tempfile::tempdir().unwrap();
    let store = Rvm::options().publish_stats(HOUR).open(dir.path()).unwrap();
    let notes = store.map("notes", 64).unwrap();
    for _ in 0..3 {
        let mut txn = store.begin(&[&notes]).unwrap();
        txn.label("a \"quoted\\\nlabel").unwrap();
        txn.write(&notes, 0, b"x").unwrap();
        txn.commit().unwrap();
    }
    let own = metrics(&store.stats().to_prometheus(&[("store", "one \"of\" many")]));
    assert_eq!(own.value("rvm_commits_total", &[("durability", "force")]), "3");
    assert_eq!(own.value("rvm_commit_duration_seconds_count", &[]), "3");
    for family in own.histograms() {
        own.check_histogram(family);
    }
    let all = metrics(&statistics(dir.path()).to_prometheus(&[]));
    assert_eq!(all.value("rvm_live_transactions", &[("label", "a \"quoted\\\nlabel")]), "3");
    assert_eq!(all.value("rvm_log_live_records", &[("segment", "notes")]), "3");
    assert_eq!(all.value("rvm_commits_total", &[("durability", "force")]), "0", "as published");
    store.close().unwrap();
}
