//! The versions of the libraries, as this build has them.

/// What was built.
const LOCKED: &str = include_str!("../../../Cargo.lock");

/// The version of a package in the workspace's lock file.
pub(super) fn of_package(name: &str) -> String {
    let heading = format!("name = \"{name}\"\nversion = \"");
    let version = LOCKED.split(&heading).nth(1).and_then(|rest| rest.split('"').next());
    version.unwrap_or("of an unknown version").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards against a version that belongs to something else.
    #[test]
    fn versions_are_those_of_the_lock_file() {
        assert_eq!(of_package("rvm-core"), env!("CARGO_PKG_VERSION"));
        assert!(of_package("redb").starts_with(|first: char| first.is_ascii_digit()));
        assert_eq!(of_package("no such package"), "of an unknown version");
    }
}
