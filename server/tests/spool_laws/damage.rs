//! Bytes that rot, files that shrink or vanish: what cannot be read must be said.
