//! Values in, text out.
