//! (coalesce)
