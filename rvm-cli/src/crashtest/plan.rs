//! What a crash test is to do: what the arguments say, what follows from the seed, and the command line that asks for it again.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::arguments::CrashtestArguments;
use crate::failure::Failure;
use crate::random::Random;

/// How many kills there are if nothing else is asked for.
const KILLS: u64 = 100;

/// The longest time before a kill if none is given: most programs have opened their store by then, and many rounds fit in a minute.
const MAX_MS: u64 = 50;

/// The same if the time counts from a line: about as long as a commit takes.
const MAX_MS_AFTER_LINE: u64 = 2;

/// What a crash test is to do.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    /// The check, for `sh -c`.
    pub(super) check: Option<String>,
    /// The store that is opened after each kill.
    pub(super) store: Option<PathBuf>,
    /// How many kills have to hit.
    pub(super) kills: Option<u64>,
    /// How long to go on.
    pub(super) time: Option<Duration>,
    pub(super) seed: u64,
    pub(super) min_ms: u64,
    pub(super) max_ms: u64,
    /// The line that the time counts from is one of so many.
    pub(super) after_lines: Option<u64>,
    pub(super) patience: Duration,
}

/// When to kill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Moment {
    /// After this line, from 1; none: the time counts from the start.
    pub(super) line: Option<u64>,
    /// So long after it.
    pub(super) delay: Duration,
}

impl Plan {
    /// What the arguments ask for, if it makes sense.
    pub(super) fn new(
        arguments: CrashtestArguments,
        store: Option<PathBuf>,
    ) -> Result<Self, Failure> {
        let mut words = arguments.command.into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program = program.ok_or_else(|| usage("there is no program to kill behind --"))?;
        if arguments.check.is_none() && store.is_none() {
            return Err(usage("nothing would be checked: give --check CMD2, --store DIR or both"));
        }
        let min_ms = arguments.min_ms;
        let usual = if arguments.after_lines.is_some() { MAX_MS_AFTER_LINE } else { MAX_MS };
        let max_ms = arguments.max_ms.unwrap_or_else(|| usual.max(min_ms));
        if min_ms > max_ms {
            return Err(usage(format!("--min-ms {min_ms} is more than --max-ms {max_ms}")));
        }
        let unlimited = arguments.kills.is_none() && arguments.time.is_some();
        Ok(Self {
            program,
            arguments: words.collect(),
            check: arguments.check,
            store,
            kills: (!unlimited).then(|| arguments.kills.unwrap_or(KILLS)),
            time: arguments.time,
            seed: arguments.seed.unwrap_or_else(Random::draw_seed),
            min_ms,
            max_ms,
            after_lines: arguments.after_lines,
            patience: arguments.patience,
        })
    }

    /// The moment of the next kill.
    pub(super) fn draw(&self, random: &mut Random) -> Moment {
        let spread = Duration::from_millis(self.max_ms - self.min_ms);
        let delay = Duration::from_millis(self.min_ms) + random.shorter_than(spread);
        let line = self.after_lines.map(|max| random.below(max) + 1);
        Moment { line, delay }
    }

    /// The program and its arguments, to be shown.
    pub(super) fn command_line(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        let quoted: Vec<String> = words.map(|word| quoted(&word.to_string_lossy())).collect();
        quoted.join(" ")
    }

    /// The command line that makes the same choices, up to so many kills.
    pub(super) fn repetition(&self, kills: u64) -> String {
        let own_name = std::env::args().next().unwrap_or_else(|| "rvmctl".to_owned());
        let mut words = vec![quoted(&own_name), "crashtest".to_owned()];
        let mut option =
            |name: &str, value: String| words.extend([name.to_owned(), quoted(&value)]);
        option("--seed", self.seed.to_string());
        option("--kills", kills.max(1).to_string());
        option("--min-ms", self.min_ms.to_string());
        option("--max-ms", self.max_ms.to_string());
        if let Some(max) = self.after_lines {
            option("--after-lines", max.to_string());
        }
        option("--patience", format!("{}ms", self.patience.as_millis()));
        if let Some(store) = &self.store {
            option("--store", store.display().to_string());
        }
        if let Some(check) = &self.check {
            option("--check", check.clone());
        }
        words.extend(["--".to_owned(), self.command_line()]);
        words.join(" ")
    }
}

fn usage(text: impl Into<String>) -> Failure {
    Failure::Usage(text.into())
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::{Arguments, Verb};

    fn plan(words: &str) -> Result<Plan, Failure> {
        let words = ["rvmctl", "crashtest"].into_iter().chain(words.split_whitespace());
        let arguments = Arguments::try_parse_from(words).unwrap();
        let Verb::Crashtest(crashtest) = arguments.verb else { panic!("another verb") };
        Plan::new(crashtest, arguments.store)
    }

    fn moments(plan: &Plan) -> Vec<Moment> {
        let mut random = Random::new(plan.seed);
        (0..1_000).map(|_| plan.draw(&mut random)).collect()
    }

    /// Guards against a seed that does not make the same choices again, and against one that has no influence.
    #[test]
    fn a_seed_makes_the_same_moments_again() {
        let drawn = |seed| moments(&plan(&format!("--seed {seed} --check a -- b")).unwrap());
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
    }

    /// Guards against moments outside of what was asked, and against a part of it that is never drawn.
    #[test]
    fn moments_lie_where_they_were_asked_for_and_everywhere_there() {
        let plan = plan("--seed 1 --min-ms 3 --max-ms 5 --after-lines 4 --check a -- b").unwrap();
        let moments = moments(&plan);
        let micros = |micros| Duration::from_micros(micros);
        let (low, high) = (micros(3_000), micros(5_000));
        assert!(moments.iter().all(|moment| (low..high).contains(&moment.delay)));
        assert!(moments.iter().any(|moment| moment.delay < micros(3_200)));
        assert!(moments.iter().any(|moment| moment.delay > micros(4_800)));
        for line in 1..=4 {
            assert!(moments.iter().any(|moment| moment.line == Some(line)), "never {line}");
        }
        assert!(moments.iter().all(|moment| (Some(1)..=Some(4)).contains(&moment.line)));
    }

    /// Guards against a command line that a shell takes for another one.
    #[test]
    fn the_repetition_is_quoted_for_a_shell() {
        let mut plan = plan("--seed 5 --min-ms 60 --store s --check x -- prog").unwrap();
        plan.check = Some("grep -c 'a b' && true".to_owned());
        plan.arguments = vec!["two words".into(), String::new().into()];
        let line = plan.repetition(12);
        assert!(line.contains(
            " crashtest --seed 5 --kills 12 --min-ms 60 --max-ms 60 --patience 120000ms --store s \
             --check 'grep -c '\\''a b'\\'' && true' -- prog 'two words' ''"
        ), "{line}");
    }

    /// Guards against a test that checks nothing, and against ranges that hold nothing.
    #[test]
    fn what_makes_no_sense_is_refused() {
        for words in ["-- b", "--min-ms 5 --max-ms 4 --check a -- b"] {
            assert!(matches!(plan(words), Err(Failure::Usage(_))), "{words} was taken");
        }
    }

    /// Guards against a time limit that ends after the usual number of kills.
    #[test]
    fn a_time_limit_takes_the_place_of_the_number_of_kills() {
        assert_eq!(plan("--check a -- b").unwrap().kills, Some(100));
        assert_eq!(plan("--for 1h --check a -- b").unwrap().kills, None);
        assert_eq!(plan("--for 1h --kills 5 --check a -- b").unwrap().kills, Some(5));
    }
}
