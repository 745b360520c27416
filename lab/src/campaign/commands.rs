//! The harnesses that are programs of their own: built, run, and read by what they print.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use indicatif::ProgressBar;
use serde_json::Value;

use super::{Outcome, Plan, ended, figure};
use crate::root;

/// A full campaign's fuzzing, in seconds for each target: so that all of them together reach the goal.
const FUZZ_SECONDS: u64 = 150;

pub(super) fn schedules(plan: &Plan, _: &ProgressBar) -> Outcome {
    let goal = plan.goal(20_000);
    let mut command = cargo(&["test", "--release", "-p", "rvm-txn", "--test", "schedules"]);
    command.args(["--", "--nocapture", "--test-threads"]).arg(plan.threads.to_string());
    command.env("RUSTFLAGS", "--cfg shuttle").env("RVM_SCHEDULES", plan.goal(2_000).to_string());
    command.env("CARGO_TARGET_DIR", root().join("target/shuttle"));
    ended(said(command).map(|text| {
        vec![figure("schedules", numbers_behind(&text, "schedules: ").iter().sum(), goal)]
    }))
}

pub(super) fn fuzz(plan: &Plan, _: &ProgressBar) -> Outcome {
    if said(cargo(&["fuzz", "--version"])).is_err() {
        return Outcome::Skipped("cargo-fuzz is not installed".to_owned());
    }
    let seconds = plan.goal(FUZZ_SECONDS).to_string();
    let mut command = Command::new(root().join("fuzz/run"));
    command.arg(seconds).env("FUZZ_JOBS", plan.threads.to_string());
    ended(said(command).map(|text| {
        let mut figures = Vec::new();
        for line in text.lines().filter_map(|line| line.strip_prefix("fuzz ")) {
            let (target, rest) = line.split_once(": ").unwrap_or((line, ""));
            let executions = rest.split(' ').next().and_then(|number| number.parse().ok());
            figures.push(figure(&format!("executions of {target}"), executions.unwrap_or(0), 1));
        }
        let all = figures.iter().map(|figure| figure.found).sum();
        figures.insert(0, figure("executions in all", all, plan.goal(10_000_000)));
        figures
    }))
}

pub(super) fn kills(plan: &Plan, _: &ProgressBar) -> Outcome {
    let goal = plan.goal(2_000);
    let build = ["build", "--release", "-p", "rvm-cli", "--bin", "rvmctl"];
    let example = ["build", "--release", "-p", "rvm-cli", "--example", "append_numbers"];
    for arguments in [build, example] {
        if let Err(failure) = said(cargo(&arguments)) {
            return Outcome::Failed(failure);
        }
    }
    let release = target().join("release");
    // Half of the kills come soon after the start, and hit recovery; half behind some commits.
    let (mut kills, mut acknowledged) = (0, 0);
    for timing in [&[][..], &["--after-lines", "20"]] {
        let store = std::env::temp_dir().join(format!("rvm-lab-kills-{}", std::process::id()));
        let program = release.join("examples/append_numbers");
        let mut command = Command::new(release.join("rvmctl"));
        command.args(["--json", "crashtest", "--kills", &goal.div_ceil(2).to_string()]);
        command.args(timing).args(["--seed", &plan.seed.to_string(), "--check"]);
        command.arg(format!("{} {} --check", program.display(), store.display()));
        command.arg("--").arg(&program).arg(&store);
        let report = match said(command).map(|text| serde_json::from_str::<Value>(&text)) {
            Ok(Ok(report)) => report,
            Ok(Err(error)) => return Outcome::Failed(error.to_string()),
            // The store stays: it is the evidence.
            Err(failure) => return Outcome::Failed(failure),
        };
        kills += report["kills"].as_u64().unwrap_or(0);
        acknowledged += report["acknowledged_lines"].as_u64().unwrap_or(0);
        drop(std::fs::remove_dir_all(&store));
    }
    Outcome::Passed(vec![
        figure("kills", kills, goal),
        figure("acknowledged transactions", acknowledged, 1),
    ])
}

/// The program `life`, built.
pub(super) fn life() -> Result<PathBuf, String> {
    said(cargo(&["build", "--release", "-p", "lab", "--bin", "life"]))?;
    Ok(target().join("release/life"))
}

/// Runs a program to its end; what it printed, or what it complained of.
fn said(mut command: Command) -> Result<String, String> {
    let output = command.current_dir(root()).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?} ended with {}\n{text}\n{complaint}", output.status))
}

/// The numbers that stand behind `label` in the lines of `text`.
fn numbers_behind(text: &str, label: &str) -> Vec<u64> {
    let behind = text.lines().filter_map(|line| line.split_once(label));
    let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok();
    behind.filter_map(|(_, rest)| number(rest)).collect()
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
