//! Reads networks in CIDR notation.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::predicate::Network;

/// A network as it was written.
pub(crate) struct Parsed {
    pub(crate) network: Network,
    /// Whether bits beyond the prefix were set: `10.1.2.3/8`. They are cleared.
    pub(crate) had_host_bits: bool,
}

impl Network {
    /// Reads `address/bits`; without bits it is the address alone. An IPv4-mapped IPv6 network
    /// becomes the IPv4 network it stands for.
    pub(crate) fn parse(text: &str) -> Option<Parsed> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => {
                let digits = !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit());
                (address, Some(bits.parse::<u8>().ok().filter(|_| digits)?))
            }
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        match address {
            IpAddr::V4(v4) => {
                let bits = bits.unwrap_or(32);
                (bits <= 32).then(|| v4_network(v4, bits))
            }
            IpAddr::V6(v6) => {
                let bits = bits.unwrap_or(128);
                match v6.to_ipv4_mapped() {
                    Some(v4) if (96..=128).contains(&bits) => Some(v4_network(v4, bits - 96)),
                    _ => (bits <= 128).then(|| v6_network(v6, bits)),
                }
            }
        }
    }
}

fn v4_network(address: Ipv4Addr, prefix_bits: u8) -> Parsed {
    let mask = u32::MAX
        .checked_shl(32 - u32::from(prefix_bits))
        .unwrap_or(0);
    let first = Ipv4Addr::from_bits(address.to_bits() & mask);
    Parsed {
        network: Network {
            address: first.into(),
            prefix_bits,
        },
        had_host_bits: first != address,
    }
}

fn v6_network(address: Ipv6Addr, prefix_bits: u8) -> Parsed {
    let mask = u128::MAX
        .checked_shl(128 - u32::from(prefix_bits))
        .unwrap_or(0);
    let first = Ipv6Addr::from_bits(address.to_bits() & mask);
    Parsed {
        network: Network {
            address: first.into(),
            prefix_bits,
        },
        had_host_bits: first != address,
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    fn shown(text: &str) -> Option<String> {
        Network::parse(text).map(|parsed| parsed.network.to_string())
    }

    #[test]
    fn networks() {
        assert_eq!(shown("10.0.0.0/8").unwrap(), "10.0.0.0/8");
        assert_eq!(shown("10.1.2.3/8").unwrap(), "10.0.0.0/8");
        assert_eq!(shown("0.0.0.0/0").unwrap(), "0.0.0.0/0");
        assert_eq!(shown("192.0.2.7").unwrap(), "192.0.2.7/32");
        assert_eq!(shown("2001:db8::/32").unwrap(), "2001:db8::/32");
        assert_eq!(shown("::/0").unwrap(), "::/0");
        assert_eq!(shown("::ffff:10.0.0.0/104").unwrap(), "10.0.0.0/8");
    }

    #[test]
    fn not_networks() {
        for text in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "a/8",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
