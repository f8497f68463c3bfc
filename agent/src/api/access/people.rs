//! Names of users of this host.

/// The name of a user, from `/etc/passwd` (passwd(5)); `uid N` where it is not there.
pub(super) fn name(uid: u32) -> String {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    find(&passwd, uid).unwrap_or_else(|| format!("uid {uid}"))
}

fn find(passwd: &str, uid: u32) -> Option<String> {
    let number = uid.to_string();
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_before_their_numbers() {
        let passwd = "root:x:0:0::/root:/bin/sh\n#x\n\n:x:7:7::\nalice:x:1000:1000:A:/home/a:/bin/sh\n";
        for (uid, name) in [(0, Some("root")), (1000, Some("alice")), (7, None), (1, None)] {
            assert_eq!(find(passwd, uid).as_deref(), name, "{uid}");
        }
    }
}
