//! Redo log of recoverable virtual memory: format, append, force, scan, replay.
