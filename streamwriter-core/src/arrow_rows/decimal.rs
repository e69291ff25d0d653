//! Decimals, as integers of their last digit.

use arrow::array::builder::Decimal128Builder;
use arrow::array::{ArrayRef, Decimal128Array};
use arrow::datatypes::{Decimal128Type, DecimalType};

use super::accept::primitive_as;
use super::column::{Column, ListItem, not_null};
use super::encoding::Decimal;
use super::spec::ColumnType;
use crate::message::{FieldError, FieldResult};

macro_rules! decimal {
    ($($rust:ty),*) => {$(
        impl<const PRECISION: u8, const SCALE: i8> ListItem<Decimal<PRECISION, SCALE>> for $rust {}

        impl<const PRECISION: u8, const SCALE: i8> Column<Decimal<PRECISION, SCALE>> for $rust {
            type Builder = Decimal128Builder;
            type Reader = Decimal128Array;

            const TYPE: ColumnType = {
                assert!(
                    PRECISION >= 1 && PRECISION <= 38 && SCALE >= 0 && SCALE as u8 <= PRECISION,
                    "a decimal has a precision of 1 to 38 and a scale of 0 to the precision"
                );
                ColumnType::Decimal128(PRECISION, SCALE)
            };

            fn builder(rows: usize) -> Decimal128Builder {
                Decimal128Builder::with_capacity(rows).with_data_type(<Self as Column<Decimal<PRECISION, SCALE>>>::TYPE.data_type())
            }

            #[inline]
            fn append(value: &Self, builder: &mut Decimal128Builder) -> FieldResult<()> {
                let digits = i128::from(*value);
                if !Decimal128Type::is_valid_decimal_precision(digits, PRECISION) {
                    return Err(too_long(digits, PRECISION));
                }
                builder.append_value(digits);
                Ok(())
            }

            fn reader(array: &ArrayRef) -> FieldResult<Decimal128Array> {
                primitive_as::<Decimal128Type>(array, <Self as Column<Decimal<PRECISION, SCALE>>>::TYPE)
            }

            #[inline]
            fn read(reader: &Decimal128Array, at: usize) -> FieldResult<Self> {
                not_null(reader, at)?;
                let digits = reader.value(at);
                Self::try_from(digits).map_err(|error| {
                    let kind = stringify!($rust);
                    FieldError::new(format!("{digits} does not fit into {kind}: use i128"))
                        .with_source(error)
                })
            }
        }
    )*};
}

decimal!(i64, i128);

#[cold]
fn too_long(digits: i128, precision: u8) -> FieldError {
    FieldError::new(format!(
        "{digits} has more than the {precision} digits of the column: raise the precision in \
         `#[row(decimal(..))]`"
    ))
}
