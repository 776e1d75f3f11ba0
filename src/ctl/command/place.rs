//! The options of every command: where the table is, and who asks.

use clap::Args;

use crate::ctl::output::Failed;
use crate::settings::variable;

/// Where the table is and who asks.
#[derive(Debug, Args)]
#[command(next_help_heading = "The table")]
pub(in crate::ctl) struct Place {
    #[arg(help = "The table [default: TOLLGATE_TABLE, then tollgate]")]
    #[arg(long, value_name = "NAME", global = true, value_parser = table_name)]
    table: Option<String>,

    #[arg(help = "Where DynamoDB is [default: AWS_ENDPOINT_URL_DYNAMODB, then the region's]")]
    #[arg(long, value_name = "URL", global = true, value_parser = endpoint)]
    endpoint_url: Option<String>,

    #[arg(help = "The region [default: AWS_REGION, then the profile's]")]
    #[arg(long, value_name = "REGION", global = true)]
    pub(in crate::ctl) region: Option<String>,

    /// A profile of ~/.aws [default: the SDK's ordinary search for credentials]
    #[arg(long, value_name = "PROFILE", global = true)]
    pub(in crate::ctl) profile: Option<String>,
}

impl Place {
    /// The table's name.
    ///
    /// # Errors
    /// When the environment has a wrong one.
    pub(in crate::ctl) fn table(&self) -> Result<String, Failed> {
        let table = self.table.clone().or_else(|| variable("TOLLGATE_TABLE"));
        let table = table.unwrap_or_else(|| "tollgate".to_owned());
        table_name(&table).map_err(|why| Failed::new(format!("TOLLGATE_TABLE is '{table}': {why}")))
    }

    /// The endpoint, if it is not the region's.
    ///
    /// # Errors
    /// When the environment has a wrong one.
    pub(in crate::ctl) fn endpoint(&self) -> Result<Option<String>, Failed> {
        if self.endpoint_url.is_some() {
            return Ok(self.endpoint_url.clone());
        }
        for name in ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"] {
            if let Some(url) = variable(name) {
                let checked = endpoint(&url);
                return checked
                    .map(Some)
                    .map_err(|why| Failed::new(format!("{name} is '{url}': {why}")));
            }
        }
        Ok(None)
    }
}

fn table_name(text: &str) -> Result<String, &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if (3..=255).contains(&text.len()) && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("a table's name has 3 to 255 letters, digits, '_', '.' and '-'")
    }
}

fn endpoint(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
    match url.scheme() {
        "http" | "https" => Ok(text.to_owned()),
        _ => Err("expected http://… or https://…".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_names_and_endpoints() {
        assert!(table_name("tollgate-prod_1.a").is_ok());
        assert!(["", "ab", "a b c", "täble"].iter().all(|name| table_name(name).is_err()));
        assert!(endpoint("http://127.0.0.1:8000").is_ok());
        assert!(
            ["127.0.0.1:8000", "localhost", "ftp://x"].iter().all(|url| endpoint(url).is_err())
        );
    }
}
