//! raw-zone.
