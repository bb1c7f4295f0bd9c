//! A range of addresses: `10.0.0.0/8`, `fd00::/8`, or one address alone.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// All addresses that share their first bits. Bits beyond the prefix are
/// dropped, so `127.0.0.1/8` is `127.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    network: IpAddr,
    prefix_bits: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a range of addresses such as `10.0.0.0/8` or `fd00::/8`")]
pub struct CidrError(String);

impl Cidr {
    /// IPv4 addresses in their IPv6-mapped form count as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                network.to_bits() == address.to_bits() & mask_v4(self.prefix_bits)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                network.to_bits() == address.to_bits() & mask_v6(self.prefix_bits)
            }
            _ => false,
        }
    }
}

// A shift by the full width would overflow; it means that no bit is fixed.
fn mask_v4(prefix_bits: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix_bits)).unwrap_or(0)
}

fn mask_v6(prefix_bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix_bits)).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let wrong = || CidrError(text.to_owned());
        let (address, prefix_bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        // A mapped range would never match, because addresses are compared in
        // their canonical form.
        if address != address.to_canonical() {
            return Err(wrong());
        }
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = prefix_bits.unwrap_or(width);
        if width < prefix_bits {
            return Err(wrong());
        }
        let network = match address {
            IpAddr::V4(address) => IpAddr::V4((address.to_bits() & mask_v4(prefix_bits)).into()),
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & mask_v6(prefix_bits)).into()),
        };
        Ok(Self { network, prefix_bits })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix_bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cidr: &str, inside: &[&str], outside: &[&str]) {
        let cidr: Cidr = cidr.parse().unwrap();
        for address in inside {
            assert!(cidr.contains(address.parse().unwrap()), "{cidr} holds {address}");
        }
        for address in outside {
            assert!(!cidr.contains(address.parse().unwrap()), "{cidr} does not hold {address}");
        }
    }

    #[test]
    fn a_range_holds_the_addresses_with_its_prefix() {
        check(
            "127.0.0.0/8",
            &["127.0.0.0", "127.255.255.255", "::ffff:127.0.0.1"],
            &["126.255.255.255", "128.0.0.0", "::1"],
        );
        check("10.1.2.3/31", &["10.1.2.2", "10.1.2.3"], &["10.1.2.1", "10.1.2.4"]);
        check("0.0.0.0/0", &["0.0.0.0", "255.255.255.255"], &["::"]);
        check("::/0", &["::1", "ffff::"], &["1.2.3.4"]);
        check("fd00::/8", &["fd00::1", "fdff::"], &["fc00::1", "fe00::"]);
        check("192.168.1.1", &["192.168.1.1"], &["192.168.1.2"]);
        check("::1", &["::1"], &["::2"]);
    }

    #[test]
    fn what_is_not_a_range_is_refused() {
        for text in [
            "",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/-1",
            "10.0.0/8",
            "localhost",
            "10.0.0.0/256",
            "::ffff:127.0.0.0/104",
            "10.0.0.0/8/8",
            " 10.0.0.0/8",
        ] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_is_shown_as_its_network() {
        assert_eq!("127.0.0.1/8".parse::<Cidr>().unwrap().to_string(), "127.0.0.0/8");
        assert_eq!("fd00::1".parse::<Cidr>().unwrap().to_string(), "fd00::1/128");
    }
}
