//! Windows events as XML and EVTX. In JSON they are read by [`crate::json`].

pub(crate) mod evtx;
pub(crate) mod xml;
