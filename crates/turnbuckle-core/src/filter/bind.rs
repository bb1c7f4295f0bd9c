//! Binding: the payload is put in, operands are cast and folded, once for all records.

use std::ops::Bound;

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use super::{Arity, Condition, DAYS_MAX, Filter, Op, Operand, VALUES_MAX};
use crate::entity::{Column, ColumnPath, ColumnType, Entity, Schema};
use crate::invalid::{Invalid, pointer};
use crate::key::Canonical;
use crate::value::{CastError, Value, cast_as};

/// A filter that is ready to be judged.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Test(Test),
}

impl Node {
    pub(super) fn each_test<'a>(&'a self, visit: &mut impl FnMut(&'a Test)) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => {
                for node in nodes {
                    node.each_test(visit);
                }
            }
            Self::Not(node) => node.each_test(visit),
            Self::Test(test) => visit(test),
        }
    }
}

/// What one condition asks of its column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    pub(super) path: ColumnPath,
    pub(super) column_type: ColumnType,
    pub(super) demand: Demand,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Demand {
    /// Holds for no value, not even null.
    Never,
    /// Equals one of these, which are in order; `None` is null.
    OneOf(Vec<Option<Canonical>>),
    Within(Span),
    /// Has this folded text at that place.
    Part(Place, String),
    /// Options of which one is this, folded.
    Member(String),
    Days(Days),
}

/// Values from here to there; null is never one of them.
pub(super) type Span = (Bound<Canonical>, Bound<Canonical>);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    Anywhere,
    Start,
    End,
}

/// Calendar days, both included, counted from today; `None` is open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Days {
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
}

pub(super) fn bind(
    filter: &Filter,
    schema: &Schema,
    entity: &Entity,
    payload: &Map<String, Json>,
    zone: &TimeZone,
) -> Result<Node, Vec<Invalid>> {
    let mut binder = Binder { schema, entity, payload, zone, errors: Vec::new() };
    let node = binder.node("", filter);
    if binder.errors.is_empty() { Ok(node) } else { Err(binder.errors) }
}

/// The column that `condition` compares, if its operator can.
///
/// # Errors
/// The member that is wrong, seen from the condition.
pub(super) fn compared_column<'a>(
    condition: &Condition,
    schema: &'a Schema,
    entity: &Entity,
) -> Result<&'a Column, Invalid> {
    let column = schema
        .resolve(entity, &condition.column)
        .map_err(|error| Invalid::new("/column", error.to_string()))?;
    if !condition.op.admits(column.column_type) {
        let type_name: &str = column.column_type.into();
        return Err(Invalid::new(
            "/op",
            format!("`{}` does not compare columns of type {type_name}", condition.op.name()),
        ));
    }
    Ok(column)
}

/// Casts one operand of `op` to what it is compared as.
pub(super) fn cast_operand(
    op: Op,
    column: &Column,
    given: &Json,
    zone: &TimeZone,
) -> Result<Value, CastError> {
    let column_type = match op {
        // A part of a text is no option and no id itself.
        Op::StartsWith | Op::EndsWith => ColumnType::Text,
        Op::Contains | Op::NotContains if column.column_type == ColumnType::MultiOption => {
            ColumnType::Option
        }
        Op::Contains | Op::NotContains => ColumnType::Text,
        _ if op.counts_days() => ColumnType::Integer,
        _ => column.column_type,
    };
    let value = cast_as(column_type, column.options.as_deref(), given, zone)?;
    match value {
        Value::Integer(days) if op.counts_days() && !(0..=DAYS_MAX).contains(&days) => {
            Err(days_error(given))
        }
        Value::Null if op.counts_days() => Err(days_error(given)),
        value => Ok(value),
    }
}

fn days_error(given: &Json) -> CastError {
    CastError { given: given.to_string(), wanted: format!("a number of days, 0 to {DAYS_MAX}") }
}

struct Binder<'a> {
    schema: &'a Schema,
    entity: &'a Entity,
    payload: &'a Map<String, Json>,
    zone: &'a TimeZone,
    errors: Vec<Invalid>,
}

