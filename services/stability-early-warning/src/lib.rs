//! The stability-early-warning service.
