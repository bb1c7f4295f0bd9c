//! (endpoint)
