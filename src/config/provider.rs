//! Providers: who is called, where, and with which credential.

use std::fmt;

use super::address::BaseUrl;
use super::extras::Extras;
use super::fields::{Fields, Item};
use super::mock::MockSettings;
use super::problems::unknown_name;
use super::reasoning::Reasoning;
use crate::dialect::{Auth, VENDORS, Vendor};

/// What stands for the region in the address of a vendor that is in each.
const REGION: &str = "{region}";

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
    /// Where an operation is under that: see [`Vendor::path`].
    pub path: String,
    /// The `api-version` of its query, if it wants one.
    pub api_version: Option<String>,
    /// How it wants its credential.
    pub auth: Auth,
    /// Its credential, if it wants one.
    pub credential: Option<CredentialRef>,
    /// The region of AWS that a signature for it names.
    pub region: Option<String>,
    /// Whether it may be at an address of a private network.
    pub private_network: bool,
    /// Whether it is asked for usage in streams.
    pub stream_usage: bool,
    /// The most tokens that an image, audio or file part can cost, for targets that do not say.
    pub media_tokens: Option<u64>,
    /// How many bytes of text a token is likely to cover, for targets that do not say.
    pub bytes_per_token: Option<u64>,
    /// How it is told to think, for targets that do not say.
    pub reasoning: Reasoning,
    /// What its requests carry besides, unless a target says otherwise.
    pub extras: Extras,
    /// How a mock behaves.
    pub mock: MockSettings,
}

impl Provider {
    pub(super) fn read(name: &str, item: &Item<'_>) -> Option<Self> {
        let fields = item.fields()?;
        let vendor = read_vendor(&fields);
        let private_network = fields.bool("private_network").unwrap_or(false);
        let region = fields.text("region");
        let base_url = read_base_url(&fields, vendor, region, private_network);
        let api_version = read_api_version(&fields, vendor);
        let path = read_path(&fields);
        let (auth, needs_key) = read_auth(&fields, vendor);
        let credential = read_credential(&fields, needs_key);
        let region = region.or_else(|| base_url.as_ref()?.region()).map(str::to_owned);
        if auth == Some(Auth::Aws)
            && credential == Ok(None)
            && base_url.is_some()
            && region.is_none()
        {
            fields.problem("'region' is missing: a signature of AWS names one");
        }
        let stream_usage = fields.bool("stream_usage");
        let media_tokens = fields.integer("media_tokens", 0, 10_000_000);
        let bytes_per_token = fields.integer("bytes_per_token", 1, 16);
        let reasoning = Reasoning::read(&fields, vendor.map(|vendor| vendor.dialect));
        let extras = Extras::read(&fields);
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
            path: path.unwrap_or_else(|| vendor.path.to_owned()),
            api_version,
            auth: auth?,
            credential: credential.ok()?,
            region,
            private_network,
            stream_usage: stream_usage.unwrap_or(vendor.stream_usage),
            media_tokens,
            bytes_per_token,
            reasoning,
            extras,
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
            path: vendor.path.to_owned(),
            api_version: None,
            auth: Auth::Bearer,
            credential: None,
            region: None,
            private_network: false,
            stream_usage: true,
            media_tokens: None,
            bytes_per_token: None,
            reasoning: Reasoning::default(),
            extras: Extras::default(),
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
    region: Option<&str>,
    private_network: bool,
) -> Option<BaseUrl> {
    let default = vendor.and_then(|vendor| vendor.base_url);
    let Some(item) = fields.item("base_url") else {
        match (vendor, default) {
            (Some(vendor), Some(default)) if default.contains(REGION) => {
                let Some(region) = region else {
                    fields.problem(format!("'region' is missing: {} is in each", vendor.name));
                    return None;
                };
                return BaseUrl::parse(&default.replace(REGION, region), false)
                    .map_err(|why| fields.problem(why))
                    .ok();
            }
            (Some(_), Some(default)) => return BaseUrl::parse(default, false).ok(),
            (Some(vendor), None) => {
                fields.problem(format!("'base_url' is missing: {} has no default", vendor.name));
            }
            (None, _) => {}
        }
        return None;
    };
    let text = item.text()?;
    if vendor.is_some_and(|vendor| vendor.path.starts_with("openai/")) && text.contains("/openai") {
        item.problem("the path is known here: give the resource's address, without /openai");
        return None;
    }
    match BaseUrl::parse(text, private_network) {
        Ok(url) => Some(url),
        Err(why) => {
            item.problem(why);
            None
        }
    }
}

fn read_api_version(fields: &Fields<'_>, vendor: Option<&Vendor>) -> Option<String> {
    let version = fields.text("api_version").map(str::to_owned);
    if version.is_none() && vendor.is_some_and(|vendor| vendor.needs_api_version) {
        fields.problem("'api_version' is missing: give one such as 2024-10-21");
    }
    version
}

fn read_path(fields: &Fields<'_>) -> Option<String> {
    let item = fields.item("path")?;
    let path = item.text()?.trim_matches('/');
    let plain = path.replace("{operation}", "").replace("{model}", "");
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~/:".contains(c);
    if !plain.chars().all(allowed) {
        item.problem("expected a path such as v2/{operation}; {model} is the other placeholder");
        return None;
    }
    Some(path.to_owned())
}

/// How the credential is sent, and whether there must be one.
fn read_auth(fields: &Fields<'_>, vendor: Option<&Vendor>) -> (Option<Auth>, bool) {
    let needs_key = vendor.is_some_and(|vendor| vendor.needs_key);
    let Some(item) = fields.item("auth") else {
        return (vendor.map(|vendor| vendor.auth.clone()), needs_key);
    };
    let Some(text) = item.text() else { return (None, false) };
    let is_header = |c: char| c.is_ascii_alphanumeric() || c == '-';
    match text.to_ascii_lowercase() {
        word if word == "bearer" => (Some(Auth::Bearer), needs_key),
        word if word == "aws" => (Some(Auth::Aws), false),
        word if word == "none" => (Some(Auth::Bearer), false),
        word if word.contains('-') && word.chars().all(is_header) => {
            (Some(Auth::Header(word.into())), needs_key)
        }
        _ => {
            item.problem("expected bearer, aws, none, or a header's name such as x-api-key");
            (None, false)
        }
    }
}

/// The reference; `Err` when it is wrong or missing where one is needed.
fn read_credential(fields: &Fields<'_>, needs_key: bool) -> Result<Option<CredentialRef>, ()> {
    let Some(item) = fields.item("api_key") else {
        if needs_key {
            fields.problem("'api_key' is missing: give a reference, env:NAME or ssm:/path");
            return Err(());
        }
        return Ok(None);
    };
    let reference = CredentialRef::parse(item.text().ok_or(())?);
    reference.map(Some).map_err(|why| item.problem(why))
}
