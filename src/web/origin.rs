//! Where a request comes from, as far as our own proxies are to be believed.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

use crate::config::webhook_key::is_in;

/// Whom each proxy has heard, the last one's word last.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Where a request comes from: its peer, or, as long as that is one of our proxies, whom that proxy names. `None` when a
/// proxy names nobody.
pub fn origin(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> Option<IpAddr> {
    let lines = headers.get_all(FORWARDED_FOR).iter().map(|v| v.to_str().unwrap_or_default());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut from = peer.to_canonical();
    for hop in hops.iter().rev() {
        if !is_in(proxies, from) {
            return Some(from);
        }
        from = hop.parse::<IpAddr>().ok()?.to_canonical();
    }
    (!is_in(proxies, from)).then_some(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(peer: &str, forwarded: &[&str], proxies: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let proxies: Vec<IpNet> = proxies.iter().map(|net| net.parse().unwrap()).collect();
        origin(peer.parse().unwrap(), &headers, &proxies).map(|from| from.to_string())
    }

    #[test]
    fn only_the_word_of_our_own_proxies_on_where_a_request_comes_from_counts() {
        let ours = &["10.0.0.0/8", "::1/128"];
        let at = |from: &str| Some(from.to_owned());
        assert_eq!(came("34.202.224.208", &["1.2.3.4"], ours), at("34.202.224.208"));
        assert_eq!(came("::ffff:10.0.0.1", &["34.202.224.208"], ours), at("34.202.224.208"));
        assert_eq!(came("10.0.0.1", &["6.6.6.6, 34.202.224.208"], ours), at("34.202.224.208"));
        assert_eq!(came("::1", &["6.6.6.6", "34.202.224.208, 10.0.0.9"], ours), at("34.202.224.208"));
        assert_eq!(came("10.0.0.1", &["34.202.224.208, unknown"], ours), None);
        assert_eq!(came("10.0.0.1", &[], ours), None, "a proxy that names nobody");
        assert_eq!(came("10.0.0.1", &[], &[]), at("10.0.0.1"));
    }
}
