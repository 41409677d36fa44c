//! The clustered B+tree and its split policies (I001).
