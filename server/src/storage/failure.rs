use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What could not be done with which file, why, and what helps. Cheap to clone: one failed
/// write is the answer to many senders.
#[derive(Debug, Clone)]
pub struct Failure(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl Failure {
    /// `action` completes "cannot …", for example "write to".
    pub(crate) fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self(Arc::new(Inner {
            action,
            path: path.to_path_buf(),
            source,
        }))
    }

    /// The kind of the error beneath.
    pub fn kind(&self) -> io::ErrorKind {
        self.0.source.kind()
    }

    /// The file or folder.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    fn advice(&self) -> &'static str {
        match self.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "; free space there, or give the spool a folder on another disk"
            }
            io::ErrorKind::ReadOnlyFilesystem => {
                "; the file system is mounted read-only: look for disk errors in the kernel's log, then mount it for writing"
            }
            io::ErrorKind::PermissionDenied => {
                "; let the user that yagura runs as read and write there"
            }
            _ => "",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            action,
            path,
            source,
        } = &*self.0;
        write!(
            f,
            "cannot {action} {}: {source}{}",
            path.display(),
            self.advice()
        )
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0.source)
    }
}
