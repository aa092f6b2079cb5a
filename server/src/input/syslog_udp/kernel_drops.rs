//! What the system dropped because its own buffer was full.
//!
//! Linux counts that by socket, in the last column of `/proc/net/udp`; the socket is found by its
//! inode, the tenth. Elsewhere nothing is known.

use std::fs;
use std::os::fd::AsFd;

/// The count of one socket.
#[derive(Debug)]
pub(super) struct KernelDrops {
    inode: Option<u64>,
    last: u64,
}

const TABLES: [&str; 2] = ["/proc/net/udp", "/proc/net/udp6"];
const INODE_COLUMN: usize = 9;
const DROPS_COLUMN: usize = 12;

impl KernelDrops {
    pub(super) fn of(socket: impl AsFd) -> Self {
        Self {
            inode: rustix::fs::fstat(socket).ok().map(|stat| stat.st_ino),
            last: 0,
        }
    }

    /// How many more since it was asked last.
    pub(super) fn since_last(&mut self) -> u64 {
        let Some(inode) = self.inode else {
            return 0;
        };
        let tables = TABLES
            .iter()
            .filter_map(|path| fs::read_to_string(path).ok());
        let Some(now) = tables.into_iter().find_map(|table| drops_of(&table, inode)) else {
            return 0;
        };
        let more = now.saturating_sub(self.last);
        self.last = now;
        more
    }
}

fn drops_of(table: &str, inode: u64) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_ascii_whitespace();
        let found: u64 = columns.nth(INODE_COLUMN)?.parse().ok()?;
        if found != inode {
            return None;
        }
        columns.nth(DROPS_COLUMN - INODE_COLUMN - 1)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::drops_of;

    #[test]
    fn the_last_column_of_the_line_with_the_inode() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
            10: 00000000:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 3\n\
            11: 00000000:0203 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 17\n";
        assert_eq!(drops_of(table, 4712), Some(17));
        assert_eq!(drops_of(table, 4713), None);
    }
}
