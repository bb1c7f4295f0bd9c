//! (object)
