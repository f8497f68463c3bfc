//! Who the client is, behind proxies.
