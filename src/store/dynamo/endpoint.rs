//! Where the table answers: its region's endpoint, or another one that was named.

use reqwest::Url;

use super::table::DynamoSettings;

/// Where the domain of a region's services ends, by how the region's name begins; anywhere else it
/// is [`COMMERCIAL`]. The SDK has the same table, and a test holds this one to it.
const PARTITIONS: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
];
const COMMERCIAL: &str = "amazonaws.com";

/// An address, and its host as it is sent and signed.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) url: Url,
    pub(super) host: String,
}

impl Endpoint {
    /// The endpoint that was named, or else the region's. There is none with FIPS or dual stack: the
    /// SDK's client is not told of these either.
    ///
    /// # Errors
    /// What is wrong with the one that was named.
    pub(super) fn of(settings: &DynamoSettings) -> Result<Self, String> {
        let text = settings.endpoint.clone().unwrap_or_else(|| of_region(&settings.region));
        let wrong = |what: &str| format!("'{text}' is no endpoint for DynamoDB: {what}");
        let url = Url::parse(&text).map_err(|error| wrong(&error.to_string()))?;
        let host = url.host_str().ok_or_else(|| wrong("it has no host"))?;
        // The port of the scheme is neither sent nor signed.
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok(Self { url, host })
    }
}

fn of_region(region: &str) -> String {
    let partition = PARTITIONS.iter().find(|(begin, _)| region.starts_with(begin));
    let domain = partition.map_or(COMMERCIAL, |(_, domain)| domain);
    format!("https://dynamodb.{region}.{domain}")
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};

    use super::*;

    fn endpoint(region: &str, endpoint: Option<&str>) -> Result<Endpoint, String> {
        let (table, region) = ("t".to_owned(), region.to_owned());
        let endpoint = endpoint.map(str::to_owned);
        Endpoint::of(&DynamoSettings { table, region, endpoint })
    }

    #[tokio::test]
    async fn a_region_is_where_the_sdk_says() {
        for region in [
            "us-east-1",
            "eu-central-1",
            "ap-southeast-7",
            "il-central-1",
            "mx-central-1",
            "us-gov-west-1",
            "cn-north-1",
            "cn-northwest-1",
            "eusc-de-east-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "us-isof-south-1",
            "eu-isoe-west-1",
            "xx-new-1",
        ] {
            let params = Params::builder().region(region).build().unwrap();
            let expected = DefaultResolver::new().resolve_endpoint(&params).await.unwrap();
            let found = endpoint(region, None).unwrap();
            assert_eq!(found.url.as_str().trim_end_matches('/'), expected.url());
            assert_eq!(Some(found.host.as_str()), found.url.host_str());
        }
    }

    #[test]
    fn the_one_that_was_named_is_it() {
        for (named, host, path) in [
            ("http://127.0.0.1:8000", "127.0.0.1:8000", "/"),
            ("http://localhost:80/", "localhost", "/"),
            ("https://table.example.com:443", "table.example.com", "/"),
            ("http://[::1]:8000/dynamodb", "[::1]:8000", "/dynamodb"),
        ] {
            let found = endpoint("us-east-1", Some(named)).unwrap();
            assert_eq!((found.host.as_str(), found.url.path()), (host, path), "{named}");
        }
        for named in ["localhost", "data:,", "http://"] {
            let wrong = endpoint("us-east-1", Some(named)).unwrap_err();
            assert!(wrong.contains(&format!("'{named}'")), "{wrong}");
        }
    }
}
