//! What the messages of a batch add up to.

use std::fmt::Debug;
use std::time::Duration;

use super::CommitMessage;

/// Adds up the messages of a batch.
///
/// ```
/// # use streamwriter_core::totals;
/// let nothing: () = totals(&[(), ()]);
/// ```
pub fn totals<'m, M: CommitMessage>(messages: impl IntoIterator<Item = &'m M>) -> M::Totals {
    let mut totals = M::Totals::default();
    for message in messages {
        message.add_to(&mut totals);
    }
    totals
}

/// A field that can be marked `#[message(sum)]`: integers, floats and durations.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be summed over the messages of a batch",
    note = "use an integer, a float or a `Duration`, or `append` instead of `sum`"
)]
pub trait Summable: Clone + Debug + PartialEq {
    /// The sum over no messages.
    const ZERO: Self;

    /// Adds another value; a sum that does not fit stays at the largest or smallest value.
    fn add_saturating(&mut self, other: &Self);
}

macro_rules! summable {
    ($($int:ty),*) => {$(
        impl Summable for $int {
            const ZERO: Self = 0;

            fn add_saturating(&mut self, other: &Self) {
                *self = self.saturating_add(*other);
            }
        }
    )*};
}
summable!(
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize
);

macro_rules! summable_float {
    ($($float:ty),*) => {$(
        impl Summable for $float {
            const ZERO: Self = 0.0;

            fn add_saturating(&mut self, other: &Self) {
                *self += *other;
            }
        }
    )*};
}
summable_float!(f32, f64);

impl Summable for Duration {
    const ZERO: Self = Self::ZERO;

    fn add_saturating(&mut self, other: &Self) {
        *self = self.saturating_add(*other);
    }
}

/// A field that can have a role: `rows`, `bytes` or `files`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how many rows, bytes or files there are",
    note = "use an integer, or a `Vec` for `files`"
)]
pub trait Countable {
    /// Returns the number; one that does not fit becomes the nearest that does.
    fn count(&self) -> u64;
}

macro_rules! countable {
    ($($int:ty),*) => {$(
        impl Countable for $int {
            fn count(&self) -> u64 {
                u64::try_from((*self).max(0)).unwrap_or(u64::MAX)
            }
        }
    )*};
}
countable!(
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize
);

impl<T> Countable for Vec<T> {
    fn count(&self) -> u64 {
        u64::try_from(self.len()).unwrap_or(u64::MAX)
    }
}

impl<T: Countable> Countable for Option<T> {
    fn count(&self) -> u64 {
        self.as_ref().map_or(0, T::count)
    }
}

/// Keeps the smaller of what is there and a value; `NaN` never stays.
pub fn keep_min<T: PartialOrd + Clone>(least: &mut Option<T>, value: &T) {
    keep_if(least, value, |value, kept| value < kept);
}

/// Keeps the larger of what is there and a value; `NaN` never stays.
pub fn keep_max<T: PartialOrd + Clone>(most: &mut Option<T>, value: &T) {
    keep_if(most, value, |value, kept| value > kept);
}

#[expect(clippy::eq_op, reason = "a value that differs from itself is NaN")]
fn keep_if<T: PartialOrd + Clone>(
    slot: &mut Option<T>,
    value: &T,
    better: impl Fn(&T, &T) -> bool,
) {
    if value == value && slot.as_ref().is_none_or(|kept| better(value, kept)) {
        *slot = Some(value.clone());
    }
}
