//! Waiting for a condition, with a deadline.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// How long anything is waited for.
pub const DEADLINE: Duration = Duration::from_secs(20);
/// How long a wait pauses between two looks at its condition.
const PAUSE: Duration = Duration::from_millis(2);

/// What `look` returns as soon as that is `Ok`.
///
/// # Panics
/// `deadline` has passed; says what was seen last.
pub async fn eventually<T, E: Debug>(
    deadline: Duration,
    mut look: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let begun = Instant::now();
    loop {
        match look().await {
            Ok(value) => return value,
            Err(seen) => assert!(
                begun.elapsed() < deadline,
                "not within {deadline:?}; last seen: {seen:?}"
            ),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The same where nothing is awaited.
///
/// # Panics
/// `deadline` has passed; says what was seen last.
pub fn eventually_blocking<T, E: Debug>(
    deadline: Duration,
    mut look: impl FnMut() -> Result<T, E>,
) -> T {
    let begun = Instant::now();
    loop {
        match look() {
            Ok(value) => return value,
            Err(seen) => assert!(
                begun.elapsed() < deadline,
                "not within {deadline:?}; last seen: {seen:?}"
            ),
        }
        std::thread::sleep(PAUSE);
    }
}

/// `Ok` where something is so, else what was seen.
pub fn seen<T>(value: T, is_so: impl FnOnce(&T) -> bool) -> Result<T, T> {
    if is_so(&value) { Ok(value) } else { Err(value) }
}
