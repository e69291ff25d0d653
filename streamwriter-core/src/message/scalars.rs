//! Fields that hold one value: numbers, text, paths and times.

use std::fmt::Display;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::field::{FieldError, FieldResult, MessageField, MessageKey};
use super::shape::{Fields, ObjectBuilder, at_field};

impl MessageField for () {
    fn to_value(&self) -> FieldResult<Value> {
        Ok(Value::Null)
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        match value {
            Value::Null => Ok(()),
            other => Err(FieldError::expected("null", &other)),
        }
    }
}

impl<T: ?Sized> MessageField for PhantomData<T> {
    fn to_value(&self) -> FieldResult<Value> {
        Ok(Value::Null)
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        <()>::from_value(value).map(|()| Self)
    }
}

impl MessageField for bool {
    fn to_value(&self) -> FieldResult<Value> {
        Ok(Value::Bool(*self))
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        match value {
            Value::Bool(value) => Ok(value),
            other => Err(FieldError::expected("true or false", &other)),
        }
    }
}

macro_rules! integers {
    ($($int:ty),*) => {$(
        impl MessageField for $int {
            fn to_value(&self) -> FieldResult<Value> {
                Ok(Value::from(*self))
            }

            fn from_value(value: Value) -> FieldResult<Self> {
                let unsigned = value.as_u64().and_then(|number| Self::try_from(number).ok());
                let signed = || value.as_i64().and_then(|number| Self::try_from(number).ok());
                unsigned.or_else(signed).ok_or_else(|| {
                    let expected = format!(
                        "an integer from {} to {}", Self::MIN, Self::MAX
                    );
                    FieldError::expected(&expected, &value)
                })
            }
        }
    )*};
}
integers!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);

/// JSON readers other than ours keep 53 bits of a number, hence text.
macro_rules! wide_integers {
    ($($int:ty),*) => {$(
        impl MessageField for $int {
            fn to_value(&self) -> FieldResult<Value> {
                Ok(Value::String(self.to_string()))
            }

            fn from_value(value: Value) -> FieldResult<Self> {
                let parsed = value.as_str().and_then(parse_exactly);
                parsed.ok_or_else(|| {
                    let expected = concat!("the digits of a ", stringify!($int), " as a string");
                    FieldError::expected(expected, &value)
                })
            }
        }
    )*};
}
wide_integers!(u128, i128);

/// Parses text that prints the same way again: no `+1`, no `007`.
fn parse_exactly<T: FromStr + Display>(text: &str) -> Option<T> {
    text.parse()
        .ok()
        .filter(|value: &T| value.to_string() == text)
}

const NAN: &str = "NaN";
const INFINITY: &str = "Infinity";
const NEG_INFINITY: &str = "-Infinity";

impl MessageField for f64 {
    fn to_value(&self) -> FieldResult<Value> {
        Ok(if self.is_nan() {
            Value::from(NAN)
        } else if self.is_infinite() {
            Value::from(if *self > 0.0 { INFINITY } else { NEG_INFINITY })
        } else {
            Value::from(*self)
        })
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        let number = match value.as_str() {
            Some(NAN) => Some(Self::NAN),
            Some(INFINITY) => Some(Self::INFINITY),
            Some(NEG_INFINITY) => Some(Self::NEG_INFINITY),
            _ => value.as_f64(),
        };
        number.ok_or_else(|| FieldError::expected("a number", &value))
    }
}

impl MessageField for f32 {
    fn to_value(&self) -> FieldResult<Value> {
        f64::from(*self).to_value()
    }

    #[expect(clippy::cast_possible_truncation, reason = "checked on the next line")]
    fn from_value(value: Value) -> FieldResult<Self> {
        let shown = value.clone();
        let wide = f64::from_value(value)?;
        let narrow = wide as Self;
        if wide.is_nan() || f64::from(narrow).to_bits() == wide.to_bits() {
            return Ok(narrow);
        }
        Err(FieldError::expected("a number that fits an f32", &shown))
    }
}

impl MessageField for char {
    fn to_value(&self) -> FieldResult<Value> {
        Ok(Value::String(self.to_string()))
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        let char = value.as_str().and_then(|text| text.parse().ok());
        char.ok_or_else(|| FieldError::expected("a string of one character", &value))
    }
}

