//! Recoverable virtual memory: plain memory that never loses a committed change.
