//! `rvmctl stats`: what it shows of a store, from its process and from its files, once and again and again.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rvm_core::Rvm;
use serde_json::{Deserializer, Value, json};

use crate::rvmctl::{on, program};
use crate::stores::{clean, crashed, parent, write};

const HOUR: Duration = Duration::from_secs(3_600);

/// Guards against figures of the logs that are lost on their way to the terminal, and labels that play with it.
#[test]
fn what_the_logs_hold_is_shown() {
    let parent = parent();
    let store = crashed(&parent);
    let stats = on(&store, "stats --json").fine().json();
    let logs = &stats["logs"];
    assert_eq!((&stats["published"], &stats["rates"]), (&Value::Null, &Value::Null));
    assert_eq!((&logs["transactions"], &logs["records"]), (&json!(1), &json!(2)));
    assert_eq!((&logs["range_bytes"], &logs["last_transaction"]), (&json!(10), &json!(1)));
    assert_eq!(logs["range_lens"][0], json!({ "from": 1, "count": 1 }));
    assert_eq!(logs["labels"][0]["label"], "test\u{7}");
    assert_eq!(logs["segments"][1]["name"], "b");
    assert_eq!(logs["segments"][0]["log_used"], logs["segments"][0]["record_bytes"]);
    let text = on(&store, "stats").fine().text();
    assert!(text.contains("1 transaction in the logs"), "{text}");
    assert!(text.contains("test?") && !text.contains('\u{7}'), "{text}");
    assert!(text.contains("its process tells nothing"), "{text}");
    let empty = on(&clean(&parent), "stats").fine().text();
    assert!(empty.contains("0 transactions in the logs"), "{empty}");
}

/// Guards against figures of a process that is there and is not asked, or is gone and believed.
#[test]
fn what_a_process_tells_is_shown_until_it_is_stale() {
    let parent = parent();
    let (live, dead) = (parent.path().join("live"), parent.path().join("dead"));
    let store = Rvm::options().publish_stats(HOUR).open(&live).unwrap();
    store.map("a", 64).unwrap();
    let stats = on(&live, "stats --format json").fine().json();
    assert_eq!(stats["published"]["process"], json!(std::process::id()));
    assert_eq!(stats["published"]["stale"], false);
    assert_eq!(stats["published"]["counters"]["commits_forced"], 0);
    let process = format!("process {}", std::process::id());
    assert!(on(&live, "stats").fine().text().contains(&process));
    std::fs::create_dir(&dead).unwrap();
    for (name, bytes) in crate::stores::files(&live) {
        write(&dead.join(name), &bytes);
    }
    assert!(on(&dead, "stats").fine().text().contains("stale"));
    assert_eq!(on(&dead, "stats --json").fine().json()["published"]["stale"], true);
    write(&dead.join("rvm.stats"), b"rvm statistics 1\nprocess none\n");
    on(&dead, "stats").fails(4, &["rvm.stats", "line 2"]);
    store.close().unwrap();
}

/// Guards against a watch that never ends, and rates of the time before it began.
#[test]
fn a_watch_tells_rates_from_the_second_time_on() {
    let parent = parent();
    let store = crashed(&parent);
    let run = on(&store, "stats --json --watch 0.01 --count 3").fine();
    let times: Vec<Value> =
        Deserializer::from_slice(&run.stdout).into_iter().map(Result::unwrap).collect();
    assert_eq!(times.len(), 3);
    assert_eq!(times[0]["rates"], Value::Null);
    assert_eq!(times[2]["rates"]["transactions_per_second"], 0.0);
    assert_eq!(times[2]["rates"]["commits_per_second"], Value::Null);
    assert!(times[2]["rates"]["elapsed_nanos"].as_u64().unwrap() > 0);
    assert_eq!(on(&store, "stats --count 3").code, 2);
    assert_eq!(on(&store, "stats --watch 0").code, 2);
}

/// Guards against a watch that a script takes for a success, or that Ctrl-C does not end.
#[test]
fn a_watch_that_is_interrupted_ends_with_its_code() {
    let parent = parent();
    let store = crashed(&parent);
    let mut command = program();
    command.arg("--store").arg(&store).args(["stats", "--watch", "3600"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// Guards against an exposition without its help, or whose samples are of no store in particular.
#[test]
fn metrics_name_their_store() {
    let parent = parent();
    let store = crashed(&parent);
    let text = on(&store, "stats --format prometheus").fine().text();
    let named = format!("{{store=\"{}\"", store.display());
    for line in text.lines() {
        assert!(line.starts_with("# ") || line.contains(&named), "{line}");
    }
    assert!(text.contains("# TYPE rvm_log_used_bytes gauge\n"), "{text}");
    assert!(text.contains("label=\"test\u{7}\"} 1\n"), "a collector wants labels as they are");
    assert_eq!(on(&store, "stats --json --format prometheus").code, 2);
}
