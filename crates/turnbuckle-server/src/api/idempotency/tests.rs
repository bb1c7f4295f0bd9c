use axum::body::to_bytes;

use super::*;

#[tokio::test]
async fn a_kept_answer_comes_back_as_it_was() {
    let mut headers = HeaderMap::new();
    headers.insert("etag", "\"1\"".parse().unwrap());
    headers.append("x-twice", "a".parse().unwrap());
    headers.append("x-twice", "b".parse().unwrap());
    headers.insert(CONTENT_LENGTH, "3".parse().unwrap());
    let kept = Kept::encode(StatusCode::CREATED, &headers, b"\x00{}");

    let response = Kept::decode(&kept).unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()["idempotent-replayed"], "true");
    assert_eq!(response.headers()["etag"], "\"1\"");
    assert_eq!(response.headers().get_all("x-twice").iter().count(), 2);
    assert!(!response.headers().contains_key(CONTENT_LENGTH), "it is computed anew");
    assert_eq!(to_bytes(response.into_body(), 10).await.unwrap(), b"\x00{}".as_slice());
}

#[test]
fn a_kept_answer_that_was_cut_is_our_failure() {
    let kept = Kept::encode(StatusCode::OK, &HeaderMap::new(), b"");
    for length in 0..kept.len() {
        assert_eq!(Kept::decode(&kept[..length]).unwrap_err().problem(), Problem::Internal);
    }
}

#[test]
fn a_key_is_visible_ascii_of_limited_length() {
    let check = |values: &[&[u8]], is_key: bool| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value).unwrap());
        }
        assert_eq!(read_key(&headers).is_ok(), is_key, "{values:?}");
    };
    check(&[b"order-17"], true);
    check(&[&[b'a'; KEY_BYTES_MAX]], true);
    check(&[&[b'a'; KEY_BYTES_MAX + 1]], false);
    check(&[b""], false);
    check(&[b"two words"], false);
    check(&["ü".as_bytes()], false);
    check(&[b"one", b"two"], false);
}
