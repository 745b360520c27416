//! One side of a comparison: a store, a backup, a segment of one of them, or a file.

use std::path::Path;
use std::time::Duration;

use rvm_core::rvm_history::backup::manifest;
use rvm_core::rvm_history::image::Image;
use rvm_core::{Error, rvm_history::observer::Observer};

use crate::failure::Failure;
use crate::place::Place;

/// How long to wait for a moment when a store's files keep still.
const WAIT: Duration = Duration::from_secs(10);

/// One side of a comparison.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) image: Image,
    /// The one segment of it that is compared; all if `None`.
    pub(super) segment: Option<String>,
    pub(super) is_file: bool,
}

impl Side {
    /// Opens what a user named. A path that is there is that, also with a colon in it.
    pub(super) fn open(path: &Path, observer: &mut dyn Observer) -> Result<Self, Failure> {
        if path.is_dir() {
            return Ok(Self {
                image: of_directory(path, observer)?,
                segment: None,
                is_file: false,
            });
        }
        let parts = path.to_str().and_then(|text| text.rsplit_once(':'));
        if let Some((directory, segment)) = parts
            && path.symlink_metadata().is_err()
            && Path::new(directory).is_dir()
        {
            let image = of_directory(Path::new(directory), observer)?;
            if image.len_of(segment)?.is_none() {
                let (segment, store) = (segment.to_owned(), directory.to_owned());
                return Err(Error::NotFound { segment, store }.into());
            }
            return Ok(Self { image, segment: Some(segment.to_owned()), is_file: false });
        }
        let image = Image::of_file(path)?;
        let segment = image.segments()?.into_iter().next().map(|(name, _)| name);
        Ok(Self { image, segment, is_file: true })
    }
}

fn of_directory(path: &Path, observer: &mut dyn Observer) -> Result<Image, Failure> {
    if path.join(manifest::FILE).symlink_metadata().is_ok() {
        return Ok(Image::of_backup(path)?);
    }
    Ok(Image::of_store(&Place::new(Some(path.to_owned())).look()?, WAIT, observer)?)
}
