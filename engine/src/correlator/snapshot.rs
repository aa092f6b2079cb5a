//! todo
/// todo
#[derive(Debug)]
pub enum RestoreError {}
/// todo
#[derive(Debug)]
pub struct Restored {}
