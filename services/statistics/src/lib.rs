//! The statistics service.
