//! The protocol of commit and recovery as a model.
