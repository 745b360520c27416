//! What stays of a failure: the events that were acknowledged, and the files that they were judged by.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Puts texts and files into a new folder that nobody removes; a folder is copied with the files in it. Says where it is.
pub(super) fn keep(texts: &[(&str, &str)], copies: &[(&str, &Path)]) -> String {
    let kept = || -> io::Result<PathBuf> {
        let folder = tempfile::Builder::new().prefix("rvm-lab-evidence-").tempdir()?.keep();
        for (name, text) in texts {
            File::create_new(folder.join(name))?.write_all(text.as_bytes())?;
        }
        for (name, from) in copies {
            copy(from, &folder.join(name))?;
        }
        Ok(folder)
    };
    match kept() {
        Ok(folder) => format!("the evidence is in {}", folder.display()),
        Err(error) => format!("the evidence could not be kept: {error}"),
    }
}

/// Copies a file, or a folder of files; nothing, if it is not there.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_file() {
        fs::copy(from, to)?;
    } else if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in from.read_dir()? {
            let entry = entry?;
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
