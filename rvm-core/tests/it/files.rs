//! Stores in real directories: locks, limits, permissions, other processes.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;

use rustix::process::{Resource, Rlimit, setrlimit};
use rvm_core::{Durability, Error, MappedToken, Residency, Rvm};

use super::child;

#[test]
fn a_store_is_open_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let rvm = Rvm::open(&store).unwrap();
    let Err(Error::Locked { path }) = Rvm::open(&store) else { panic!("opened twice") };
    assert_eq!(path, store.join("rvm.lock").display().to_string());
    child::run(child::command("files::child_finds_the_store_locked", &store));
    rvm.close().unwrap();
    Rvm::open(&store).unwrap();
}

#[test]
#[ignore = "runs in a process of its own"]
fn child_finds_the_store_locked() {
    let Some(dir) = child::dir() else { return };
    assert!(matches!(Rvm::open(dir), Err(Error::Locked { .. })));
}

/// Guards against a store that others can read, whatever the umask.
#[test]
fn files_are_for_their_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let rvm = Rvm::open(&store).unwrap();
    rvm.map("s", 10).unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&store), 0o700);
    for name in ["rvm.lock", "s.seg", "s.log"] {
        assert_eq!(mode(&store.join(name)), 0o600, "{name}");
    }
}

/// Guards against a descriptor for each segment: all are mapped and committed to at once.
#[test]
fn two_thousand_segments_under_a_limit_of_1024_open_files() {
    let dir = tempfile::Builder::new().tempdir_in(fast_dir()).unwrap();
    child::run(child::command("files::child_maps_two_thousand_segments", dir.path()));
    let rvm = Rvm::open(dir.path()).unwrap();
    assert_eq!(rvm.segments().unwrap().len(), 2000);
    for i in [0, 1, 999, 1998, 1999] {
        let segment = rvm.map(&format!("s{i}"), 8).unwrap();
        assert_eq!(segment.read().unwrap()[..], (i * 2 + 1_u64).to_le_bytes());
    }
}

#[test]
#[ignore = "runs in a process of its own"]
fn child_maps_two_thousand_segments() {
    let Some(dir) = child::dir() else { return };
    let limit = Rlimit { current: Some(1024), maximum: Some(1024) };
    setrlimit(Resource::Nofile, limit).unwrap();
    let rvm = Rvm::options().log_capacity_initial(32 << 10).open(dir).unwrap();
    let segments: Vec<_> = (0..2000).map(|i| rvm.map(&format!("s{i}"), 8).unwrap()).collect();
    let all: Vec<_> = segments.iter().collect();
    let mut txn = rvm.begin(&all).unwrap();
    for (i, segment) in (0_u64..).zip(&segments) {
        txn.write(segment, 0, &(i * 2).to_le_bytes()).unwrap();
    }
    txn.commit_with(Durability::Lazy).unwrap();
    rvm.flush().unwrap();
    for (i, segment) in (0_u64..).zip(&segments) {
        let mut txn = rvm.begin(&[segment]).unwrap();
        txn.write(segment, 0, &(i * 2 + 1).to_le_bytes()).unwrap();
        txn.commit_with(Durability::Lazy).unwrap();
    }
    rvm.close().unwrap();
}

/// Memory-backed where there is such a directory: the test is about descriptors, not disks.
fn fast_dir() -> &'static str {
    if std::path::Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "/tmp" }
}

/// Guards against a child of a fork... and a process that dies without warning: what it acknowledged is there.
#[test]
fn what_a_killed_process_acknowledged_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut last = 0;
    for _ in 0..5 {
        let mut child =
            child::command("files::child_commits_until_it_is_killed", dir.path()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut numbers = lines.map_while(Result::ok).filter_map(|line| line.parse::<u64>().ok());
        let acknowledged = numbers.by_ref().take(50).last().unwrap();
        child.kill().unwrap();
        let acknowledged = numbers.last().unwrap_or(acknowledged);
        child.wait().unwrap();
        assert!(acknowledged > last);

        let rvm = Rvm::options().read_only(true).open(dir.path()).unwrap();
        let view = |name| {
            let segment = rvm.map(name, 8).unwrap();
            let bytes = segment.read().unwrap();
            u64::from_le_bytes(bytes[..8].try_into().unwrap())
        };
        last = view("a");
        assert!(last >= acknowledged && view("b") == last, "{last} {acknowledged}");
    }
}

