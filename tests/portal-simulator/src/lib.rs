//! portal-simulator.
