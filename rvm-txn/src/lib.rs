//! Transactions of recoverable virtual memory: undo, commit, truncation, recovery.
