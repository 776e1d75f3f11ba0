//! What is known of a Claude model by its name. What a model takes depends on its generation, and
//! what it does not take is refused: it is left out and named instead.

/// A Claude model, as far as its requests differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dialect) struct Claude {
    family: Family,
    /// Major and minor version.
    version: (u32, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Haiku,
    Sonnet,
    Opus,
    /// Fable and Mythos.
    Fable,
    Other,
}

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dialect) enum Thinks {
    Never,
    /// It gets a number of tokens.
    ByBudget,
    /// Either way.
    BothWays,
    /// It decides by itself, and may be told how hard to try.
    Adaptively,
}

/// How a model is told not to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dialect) enum Rests {
    /// By silence: it thinks only when it is told to.
    Unasked,
    /// `thinking: {type: disabled}`
    Disabled,
    /// It may be kept from thinking before it answers, not between its calls of tools:
    /// `thinking: {type: between_tools}`.
    BetweenTools,
    /// It thinks, whatever it is told.
    Never,
}

/// A name without a version, such as `claude-sonnet-latest`, is taken for the newest of its family.
const NEWEST: (u32, u32) = (u32::MAX, u32::MAX);

impl Claude {
    /// The model of a name, in the spelling of Anthropic (`claude-3-7-sonnet-20250219`,
    /// `claude-opus-4-6`), of a cloud (`claude-sonnet-4-5@20250929`, `claude-opus-4-6-v1:0`) or of a
    /// router (`anthropic/claude-opus-4.6`).
    pub(in crate::dialect) fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let (_, rest) = name.split_once("claude")?;
        // Behind a colon is a revision of the cloud's.
        let rest = rest.split(':').next().unwrap_or_default();
        let parts = || rest.split(|c: char| !c.is_ascii_alphanumeric()).filter(|p| !p.is_empty());
        let family = parts().find_map(|part| match part {
            "haiku" => Some(Family::Haiku),
            "sonnet" => Some(Family::Sonnet),
            "opus" => Some(Family::Opus),
            "fable" | "mythos" => Some(Family::Fable),
            _ => None,
        });
        let family = family.unwrap_or(Family::Other);
        // A date is no version.
        let number = |part: &str| part.parse().ok().filter(|number: &u32| *number < 100);
        let mut numbers = parts().map(|part| match part.strip_prefix('v') {
            // The first models had no family: `claude-v2`.
            Some(part) if family == Family::Other => number(part),
            _ => number(part),
        });
        let major = numbers.find_map(|number| number);
        let minor = numbers.next().flatten().unwrap_or(0);
        Some(Self { family, version: major.map_or(NEWEST, |major| (major, minor)) })
    }

    /// Whether it is of this version or a later one.
    pub(in crate::dialect) fn is_since(self, since: (u32, u32)) -> bool {
        self.version >= since
    }

    /// How it is told to think ("Extended thinking", "Adaptive thinking").
    pub(in crate::dialect) fn thinks(self) -> Thinks {
        match self.version {
            _ if self.family == Family::Fable => Thinks::Adaptively,
            version if version < (3, 7) => Thinks::Never,
            version if version < (4, 6) => Thinks::ByBudget,
            (4, 6) => Thinks::BothWays,
            _ => Thinks::Adaptively,
        }
    }

    /// How it is told not to think (the models' migration guides).
    pub(in crate::dialect) fn rests(self) -> Rests {
        match self.family {
            Family::Fable => Rests::Never,
            _ if !self.is_since((5, 0)) => Rests::Unasked,
            Family::Opus if self.is_since((5, 5)) => Rests::Never,
            Family::Sonnet if self.is_since((5, 5)) => Rests::BetweenTools,
            _ => Rests::Disabled,
        }
    }

    /// Whether `temperature`, `top_p` and `top_k` may be set: Claude 4.7 and later refuse all but the
    /// defaults ("Migrating to Claude Opus 4.7").
    pub(in crate::dialect) fn samples(self) -> bool {
        !self.is_since((4, 7))
    }

    /// Whether it can be made to call a tool (`tool_choice` of `any` or `tool`): Fable and Mythos, and
    /// from 5.5 on Opus and Sonnet, refuse it whether or not they are told to think ("What's new in
    /// Claude Opus 5.5", "What's new in Claude Sonnet 5.5").
    pub(in crate::dialect) fn can_be_forced(self) -> bool {
        match self.family {
            Family::Fable => false,
            Family::Opus | Family::Sonnet => !self.is_since((5, 5)),
            Family::Haiku | Family::Other => true,
        }
    }

    /// Whether it goes on from words that a conversation ends with as its own: Claude 4.6 and later
    /// refuse such a conversation ("What's new in Claude 4.6", "Prefill removal").
    pub(in crate::dialect) fn takes_prefill(self) -> bool {
        !self.is_since((4, 6))
    }

    /// Whether it knows the effort `xhigh` ("Effort").
    pub(in crate::dialect) fn knows_extra_high(self) -> bool {
        self.is_since((4, 7))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Option<(Family, (u32, u32))>) {
        let expected = expected.map(|(family, version)| Claude { family, version });
        assert_eq!(Claude::named(name), expected, "{name}");
    }

    #[test]
    fn models_are_known_by_their_name_in_every_spelling() {
        let haiku = |major, minor| Some((Family::Haiku, (major, minor)));
        let sonnet = |major, minor| Some((Family::Sonnet, (major, minor)));
        let opus = |major, minor| Some((Family::Opus, (major, minor)));
        let fable = |major, minor| Some((Family::Fable, (major, minor)));
        check("claude-3-haiku-20240307", haiku(3, 0));
        check("claude-3-5-sonnet-20241022", sonnet(3, 5));
        check("claude-3-7-sonnet-latest", sonnet(3, 7));
        check("claude-opus-4-20250514", opus(4, 0));
        check("claude-opus-4-1", opus(4, 1));
        check("claude-sonnet-4-5-20250929", sonnet(4, 5));
        check("claude-opus-4-6", opus(4, 6));
        check("claude-haiku-5-5", haiku(5, 5));
        check("claude-fable-5-1", fable(5, 1));
        // Without a version it is the newest.
        check("claude-mythos-preview", Some((Family::Fable, NEWEST)));
        check("claude-sonnet-latest", Some((Family::Sonnet, NEWEST)));
        check("claude", Some((Family::Other, NEWEST)));
        // Before there were families.
        check("claude-2.1", Some((Family::Other, (2, 1))));
        check("claude-instant-1.2", Some((Family::Other, (1, 2))));
        check("claude-v2:1", Some((Family::Other, (2, 0))));
        // Clouds and routers.
        check("claude-sonnet-4-5@20250929", sonnet(4, 5));
        check("claude-3-5-sonnet-v2@20241022", sonnet(3, 5));
        check("claude-3-5-sonnet-20241022-v2:0", sonnet(3, 5));
        check("claude-sonnet-4-20250514-v1:0", sonnet(4, 0));
        check("claude-opus-4-6-v1", opus(4, 6));
        check("claude-mythos-preview-v1:0", Some((Family::Fable, NEWEST)));
        check("anthropic/claude-opus-4.6", opus(4, 6));
        check("anthropic/claude-3.7-sonnet:thinking", sonnet(3, 7));
        check("Team-Claude-Sonnet-4-5", sonnet(4, 5));
        for other in ["deepseek-v4", "kimi-k2", "glm-4.6", "qwen3-max", "MiniMax-M2", ""] {
            check(other, None);
        }
    }

    #[test]
    fn what_ends_a_conversation_and_who_can_be_forced_changed_too() {
        for (name, can_be_forced, takes_prefill) in [
            ("claude-3-5-haiku-20241022", true, true),
            ("claude-sonnet-4-5-20250929", true, true),
            ("claude-opus-4-6", true, false),
            ("claude-sonnet-5", true, false),
            ("claude-opus-5", true, false),
            ("claude-haiku-5-5", true, false),
            ("claude-sonnet-5-5", false, false),
            ("claude-opus-5-5", false, false),
            ("claude-fable-5-1", false, false),
            ("claude-mythos-preview", false, false),
        ] {
            let claude = Claude::named(name).unwrap();
            let found = (claude.can_be_forced(), claude.takes_prefill());
            assert_eq!(found, (can_be_forced, takes_prefill), "{name}");
        }
    }

    #[test]
    fn thinking_changed_with_the_generations() {
        for (name, thinks, rests) in [
            ("claude-3-5-haiku-20241022", Thinks::Never, Rests::Unasked),
            ("claude-3-7-sonnet-20250219", Thinks::ByBudget, Rests::Unasked),
            ("claude-haiku-4-5-20251001", Thinks::ByBudget, Rests::Unasked),
            ("claude-sonnet-4-6", Thinks::BothWays, Rests::Unasked),
            ("claude-opus-4-8", Thinks::Adaptively, Rests::Unasked),
            ("claude-opus-5", Thinks::Adaptively, Rests::Disabled),
            ("claude-sonnet-5", Thinks::Adaptively, Rests::Disabled),
            ("claude-haiku-5-5", Thinks::Adaptively, Rests::Disabled),
            ("claude-sonnet-5-5", Thinks::Adaptively, Rests::BetweenTools),
            ("claude-opus-5-5", Thinks::Adaptively, Rests::Never),
            ("claude-fable-5", Thinks::Adaptively, Rests::Never),
            ("claude-mythos-preview", Thinks::Adaptively, Rests::Never),
        ] {
            let claude = Claude::named(name).unwrap();
            assert_eq!((claude.thinks(), claude.rests()), (thinks, rests), "{name}");
        }
    }
}
