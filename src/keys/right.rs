//! Rights: what a key may do besides asking models. No key has one that it was not given.

/// One right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// To be told what would happen to a request (`x-tollgate-explain`).
    Explain,
    /// To have targets fail that have not failed (`x-tollgate-fault`).
    Fault,
}

impl Right {
    /// Every right with its name and the header that needs it.
    pub const ALL: [(Self, &'static str, &'static str); 2] = [
        (Self::Explain, "explain", "x-tollgate-explain"),
        (Self::Fault, "fault", "x-tollgate-fault"),
    ];

    /// The right of that name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(right, ..)| *right)
    }

    /// The name in configuration, rows and commands.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(right, ..)| *right == self).map_or("unknown", |(_, name, _)| name)
    }

    /// The header that only keys with this right may send.
    pub fn header(self) -> &'static str {
        Self::ALL.iter().find(|(right, ..)| *right == self).map_or("unknown", |(.., header)| header)
    }

    /// The names of several.
    pub fn names(rights: &[Self]) -> Vec<&'static str> {
        rights.iter().map(|right| right.name()).collect()
    }
}
