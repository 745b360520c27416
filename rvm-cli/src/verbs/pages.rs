//! `rvmctl completions` and `rvmctl man`: what a shell and a manual know of the command line, made from the same source as its help.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use tempfile::NamedTempFile;

use crate::arguments::{Arguments, ManArguments};
use crate::exit;
use crate::failure::Failure;
use crate::output::Output;

/// Prints a script for the shell.
pub(super) fn completions(shell: Shell, output: &mut Output) -> Result<(), Failure> {
    refuse_json("completions", output)?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "rvmctl", &mut script);
    output.raw(&script)
}

/// Prints the page of the whole, or writes one for each command.
pub(super) fn man(asked: &ManArguments, output: &mut Output) -> Result<(), Failure> {
    refuse_json("man", output)?;
    let mut command = Arguments::command();
    command.build();
    let Some(directory) = &asked.to else {
        return output.raw(&page(command, "rvmctl")?);
    };
    if !asked.dry_run {
        fs::create_dir_all(directory).map_err(|source| Failure::file("make", directory, source))?;
    }
    let mut pages = Vec::new();
    collect(command, "rvmctl", &mut pages)?;
    for (name, page) in pages {
        let path = directory.join(format!("{name}.1"));
        if !asked.dry_run {
            write(directory, &path, &page)?;
        }
        output.line(path.display())?;
    }
    Ok(())
}

fn refuse_json(verb: &str, output: &Output) -> Result<(), Failure> {
    if output.wants_json() {
        return Err(Failure::Usage(format!("what `{verb}` prints has no form as JSON")));
    }
    Ok(())
}

/// The pages of a command and of all below that are shown, each with its name.
fn collect(
    command: Command,
    name: &str,
    pages: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), Failure> {
    let below: Vec<Command> = command
        .get_subcommands()
        .filter(|below| !below.is_hide_set() && below.get_name() != "help")
        .cloned()
        .collect();
    pages.push((name.to_owned(), page(command, name)?));
    for command in below {
        let name = format!("{name}-{}", command.get_name());
        collect(command, &name, pages)?;
    }
    Ok(())
}

fn page(command: Command, name: &str) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    let (has_options, has_commands) =
        (command.get_arguments().next().is_some(), command.has_subcommands());
    let version = concat!("rvmctl ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command).source(version).manual("Recoverable virtual memory");
    let rendered = man
        .render_title(&mut page)
        .and_then(|()| man.render_name_section(&mut page))
        .and_then(|()| man.render_synopsis_section(&mut page))
        .and_then(|()| man.render_description_section(&mut page))
        .and_then(|()| if has_options { man.render_options_section(&mut page) } else { Ok(()) })
        .and_then(
            |()| if has_commands { man.render_subcommands_section(&mut page) } else { Ok(()) },
        )
        .and_then(|()| page.write_all(ending(name).as_bytes()));
    rendered.map_err(Failure::Output)?;
    // Each section begins with the same definitions.
    let text = String::from_utf8_lossy(&page);
    let defines = |line: &&str| line.starts_with(".ie ") || line.starts_with(".el ");
    let definitions = text.lines().take_while(defines);
    let rest = text.lines().filter(|line| !defines(line));
    Ok(definitions
        .chain(rest)
        .flat_map(|line| [line.as_bytes(), b"\n"])
        .flatten()
        .copied()
        .collect())
}

/// The exit codes, and where the rest is.
fn ending(name: &str) -> String {
    let mut text = String::from(".SH \"EXIT STATUS\"\n");
    for line in exit::TABLE.lines().skip(1) {
        let (code, meaning) = line.trim().split_once("  ").unwrap_or_default();
        // Writing to a string cannot fail.
        writeln!(text, ".TP\n\\fB{code}\\fR\n{}", meaning.replace('-', "\\-")).ok();
    }
    if name != "rvmctl" {
        text.push_str(".SH \"SEE ALSO\"\n\\fBrvmctl\\fR(1)\n");
    }
    text
}

/// Whoever reads the page meanwhile finds the old one or the new one.
fn write(directory: &Path, path: &Path, page: &[u8]) -> Result<(), Failure> {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    let fault = |source| Failure::file("write", path, source);
    let mut hidden = tempfile::Builder::new();
    hidden.prefix(".rvmctl-man-").permissions(Permissions::from_mode(0o666));
    let mut file: NamedTempFile = hidden.tempfile_in(directory).map_err(fault)?;
    file.write_all(page).map_err(fault)?;
    file.persist(path).map_err(|refused| fault(refused.error)).map(drop)
}
