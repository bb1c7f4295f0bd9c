//! What makes two subscriptions the same wish, in a size that an index likes.

use uuid::Uuid;

/// Name space in which identities become fixed-size numbers.
const IDENTITIES: Uuid = Uuid::from_u128(0x6b1e_3c52_70f4_4d6b_9f0e_4c1d_7a2b_5e90);

pub fn identity_hash(identity: &str) -> Uuid {
    Uuid::new_v5(&IDENTITIES, identity.as_bytes())
}
