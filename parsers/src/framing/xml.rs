pub(super) fn cut(buffer: &[u8]) -> usize {
    buffer.len()
}

pub(super) fn skip(buffer: &[u8]) -> Option<usize> {
    Some(buffer.len())
}
