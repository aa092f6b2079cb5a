//! Incidents: cases as data, a naive reference, laws.

mod cases;
mod laws;
mod measure;
mod reference;
mod script;
