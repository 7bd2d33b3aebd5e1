//! Panics of what is checked: they are findings, so they are caught, and not printed.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// How many calls of [`caught`] this thread is in.
    static CALLS: Cell<usize> = const { Cell::new(0) };
    /// Where the last panic in one of them was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// What `run` gives, or, if it panics, a predicate for whoever did: "panicked at src/op.rs:31:9: …".
/// Panics elsewhere go to the hook that was there before.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    // Only a hook is told the place.
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let of_others = take_hook();
        set_hook(Box::new(move |panic| {
            if CALLS.get() == 0 {
                of_others(panic);
            } else {
                PLACE.set(panic.location().map(ToString::to_string));
            }
        }));
    });
    CALLS.set(CALLS.get() + 1);
    let outcome = catch_unwind(AssertUnwindSafe(run));
    CALLS.set(CALLS.get() - 1);
    // Taken in any case, so that it is never the place of another panic.
    let place = PLACE.take();
    outcome.map_err(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("without a message");
        match place {
            Some(place) => format!("panicked at {place}: {message}"),
            // In another thread, or where the hook was replaced.
            None => format!("panicked: {message}"),
        }
    })
}
