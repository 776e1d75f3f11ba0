//! The alias's grammar. It ends up in logs, in metrics' neighbourhood and, for some providers, in a
//! path, so it may hold nothing that means something there.

use crate::refusal::Refusal;

const MAX_BYTES: usize = 256;

/// Checks the name that a client sent as `model`.
///
/// # Errors
/// [`Refusal::InvalidField`] on `model`, which says what is wrong with it.
pub fn check_alias(alias: &str) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::field("model", message));
    if alias.is_empty() {
        return refuse("'model' is empty: name the model to use.".to_owned());
    }
    if alias.len() > MAX_BYTES {
        return refuse(format!("'model' is longer than {MAX_BYTES} bytes."));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.:/@+".contains(c);
    if let Some(bad) = alias.chars().find(|c| !allowed(*c)) {
        return refuse(format!(
            "'model' holds {bad:?}: letters, digits and - _ . : / @ + are allowed."
        ));
    }
    if alias.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return refuse("'model' holds an empty, '.' or '..' segment.".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_real_models_pass_and_tricks_do_not() {
        for good in ["gpt-4o", "DeepSeek-V3.2", "ep-20250101-abc", "openai/gpt-5", "a:b@c+d_e"] {
            assert_eq!(check_alias(good), Ok(()), "{good}");
        }
        let long = "a".repeat(257);
        for bad in
            ["", "a b", "a/../b", "..", "a//b", "/a", "a%2e", "gpt\u{200b}", "gрt", "a\0", &long]
        {
            assert!(matches!(check_alias(bad), Err(Refusal::InvalidField { .. })), "{bad:?}");
        }
    }
}
