//! The crash test: kills that hit, checks that can fail, and a mistake that is found.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process_group};
use serde_json::Value;

use crate::rvmctl::{Run, program, run};
use crate::stores::{damaged, parent};

/// Never comes: for programs that end by themselves, and for those that the test ends.
const NEVER: &str = "3600000";

/// Runs a crash test of a shell script.
fn of_script(options: &[&str], script: &str) -> Run {
    run(["crashtest", "--seed", "7"].iter().chain(options).chain(&["--", "sh", "-c", script]))
}

fn number(report: &Value, field: &str) -> u64 {
    report[field].as_u64().unwrap()
}

/// The example `append_numbers`, built as this test is.
fn append_numbers() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_rvmctl")).parent().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--offline",
            "--quiet",
            "--example",
            "append_numbers",
            "--target-dir",
        ]);
        cargo.arg(folder.parent().unwrap()).current_dir(env!("CARGO_MANIFEST_DIR"));
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success());
        folder.join("examples/append_numbers")
    })
}

/// Runs a crash test of the example, 5 lines or fewer before each kill.
fn of_numbers(store: &Path, kills: &str, more: Option<&str>) -> Run {
    let example = append_numbers();
    let check = format!("{} {} --check", example.display(), store.display());
    let mut command = program();
    command.args(["crashtest", "--json", "--seed", "7", "--after-lines", "5", "--kills", kills]);
    command.args(["--check", &check, "--store"]).arg(store);
    command.arg("--").arg(example).arg(store).args(more);
    Run::new(command.output().unwrap())
}

/// Guards against a crash test that finds faults where there are none, and against a store that loses what was acknowledged.
#[test]
fn a_correct_program_passes() {
    let parent = parent();
    let report = of_numbers(&parent.path().join("numbers"), "10", None).fine().json();
    assert_eq!(report["ok"], true);
    assert_eq!((number(&report, "kills"), number(&report, "ended_before_kill")), (10, 0));
    assert!(number(&report, "acknowledged_lines") >= 10);
    assert_eq!(number(&report, "kills_before_first_line"), 0);
    assert!(number(&report, "shortest_life_nanos") <= number(&report, "longest_life_nanos"));
}

/// Guards against a crash test that misses the mistake it is made for: an acknowledgement before the commit.
#[test]
fn a_program_that_acknowledges_too_early_is_found() {
    let parent = parent();
    let run = of_numbers(&parent.path().join("numbers"), "1000", Some("--print-first"));
    let report = run.json();
    let finding = &report["finding"];
    run.fails_as_json(1, "the check ended with exit status: 1");
    assert_eq!(report["ok"], false);
    let output = finding["output"].as_str().unwrap();
    assert!(output.contains("was acknowledged") || output.contains("lost"), "{output}");
    let kept = PathBuf::from(finding["evidence"].as_str().unwrap());
    let lines = fs::read_to_string(kept.join("acknowledged")).unwrap().lines().count();
    assert_eq!(lines, usize::try_from(number(&report, "acknowledged_lines")).unwrap());
    fs::remove_dir_all(kept).unwrap();
}

/// Guards against a check that is not told what was acknowledged, in which round, and by which program.
#[test]
fn the_check_gets_all_lines_in_order() {
    let parent = parent();
    let told = parent.path().join("told");
    let check = format!("(echo $RVM_ROUND $RVM_SEED $RVM_ACKS; cat) > {}", told.display());
    let script = "echo $RVM_ROUND $RVM_SEED; sleep 1000";
    of_script(&["--check", &check, "--kills", "3", "--after-lines", "1"], script).fine();
    assert_eq!(fs::read_to_string(told).unwrap(), "3 7 3\n1 7\n2 7\n3 7\n");
}

/// Guards against a failure that cannot be looked into or repeated.
#[test]
fn a_failing_check_ends_the_test_with_all_that_helps() {
    let check = "echo the sum is off; test $RVM_ROUND != 3";
    let options = ["--check", check, "--after-lines", "1", "--kills", "9"];
    let words = ["round 3: the check ended with exit status: 1"];
    let told = of_script(&options, "echo line; sleep 1000").fails(1, &words).text();
    for words in [
        "FAILED in round 3",
        "seed 7, kill ",
        "after line 1",
        "3 lines acknowledged",
        "    the sum is off\n",
        " crashtest --seed 7 --kills 3 --min-ms 0 --max-ms 2 --after-lines 1 ",
        " --check 'echo the sum is off; test $RVM_ROUND != 3' -- sh -c 'echo line; sleep 1000'\n",
    ] {
        assert!(told.contains(words), "{words:?} is not in {told}");
    }
    remove_evidence(&told);
}

/// Guards against a seed that does not make the same choices again.
#[test]
fn the_same_seed_makes_the_same_kills() {
    let options =
        ["--json", "--check", "test $RVM_ROUND != 3", "--after-lines", "1", "--max-ms", "9"];
    let delay = || {
        let report = of_script(&options, "echo line; sleep 1000").json();
        let finding = &report["finding"];
        fs::remove_dir_all(finding["evidence"].as_str().unwrap()).unwrap();
        (number(finding, "round"), number(finding, "delay_nanos"))
    };
    assert_eq!(delay(), delay());
}

/// Guards against a test that passes because no kill hit anything.
#[test]
fn kills_that_never_hit_are_a_failure() {
    let options = ["--json", "--check", "true", "--min-ms", NEVER, "--kills", "3"];
    let run = of_script(&options, "printf 'whole\\nhalf'");
    let report = run.json();
    run.fails_as_json(1, "no kill hit a running program");
    assert_eq!((number(&report, "kills"), number(&report, "ended_before_kill")), (0, 100));
    assert_eq!(number(&report, "acknowledged_lines"), 100, "half a line is no line");
}

