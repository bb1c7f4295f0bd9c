//! Randomness from the operating system.
//!
//! Every byte comes from the system's own generator; ours is only a small
//! buffer per thread, so that an id does not cost a system call.

use std::cell::RefCell;

const BUFFER_BYTES: usize = 512;

struct Buffer {
    bytes: [u8; BUFFER_BYTES],
    used: usize,
}

thread_local! {
    static BUFFER: RefCell<Buffer> =
        const { RefCell::new(Buffer { bytes: [0; BUFFER_BYTES], used: BUFFER_BYTES }) };
}

/// `N` bytes that nobody can guess; at most 512.
///
/// # Panics
/// If the operating system has no randomness to give, which it promises not to
/// happen after boot: nothing sealed or signed without it would be safe.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    const { assert!(N <= BUFFER_BYTES) };
    BUFFER.with_borrow_mut(|buffer| {
        if BUFFER_BYTES - buffer.used < N {
            getrandom::fill(&mut buffer.bytes).expect("the operating system gives random bytes");
            buffer.used = 0;
        }
        let taken = &mut buffer.bytes[buffer.used..][..N];
        let mut bytes = [0; N];
        bytes.copy_from_slice(taken);
        // What was handed out may be a key; it must not stay here.
        taken.fill(0);
        buffer.used += N;
        bytes
    })
}

pub fn random_u64() -> u64 {
    u64::from_ne_bytes(random_bytes())
}

/// A sample in `0.0..1.0`, for jitter.
pub fn random_share() -> f64 {
    // The 53 bits that a double holds exactly.
    (random_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// A secret that stands in a URL or a header as it is: `prefix`, then 256
/// random bits as 64 hexadecimal digits.
pub fn new_token(prefix: &str) -> String {
    use std::fmt::Write;

    let mut token = String::with_capacity(prefix.len() + 64);
    token.push_str(prefix);
    for byte in random_bytes::<32>() {
        write!(token, "{byte:02x}").expect("writing to a string cannot fail");
    }
    token
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nothing_repeats_across_refills_of_the_buffer() {
        let seen: HashSet<u64> = (0..10_000).map(|_| random_u64()).collect();
        assert_eq!(seen.len(), 10_000);
        assert!(!seen.contains(&0));
    }

    #[test]
    fn pieces_of_any_size_are_filled() {
        for _ in 0..100 {
            assert_ne!(random_bytes::<512>(), [0; 512]);
            assert_ne!(random_bytes::<24>(), [0; 24]);
            assert_ne!(random_bytes::<17>(), [0; 17]);
        }
        assert!(random_bytes::<0>().is_empty());
    }

    #[test]
    fn a_share_is_below_one() {
        assert!((0..1000).map(|_| random_share()).all(|share| (0.0..1.0).contains(&share)));
    }

    #[test]
    fn a_token_is_its_prefix_and_64_digits() {
        let token = new_token("sk_");
        assert_eq!(token.len(), 67);
        assert!(token.starts_with("sk_"));
        assert!(token[3..].bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(token, new_token("sk_"));
    }
}
