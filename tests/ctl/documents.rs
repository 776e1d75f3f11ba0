//! Documents that are checked and pushed.

use serde_json::{Value, json};

use super::tool::{check, run};

pub(super) const GOOD: &str = r#"
providers:
  pai:     { vendor: openai-compatible, base_url: "https://deepseek.example.com/v1", api_key: env:PAI_API_KEY }
  bailian: { vendor: dashscope, api_key: ssm:/tollgate/bailian }
  mock:    { vendor: mock }
routes:
  - match: "DeepSeek-*"
    targets:
      - { provider: pai, weight: 90 }
      - { provider: bailian, model: deepseek-v3.2, weight: 10 }
    fallback: [{ provider: bailian, model: deepseek-v3.2, price: { input: 0.28, output: 0.42 } }]
  - { match: demo, targets: [{ provider: mock }] }
"#;

const GOOD_SHOWN: &str = "\
stdin is good: 2 routes, 3 providers

MODELS      TARGETS                                 FALLBACK
DeepSeek-*  pai/* (90), bailian/deepseek-v3.2 (10)  bailian/deepseek-v3.2
demo        mock/*                                  -

PROVIDER  VENDOR             ADDRESS                                            CREDENTIAL
bailian   dashscope          https://dashscope.aliyuncs.com/compatible-mode/v1  ssm:/tollgate/bailian
mock      mock               -                                                  -
pai       openai-compatible  https://deepseek.example.com/v1                    env:PAI_API_KEY
";

pub(super) const BAD: &str = "
providers:
  a: { vendor: opnai, api_key: env:A }
routes:
  - match: x
    targets: [{ provider: b }]
";

pub(super) const BAD_SHOWN: &str = "\
stdin:3:16: providers.a.vendor: unknown vendor 'opnai': did you mean 'openai'?
stdin:6:27: routes[0].targets[0].provider: unknown provider 'b': did you mean 'a'?
error: stdin has 2 mistakes
";

/// A document whose only route matches one name.
pub(super) fn document(name: &str) -> String {
    format!(
        "providers: {{ m: {{ vendor: mock }} }}\nroutes: [{{ match: {name}, targets: [{{ provider: m }}] }}]"
    )
}

/// The same with a price.
pub(super) fn priced(name: &str) -> String {
    let price = "price: { input: 1, output: 2 }";
    document(name).replace("{ provider: m }", &format!("{{ provider: m, {price} }}"))
}

#[test]
fn a_good_document_is_shown_and_every_mistake_has_its_place() {
    check(&["config", "check", "-"], GOOD, 0, GOOD_SHOWN, "");
    check(&["config", "check", "-"], BAD, 1, "", BAD_SHOWN);
    check(
        &["config", "check", "-"],
        "a: [",
        1,
        "",
        "stdin:2:1: not valid YAML: while parsing a node, did not find expected node content\n\
         error: stdin has 1 mistake\n",
    );
    let empty = "error: stdin is empty: without a route nothing is served\n";
    check(&["config", "check", "-"], "# nothing\n", 1, "", empty);
    check(
        &["config", "check", "/nonexistent/gateway.yaml"],
        "",
        1,
        "",
        "error: cannot read /nonexistent/gateway.yaml: No such file or directory (os error 2)\n  \
         name a YAML or JSON file, or - for the standard input\n",
    );
}

#[test]
fn a_document_that_the_table_cannot_hold_is_refused() {
    let names = (0..20_000).map(|n| format!("model-name-{n}")).collect::<Vec<_>>().join(", ");
    let document = format!(
        "providers: {{ m: {{ vendor: mock }} }}\nroutes: [{{ match: '*', models: [{names}], targets: [{{ provider: m }}] }}]"
    );
    let said = run(&["config", "check", "-"], &document);
    assert_eq!(said.code, 1);
    assert!(said.err.starts_with("error: stdin is too large for the table: "), "{said:?}");
}

#[test]
fn machines_get_one_document() {
    let said = run(&["--json", "config", "check", "-"], GOOD).json();
    assert_eq!(said["routes"][0]["match"], "DeepSeek-*");
    assert_eq!(
        said["routes"][0]["fallback"][0],
        json!({
            "target": "bailian/deepseek-v3.2", "weight": null, "priced": true,
        })
    );
    assert_eq!(said["providers"][2]["api_key"], "env:PAI_API_KEY");

    let said = run(&["config", "check", "-", "--json"], BAD);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    let error: Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!(error["error"]["message"], "stdin has 2 mistakes");
    assert_eq!(
        error["error"]["problems"][0],
        json!({
            "file": "stdin", "line": 3, "column": 16, "path": "providers.a.vendor",
            "message": "unknown vendor 'opnai': did you mean 'openai'?",
        })
    );
}
