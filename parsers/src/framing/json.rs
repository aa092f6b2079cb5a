#[derive(Debug, Default)]
pub(super) struct JsonFramer;

impl JsonFramer {
    pub(super) fn cut(&mut self, buffer: &[u8]) -> usize {
        buffer.len()
    }

    pub(super) fn skip(&mut self, buffer: &[u8]) -> Option<usize> {
        Some(buffer.len())
    }
}
