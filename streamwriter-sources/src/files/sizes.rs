//! How large pieces are; tests make them small, so that everything straddles them.

/// Returns the usual size, or a small one in a test.
#[cfg(not(any(test, feature = "testing")))]
#[inline(always)]
pub(crate) fn piece(usual: usize, _small: usize) -> usize {
    usual
}

#[cfg(any(test, feature = "testing"))]
thread_local! {
    static SMALL: std::cell::Cell<bool> = const { std::cell::Cell::new(cfg!(test)) };
}

/// Returns the usual size, or a small one in a test.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn piece(usual: usize, small: usize) -> usize {
    if SMALL.get() { small } else { usual }
}

/// Runs something on this thread with small pieces.
#[cfg(feature = "testing")]
pub(crate) fn small<T>(run: impl FnOnce() -> T) -> T {
    let before = SMALL.replace(true);
    let result = run();
    SMALL.set(before);
    result
}
