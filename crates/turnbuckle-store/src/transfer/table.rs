//! The form in which rows travel: named columns of five kinds.

/// What a column holds, beside null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Integer,
    Boolean,
    Text,
    Bytes,
    Uuid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub is_nullable: bool,
    /// Not so where one engine keeps what the other looks up while it can: it is
    /// carried, and may be another one afterwards.
    pub is_compared: bool,
}

impl Column {
    pub(super) const fn integer(name: &'static str) -> Self {
        Self::of(name, Kind::Integer)
    }

    pub(super) const fn boolean(name: &'static str) -> Self {
        Self::of(name, Kind::Boolean)
    }

    pub(super) const fn text(name: &'static str) -> Self {
        Self::of(name, Kind::Text)
    }

    pub(super) const fn bytes(name: &'static str) -> Self {
        Self::of(name, Kind::Bytes)
    }

    pub(super) const fn uuid(name: &'static str) -> Self {
        Self::of(name, Kind::Uuid)
    }

    const fn of(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, is_nullable: false, is_compared: true }
    }

    pub(super) const fn nullable(self) -> Self {
        Self { is_nullable: true, ..self }
    }

    pub(super) const fn uncompared(self) -> Self {
        Self { is_compared: false, ..self }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Also that of its file, and of the table of the engine with more of them.
    pub name: &'static str,
    pub columns: &'static [Column],
}

impl Table {
    /// Where a column stands in a row.
    ///
    /// # Panics
    /// If there is none of this name.
    pub fn place(&self, column: &str) -> usize {
        let place = self.columns.iter().position(|it| it.name == column);
        place.unwrap_or_else(|| panic!("`{}` has no column `{column}`", self.name))
    }
}
