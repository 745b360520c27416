//! What a store must look like after a crash, given what was asked of it before.