impl MessageField for String {
    fn to_value(&self) -> FieldResult<Value> {
        Ok(Value::String(self.clone()))
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(FieldError::expected("a string", &other)),
        }
    }
}

impl MessageField for Box<str> {
    fn to_value(&self) -> FieldResult<Value> {
        Ok(Value::from(&**self))
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        String::from_value(value).map(Into::into)
    }
}

impl MessageField for PathBuf {
    fn to_value(&self) -> FieldResult<Value> {
        let text = self.to_str().ok_or_else(|| {
            FieldError::new(format!(
                "the path {self:?} is not UTF-8, so it cannot travel in a message"
            ))
        })?;
        Ok(Value::from(text))
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        String::from_value(value).map(Into::into)
    }
}

const SECS: &str = "secs";
const NANOS: &str = "nanos";
const NANOS_PER_SEC: u32 = 1_000_000_000;

fn time_to_value<S: MessageField>(secs: S, nanos: u32) -> FieldResult<Value> {
    let mut object = ObjectBuilder::new();
    object.put(SECS, secs.to_value())?;
    object.put(NANOS, nanos.to_value())?;
    Ok(object.finish())
}

fn time_from_value<S: MessageField>(value: Value) -> FieldResult<(S, u32)> {
    let mut fields = Fields::open(value, &[SECS, NANOS])?;
    let secs = at_field(SECS, S::from_value(fields.take(SECS)?))?;
    let nanos = at_field(NANOS, u32::from_value(fields.take(NANOS)?))?;
    if nanos >= NANOS_PER_SEC {
        let error = FieldError::expected("less than a second", &Value::from(nanos));
        return Err(error.in_field(NANOS));
    }
    Ok((secs, nanos))
}

/// Whole seconds and nanoseconds, both exact.
impl MessageField for Duration {
    fn to_value(&self) -> FieldResult<Value> {
        time_to_value(self.as_secs(), self.subsec_nanos())
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        let (secs, nanos) = time_from_value(value)?;
        Ok(Self::new(secs, nanos))
    }
}

/// Seconds since 1970, rounded down and negative before it, and the nanoseconds on top of them.
impl MessageField for SystemTime {
    fn to_value(&self) -> FieldResult<Value> {
        let out_of_range =
            |_| FieldError::new("this time is too far from 1970 to travel in a message");
        let (secs, nanos) = match self.duration_since(UNIX_EPOCH) {
            Ok(after) => (i128::from(after.as_secs()), after.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                let secs = -i128::from(before.as_secs());
                match before.subsec_nanos() {
                    0 => (secs, 0),
                    nanos => (secs - 1, NANOS_PER_SEC - nanos),
                }
            }
        };
        time_to_value(i64::try_from(secs).map_err(out_of_range)?, nanos)
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        let (secs, nanos) = time_from_value::<i64>(value)?;
        let whole = Duration::from_secs(secs.unsigned_abs());
        let whole = if secs < 0 {
            UNIX_EPOCH.checked_sub(whole)
        } else {
            UNIX_EPOCH.checked_add(whole)
        };
        whole
            .and_then(|whole| whole.checked_add(Duration::from_nanos(u64::from(nanos))))
            .ok_or_else(|| {
                FieldError::expected("a time that this system can hold", &Value::from(secs))
                    .in_field(SECS)
            })
    }
}

macro_rules! keys {
    ($($key:ty: $expected:literal),*) => {$(
        impl MessageKey for $key {
            fn to_key(&self) -> String {
                self.to_string()
            }

            fn from_key(key: &str) -> FieldResult<Self> {
                parse_exactly(key).ok_or_else(|| {
                    FieldError::new(format!("expected {} as key, found {key:?}", $expected))
                })
            }
        }
    )*};
}
keys!(
    u8: "an integer", u16: "an integer", u32: "an integer", u64: "an integer",
    usize: "an integer", u128: "an integer", i8: "an integer", i16: "an integer",
    i32: "an integer", i64: "an integer", isize: "an integer", i128: "an integer",
    bool: "true or false", char: "one character", String: "text"
);
