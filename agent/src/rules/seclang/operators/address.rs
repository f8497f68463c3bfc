//! `ipMatch`: the text is an address inside one of the networks. `ipMatchFromFile`: they are the lines
//! of a file.
//!
//! `@ipMatch 127.0.0.1,10.0.0.0/8,2001:db8::/32`

use std::net::IpAddr;

use ipnet::IpNet;

use super::ReadFile;
use crate::rules::operators::ip::Networks;

pub(super) fn listed(argument: &str) -> Result<Networks, String> {
    compile(argument.split(','))
}

/// A network a line; `#` begins a comment.
pub(super) fn from_file(argument: &str, files: ReadFile<'_>) -> Result<Networks, String> {
    let name = argument.trim();
    if name.starts_with("http://") || name.starts_with("https://") {
        return Err(format!("{name}: networks are not fetched from the network"));
    }
    let content = files(name).map_err(|problem| format!("{name}: {problem}"))?;
    let content = String::from_utf8_lossy(&content);
    compile(content.lines().map(|line| line.split_once('#').map_or(line, |(line, _)| line)))
        .map_err(|problem| format!("{name}: {problem}"))
}

fn compile<'t>(texts: impl Iterator<Item = &'t str>) -> Result<Networks, String> {
    let texts = texts.map(str::trim).filter(|text| !text.is_empty());
    let networks = texts.map(network).collect::<Result<Vec<_>, _>>()?;
    if networks.is_empty() {
        return Err("there is no network to look for".to_owned());
    }
    Ok(Networks::new(&networks))
}

/// `192.0.2.1`, `192.0.2.0/24`, `192.0.2.0/255.255.255.0`.
fn network(text: &str) -> Result<IpNet, String> {
    let wrong = || format!("`{text}` is neither an address nor a network, such as 192.0.2.0/24");
    let (address, mask) = match text.split_once('/') {
        Some((address, mask)) => (address, Some(mask)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let network = match mask {
        None => Ok(IpNet::from(address)),
        Some(mask) => match mask.parse::<u8>() {
            Ok(len) => IpNet::new(address, len).map_err(|_| wrong()),
            Err(_) => {
                let mask = mask.parse::<IpAddr>().map_err(|_| wrong())?;
                IpNet::with_netmask(address, mask).map_err(|_| wrong())
            }
        },
    }?;
    Ok(network)
}
