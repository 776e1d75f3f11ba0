//! The URL of an operation at a provider.

use super::Provider;
use crate::dialect::{Dialect, Operation, converse, percent_encoded};

impl Provider {
    /// Where an operation of a model is, with what else the query is to say. The model is one segment
    /// of a path, whatever is in its name.
    pub fn url<'a>(
        &'a self,
        operation: Operation,
        model: &str,
        stream: bool,
        query: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> String {
        let base = self.base_url.as_str();
        let mut url = match self.vendor.dialect {
            Dialect::Converse if operation == Operation::CountTokens => {
                format!("{base}{}", converse::count_path(model))
            }
            Dialect::Converse => format!("{base}{}", converse::path(model, stream)),
            Dialect::OpenAi | Dialect::Anthropic => {
                [base, "/", &self.path_of(operation, model)].concat()
            }
        };
        let version = self.api_version.iter().map(|version| ("api-version", version.as_str()));
        for (index, (name, value)) in version.chain(query).enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(&percent_encoded(name));
            url.push('=');
            url.push_str(&percent_encoded(value));
        }
        url
    }

    fn path_of(&self, operation: Operation, model: &str) -> String {
        let mut path = String::new();
        for piece in self.path.split_inclusive('}') {
            match piece.rsplit_once('{') {
                Some((before, "operation}")) => path.extend([before, operation.path()]),
                Some((before, "model}")) => path.extend([before, &percent_encoded(model)]),
                _ => path.push_str(piece),
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Document, Strictness};
    use crate::dialect::Operation;

    fn check(provider: &str, operation: Operation, model: &str, expected: &str) {
        let text = format!(
            "providers: {{ p: {{ {provider} }} }}\n\
             routes: [{{ match: a, targets: [{{ provider: p }}] }}]"
        );
        let read = Document::parse(&text).unwrap().read(Strictness::Strict);
        let (config, _) = read.unwrap_or_else(|problems| panic!("{provider}: {problems:?}"));
        let provider = config.providers.values().next().unwrap();
        let query = std::iter::empty();
        assert_eq!(provider.url(operation, model, true, query), expected);
    }

    const KEY: &str = "api_key: env:K";

    #[test]
    fn vendors_at_their_own_address() {
        use Operation::{ChatCompletions as Chat, CountTokens, Messages};
        let openai = format!("vendor: openai, {KEY}");
        check(&openai, Chat, "gpt-5", "https://api.openai.com/v1/chat/completions");
        let claude = format!("vendor: anthropic, {KEY}");
        check(&claude, Messages, "c", "https://api.anthropic.com/v1/messages");
        check(&claude, CountTokens, "c", "https://api.anthropic.com/v1/messages/count_tokens");
        let gemini = format!("vendor: gemini, {KEY}");
        let url = "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions";
        check(&gemini, Chat, "gemini-3-pro", url);
        let own = "vendor: openai-compatible, base_url: \"https://x.example\", \
                   path: \"/v2/{operation}/{model}\"";
        check(own, Chat, "m", "https://x.example/v2/chat/completions/m");
    }

    #[test]
    fn vendors_in_clouds() {
        use Operation::{ChatCompletions as Chat, Embeddings, Messages};
        let azure = "https://r.openai.azure.com";
        let v1 = format!("vendor: azure, base_url: \"{azure}/\", {KEY}");
        check(&v1, Chat, "gpt-5", &format!("{azure}/openai/v1/chat/completions"));
        let preview = format!("{v1}, api_version: preview");
        let url = format!("{azure}/openai/v1/embeddings?api-version=preview");
        check(&preview, Embeddings, "e", &url);
        let deployments = format!(
            "vendor: azure-deployments, base_url: \"{azure}\", api_version: \"2024-10-21\", {KEY}"
        );
        let deployment = "openai/deployments/my%20gpt%2F4%231%3F";
        let url = format!("{azure}/{deployment}/chat/completions?api-version=2024-10-21");
        check(&deployments, Chat, "my gpt/4#1?", &url);
        let bedrock = "https://bedrock-runtime.eu-west-1.amazonaws.com";
        let url = format!("{bedrock}/model/eu.anthropic.claude-sonnet-4-6/converse-stream");
        let claude = "eu.anthropic.claude-sonnet-4-6";
        check("vendor: bedrock, region: eu-west-1", Messages, claude, &url);
        let url = format!("{bedrock}/model/{claude}/count-tokens");
        check("vendor: bedrock, region: eu-west-1", Operation::CountTokens, claude, &url);
        let url = format!("{bedrock}/openai/v1/chat/completions");
        let gpt = "openai.gpt-oss-120b-1:0";
        check("vendor: bedrock-openai, region: eu-west-1", Chat, gpt, &url);
    }
}
