//! Where a provider is: an address that the gateway may call.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A checked base URL. Only a document can make one: no part of a request ever names a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(reqwest::Url);

impl BaseUrl {
    /// Reads a URL. Unless the provider is marked as being in a private network, it must be https
    /// and its host must not be an address of this machine or of a private network.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn parse(text: &str, private_network: bool) -> Result<Self, String> {
        let url = reqwest::Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL here holds no credentials: use api_key".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("a base URL has no '?' and no '#'".to_owned());
        }
        let private_hint = "set private_network: true on the provider if that is meant";
        match url.scheme() {
            "https" => {}
            "http" if private_network => {}
            "http" => return Err(format!("http is not encrypted: use https, or {private_hint}")),
            other => return Err(format!("the scheme {other} is not supported: use https")),
        }
        let Some(host) = url.host_str() else { return Err("the URL has no host".to_owned()) };
        if !private_network && is_private_host(host) {
            return Err(format!("{host} is an address of a private network: {private_hint}"));
        }
        Ok(Self(url))
    }

    /// The URL.
    pub fn url(&self) -> &reqwest::Url {
        &self.0
    }

    /// The URL as text, without a slash at its end.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Reads a URL that this one begins. Only the rest is read, and as a path and a query: it cannot
    /// name another host.
    pub fn read(&self, url: &str) -> Option<reqwest::Url> {
        let rest = url.strip_prefix(self.as_str())?;
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        let mut url = self.0.clone();
        url.set_path(&[url.path().trim_end_matches('/'), path].concat());
        url.set_query(query);
        Some(url)
    }

    /// The region of AWS that the host names.
    pub fn region(&self) -> Option<&str> {
        region_of(self.host())
    }

    /// The URL's host, without brackets.
    pub fn host(&self) -> &str {
        let rest = self.as_str().split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, _)) => address,
            None => authority.split(':').next().unwrap_or_default(),
        }
    }
}

/// The region in the host of a Bedrock endpoint: `bedrock-runtime.us-east-1.amazonaws.com`, also one
/// of FIPS, of another partition, or of a VPC (Amazon Bedrock endpoints, AWS General Reference). An
/// endpoint of another name says nothing: then the configuration must.
fn region_of(host: &str) -> Option<&str> {
    let mut labels = host.split('.');
    labels.find(|label| matches!(*label, "bedrock-runtime" | "bedrock-runtime-fips"))?;
    let region = labels.next()?;
    // What follows a region; a host of one's own may be called bedrock-runtime too.
    let is_aws = host.ends_with(".amazonaws.com")
        || host.ends_with(".amazonaws.com.cn")
        || host.ends_with(".api.aws");
    (is_aws && region.contains('-')).then_some(region)
}

fn is_private_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = bare.trim_end_matches('.').to_ascii_lowercase();
    bare.parse().is_ok_and(is_private) || name == "localhost" || name.ends_with(".localhost")
}

/// Whether an address is not on the public internet: this machine (where the function's runtime
/// interface and credentials are), a private, link-local or otherwise reserved network.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let [first, ..] = address.segments();
    let embedded = address.to_ipv4_mapped().or_else(|| {
        // 64:ff9b::/96, the translation of IPv4 addresses.
        let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() else { return None };
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    });
    match embedded {
        Some(embedded) => is_private_v4(embedded),
        None => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || (first & 0xfe00) == 0xfc00
                || (first & 0xffc0) == 0xfe80
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, private_network: bool, expected: Result<&str, &str>) {
        match (BaseUrl::parse(url, private_network), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.as_str(), expected),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{url}: {found}"),
            (found, expected) => panic!("{url}: {found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn only_public_https_unless_marked() {
        check("https://api.example.com/v1/", false, Ok("https://api.example.com/v1"));
        check("https://API.Example.com:8443", false, Ok("https://api.example.com:8443"));
        check("http://api.example.com", false, Err("not encrypted"));
        check("ftp://api.example.com", true, Err("not supported"));
        check("https://u:p@example.com", true, Err("no credentials"));
        check("https://example.com/?a=b", true, Err("no '?'"));
        check("example.com", false, Err("not a URL"));
        for private in [
            "127.0.0.1",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "10.1.2.3",
            "169.254.169.254",
            "192.168.0.1",
            "2130706433",
            "0x7f.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[fd00::1]",
            "[fe80::1]",
            "[64:ff9b::7f00:1]",
            "100.64.0.1",
            "0.0.0.0",
        ] {
            check(&format!("https://{private}/v1"), false, Err("private_network: true"));
        }
        check("http://127.0.0.1:8000/v1", true, Ok("http://127.0.0.1:8000/v1"));
        check("https://8.8.8.8", false, Ok("https://8.8.8.8"));
    }

    #[test]
    fn what_a_base_begins_is_read_as_a_whole_url_is() {
        for (base, rest) in [
            ("https://a.example/", "/chat/completions"),
            ("https://a.example/v1/", "/m%2F1/x?a=b%20c&d=e"),
            ("http://[::1]:80/v1", "/x"),
            ("https://a.example:8443//v1", "//b.example"),
        ] {
            let base = BaseUrl::parse(base, true).unwrap();
            let url = format!("{}{rest}", base.as_str());
            assert_eq!(base.read(&url), reqwest::Url::parse(&url).ok(), "{url}");
        }
        let base = BaseUrl::parse("https://a.example/v1", false).unwrap();
        assert_eq!(base.read("https://b.example/v1/x"), None);
    }

    #[test]
    fn a_host_may_tell_its_region() {
        for (host, region) in [
            ("bedrock-runtime.us-east-1.amazonaws.com", Some("us-east-1")),
            ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", Some("us-gov-west-1")),
            ("bedrock-runtime.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("bedrock-runtime.eu-west-3.api.aws", Some("eu-west-3")),
            (
                "vpce-0a1b-c2d3.bedrock-runtime.eu-central-1.vpce.amazonaws.com",
                Some("eu-central-1"),
            ),
            ("bedrock-runtime.amazonaws.com", None),
            ("bedrock-runtime.us-east-1.example.com", None),
            ("bedrock.us-east-1.amazonaws.com", None),
            ("example.com", None),
            ("", None),
        ] {
            assert_eq!(region_of(host), region, "{host}");
        }
    }

    #[test]
    fn the_host_of_a_url() {
        let host = |url| BaseUrl::parse(url, true).unwrap().host().to_owned();
        assert_eq!(host("http://[::1]:80/v1"), "::1");
        assert_eq!(host("https://a.b:1/v1"), "a.b");
        assert_eq!(host("https://a.b"), "a.b");
    }
}
