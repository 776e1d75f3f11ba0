//! Faults that a client asks for, to see what its fallbacks do: `x-tollgate-fault`.

use http::{HeaderMap, HeaderName};

use super::Pattern;
use crate::failure::{Class, Failure, Sent};
use crate::refusal::Refusal;

static NAME: HeaderName = HeaderName::from_static("x-tollgate-fault");

/// The targets that are to fail, each with the class of its failure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults(Vec<(Pattern, Class)>);

impl Faults {
    /// Reads `target=PATTERN,class=CLASS`; several are separated by `;` or come in headers of their
    /// own. The target is one by its id, `*` and `?` standing for others; without it, all fail.
    ///
    /// # Errors
    /// A refusal that says what is wrong.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Refusal> {
        let values = headers.get_all(&NAME).iter().map(|value| value.to_str().unwrap_or("?"));
        let faults = values.flat_map(|value| value.split(';')).map(fault);
        faults.collect::<Result<_, _>>().map(Self)
    }

    /// Whether nothing is to fail.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The failure of a target that is to fail: the first that is about it. It was not asked.
    pub fn of(&self, target: &str) -> Option<Failure> {
        let (_, class) = self.0.iter().find(|(pattern, _)| pattern.matches(target))?;
        Some(Failure::new(*class, Sent::Unbilled, "the client asked for this failure"))
    }
}

fn fault(text: &str) -> Result<(Pattern, Class), Refusal> {
    let (mut target, mut class) = (Pattern::new("*"), None);
    for part in text.split(',') {
        match part.trim().split_once('=') {
            Some(("target", value)) => target = Pattern::new(value),
            Some(("class", name)) => {
                class = Some(Class::named(name).ok_or_else(|| unknown(name))?);
            }
            _ => return Err(wrong(&format!("'{}' is neither of the two", part.trim()))),
        }
    }
    class.map(|class| (target, class)).ok_or_else(|| wrong("there is no class"))
}

fn unknown(class: &str) -> Refusal {
    let names = Class::ALL.map(|(_, name)| name).join(", ");
    wrong(&format!("'{class}' is no class of failures, which are {names}"))
}

fn wrong(why: &str) -> Refusal {
    let message = format!("'{NAME}' is 'target=PATTERN,class=CLASS', and {why}.");
    Refusal::field(NAME.as_str(), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&str], target: &str, expected: Result<Option<Class>, &str>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&NAME, value.parse().unwrap());
        }
        let found = Faults::from_headers(&headers);
        let found = found.map(|faults| faults.of(target).map(|failure| failure.class));
        match (found, expected) {
            (Err(refusal), Err(part)) => {
                assert!(refusal.message().contains(part), "{}", refusal.message());
            }
            (found, expected) => assert_eq!(found.map_err(|_| ""), expected, "{values:?}"),
        }
    }

    #[test]
    fn faults_are_read() {
        check(&[], "a/x", Ok(None));
        check(&["target=a/x,class=server"], "a/x", Ok(Some(Class::Server)));
        check(&["target=a/x,class=server"], "b/x", Ok(None));
        check(&["target=a/*, class=rate_limit"], "a/*", Ok(Some(Class::RateLimit)));
        check(&["class=network"], "b/y", Ok(Some(Class::Network)));
        let both = "target=a/*,class=server; target=*,class=timeout_connect";
        check(&[both], "a/x", Ok(Some(Class::Server)));
        check(&[both], "b/x", Ok(Some(Class::TimeoutConnect)));
        check(&["target=a/x,class=server", "class=empty"], "b/x", Ok(Some(Class::Empty)));
    }

    #[test]
    fn what_is_no_fault_is_refused() {
        check(&["target=a/x,class=sever"], "", Err("'sever' is no class of failures, which are"));
        check(&["target=a/x"], "", Err("there is no class"));
        check(&[""], "", Err("'' is neither of the two"));
        check(&["true"], "", Err("'true' is neither of the two"));
        check(&["target=a,class=server;"], "", Err("'' is neither of the two"));
    }
}
