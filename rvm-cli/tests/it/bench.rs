//! The benchmark, for moments only: what it counts, what it leaves behind, and what it refuses. No test asks how fast anything is.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::rvmctl::{Run, on, program, run};
use crate::stores::{clean, files, parent, write};

/// Runs the benchmark in this directory; the options are words.
fn bench(directory: &Path, options: &str) -> Run {
    let mut command = program();
    command.arg("bench").arg(directory).args(["--size", "64K"]).args(options.split_whitespace());
    Run::new(command.output().unwrap())
}

fn number(facts: &Value, field: &str) -> u64 {
    facts[field].as_u64().unwrap_or_else(|| panic!("no {field} in {facts}"))
}

/// Columns without a gap that hold all that were counted, and quantiles in order.
fn check_latency(latency: &Value) {
    let columns = latency["histogram"].as_array().unwrap();
    let counts = columns.iter().map(|column| number(column, "count"));
    assert_eq!(counts.sum::<u64>(), number(latency, "count"));
    for (column, next) in columns.iter().zip(columns.iter().skip(1)) {
        assert_eq!(number(column, "below_nanos"), number(next, "from_nanos"));
    }
    let quantiles = ["p50_nanos", "p90_nanos", "p99_nanos", "p99_9_nanos", "max_nanos"];
    assert!(quantiles.map(|quantile| number(latency, quantile)).is_sorted());
}

fn check_spread(spread: &Value) {
    let figures = ["least", "median", "greatest"].map(|part| spread[part].as_f64().unwrap());
    assert!(figures.is_sorted(), "{figures:?}");
}

/// Guards against figures that do not belong together, commits that are not counted, and files that stay.
#[test]
fn forced_commits_are_counted_beside_forces() {
    let parent = parent();
    let report = bench(parent.path(), "--seconds 0.2 --rounds 3 --json").fine().json();
    assert_eq!(report["durability"], "force");
    assert_eq!(report["reference"], "forces");
    assert_eq!((number(&report, "threads"), number(&report, "rounds")), (1, 3));
    assert_eq!(number(&report, "segment_len"), 65_536);
    assert_eq!(number(&report, "slice_nanos"), 25_000_000);
    let commits = number(&report, "commits");
    assert!(commits >= 3, "each round has one at least");
    assert_eq!(number(&report["commit_latency"], "count"), commits);
    check_latency(&report["commit_latency"]);
    check_latency(&report["force_latency"]);
    assert_eq!(number(&report, "log_forces"), commits, "one thread shares its forces with nobody");
    assert!(number(&report, "force_bytes") >= 4096 * commits);
    assert!(number(&report, "log_bytes_per_commit") >= 88, "three balances and an audit record");
    assert!(report["nanos_outside_force"].is_u64() && report["direct_writes"].is_boolean());
    for spread in ["commits_per_second", "reference_per_second", "ratio"] {
        check_spread(&report[spread]);
    }
    assert!(files(parent.path()).is_empty());
    assert!(!Path::new(report["directory"].as_str().unwrap()).exists());
}

/// Guards against threads that do nothing, and against a figure that several threads cannot have.
#[test]
fn threads_share_a_segment_or_have_one_each() {
    let parent = parent();
    for segments in ["one", "each"] {
        let options = format!("--seconds 0.1 --rounds 1 --threads 3 --segments {segments} --json");
        let report = bench(parent.path(), &options).fine().json();
        assert_eq!((report["segments"].as_str(), number(&report, "threads")), (Some(segments), 3));
        assert!(number(&report, "commits") >= 3);
        assert!(number(&report, "log_forces") <= number(&report, "commits"));
        assert!(report["nanos_outside_force"].is_null());
    }
    assert!(files(parent.path()).is_empty());
}

/// Guards against lazy commits that are compared with a disk.
#[test]
fn lazy_commits_are_counted_beside_plain_stores() {
    let parent = parent();
    let options = "--seconds 0.1 --rounds 2 --durability lazy --pattern sequential --json";
    let report = bench(parent.path(), options).fine().json();
    assert_eq!((&report["reference"], &report["durability"]), (&"stores".into(), &"lazy".into()));
    assert_eq!(report["pattern"], "sequential");
    assert_eq!(number(&report["commit_latency"], "count"), number(&report, "commits"));
    check_latency(&report["commit_latency"]);
    for nothing in ["force_latency", "nanos_outside_force", "direct_writes"] {
        assert!(report[nothing].is_null(), "{nothing}");
    }
    assert!(files(parent.path()).is_empty());
}

