//! Where the database is, as an operator writes it.

use std::fmt::{self, Debug, Display, Formatter};
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// An address such as `postgres://user:password@host:port/database?sslmode=require`,
/// the form that libpq reads too. It is shown without user, password and options.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Box<Config>);

/// What is wrong with an address. The text itself is not repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error(
        "must be `postgres://user:password@host:port/database`; in a password, `%40` stands for \
         `@`, `%2F` for `/` and `%25` for `%`"
    )]
    NotReadable,
    #[error("must name a host: `postgres://user:password@host:port/database`")]
    NoHost,
    #[error("must name a user: `postgres://user:password@host:port/database`")]
    NoUser,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(AddressError::NotReadable);
        }
        // One that is not escaped would be taken for the end of the password, and what is
        // behind it for a host that may be shown.
        if text.matches('@').count() > 1 {
            return Err(AddressError::NotReadable);
        }
        let config: Config = text.parse().map_err(|_| AddressError::NotReadable)?;
        let has_name = |host: &Host| !matches!(host, Host::Tcp(name) if name.is_empty());
        if config.get_hosts().is_empty() || !config.get_hosts().iter().all(has_name) {
            return Err(AddressError::NoHost);
        }
        if config.get_user().is_none_or(str::is_empty) {
            return Err(AddressError::NoUser);
        }
        Ok(Self(Box::new(config)))
    }
}

impl Address {
    pub(super) fn to_config(&self) -> Config {
        (*self.0).clone()
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://")?;
        let (hosts, ports) = (self.0.get_hosts(), self.0.get_ports());
        for (place, host) in hosts.iter().enumerate() {
            let separator = if place == 0 { "" } else { "," };
            // One port is that of all hosts.
            let port = ports.get(place).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => write!(f, "{separator}{name}:{port}")?,
                #[cfg(unix)]
                Host::Unix(folder) => write!(f, "{separator}{}:{port}", folder.display())?,
            }
        }
        write!(f, "/{}", self.0.get_dbname().or(self.0.get_user()).unwrap_or_default())
    }
}

impl Debug for Address {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        for (text, shown) in [
            ("postgres://hub:pass%40word@db.example/crm", "postgres://db.example:5432/crm"),
            ("postgresql://hub@10.0.0.1:6432", "postgres://10.0.0.1:6432/hub"),
            (
                "postgres://hub:p@a.example,b.example:5433/crm?sslmode=require",
                "postgres://a.example:5432,b.example:5433/crm",
            ),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            assert!(!format!("{address:?}").contains("pass"));
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said_without_repeating_it() {
        for (text, error) in [
            ("mysql://hub:secret@db/crm", AddressError::NotReadable),
            ("postgres://hub:secret@db:port/crm", AddressError::NotReadable),
            ("postgres://hub:se@cret@db/crm", AddressError::NotReadable),
            ("postgres://hub:s@ec/r:et#1@db/crm", AddressError::NotReadable),
            ("postgres://hub:secret@db:70000/crm", AddressError::NotReadable),
            ("postgres://hub:secret@db/crm?sslmod=require", AddressError::NotReadable),
            ("postgres://", AddressError::NoHost),
            ("postgres:///crm", AddressError::NoHost),
            ("postgres://hub:secret@/crm", AddressError::NoHost),
            ("postgres://db/crm", AddressError::NoUser),
        ] {
            assert_eq!(text.parse::<Address>().unwrap_err(), error, "{text}");
            assert!(!error.to_string().contains("secret"));
        }
    }
}
