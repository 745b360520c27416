//! The verbs. Each does one thing to one store, and prints one report.

mod archive;
mod backup;
mod blame;
mod confirm;
mod diff;
mod dump;
mod export;
mod forecast;
mod import;
mod log;
mod pages;
mod peek;
mod poke;
mod portions;
mod recover;
mod repair;
mod replay;
mod restore;
mod salvage;
mod segments;
mod shell;
mod stats;
mod status;
mod truncate;
mod verify;

use self::forecast::Act;
use crate::arguments::{Arguments, SegVerb, Verb};
use crate::bench;
use crate::crashtest;
use crate::demo;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;

/// Does what was asked.
pub(crate) fn run(arguments: Arguments, output: &mut Output) -> Result<Exit, Failure> {
    let given = arguments.store;
    let place = Place::new(given.clone());
    let done = match arguments.verb {
        // The environment names a store to work with. The demo, which fills one, wants to be told of it.
        Verb::Demo(demo) => demo::run(&demo, given, output),
        Verb::Crashtest(crashtest) => crashtest::run(crashtest, given, output),
        Verb::Bench(bench) => bench::run(&bench, given, output),
        Verb::DemoChild(child) => return demo::run_child(&child, &place),
        Verb::Shell(asked) => return shell::run(&place, &asked, output),
        Verb::Completions(asked) => pages::completions(asked.shell, output),
        Verb::Man(asked) => pages::man(&asked, output),
        Verb::Stats(stats) => return stats::run(&place, &stats, output),
        Verb::Status => return status::run(&place, output),
        Verb::Seg(SegVerb::Ls) => segments::list(&place, output),
        Verb::Seg(SegVerb::Create { name, len, dry_run }) => {
            segments::create(&place, &name, len, dry_run, output)
        }
        Verb::Seg(SegVerb::Destroy { name, yes, dry_run }) => {
            segments::destroy(&place, &name, segments::Mode::of(dry_run, yes), output)
        }
        Verb::Peek(peek) => peek::run(&place, &peek, output),
        Verb::Poke(poke) => poke::run(&place, &poke, output),
        Verb::Log(asked) => return log::run(&place, &asked, output),
        Verb::Blame(asked) => blame::run(&place, &asked, output),
        Verb::Dump(asked) => dump::run(&place, &asked, output),
        Verb::Backup(backup) => backup::run(&place, &backup, output),
        Verb::Archive(archive) => return archive::run(&place, &archive, output),
        Verb::Replay(replay) => replay::run(&place, &replay, output),
        Verb::Restore(restore) => restore::run(&restore, output),
        Verb::Export(export) => export::run(&place, &export, output),
        Verb::Import(import) => import::run(&place, &import, output),
        Verb::Diff(diff) => return diff::run(&diff, output),
        Verb::Truncate { dry_run: true } => {
            return forecast::run(&place, Act::Truncate, output);
        }
        Verb::Truncate { .. } => truncate::run(&place, output),
        Verb::Repair(arguments) => return repair::run(&place, &arguments, output),
        Verb::Verify(arguments) => return verify::run(&place, &arguments, output),
        Verb::Recover(recover) if recover.salvage => return salvage::run(&place, &recover, output),
        Verb::Recover(recover) if recover.dry_run => {
            return forecast::run(&place, Act::Recover, output);
        }
        Verb::Recover(_) => recover::run(&place, output),
    };
    done.map(|()| Exit::Fine)
}
