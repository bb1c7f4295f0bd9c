//! (subscription)
