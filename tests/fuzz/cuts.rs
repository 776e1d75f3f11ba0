//! Ways of cutting bytes into chunks, as a network would.

use std::fmt::Debug;

use super::corpus::hash;
use super::mutate::Dice;

/// What `read` makes of the bytes, which must be the same however they come: in one piece, byte by
/// byte, and in pieces that depend on nothing but the bytes.
pub(super) fn however_cut<T: Debug + PartialEq>(bytes: &[u8], read: impl Fn(&[&[u8]]) -> T) -> T {
    let whole = read(&[bytes]);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read(&single), whole, "byte by byte, and in one piece");
    in_pieces(bytes, &whole, read);
    whole
}

/// As [`however_cut`] without the single bytes, which take long: for what reads through a codec that
/// was tried with them.
pub(super) fn in_some_pieces<T: Debug + PartialEq>(
    bytes: &[u8],
    read: impl Fn(&[&[u8]]) -> T,
) -> T {
    let whole = read(&[bytes]);
    in_pieces(bytes, &whole, read);
    whole
}

fn in_pieces<T: Debug + PartialEq>(bytes: &[u8], whole: &T, read: impl Fn(&[&[u8]]) -> T) {
    let mut dice = Dice::new(hash(bytes));
    for longest in [4, 200] {
        let (mut rest, mut pieces) = (bytes, Vec::new());
        while !rest.is_empty() {
            // An empty piece now and then: that is no end.
            let length = dice.below(longest + 1).min(rest.len());
            let (piece, behind) = rest.split_at(length);
            pieces.push(piece);
            rest = behind;
        }
        let lengths: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
        assert_eq!(read(&pieces), *whole, "in pieces of {lengths:?}, and in one piece");
    }
}
