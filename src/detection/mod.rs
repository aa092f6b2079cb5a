//! What a detection is made of, whatever it looks like in the end.

mod field_list;
mod id;

pub use field_list::{Duplicates, Field, FieldList, FieldValue, ListLimits, shortened};
pub use id::{DetectionId, IdBuilder};
