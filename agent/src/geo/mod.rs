//! geo: where an address is, by a database in MaxMind's format that a person may provide.
//!
//! ```text
//! client address ─> Lookup (the file, in memory) ─> Place: country, city, autonomous system
//! ```
//!
//! Without a database nothing is looked up; nothing is ever asked over the network.
#![forbid(unsafe_code)]

use std::{
    fmt, fs,
    io::{self, Read},
    net::IpAddr,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use maxminddb::{MaxMindDbError, Reader};
use serde::{Deserialize, Serialize};

use crate::{config::GeoIp, limits};

/// Where a client is, as far as the database says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Country, ISO 3166-1: two letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// City, in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Number of the autonomous system that announces the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum GeoError {
    /// The file can't be read.
    #[error("{}: can't read the GeoIP database: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// It is longer than any.
    #[error("{}: longer than {most} bytes: is this a GeoIP database?", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// How long it may be.
        most: u64,
    },
    /// It is none.
    #[error(
        "{}: not a database in MaxMind's format ({error}); GeoLite2-City.mmdb or -Country.mmdb is one",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: MaxMindDbError,
    },
}

/// A database, and perhaps a second one with the autonomous systems. Cheap to share in an [`Arc`](std::sync::Arc).
pub struct Lookup {
    places: Reader<Vec<u8>>,
    systems: Option<Reader<Vec<u8>>>,
}

impl Lookup {
    /// Reads a database into memory.
    ///
    /// # Errors
    /// It can't be read, or is none.
    pub fn open(path: &Path) -> Result<Self, GeoError> {
        Ok(Self { places: read(path)?, systems: None })
    }

    /// The databases of the configuration; none is configured: none.
    ///
    /// # Errors
    /// One of them can't be read, or is none.
    pub fn configured(config: &GeoIp) -> Result<Option<Self>, GeoError> {
        let systems = config.asn_database.as_deref().map(read).transpose()?;
        match (config.database.as_deref().map(read).transpose()?, systems) {
            (Some(places), systems) => Ok(Some(Self { places, systems })),
            (None, Some(places)) => Ok(Some(Self { places, systems: None })),
            (None, None) => Ok(None),
        }
    }

    /// Where an address is. Nothing: the database does not say, as of private addresses.
    #[must_use]
    pub fn of(&self, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let record = find(&self.places, address);
        let system = self.systems.as_ref().map(|systems| find(systems, address));
        let asn = system.and_then(|record| record.autonomous_system_number);
        let place = Place {
            country: record.country.and_then(|country| country.iso_code).map(letters),
            city: record.city.and_then(|city| city.names).and_then(|names| names.en).map(cut),
            asn: asn.or(record.autonomous_system_number),
        };
        (place != Place::default()).then_some(place)
    }

    /// What the database says that it is, and when it was made.
    #[must_use]
    pub fn about(&self) -> (&str, Option<Timestamp>) {
        let metadata = self.places.metadata();
        let made = i64::try_from(metadata.build_epoch).ok();
        (&metadata.database_type, made.and_then(|made| Timestamp::from_second(made).ok()))
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, made) = self.about();
        f.debug_struct("Lookup").field("kind", &kind).field("made", &made).finish_non_exhaustive()
    }
}

/// What of a record is of use (dev.maxmind.com/geoip/docs/databases): texts stay in the file.
#[derive(Debug, Default, Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    country: Option<Country<'a>>,
    #[serde(borrow)]
    city: Option<City<'a>>,
    autonomous_system_number: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct Country<'a> {
    iso_code: Option<&'a str>,
}

#[derive(Debug, Deserialize)]
struct City<'a> {
    #[serde(borrow)]
    names: Option<Names<'a>>,
}

#[derive(Debug, Deserialize)]
struct Names<'a> {
    en: Option<&'a str>,
}

/// A record that is not as expected says nothing, as does one that is not there.
fn find(reader: &Reader<Vec<u8>>, address: IpAddr) -> Record<'_> {
    let found = reader.lookup(address).ok().and_then(|found| found.decode::<Record<'_>>().ok().flatten());
    found.unwrap_or_default()
}

/// A country's code, as it is compared.
fn letters(code: &str) -> String {
    cut(code).to_ascii_uppercase()
}

/// A name of a place has a few dozen bytes; a database with others does not fill events.
fn cut(name: &str) -> String {
    name.chars().take(64).collect()
}

fn read(path: &Path) -> Result<Reader<Vec<u8>>, GeoError> {
    let unreadable = |error| GeoError::Unreadable { path: path.to_owned(), error };
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(limits::GEOIP_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limits::GEOIP_FILE {
        return Err(GeoError::TooLong { path: path.to_owned(), most: limits::GEOIP_FILE });
    }
    Reader::from_source(bytes).map_err(|error| GeoError::Foreign { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests;
