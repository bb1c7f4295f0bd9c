//! (retry)
