//! `ip_match`: the value is an address inside one of these networks.
//!
//! `"list": ["192.0.2.0/24", "2001:db8::1"]`

use std::net::IpAddr;

use ipnet::IpNet;

#[derive(Debug)]
pub(in crate::rules) struct Networks(Vec<IpNet>);

impl Networks {
    pub fn new(networks: &[IpNet]) -> Self {
        Self(IpNet::aggregate(&networks.to_vec()))
    }

    pub fn find(&self, value: &[u8]) -> Option<(usize, usize)> {
        let address: IpAddr = std::str::from_utf8(value).ok()?.parse().ok()?;
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address)).then_some((0, value.len()))
    }
}

#[cfg(test)]
#[test]
fn vectors() {
    let networks = Networks::new(&[
        "192.0.2.0/24".parse().unwrap(),
        "10.1.2.3/32".parse().unwrap(),
        "2001:db8::/32".parse().unwrap(),
    ]);
    let vectors = [
        ("192.0.2.77", true),
        ("192.0.3.1", false),
        ("10.1.2.3", true),
        ("10.1.2.4", false),
        ("::ffff:192.0.2.1", true),
        ("2001:db8:1::1", true),
        ("2001:db9::1", false),
        ("192.0.2.1:80", false),
        ("", false),
    ];
    for (value, expected) in vectors {
        assert_eq!(networks.find(value.as_bytes()).is_some(), expected, "{value}");
    }
}