#[test]
#[ignore = "runs in a process of its own"]
fn child_commits_until_it_is_killed() {
    let Some(dir) = child::dir() else { return };
    let rvm = Rvm::open(dir).unwrap();
    let (a, b) = (rvm.map("a", 8).unwrap(), rvm.map("b", 8).unwrap());
    let first = u64::from_le_bytes(a.read().unwrap()[..8].try_into().unwrap());
    for number in first + 1.. {
        let mut txn = rvm.begin(&[&a, &b]).unwrap();
        txn.write(&a, 0, &number.to_le_bytes()).unwrap();
        txn.write(&b, 0, &number.to_le_bytes()).unwrap();
        txn.commit().unwrap();
        println!("\n{number}");
    }
}

/// Guards against a reader that writes, that needs the writer's lock, or that shows a state which never was.
#[test]
fn a_store_that_is_open_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let rvm = Rvm::open(dir.path()).unwrap();
    let (a, b) = (rvm.map("a", 4096).unwrap(), rvm.map("b", 4096).unwrap());
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in (1_u8..=255).cycle() {
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
                let mut txn = rvm.begin(&[&a, &b]).unwrap();
                txn.write(&a, 0, &[i; 4096]).unwrap();
                txn.write(&b, 0, &[i; 4096]).unwrap();
                txn.commit().unwrap();
            }
        });
        for _ in 0..30 {
            let reader = Rvm::options().read_only(true).open(dir.path()).unwrap();
            let (a, b) = (reader.map("a", 1).unwrap(), reader.map("b", 1).unwrap());
            let (a, b) = (a.read().unwrap(), b.read().unwrap());
            assert_eq!(a[..], b[..], "half of a transaction");
            assert!(a.iter().all(|byte| *byte == a[0]), "half of a range");
            assert!(matches!(reader.flush(), Ok(())));
            assert!(matches!(reader.truncate_log(), Err(Error::ReadOnly { .. })));
            assert!(matches!(reader.map("new", 1), Err(Error::NotFound { .. })));
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

/// Guards against mapped memory that shows other bytes than resident memory does, before and after pages are given back.
#[test]
#[expect(unsafe_code, reason = "the token of the mapped residency is unsafe to make")]
fn a_mapped_segment_behaves_like_a_resident_one() {
    let dir = tempfile::tempdir().unwrap();
    // SAFETY: the directory is this test's own; nothing else writes to its files or truncates them.
    let token = unsafe { MappedToken::new() };
    let mut expected = vec![0_u8; 100_000];
    for round in 0..4_u8 {
        let rvm = Rvm::options().residency(Residency::Mapped(token)).open(dir.path()).unwrap();
        let segment = rvm.map("s", 100_000).unwrap();
        assert!(segment.read().unwrap()[..] == expected[..], "round {round}");
        for i in 0..20 {
            let at = usize::from(round) * 20_000 + i * 997;
            let mut txn = rvm.begin(&[&segment]).unwrap();
            txn.write(&segment, at as u64, &[round + 1; 50]).unwrap();
            txn.commit().unwrap();
            expected[at..at + 50].fill(round + 1);
            let mut txn = rvm.begin(&[&segment]).unwrap();
            txn.about_to_modify(&segment, ..).unwrap().fill(0xee);
            txn.abort().unwrap();
        }
        rvm.truncate_log().unwrap();
        assert!(segment.read().unwrap()[..] == expected[..], "after pages were given back");
    }
}
