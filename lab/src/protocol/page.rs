//! The unit that a machine writes back as one: a slot of a log, a header, a cell of a segment.

/// A page, as the cache has it and as the medium has it.
#[derive(Clone, Debug)]
pub(super) struct Page<T> {
    cached: T,
    on_medium: T,
    /// Whether the machine knows that the two may differ. After a failed force they may although it does not.
    dirty: bool,
}

impl<T: Clone> Page<T> {
    pub(super) fn new(content: T) -> Self {
        Self { cached: content.clone(), on_medium: content, dirty: false }
    }

    pub(super) fn read(&self) -> &T {
        &self.cached
    }

    pub(super) fn write(&mut self, content: T) {
        self.cached = content;
        self.dirty = true;
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// What the machine does now and then, and a force to all pages of a file.
    pub(super) fn write_back(&mut self) {
        if self.dirty {
            self.on_medium = self.cached.clone();
            self.dirty = false;
        }
    }

    /// What a failed force does on the usual file systems: the page counts as written and is not.
    pub(super) fn fail_to_write_back(&mut self) {
        self.dirty = false;
    }

    /// The next reader gets what the medium has, unless there is something to be written first.
    pub(super) fn drop_from_cache(&mut self) {
        if !self.dirty {
            self.cached = self.on_medium.clone();
        }
    }

    /// The cache is gone. Whether the page had just been written back is not for the store to say.
    pub(super) fn lose_power(&mut self, just_in_time: bool) {
        if just_in_time {
            self.write_back();
        }
        self.dirty = false;
        self.cached = self.on_medium.clone();
    }

    /// As [`Self::lose_power`], in the middle of writing it back: what the medium had is gone as well, and this is there now.
    pub(super) fn tear(&mut self, remains: T) {
        self.on_medium = remains;
        self.lose_power(false);
    }
}
