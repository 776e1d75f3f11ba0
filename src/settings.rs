//! Settings: the environment, read once. Everything else is in the configuration document.

use std::env;
use std::net::SocketAddr;

/// How a function answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    /// As a stream, for a Function URL in `RESPONSE_STREAM` mode.
    Stream,
    /// As one JSON event, for a `BUFFERED` Function URL or an API Gateway HTTP API.
    Buffered,
}

/// What the environment says.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `TOLLGATE_TABLE`: the DynamoDB table; the embedded store when unset.
    pub table: Option<String>,
    /// `TOLLGATE_CONFIG`: the document of the embedded store.
    pub config_path: String,
    /// `TOLLGATE_LISTEN`: where the local server listens.
    pub listen: SocketAddr,
    /// `TOLLGATE_RESPONSE_MODE`: `stream` or `buffered`.
    pub response_mode: ResponseMode,
    /// `TOLLGATE_CONFIG_TTL_MS`: how old the configuration may be before it is read again.
    pub config_ttl_ms: u64,
    /// `TOLLGATE_SETTLE_MARGIN_MS`: how long before the function's deadline a request must end.
    pub settle_margin_ms: u64,
    /// `AWS_REGION`
    pub region: Option<String>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`
    pub dynamodb_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_SSM`
    pub ssm_endpoint: Option<String>,
    /// `AWS_LAMBDA_RUNTIME_API`: where events come from, if this process is a function.
    pub runtime_api: Option<String>,
    /// `AWS_LAMBDA_MAX_CONCURRENCY`: how many requests the environment takes at once.
    pub max_concurrency: usize,
    /// `AWS_LAMBDA_LOG_LEVEL`, or `TOLLGATE_LOG_LEVEL` elsewhere.
    pub log_level: tracing::Level,
}

/// The address that the README names.
const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9000);

/// A variable of the environment; empty ones count as unset.
pub fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    env::var(name).ok().filter(|value| !value.is_empty())
}

impl Settings {
    /// Reads the environment by `variable`.
    ///
    /// # Errors
    /// Every variable that is wrong, one a line: its name, what was expected, what was found.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut wrong = Vec::new();
        let mut parsed = |name: &str, expected: &str, parse: &dyn Fn(&str) -> Option<u64>| {
            let value = variable(name)?;
            let number = parse(&value);
            if number.is_none() {
                wrong.push(format!("{name}: expected {expected}, found '{value}'"));
            }
            number
        };
        let ms = |value: &str| value.parse().ok().filter(|ms| *ms <= 3_600_000);
        let config_ttl_ms = parsed("TOLLGATE_CONFIG_TTL_MS", "milliseconds up to an hour", &ms);
        let margin = parsed("TOLLGATE_SETTLE_MARGIN_MS", "milliseconds up to an hour", &ms);
        let concurrency =
            parsed("AWS_LAMBDA_MAX_CONCURRENCY", "a number", &|value| value.parse().ok());
        let mut word = |name: &str, expected: &str, known: &dyn Fn(&str) -> bool| {
            let value = variable(name)?;
            let good = known(&value);
            if !good {
                wrong.push(format!("{name}: expected {expected}, found '{value}'"));
            }
            good.then_some(value)
        };
        let listen = word("TOLLGATE_LISTEN", "an address and port as 127.0.0.1:9000", &|value| {
            value.parse::<SocketAddr>().is_ok()
        });
        let mode = word("TOLLGATE_RESPONSE_MODE", "stream or buffered", &|value| {
            matches!(value, "stream" | "buffered")
        });
        let is_level = |value: &str| value == "FATAL" || value.parse::<tracing::Level>().is_ok();
        let levels = "TRACE, DEBUG, INFO, WARN or ERROR";
        let level = word("AWS_LAMBDA_LOG_LEVEL", levels, &is_level)
            .or_else(|| word("TOLLGATE_LOG_LEVEL", levels, &is_level));
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
        }
        Ok(Self {
            table: variable("TOLLGATE_TABLE"),
            config_path: variable("TOLLGATE_CONFIG").unwrap_or_else(|| "gateway.yaml".to_owned()),
            listen: listen.and_then(|listen| listen.parse().ok()).unwrap_or(LISTEN),
            response_mode: match mode.as_deref() {
                Some("buffered") => ResponseMode::Buffered,
                _ => ResponseMode::Stream,
            },
            config_ttl_ms: config_ttl_ms.unwrap_or(30_000),
            settle_margin_ms: margin.unwrap_or(2_000),
            region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")),
            dynamodb_endpoint: variable("AWS_ENDPOINT_URL_DYNAMODB")
                .or_else(|| variable("AWS_ENDPOINT_URL")),
            ssm_endpoint: variable("AWS_ENDPOINT_URL_SSM").or_else(|| variable("AWS_ENDPOINT_URL")),
            runtime_api: variable("AWS_LAMBDA_RUNTIME_API"),
            max_concurrency: concurrency.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).max(1),
            log_level: level.and_then(|level| level.parse().ok()).unwrap_or(tracing::Level::INFO),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_are_those_of_a_local_run() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:9000");
        assert_eq!((settings.table, settings.config_path.as_str()), (None, "gateway.yaml"));
        assert_eq!(settings.response_mode, ResponseMode::Stream);
        assert_eq!(settings.runtime_api, None);
    }

    #[test]
    fn every_wrong_variable_is_named_at_once() {
        let wrong = read(&[
            ("TOLLGATE_LISTEN", "9000"),
            ("TOLLGATE_RESPONSE_MODE", "stream!"),
            ("TOLLGATE_CONFIG_TTL_MS", "soon"),
        ]);
        let wrong = wrong.unwrap_err();
        assert_eq!(wrong.lines().count(), 3, "{wrong}");
        assert!(wrong.contains(
            "TOLLGATE_LISTEN: expected an address and port as 127.0.0.1:9000, found '9000'"
        ));
    }
}
