//! Providers: who is called, where, and with which credential.

use std::fmt;

use super::address::BaseUrl;
use super::fields::{Fields, Item};
use super::mock::MockSettings;
use super::problems::unknown_name;
use crate::dialect::{Auth, VENDORS, Vendor};

/// Where a provider's credential is kept. The document never holds the credential itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CredentialRef {
    /// An environment variable of the function.
    Env(String),
    /// A parameter of SSM's parameter store.
    Ssm(String),
}

impl CredentialRef {
    fn parse(text: &str) -> Result<Self, String> {
        let name_chars = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let path_chars = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() && name.chars().all(name_chars) => {
                Ok(Self::Env(name.to_owned()))
            }
            Some(("ssm", path)) if path.starts_with('/') && path.chars().all(path_chars) => {
                Ok(Self::Ssm(path.to_owned()))
            }
            _ => {
                Err("expected a reference, env:NAME or ssm:/path; the credential itself does not \
                      belong into a configuration"
                    .to_owned())
            }
        }
    }
}

impl fmt::Display for CredentialRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::Ssm(path) => write!(f, "ssm:{path}"),
        }
    }
}

/// One provider of the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// Its name in the document.
    pub name: String,
    /// What is special about its wire.
    pub vendor: &'static Vendor,
    /// Where it is.
    pub base_url: BaseUrl,
    /// Its credential, if it wants one.
    pub credential: Option<CredentialRef>,
    /// Whether it may be at an address of a private network.
    pub private_network: bool,
    /// Whether it is asked for usage in streams.
    pub stream_usage: bool,
    /// The most tokens that an image, audio or file part can cost, for targets that do not say.
    pub media_tokens: Option<u64>,
    /// How many bytes of text a token is likely to cover, for targets that do not say.
    pub bytes_per_token: Option<u64>,
    /// How a mock behaves.
    pub mock: MockSettings,
}

impl Provider {
    pub(super) fn read(name: &str, item: &Item<'_>) -> Option<Self> {
        let fields = item.fields()?;
        let vendor = read_vendor(&fields);
        let private_network = fields.bool("private_network").unwrap_or(false);
        let base_url = read_base_url(&fields, vendor, private_network);
        let credential = read_credential(&fields, vendor);
        let stream_usage = fields.bool("stream_usage");
        let media_tokens = fields.integer("media_tokens", 0, 10_000_000);
        let bytes_per_token = fields.integer("bytes_per_token", 1, 16);
        let mock = fields.item("mock").and_then(|item| {
            if vendor.is_some_and(|vendor| !vendor.is_mock()) {
                item.problem("only a provider of vendor mock has these settings");
            }
            item.fields().map(MockSettings::read)
        });
        fields.finish();
        let vendor = vendor?;
        Some(Self {
            name: name.to_owned(),
            vendor,
            base_url: base_url?,
            credential: credential.ok()?,
            private_network,
            stream_usage: stream_usage.unwrap_or(vendor.stream_usage),
            media_tokens,
            bytes_per_token,
            mock: mock.unwrap_or_default(),
        })
    }

    /// A mock without any settings.
    #[cfg(test)]
    pub(crate) fn for_tests(name: &str) -> Self {
        let vendor = Vendor::named("mock").unwrap();
        Self {
            name: name.to_owned(),
            vendor,
            base_url: BaseUrl::parse("https://mock.invalid/v1", false).unwrap(),
            credential: None,
            private_network: false,
            stream_usage: true,
            media_tokens: None,
            bytes_per_token: None,
            mock: MockSettings::default(),
        }
    }
}

fn read_vendor(fields: &Fields<'_>) -> Option<&'static Vendor> {
    let item = fields.required("vendor")?;
    let name = item.text()?;
    let vendor = Vendor::named(name);
    if vendor.is_none() {
        item.problem(unknown_name("vendor", name, VENDORS.iter().map(|vendor| vendor.name)));
    }
    vendor
}

fn read_base_url(
    fields: &Fields<'_>,
    vendor: Option<&Vendor>,
    private_network: bool,
) -> Option<BaseUrl> {
    let default = vendor.and_then(|vendor| vendor.base_url);
    let Some(item) = fields.item("base_url") else {
        match (vendor, default) {
            (Some(_), Some(default)) => return BaseUrl::parse(default, false).ok(),
            (Some(vendor), None) => {
                fields.problem(format!("'base_url' is missing: {} has no default", vendor.name));
            }
            (None, _) => {}
        }
        return None;
    };
    match BaseUrl::parse(item.text()?, private_network) {
        Ok(url) => Some(url),
        Err(why) => {
            item.problem(why);
            None
        }
    }
}

/// The reference; `Err` when it is wrong or missing where the vendor needs one.
fn read_credential(
    fields: &Fields<'_>,
    vendor: Option<&Vendor>,
) -> Result<Option<CredentialRef>, ()> {
    let Some(item) = fields.item("api_key") else {
        if vendor.is_some_and(|vendor| vendor.auth == Auth::Bearer) {
            fields.problem("'api_key' is missing: give a reference, env:NAME or ssm:/path");
            return Err(());
        }
        return Ok(None);
    };
    let reference = CredentialRef::parse(item.text().ok_or(())?);
    reference.map(Some).map_err(|why| item.problem(why))
}
