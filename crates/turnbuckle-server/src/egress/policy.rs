//! Decides which addresses may be called.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use url::{Host, Url};

use super::address::is_public;
use super::{Cidr, EgressError};

/// Public addresses, and the ranges that the operator allows.
#[derive(Debug, Clone, Default)]
pub struct EgressPolicy {
    pub allow: Vec<Cidr>,
}

impl EgressPolicy {
    /// Judges what can be judged without asking a resolver: the scheme,
    /// credentials inside the URL, and a host that is an address in any of its
    /// spellings (the URL parser has already made `0x7f.1` into `127.0.0.1`).
    /// A host name passes here and is judged by its addresses when it is called.
    pub fn check_url(&self, url: &Url) -> Result<(), EgressError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EgressError::BadUrl { reason: "must begin with https:// or http://" });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::BadUrl {
                reason: "must not hold a user name or password; put them into a header",
            });
        }
        match url.host() {
            Some(Host::Ipv4(address)) => self.check_address(address.into()),
            Some(Host::Ipv6(address)) => self.check_address(address.into()),
            // Known without a resolver, so whoever sets such a URL hears it at once.
            Some(Host::Domain(name)) if is_localhost(name) => {
                self.check_address(Ipv4Addr::LOCALHOST.into())
            }
            Some(Host::Domain(_)) => Ok(()),
            None => Err(EgressError::BadUrl { reason: "must name a host" }),
        }
    }

    fn check_address(&self, address: IpAddr) -> Result<(), EgressError> {
        // A mapped address connects to the IPv4 address inside it.
        let address = address.to_canonical();
        if is_public(address) || self.allow.iter().any(|range| range.contains(address)) {
            Ok(())
        } else {
            Err(EgressError::Refused { address })
        }
    }

    /// The addresses of `host` that may be called.
    ///
    /// # Errors
    /// [`EgressError::Refused`] if there are none among those found.
    pub(super) fn admit(
        &self,
        host: &str,
        found: impl Iterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, EgressError> {
        let mut refusal = None;
        let mut admitted = Vec::new();
        for address in found {
            match self.check_address(address.ip()) {
                Ok(()) => admitted.push(address),
                Err(error) => refusal = Some(error),
            }
        }
        if admitted.is_empty() {
            return Err(
                refusal.unwrap_or_else(|| EgressError::Unresolved { host: host.to_owned() })
            );
        }
        Ok(admitted)
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}
