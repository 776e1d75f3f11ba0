//! Calls of tools that come in pieces.

use super::said::CallPiece;

/// A call as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Call {
    /// Its number on the wire, where it has one.
    pub(super) index: Option<i64>,
    pub(super) id: String,
    pub(super) name: String,
    /// Arguments that nobody has been told yet.
    pub(super) waiting: String,
    /// Whether any arguments have come.
    pub(super) has_arguments: bool,
    pub(super) signature: Option<String>,
    braces: Braces,
}

impl Call {
    /// Whether a piece is of this call. Most servers number the calls; Gemini leaves the numbers
    /// out, and servers like it give every call the same, each call being whole and with an id of
    /// its own; some repeat id and name with every piece.
    pub(super) fn owns(&self, piece: &CallPiece<'_>, is_last: bool) -> bool {
        let (id, named) = (piece.id(), !piece.name().is_empty());
        let other_id = !id.is_empty() && !self.id.is_empty() && id != self.id;
        let again = self.is_whole() && id.is_empty() && !piece.arguments().is_empty();
        let begins = named && (other_id || again);
        match (self.index, piece.index) {
            (Some(mine), Some(its)) => mine == its && !begins,
            _ if !id.is_empty() && id == self.id => true,
            _ => is_last && !begins,
        }
    }

    /// Takes a piece in.
    pub(super) fn grow(&mut self, piece: &CallPiece<'_>) {
        if self.index.is_none() {
            self.index = piece.index;
        }
        if self.id.is_empty() {
            piece.id().clone_into(&mut self.id);
        }
        // Some servers repeat the name.
        if !self.has_arguments && piece.name() != self.name {
            self.name.push_str(piece.name());
        }
        if self.signature.is_none() {
            self.signature = piece.signature().map(|json| json.get().to_owned());
        }
        let arguments = piece.arguments();
        self.has_arguments |= !arguments.is_empty();
        self.braces.read(&arguments);
        self.waiting.push_str(&arguments);
    }

    /// Whether a signature may come behind it: Gemini's, whose calls have no number and come whole,
    /// so that waiting costs little. Without its signature, the next turn would be refused.
    pub(super) fn may_be_signed_late(&self) -> bool {
        self.index.is_none() && self.signature.is_none()
    }

    /// Whether its arguments are a whole object.
    pub(super) fn is_whole(&self) -> bool {
        self.braces.has_closed
    }
}

/// Counts the braces of a JSON object that comes in pieces.
#[derive(Debug, Default)]
struct Braces {
    open: usize,
    in_text: bool,
    escaped: bool,
    has_closed: bool,
}

impl Braces {
    fn read(&mut self, piece: &str) {
        for byte in piece.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_text => self.escaped = true,
                b'"' => self.in_text = !self.in_text,
                _ if self.in_text => {}
                b'{' | b'[' => self.open += 1,
                b'}' | b']' => {
                    self.open = self.open.saturating_sub(1);
                    self.has_closed |= self.open == 0;
                }
                _ => {}
            }
        }
    }
}
