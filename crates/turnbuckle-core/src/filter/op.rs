//! The operators: what each means, what it takes and which types it compares.

use serde::{Deserialize, Serialize};

use crate::entity::ColumnType;

/// How a condition compares its column.
///
/// Values are compared as [`crate::key::Canonical`]: text without case, numbers
/// by size, datetimes as instants. A date given for a datetime column is its
/// midnight, and a datetime given for a date column is its day, in the time zone
/// of the call.
///
/// | operator | operand | holds on a value | holds on null |
/// |---|---|---|---|
/// | `eq` | value | equals it | if the operand is null |
/// | `ne` | value | differs from it | if the operand is not null |
/// | `lt` `le` `gt` `ge` | value | is below, at most, above, at least it | no |
/// | `between` | two values | is at least the first and at most the second | no |
/// | `in` | values | `eq` holds for one of them | if null is among them |
/// | `not_in` | values | `ne` holds for all of them | if null is not among them |
/// | `contains` | value | text has it as a part; options have it as a member | no |
/// | `not_contains` | value | `contains` does not hold | yes |
/// | `starts_with` `ends_with` | value | text begins, ends with it | no |
/// | `is_null` / `is_not_null` | none | no / yes | yes / no |
/// | `today` | none | its day is today | no |
/// | `last_n_days` | number of days | its day is today or one of the n days before | no |
/// | `next_n_days` | number of days | its day is today or one of the n days after | no |
/// | `before_n_days` | number of days | its day is more than n days before today | no |
/// | `after_n_days` | number of days | its day is more than n days after today | no |
///
/// - A null operand (an empty text is null) equals null and is not above, below
///   or part of anything.
/// - A value that cannot be of the column's type matches nothing: no `eq` and no
///   `ne` holds for it, nor anything else but a `not` around it.
/// - Days are calendar days in the moment's time zone; a datetime's day lasts
///   from that day's first instant to the next day's.
/// - Parts of text are parts of the folded text: `straße` starts with `STRAS`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::VariantArray,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Between,
    In,
    NotIn,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    IsNull,
    IsNotNull,
    Today,
    #[strum(serialize = "last_n_days")]
    LastNDays,
    #[strum(serialize = "next_n_days")]
    NextNDays,
    #[strum(serialize = "before_n_days")]
    BeforeNDays,
    #[strum(serialize = "after_n_days")]
    AfterNDays,
}

/// How many values an operator takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    None,
    One,
    Two,
    Many,
}

impl Op {
    /// As it is written in a filter: `not_in`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    pub fn arity(self) -> Arity {
        match self {
            Self::IsNull | Self::IsNotNull | Self::Today => Arity::None,
            Self::Eq
            | Self::Ne
            | Self::Lt
            | Self::Le
            | Self::Gt
            | Self::Ge
            | Self::Contains
            | Self::NotContains
            | Self::StartsWith
            | Self::EndsWith
            | Self::LastNDays
            | Self::NextNDays
            | Self::BeforeNDays
            | Self::AfterNDays => Arity::One,
            Self::Between => Arity::Two,
            Self::In | Self::NotIn => Arity::Many,
        }
    }

    /// Whether the operator compares columns of this type.
    pub fn admits(self, column_type: ColumnType) -> bool {
        use ColumnType as T;
        match self {
            Self::Eq | Self::Ne | Self::In | Self::NotIn => {
                !matches!(column_type, T::MultiOption | T::Object | T::List)
            }
            Self::Lt | Self::Le | Self::Gt | Self::Ge | Self::Between => matches!(
                column_type,
                T::Text | T::LongText | T::Integer | T::Decimal | T::Date | T::Datetime
            ),
            Self::Contains | Self::NotContains => matches!(
                column_type,
                T::Text | T::LongText | T::Option | T::Lookup | T::MultiOption
            ),
            Self::StartsWith | Self::EndsWith => {
                matches!(column_type, T::Text | T::LongText | T::Option | T::Lookup)
            }
            Self::IsNull | Self::IsNotNull => true,
            Self::Today
            | Self::LastNDays
            | Self::NextNDays
            | Self::BeforeNDays
            | Self::AfterNDays => matches!(column_type, T::Date | T::Datetime),
        }
    }

    /// Whether the operand counts days rather than being of the column's type.
    pub fn counts_days(self) -> bool {
        matches!(self, Self::LastNDays | Self::NextNDays | Self::BeforeNDays | Self::AfterNDays)
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn every_name_is_the_same_in_json() {
        for op in Op::VARIANTS {
            assert_eq!(serde_json::to_value(op).unwrap(), op.name());
            assert_eq!(op.name().parse::<Op>(), Ok(*op));
        }
    }
}
