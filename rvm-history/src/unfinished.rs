//! A directory while it is filled. It has another name then, so nothing interrupted can pass for whole.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::copy_error::{CopyError, Result};

/// What the name of an unfinished directory ends with.
const SUFFIX: &str = ".unfinished";

/// A directory that is being filled. Dropped before it is finished, it is removed.
#[derive(Debug)]
pub(crate) struct Unfinished {
    path: PathBuf,
    target: PathBuf,
    /// Whether a file is one that an earlier attempt may have left.
    is_ours: fn(&Path) -> bool,
    /// Held locked, so that no other process takes it for one that was left behind.
    _lock: File,
    finished: bool,
}

impl Unfinished {
    /// Makes the directory; what a killed process left of the same is removed, if all of it `is_ours`. The target must be missing.
    pub(crate) fn begin(target: &Path, is_ours: fn(&Path) -> bool) -> Result<Self> {
        if target.symlink_metadata().is_ok() {
            return Err(CopyError::Exists { path: target.display().to_string() });
        }
        Self::begin_in_place_of_empty(target, is_ours)
    }

    /// The same; but the target may be an empty directory, as its caller has seen.
    pub(crate) fn begin_in_place_of_empty(
        target: &Path,
        is_ours: fn(&Path) -> bool,
    ) -> Result<Self> {
        let exists = || CopyError::Exists { path: target.display().to_string() };
        let name = target.file_name().ok_or_else(exists)?;
        let mut unfinished = name.to_owned();
        unfinished.push(SUFFIX);
        let path = parent_of(target).join(unfinished);
        let made = DirBuilder::new().mode(0o700).create(&path);
        if let Err(error) = made
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(CopyError::file("create", &path)(error));
        }
        let lock = File::open(&path).map_err(CopyError::file("open", &path))?;
        lock.try_lock().map_err(|_| CopyError::InProgress { path: path.display().to_string() })?;
        remove_content(&path, is_ours)?;
        Ok(Self { path, target: target.to_owned(), is_ours, _lock: lock, finished: false })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the directory, whose files are forced, its name, durably.
    pub(crate) fn finish(mut self) -> Result<()> {
        sync(&self.path)?;
        // An empty directory that came meanwhile is replaced by this, and nothing else.
        fs::rename(&self.path, &self.target).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::NotADirectory => {
                CopyError::Exists { path: self.target.display().to_string() }
            }
            _ => CopyError::file("rename", &self.path)(error),
        })?;
        self.finished = true;
        sync(&parent_of(&self.target))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.finished {
            // It would be removed the next time, too.
            remove_content(&self.path, self.is_ours).ok();
            fs::remove_dir(&self.path).ok();
        }
    }
}

/// Fails if a directory that is to be filled has anything in it. It may be missing.
pub(crate) fn check_free(to: &Path) -> Result<()> {
    let is_free = match to.read_dir() {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(CopyError::file("list", to)(error)),
    };
    if is_free { Ok(()) } else { Err(CopyError::NotEmpty { path: to.display().to_string() }) }
}

/// Makes a file for its owner alone.
pub(crate) fn create(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => CopyError::Exists { path: path.display().to_string() },
        _ => CopyError::file("create", path)(error),
    })
}

/// The directory that a path lies in.
pub(crate) fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => path.to_owned(),
    }
}

/// Makes the names in a directory durable.
fn sync(directory: &Path) -> Result<()> {
    let opened = File::open(directory).and_then(|directory| directory.sync_all());
    opened.map_err(CopyError::file("force", directory))
}

/// Removes what an attempt that was interrupted has left; nothing if there is anything else.
fn remove_content(directory: &Path, is_ours: fn(&Path) -> bool) -> Result<()> {
    let listed = fs::read_dir(directory).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()
    });
    let files = listed.map_err(CopyError::file("list", directory))?;
    if !files.iter().all(|file| is_ours(file)) {
        return Err(CopyError::NotEmpty { path: directory.display().to_string() });
    }
    files.iter().try_for_each(|file| fs::remove_file(file).map_err(CopyError::file("remove", file)))
}
