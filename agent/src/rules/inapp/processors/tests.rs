//! Vectors and properties of processors.
