//! sreality.
