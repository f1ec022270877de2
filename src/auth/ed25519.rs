//! Validation of Ed25519 public keys.
//!
//! aws-lc accepts every point as a public key, as [RFC 8032, 5.1.7](https://www.rfc-editor.org/rfc/rfc8032#section-5.1.7) allows. For a point
//! of small order, an attacker without a private key can forge a signature that verifies for every eighth message or for all messages.

/// Length of an encoded point, in bytes.
pub(super) const POINT_BYTES: usize = 32;

/// Mask of the sign of x: the highest bit of the last byte. The other bits are y.
const SIGN_BIT: u8 = 0x80;

/// The y coordinates of the points whose order divides 8, little-endian. Both signs of x have small order.
const SMALL_ORDER: [[u8; POINT_BYTES]; 5] = [
    // Order 1.
    bytes_with_ends(0x01, 0x00, 0x00),
    // Order 2.
    bytes_with_ends(0xec, 0xff, 0x7f),
    // Order 4.
    bytes_with_ends(0x00, 0x00, 0x00),
    // Order 8.
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// Prime of the field, 2^255 - 19, little-endian. An encoding whose y is not below it is not canonical (RFC 8032, 5.1.3).
const PRIME: [u8; POINT_BYTES] = bytes_with_ends(0xed, 0xff, 0x7f);

/// Whether the public key is canonically encoded and not of small order. Points that are not on the curve need no check, because they verify
/// no signature.
pub(super) fn is_safe(mut point: [u8; POINT_BYTES]) -> bool {
    if let Some(last) = point.last_mut() {
        *last &= !SIGN_BIT;
    }
    point.iter().rev().lt(PRIME.iter().rev()) && !SMALL_ORDER.contains(&point)
}

const fn bytes_with_ends(first: u8, middle: u8, last: u8) -> [u8; POINT_BYTES] {
    let mut bytes = [middle; POINT_BYTES];
    bytes[0] = first;
    bytes[POINT_BYTES - 1] = last;
    bytes
}
