//! The options of `explain`.

use clap::{ArgGroup, Args};
use http::{HeaderName, HeaderValue};

use crate::dialect::Operation;

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("request").required(true)))]
pub(in crate::ctl) struct ExplainOptions {
    /// The body of a request; - is the standard input
    #[arg(value_name = "BODY.json", group = "request")]
    pub(in crate::ctl) body: Option<String>,
    /// Without a body: a short request for this model
    #[arg(long, value_name = "NAME", group = "request")]
    pub(in crate::ctl) model: Option<String>,
    /// Explain by this document and its local keys, YAML or JSON [default: the table]
    #[arg(long, value_name = "FILE")]
    pub(in crate::ctl) file: Option<String>,
    /// Whose request it is: a key's id, its name if no other key has it, or the key itself [default:
    /// nobody's; nothing is said of limits]
    #[arg(long)]
    pub(in crate::ctl) key: Option<String>,
    /// A header of the request; repeatable
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub(in crate::ctl) headers: Vec<(HeaderName, HeaderValue)>,
    #[arg(help = "Where it is sent: chat, completions, embeddings, messages or count_tokens")]
    #[arg(long, value_name = "NAME", default_value = "chat", value_parser = operation)]
    pub(in crate::ctl) endpoint: Operation,
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), &'static str> {
    let (name, value) = text.split_once(':').ok_or("expected a header as 'x-tenant: acme'")?;
    let name = HeaderName::try_from(name.trim()).map_err(|_| "this is no name of a header")?;
    let value = HeaderValue::try_from(value.trim()).map_err(|_| "this is no value of a header")?;
    Ok((name, value))
}

fn operation(text: &str) -> Result<Operation, String> {
    let found = Operation::ALL.into_iter().find(|operation| operation.name() == text);
    found.ok_or_else(|| {
        format!("expected one of {}", Operation::ALL.map(Operation::name).join(", "))
    })
}