/// Guards against a test that passes with fewer kills than were asked for.
#[test]
fn too_few_kills_are_a_failure() {
    let options = ["--check", "true", "--after-lines", "1", "--kills", "3"];
    let script = "test $RVM_ROUND != 1 || { echo line; sleep 1000; }";
    of_script(&options, script).fails(1, &["only 1 kills hit", "100 times in a row"]);
}

/// Guards against a program that fails at its recovery, say, and is taken for one that was killed.
#[test]
fn a_program_that_fails_by_itself_is_a_failure() {
    let options = ["--check", "true", "--min-ms", NEVER];
    let run = of_script(&options, "echo cannot recover >&2; exit 3");
    let told = run.fails(1, &["round 1: the program ended by itself, with exit status: 3"]).text();
    assert!(told.contains("    cannot recover\n"), "{told}");
    remove_evidence(&told);
    let run = of_script(&options, "kill -SEGV $$");
    remove_evidence(&run.fails(1, &["round 1", "signal: 11"]).text());
    // A signal from elsewhere is not our kill.
    let run = of_script(&options, "kill -KILL $$");
    remove_evidence(&run.fails(1, &["round 1", "signal: 9"]).text());
}

/// Guards against processes of the program's that live on while the check looks.
#[test]
fn the_whole_group_is_killed() {
    let check = "while read p; do kill -0 $p && exit 1; done; true";
    let script = "sleep 1000 > /dev/null & echo $!; wait";
    of_script(&["--check", check, "--kills", "3", "--after-lines", "1"], script).fine();
}

/// Guards against a test that waits for ever.
#[test]
fn patience_has_an_end() {
    let silent = ["--check", "true", "--after-lines", "1", "--patience", "100ms"];
    let told = of_script(&silent, "sleep 1000").fails(1, &["printed nothing for 100.0 ms"]).text();
    remove_evidence(&told);
    let slow = ["--check", "sleep 1000", "--patience", "100ms"];
    let words = ["before the first start: the check took more than 100.0 ms"];
    remove_evidence(&of_script(&slow, "sleep 1000").fails(1, &words).text());
}

/// Guards against a damaged or missing store that passes.
#[test]
fn the_store_has_to_open() {
    let parent = parent();
    let of_store = |store: &Path| {
        let store = store.to_str().unwrap();
        of_script(&["--store", store, "--after-lines", "1", "--kills", "2"], "echo; sleep 1000")
    };
    let told = of_store(&damaged(&parent)).fails(1, &["a.log is damaged at byte"]).text();
    remove_evidence(&told);
    of_store(&parent.path().join("none")).fails(1, &["there never was a store in"]);

    let vanishing = parent.path().join("vanishing");
    run(["seg", "create", "a", "1", "--store", vanishing.to_str().unwrap()]).fine();
    let script = format!("rm -r {}; echo line; sleep 1000", vanishing.display());
    let options = ["--store", vanishing.to_str().unwrap(), "--after-lines", "1"];
    let told = of_script(&options, &script).fails(1, &["round 1: there is no store in"]).text();
    remove_evidence(&told);
}

/// Guards against slips that look like lost data, and against tests that check nothing.
#[test]
fn what_makes_no_sense_is_wrong_usage() {
    let usage = |words: &str| run(words.split_whitespace());
    usage("crashtest --check true -- /no/such/program")
        .fails(2, &["cannot start /no/such/program: No such file"]);
    usage("crashtest --check /no/such/check -- sleep 9").fails(2, &["check cannot be run", "such"]);
    usage("crashtest -- sleep 9").fails(2, &["nothing would be checked", "--check"]);
    usage("crashtest --check true --min-ms 60 --max-ms 50 -- sleep 9")
        .fails(2, &["--min-ms 60 is more than --max-ms 50"]);
    for words in [
        "crashtest --check true",
        "crashtest --check true --",
        "crashtest --check true --kills 0 -- sleep 9",
        "crashtest --check true --after-lines 0 -- sleep 9",
        "crashtest --check true --for soon -- sleep 9",
        "crashtest --check true --for 0s -- sleep 9",
    ] {
        assert_eq!(usage(words).code, 2, "{words}");
    }
}

/// Guards against processes and files that stay behind when the user has seen enough.
#[test]
fn an_interruption_ends_it_cleanly() {
    for signal in [Signal::INT, Signal::TERM] {
        let parent = parent();
        let id = parent.path().join("id");
        let script = format!("echo $$ > {0}.new; mv {0}.new {0}; sleep 1000", id.display());
        let mut command = program();
        command.args(["crashtest", "--check", "true", "--min-ms", NEVER, "--", "sh", "-c"]);
        command.arg(script).env("TMPDIR", parent.path());
        let test = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while !id.exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
        kill_process(Pid::from_child(&test), signal).unwrap();
        let run = Run::new(test.wait_with_output().unwrap());
        run.fails(130, &["interrupted after 0 kills; no failure until then"]);
        let group = fs::read_to_string(&id).unwrap().trim().parse().unwrap();
        assert!(test_kill_process_group(Pid::from_raw(group).unwrap()).is_err());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1, "a file stayed behind");
    }
}

/// What a failure leaves for its user is of no use to a test.
fn remove_evidence(told: &str) {
    let (_, behind) = told.split_once("kept in ").unwrap();
    fs::remove_dir_all(behind.lines().next().unwrap()).unwrap();
}
