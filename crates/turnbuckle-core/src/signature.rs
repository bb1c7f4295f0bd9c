//! (signature)