/// Guards against text without the figures that it is for.
#[test]
fn people_get_rates_latencies_and_bars() {
    let parent = parent();
    let text = bench(parent.path(), "--seconds 0.1 --rounds 1").fine().text();
    for words in [
        "TPC-A on 1 thread, 1 segment of 64.0 KiB, random, each commit forced",
        "1 round of 25.0 ms",
        "this disk: ",
        "RVM: ",
        "commits/s",
        "p99.9 ",
        "a commit logs ",
        "outside its force",
        "\u{2588}",
    ] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    let lazy = bench(parent.path(), "--seconds 0.1 --rounds 1 --durability lazy").fine().text();
    assert!(lazy.contains("plain stores: ") && !lazy.contains("FORCE"), "{lazy}");
}

/// Guards against a drawing that is no file or no SVG, and against temporary files beside it.
#[test]
fn the_drawing_replaces_an_older_one() {
    let parent = parent();
    let svg = parent.path().join("plot.svg");
    write(&svg, b"older");
    let work = parent.path().join("work");
    fs::create_dir(&work).unwrap();
    bench(&work, &format!("--seconds 0.1 --rounds 2 --svg {}", svg.display())).fine();
    let text = fs::read_to_string(&svg).unwrap();
    assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"));
    for words in ["commits", "forces of the disk", "per second", "latency (logarithmic"] {
        assert!(text.contains(words), "{words:?} is not in the drawing");
    }
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2);
}

/// Guards against a default that is somewhere else than temporary files are, or that stays there.
#[test]
fn without_a_directory_it_works_among_temporary_files() {
    let parent = parent();
    let mut command = program();
    command.args(["bench", "--seconds", "0.1", "--rounds", "1", "--size", "4K", "--json"]);
    let run = Run::new(command.env("TMPDIR", parent.path()).output().unwrap()).fine();
    let directory = run.json()["directory"].as_str().unwrap().to_owned();
    assert!(directory.starts_with(parent.path().to_str().unwrap()), "{directory}");
    assert!(files(parent.path()).is_empty());
}

/// Guards against time that is spent before what cannot work is told, and against a store of somebody's that is worked in.
#[test]
fn what_cannot_work_is_refused_at_once() {
    let parent = parent();
    let (store, file) = (clean(&parent), parent.path().join("file"));
    write(&file, b"");
    let before = files(&store);
    let missing = parent.path().join("missing");
    bench(&missing, "").fails(7, &["cannot make a directory in", "missing", "No such file"]);
    bench(&file, "").fails(1, &["cannot make a directory in", "file: not a directory"]);
    bench(&store, "").fails(2, &["holds a store"]);
    on(&store, "bench").fails(2, &["makes a store of its own"]);
    let svg = |path: &Path| bench(parent.path(), &format!("--svg {}", path.display()));
    svg(&missing.join("plot.svg")).fails(7, &["cannot write", "plot.svg: No such file"]);
    svg(&store).fails(1, &["cannot write", "is a directory"]);
    run(["bench", "--size", "4095"]).fails(2, &["--size is at least 4096"]);
    for wrong in [
        "--threads 0",
        "--threads 257",
        "--seconds 0",
        "--seconds soon",
        "--rounds 0",
        "--size much",
        "--segments two",
        "--durability never",
        "--pattern none",
    ] {
        let words = ["bench"].into_iter().chain(wrong.split(' '));
        assert_eq!(run(words).code, 2, "{wrong}");
    }
    assert!(files(&store) == before);
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2);
}

/// Guards against files that stay behind when the user has seen enough.
#[test]
fn an_interruption_leaves_nothing_behind() {
    let parent = parent();
    let mut command = program();
    command.arg("bench").arg(parent.path()).args(["--size", "4K", "--seconds", "3600", "--json"]);
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It listens to signals before it makes anything.
    while fs::read_dir(parent.path()).unwrap().count() == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    kill_process(Pid::from_child(&run), Signal::INT).unwrap();
    Run::new(run.wait_with_output().unwrap()).fails_as_json(130, "interrupted in round 0 of 9");
    assert!(files(parent.path()).is_empty());
}