impl Binder<'_> {
    fn node(&mut self, at: &str, filter: &Filter) -> Node {
        match filter {
            Filter::All(filters) => Node::All(self.nodes(&pointer(at, "all"), filters)),
            Filter::Any(filters) => Node::Any(self.nodes(&pointer(at, "any"), filters)),
            Filter::Not(filter) => Node::Not(Box::new(self.node(&pointer(at, "not"), filter))),
            Filter::Condition(condition) => self.condition(at, condition),
        }
    }

    fn nodes(&mut self, at: &str, filters: &[Filter]) -> Vec<Node> {
        let node = |(index, filter)| self.node(&pointer(at, index), filter);
        filters.iter().enumerate().map(node).collect()
    }

    fn condition(&mut self, at: &str, condition: &Condition) -> Node {
        let column = compared_column(condition, self.schema, self.entity);
        let (column, given) = match (column, self.given(condition)) {
            (Ok(column), Ok(given)) => (column, given),
            (column, given) => {
                let column = column.err().map(|error| error.under(at));
                for error in column.into_iter().chain(given.err()) {
                    // A field that is compared twice is missing once.
                    if !self.errors.contains(&error) {
                        self.errors.push(error);
                    }
                }
                // Never judged: binding fails.
                return Node::Any(Vec::new());
            }
        };
        let (demand, is_negated) = demand(condition.op, column, given, self.zone);
        let is_never = demand == Demand::Never;
        let test = Test { path: condition.column.clone(), column_type: column.column_type, demand };
        // What matches nothing matches nothing with `ne` either.
        if is_negated && !is_never {
            Node::Not(Box::new(Node::Test(test)))
        } else {
            Node::Test(test)
        }
    }

    /// The operands as given, as many as the operator takes.
    fn given<'a>(&'a self, condition: &'a Condition) -> Result<&'a [Json], Invalid> {
        let field = match &condition.operand {
            Operand::None => return Ok(&[]),
            Operand::Value(value) => return Ok(std::slice::from_ref(value)),
            Operand::Values(values) => return Ok(values),
            Operand::Payload(field) => field,
        };
        let refuse = |detail| Err(Invalid::new(pointer("/payload", field), detail));
        let Some(value) = self.payload.get(field) else {
            return refuse(format!("`{field}` is missing: give a value or null"));
        };
        match (condition.op.arity(), value) {
            (Arity::Many, Json::Array(values)) if values.len() > VALUES_MAX => {
                refuse(format!("`{field}` has at most {VALUES_MAX} values"))
            }
            (Arity::Many, Json::Array(values)) => Ok(values),
            (Arity::Two, Json::Array(values)) if values.len() == 2 => Ok(values),
            (Arity::Two, _) => refuse(format!("`{field}` is a list of two values")),
            _ => Ok(std::slice::from_ref(value)),
        }
    }
}

/// What `op` asks of a value, and whether it is the opposite that must hold.
fn demand(op: Op, column: &Column, given: &[Json], zone: &TimeZone) -> (Demand, bool) {
    let cast: Vec<Option<Value>> =
        given.iter().map(|given| cast_operand(op, column, given, zone).ok()).collect();
    let is_negated = matches!(op, Op::Ne | Op::NotIn | Op::NotContains | Op::IsNotNull);
    // One of many that cannot be of the type is never the one that is equal;
    // but no value differs from it either.
    let is_castable = cast.iter().all(Option::is_some);
    if !is_castable && op != Op::In {
        return (Demand::Never, is_negated);
    }
    let mut operands: Vec<Option<Canonical>> =
        cast.into_iter().flatten().map(Canonical::of).collect();

    let demand = match op {
        Op::Eq | Op::Ne | Op::In | Op::NotIn => {
            operands.sort();
            operands.dedup();
            Demand::OneOf(operands)
        }
        Op::IsNull | Op::IsNotNull => Demand::OneOf(vec![None]),
        Op::Today => Demand::Days(Days { from: Some(0), to: Some(0) }),
        Op::LastNDays | Op::NextNDays | Op::BeforeNDays | Op::AfterNDays => {
            days(op, operands.pop().flatten())
        }
        Op::Contains | Op::NotContains | Op::StartsWith | Op::EndsWith => {
            part(op, column.column_type, operands.pop().flatten())
        }
        Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Between => span(op, operands),
    };
    // An empty `in` is one that nothing equals; kept as it is, since its opposite holds always.
    (demand, is_negated)
}

/// Without an operand nothing is above, below or between.
fn span(op: Op, operands: Vec<Option<Canonical>>) -> Demand {
    let Some(operands) = operands.into_iter().collect::<Option<Vec<Canonical>>>() else {
        return Demand::OneOf(Vec::new());
    };
    let mut operands = operands.into_iter();
    let (Some(first), second) = (operands.next(), operands.next()) else {
        return Demand::OneOf(Vec::new());
    };
    Demand::Within(match (op, second) {
        (Op::Lt, _) => (Bound::Unbounded, Bound::Excluded(first)),
        (Op::Le, _) => (Bound::Unbounded, Bound::Included(first)),
        (Op::Gt, _) => (Bound::Excluded(first), Bound::Unbounded),
        (_, Some(second)) => (Bound::Included(first), Bound::Included(second)),
        (_, None) => (Bound::Included(first), Bound::Unbounded),
    })
}

fn part(op: Op, column_type: ColumnType, operand: Option<Canonical>) -> Demand {
    match (op, operand) {
        (Op::Contains | Op::NotContains, Some(Canonical::Text(text)))
            if column_type == ColumnType::MultiOption =>
        {
            Demand::Member(text)
        }
        (Op::StartsWith, Some(Canonical::Text(text))) => Demand::Part(Place::Start, text),
        (Op::EndsWith, Some(Canonical::Text(text))) => Demand::Part(Place::End, text),
        (_, Some(Canonical::Text(text))) => Demand::Part(Place::Anywhere, text),
        // Null is part of nothing, so its opposite holds.
        _ => Demand::OneOf(Vec::new()),
    }
}

fn days(op: Op, operand: Option<Canonical>) -> Demand {
    use rust_decimal::prelude::ToPrimitive;
    let Some(Canonical::Number(count)) = operand else { return Demand::Never };
    let Some(count) = count.to_i64() else { return Demand::Never };
    Demand::Days(match op {
        Op::LastNDays => Days { from: Some(-count), to: Some(0) },
        Op::NextNDays => Days { from: Some(0), to: Some(count) },
        Op::BeforeNDays => Days { from: None, to: Some(-count - 1) },
        _ => Days { from: Some(count + 1), to: None },
    })
}
