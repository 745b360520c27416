//! A limit on memory. The fuzzer looks at what a process uses once a second; this sees every single allocation.

use std::alloc::System;
use std::panic;
use std::sync::Once;

use cap::Cap;

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// Runs `work`, during which at most `more` bytes may be allocated besides what is now. Beyond that an allocation fails:
/// the process aborts, or the code under test reports that there is no memory.
pub fn bounded<T>(more: usize, work: impl FnOnce() -> T) -> T {
    // Telling of a panic takes more memory than most checks.
    static LIFTED_BY_PANICS: Once = Once::new();
    LIFTED_BY_PANICS.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            HEAP.set_limit(usize::MAX).ok();
            tell(panic);
        }));
    });
    let limit = HEAP.allocated().saturating_add(more);
    HEAP.set_limit(limit).expect("a limit above what is allocated");
    let result = work();
    HEAP.set_limit(usize::MAX).expect("no limit");
    result
}
