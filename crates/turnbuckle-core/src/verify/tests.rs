use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::keys::{decode_hex, encode_hex};
use super::*;
use crate::invalid::Invalid;
use crate::source::Dedupe;

const NOW: UnixMs = 1_750_000_000_000;
const URL: &str = "https://hub.example/webhooks/8d5c1f";

fn read(document: Json) -> Verification {
    Verification::parse(&document).unwrap()
}

fn owned(headers: &[(String, String)]) -> Vec<(&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

fn post<'a>(headers: &'a [(&'a str, &'a [u8])], body: &'a [u8]) -> Post<'a> {
    Post { method: "POST", url: URL, headers, body }
}

/// What a case of the vector file expects, in its words.
fn outcome(case: &Json) -> &'static str {
    outcome_with(case, |_| ())
}

/// The same, if the sender signed in another way.
fn outcome_with(case: &Json, change: impl Fn(&mut Scheme)) -> &'static str {
    let mut document = json!({"sender": case["sender"], "secrets": case["secrets"]});
    if case["sender"] == "meta" {
        document["token"] = json!("t");
    }
    let mut verification = match Verification::parse(&document) {
        Ok(read) if read.secrets.is_empty() => return "bad_secret",
        Ok(read) => read,
        Err(_) => return "bad_secret",
    };
    change(&mut verification.scheme);
    let headers: Vec<(String, String)> = serde_json::from_value(case["headers"].clone()).unwrap();
    let headers = owned(&headers);
    let post = Post {
        method: case["method"].as_str().unwrap(),
        url: case["url"].as_str().unwrap(),
        headers: &headers,
        body: case["body"].as_str().unwrap().as_bytes(),
    };
    match verification.check(&post, case["now"].as_i64().unwrap() * 1_000) {
        Ok(_) => "valid",
        Err(Refusal::Missing(_)) => "missing",
        Err(Refusal::Repeated(_)) => "repeated",
        Err(Refusal::Unreadable(_)) => "unreadable",
        Err(Refusal::NoSignature(_)) => "no_signature",
        Err(Refusal::TimestampUnreadable(..)) => "timestamp_unreadable",
        Err(Refusal::TooOld { .. }) => "too_old",
        Err(Refusal::TooNew { .. }) => "too_new",
        Err(Refusal::OtherBody) => "other_body",
        Err(Refusal::NoToken(_)) => "no_token",
        Err(Refusal::OtherAlgorithm) => "other_algorithm",
        Err(Refusal::ClaimMissing(_)) => "claim_missing",
        Err(Refusal::ClaimUnreadable(_)) => "claim_unreadable",
        Err(Refusal::Expired { .. }) => "expired",
        Err(Refusal::OtherAudience) => "other_audience",
        Err(Refusal::NoMatch) => "no_match",
        Err(Refusal::NoSecret) => "no_secret",
    }
}

fn cases() -> Vec<Json> {
    let file: Json = serde_json::from_str(include_str!("../../testdata/verify.json")).unwrap();
    file["cases"].as_array().unwrap().clone()
}

#[test]
fn every_case_of_the_vector_file_comes_out() {
    let cases = cases();
    let wrong = cases.iter().filter(|case| case["expect"] != outcome(case));
    let wrong: Vec<String> = wrong
        .map(|case| {
            let [sender, name, expect] = ["sender", "name", "expect"].map(|it| &case[it]);
            format!("{sender} {name}: {} instead of {expect}", outcome(case))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_sender_has_a_vector_and_six_that_must_fail() {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for case in cases() {
        let count = counts.entry(case["sender"].as_str().unwrap().to_owned()).or_default();
        if case["expect"] == "valid" { count.0 += 1 } else { count.1 += 1 }
    }
    assert!(counts.keys().eq(SENDER_NAMES.iter()));
    for (sender, (valid, refused)) in counts {
        assert!(1 <= valid && 6 <= refused, "{sender}: {valid} and {refused}");
    }
}

#[test]
fn a_post_that_was_signed_with_its_time_is_recognised_whatever_else_is_written_on_it() {
    for case in cases() {
        let mut document = json!({"sender": case["sender"], "secrets": case["secrets"]});
        if case["sender"] == "meta" {
            document["token"] = json!("t");
        }
        let Ok(verification) = Verification::parse(&document) else { continue };
        let headers: Vec<(String, String)> =
            serde_json::from_value(case["headers"].clone()).unwrap();
        let mut headers = owned(&headers);
        let (method, url) = (case["method"].as_str().unwrap(), case["url"].as_str().unwrap());
        let body = case["body"].as_str().unwrap().as_bytes();
        let now = case["now"].as_i64().unwrap() * 1_000;
        let Ok(first) = verification.check(&Post { method, url, headers: &headers, body }, now)
        else {
            continue;
        };
        let scheme = &verification.scheme;
        let has_time = scheme.timestamp.is_some()
            || scheme.claims.as_ref().is_some_and(|it| it.tolerance_s.is_some());
        assert_eq!(first.fingerprint.is_some(), has_time, "{case}");
        // What is not signed: who posted it, and the id where it is a header of its own.
        headers.push(("x-more", b"1"));
        if let Some(Dedupe::Header(name)) = &scheme.id
            && !scheme.signed.contains(&Part::Id)
        {
            headers.retain(|(it, _)| !it.eq_ignore_ascii_case(name));
            headers.push((name, b"another"));
        }
        let again = verification.check(&Post { method, url, headers: &headers, body }, now);
        assert_eq!(again, Ok(first), "{case}");
    }
}

#[test]
fn what_was_signed_at_another_time_is_another_post() {
    let slack = read(json!({"sender": "slack", "secrets": ["s"]}));
    let fingerprint = |at_s: i64, body: &str| {
        let signed = format!("v0:{at_s}:{body}");
        let signature = signature(b"s", &signed).replace("sha256=", "v0=");
        let time = at_s.to_string();
        let headers = [
            ("x-slack-signature", signature.as_bytes()),
            ("x-slack-request-timestamp", time.as_bytes()),
        ];
        slack.check(&post(&headers, body.as_bytes()), NOW).unwrap().fingerprint.unwrap()
    };
    let now_s = NOW / 1_000;
    let known: HashSet<_> =
        [fingerprint(now_s, "a"), fingerprint(now_s, "b"), fingerprint(now_s - 1, "a")].into();
    assert_eq!(known.len(), 3);
    assert!(known.contains(&fingerprint(now_s, "a")));
}

#[test]
fn the_order_of_headers_and_the_case_of_their_names_do_not_matter() {
    for mut case in cases() {
        let headers = case["headers"].as_array_mut().unwrap();
        headers.reverse();
        for header in headers {
            header[0] = json!(header[0].as_str().unwrap().to_ascii_uppercase());
        }
        assert_eq!(case["expect"], outcome(&case), "{} {}", case["sender"], case["name"]);
    }
}

#[test]
fn every_part_that_is_signed_counts_and_so_does_their_order() {
    let cases = cases();
    for name in SENDER_NAMES {
        let part_count = sender(name).unwrap().signed.len();
        let valid = |change: &dyn Fn(&mut Scheme)| {
            let of_sender = cases.iter().filter(|it| it["sender"] == name);
            let mut accepted = of_sender.filter(|it| it["expect"] == "valid");
            accepted.all(|case| outcome_with(case, change) == "valid")
        };
        assert!(valid(&|_| ()), "{name}");
        for index in 0..part_count {
            assert!(!valid(&|it| drop(it.signed.remove(index))), "{name} without part {index}");
            if index + 1 < part_count {
                let is_open = valid(&|it| it.signed.swap(index, index + 1));
                assert!(!is_open, "{name} with parts {index} and {} swapped", index + 1);
            }
        }
    }
}

#[track_caller]
fn check_setting(document: Json, expect: &[(&str, &str)]) {
    let found = Verification::parse(&document).map(|_| ()).unwrap_err();
    let found: Vec<_> =
        found.iter().map(|Invalid { path, detail }| (path.as_str(), detail.as_str())).collect();
    assert_eq!(found, expect, "{document}");
}

#[test]
fn a_wrong_setting_is_refused_with_the_cure() {
    let either = "write either `sender` or `scheme`; a patch keeps the other unless it sets it to \
                  null";
    check_setting(
        json!({"sender": "githup", "secrets": ["x"]}),
        &[("/sender", "`githup` is not a known sender; did you mean `github`?")],
    );
    check_setting(json!({"secrets": ["x"]}), &[("", either)]);
    check_setting(
        json!({"sender": "github"}),
        &[("/secrets", "`secrets` must name at least one secret")],
    );
    check_setting(
        json!({"sender": "github", "secrets": [""]}),
        &[("/secrets/0", "a secret must be 1 to 2000 bytes long")],
    );
    check_setting(
        json!({"sender": "github", "secrets": ["x\n"]}),
        &[("/secrets/0", "a secret must not begin or end with a space or a line break")],
    );
    check_setting(
        json!({"sender": "svix", "secrets": ["whsec_"]}),
        &[("/secrets/0", "a secret of this sender must not be empty")],
    );
    check_setting(
        json!({"sender": "svix", "secrets": ["whsec_?"]}),
        &[("/secrets/0", "a secret of this sender must be written in Base64")],
    );
    let basic =
        "a secret of this sender must be a user name and a password with a colon between them";
    check_setting(
        json!({"sender": "pipedrive", "secrets": ["password"]}),
        &[("/secrets/0", basic)],
    );
    check_setting(
        json!({"sender": "github", "secrets": vec!["x"; 11]}),
        &[("/secrets", "at most 10 secrets are tried")],
    );
    check_setting(
        json!({"sender": "github", "secrets": ["x"], "tolerance_s": 60}),
        &[("/tolerance_s", "this sender signs no time")],
    );
    check_setting(
        json!({"sender": "stripe", "secrets": ["x"], "tolerance_s": 0}),
        &[("/tolerance_s", "`tolerance_s` must be 1 to 129600 seconds")],
    );
    check_setting(
        json!({"sender": "github", "secrets": ["x"], "token": "x"}),
        &[("/token", "only Meta's handshake has a token")],
    );
    check_setting(
        json!({"sender": "meta", "secrets": ["x"]}),
        &[("/token", "`token` is missing: the verify token that you set at Meta")],
    );
    check_setting(
        json!({"sender": "github", "secrets": ["x"], "secret": "x"}),
        &[("/secret", "`secret` is not a member here; did you mean `secrets`?")],
    );
}

/// A scheme with `changes`, as an owner would declare it.
fn declared(changes: Json) -> Json {
    let mut scheme = json!({
        "signature": {"header": "x-signature", "prefix": "sha256="},
        "algorithm": "hmac-sha256", "signed": ["body"],
    });
    for (name, value) in changes.as_object().unwrap() {
        scheme[name] = value.clone();
    }
    json!({"scheme": scheme, "secrets": ["5f2e8c1d"]})
}

#[track_caller]
fn check_scheme(changes: Json, path: &str, detail: &str) {
    check_setting(declared(changes), &[(path, detail)]);
}

#[test]
fn a_scheme_that_protects_nothing_is_refused() {
    check_scheme(
        json!({"signed": ["method", "url"]}),
        "/scheme/signed",
        "a signature that is not over the body protects nothing: name `body`, or `url`, `form` \
         and a `body_hash` in the URL",
    );
    check_scheme(
        json!({"timestamp": {"header": "x-time"}}),
        "/scheme/timestamp",
        "a time that is not signed can be any: name `timestamp` among the parts, or leave it out",
    );
    check_scheme(
        json!({"algorithm": "sha256"}),
        "/scheme/signed",
        "anybody can make a plain hash: name `secret` among the parts",
    );
    check_scheme(
        json!({"body_hash": {"header": "x-hash"}}),
        "/scheme/body_hash",
        "`body_hash` must be a parameter of the URL, which is signed",
    );
    check_scheme(
        json!({"handshake": "zoom"}),
        "/scheme/handshake",
        "this handshake goes with `hmac-sha256` over parts that begin with a `text` such as `v0:`",
    );
}

#[test]
fn a_scheme_that_cannot_be_read_is_refused() {
    check_scheme(
        json!({"signed": ["bodi"]}),
        "/scheme/signed/0",
        "`bodi` is no part; known are `body`, `timestamp`, `method`, `url`, `url_decoded`, \
         `form`, `secret`, `id`, {\"text\": …} and the places {\"header\": …}, {\"query\": …} \
         and {\"path\": …}",
    );
    check_scheme(
        json!({"signature": {"header": "a b"}}),
        "/scheme/signature/header",
        "`header` must be the name of a header",
    );
    check_scheme(
        json!({"signature": {"header": "a", "query": "b"}}),
        "/scheme/signature",
        "write one of `header`, `query` and `path`",
    );
    check_scheme(
        json!({"signature": {"query": "a", "prefix": "b"}}),
        "/scheme/signature/prefix",
        "`prefix` goes with `header`",
    );
    check_scheme(
        json!({"signed": ["timestamp", "body"]}),
        "/scheme/timestamp",
        "`timestamp` is signed, so say where it stands",
    );
    check_scheme(
        json!({"signed": ["id", "body"]}),
        "/scheme/id",
        "`id` is signed, so say which header holds it",
    );
    check_scheme(
        json!({"encoding": "text"}),
        "/scheme/encoding",
        "a signature is written in `hex` or `base64`",
    );
    check_scheme(json!({"signed": []}), "/scheme/signed", "must be a list of 1 to 20");
    for changes in [json!({"algorithm": "md5"}), json!({"handshake": "x"}), json!({"key": "x"})] {
        assert!(Verification::parse(&declared(changes.clone())).is_err(), "{changes}");
    }
}

/// A scheme of JSON Web Tokens with `changes`, as an owner would declare it.
fn declared_token(changes: Json) -> Json {
    let mut scheme = json!({
        "signature": {"header": "x-token"}, "algorithm": "jwt-hs256",
        "claims": {"body": "hash", "body_encoding": "base64", "tolerance_s": 60},
    });
    for (name, value) in changes.as_object().unwrap() {
        scheme[name] = value.clone();
    }
    json!({"scheme": scheme, "secrets": ["5f2e8c1d"]})
}

#[track_caller]
fn check_token(changes: Json, path: &str, detail: &str) {
    check_setting(declared_token(changes), &[(path, detail)]);
}

#[test]
fn a_scheme_of_tokens_must_be_whole() {
    let scheme = read(declared_token(json!({}))).scheme;
    assert_eq!(Scheme::parse(&scheme.to_json()).unwrap(), scheme);
    check_token(
        json!({"claims": {"tolerance_s": 60}}),
        "/scheme/claims",
        "a token that holds no hash of the body protects nothing: name the claim that does, as \
         `body`",
    );
    check_token(
        json!({"signed": ["body"]}),
        "/scheme/signed",
        "a JSON Web Token says itself what is signed: see `claims`",
    );
    check_token(
        json!({"signature": [{"header": "a"}, {"header": "b"}]}),
        "/scheme/signature",
        "a JSON Web Token stands in one place",
    );
    check_token(
        json!({"encoding": "hex"}),
        "/scheme/encoding",
        "a JSON Web Token is always written in `base64`",
    );
    let is_public = "`jwk` is how a public key of JSON Web Tokens is written, and only one";
    check_token(json!({"key": "jwk"}), "/scheme/key", is_public);
    check_token(
        json!({"claims": {"body": "hash", "audience": "me"}}),
        "/scheme/claims/audience",
        "must be one of `any`, `url`, `url_if_named`, not `me`",
    );
    check_token(
        json!({"claims": {"body": "hash", "body_encoding": "text"}}),
        "/scheme/claims/body_encoding",
        "a hash is written in `hex` or `base64`",
    );
    check_token(
        json!({"claims": {"body": "hash", "tolerance_s": 0}}),
        "/scheme/claims/tolerance_s",
        "`tolerance_s` must be 1 to 129600 seconds",
    );
    check_scheme(
        json!({"claims": {"body": "hash"}}),
        "/scheme/claims",
        "`claims` goes with a JSON Web Token, such as `jwt-hs256`",
    );
    check_setting(
        json!({"sender": "plaid", "secrets": ["sesame"]}),
        &[(
            "/secrets/0",
            "a secret of this sender must be a JSON Web Key, such as {\"kty\":\"EC\",…}",
        )],
    );
    check_setting(
        json!({"sender": "fusionauth", "secrets": ["x"], "tolerance_s": 60}),
        &[("/tolerance_s", "this sender signs no time")],
    );
    let vonage = read(json!({"sender": "vonage", "secrets": ["x"], "tolerance_s": 60}));
    assert_eq!(vonage.scheme.claims.unwrap().tolerance_s, Some(60));
}

#[test]
fn a_public_key_that_is_none_is_refused_when_it_is_set() {
    let number = |len: usize| super::jwt::encode(&vec![0x5f; len]);
    let point = |kty: &str, crv: &str, x: usize, y: usize| json!({"kty": kty, "crv": crv, "x": number(x), "y": number(y)});
    for (sender, jwk, is_key) in [
        ("plaid", point("EC", "P-256", 32, 32), true),
        ("plaid", point("EC", "P-384", 32, 32), false),
        ("plaid", point("OKP", "P-256", 32, 32), false),
        ("plaid", point("EC", "P-256", 31, 33), false),
        ("plaid", json!({"kty": "EC", "crv": "P-256", "x": number(32)}), false),
        ("fusionauth-rs256", json!({"kty": "RSA", "n": number(256), "e": "AQAB"}), true),
        ("fusionauth-rs256", json!({"kty": "RSA", "n": number(255), "e": "AQAB"}), false),
        ("fusionauth-rs256", json!({"kty": "RSA", "n": number(1_025), "e": "AQAB"}), false),
        ("fusionauth-rs256", json!({"kty": "RSA", "n": number(256), "e": "AA"}), false),
        ("fusionauth-rs256", json!({"kty": "EC", "n": number(256), "e": "AQAB"}), false),
    ] {
        let document = json!({"sender": sender, "secrets": [jwk.to_string()]});
        assert_eq!(Verification::parse(&document).is_ok(), is_key, "{document}");
    }
}

#[test]
fn the_tokens_of_rfc_7515_verify() {
    let claims = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let rsa = json!({"kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"});
    let ec = json!({
        "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    for (algorithm, form, key, header, signature) in [
        (
            "jwt-hs256",
            "base64",
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
                .to_owned(),
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
        (
            "jwt-rs256",
            "jwk",
            rsa.to_string(),
            "eyJhbGciOiJSUzI1NiJ9",
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        ),
        (
            "jwt-es256",
            "jwk",
            ec.to_string(),
            "eyJhbGciOiJFUzI1NiJ9",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
    ] {
        let document =
            json!({"signature": {"header": "x-t"}, "algorithm": algorithm, "key": form});
        let scheme = Scheme::read(&document).unwrap();
        let keys = [Key::read(&scheme, &key).unwrap()];
        let token = format!("{header}.{claims}.{signature}");
        let headers = [("x-t", token.as_bytes())];
        let outcome = |now_s: i64| verify(&scheme, &keys, &post(&headers, b"x"), now_s * 1_000).map(drop);
        assert_eq!(outcome(1_300_819_380), Ok(()), "{algorithm}");
        let expired = Err(Refusal::Expired { tolerance_s: 300 });
        assert_eq!(outcome(1_300_819_681), expired, "{algorithm}");
    }
}

#[test]
fn a_declared_scheme_is_shown_as_it_was_read() {
    let document = declared(json!({
        "signature": [{"header": "a", "item": "s", "separator": ";"}, {"query": "sig"}],
        "encoding": "base64", "key": "hex", "key_prefix": "k_",
        "signed": ["method", {"text": "\n"}, "url", {"header": "x-a"}, "timestamp", "id", "body"],
        "timestamp": {"header": "x-time", "unit": "rfc3339", "tolerance_s": 60},
        "id": {"header": "x-id"}, "handshake": "slack",
    }));
    let verification = read(document.clone());
    let shown = verification.to_json();
    assert_eq!(shown["secrets"], json!(["***1"]));
    assert_eq!(Scheme::parse(&shown["scheme"]).unwrap(), verification.scheme);
    assert!(!format!("{verification:?}").contains("5f2e8c1d"));
}

#[test]
fn masks_stand_for_the_secrets_that_are_there() {
    let before = read(json!({"sender": "meta", "secrets": ["old", "older"], "token": "t"}));
    let mut document = before.to_json();
    assert_eq!(document["secrets"], json!(["***1", "***2"]));
    assert_eq!(Verification::unmask(&mut document, Some(&before)), Ok(true));
    assert_eq!(read(document), before);

    let mut rotated = json!({"sender": "meta", "secrets": ["new", "***1"], "token": "***"});
    assert_eq!(Verification::unmask(&mut rotated, Some(&before)), Ok(true));
    assert_eq!(rotated["secrets"], json!(["new", "old"]));
    assert_eq!(rotated["token"], "t");

    let mut plain = json!({"sender": "github", "secrets": ["new"]});
    assert_eq!(Verification::unmask(&mut plain, None), Ok(false));
    for (mask, before) in [("***3", Some(&before)), ("***0", Some(&before)), ("***1", None)] {
        let mut document = json!({"sender": "meta", "secrets": [mask], "token": "x"});
        let invalid = Verification::unmask(&mut document, before).unwrap_err();
        assert_eq!(invalid[0].path, "/secrets/0", "{mask}");
    }
}

#[test]
fn a_post_without_known_secrets_is_refused() {
    let waiting = read(json!({"sender": "asana", "secrets": []}));
    let empty = super::keys::encode_hex(&[0; 32]);
    let headers = [("x-hook-signature", empty.as_bytes())];
    assert_eq!(waiting.check(&post(&headers, b"{}"), NOW), Err(Refusal::NoSecret));
}

#[track_caller]
fn check_handshake(
    document: &Json,
    (method, url): (&str, &str),
    headers: &[(&str, &[u8])],
    body: &str,
    expect: Option<Result<Answer, Refusal>>,
) {
    let verification = read(document.clone());
    let post = Post { method, url, headers, body: body.as_bytes() };
    assert_eq!(verification.answer_unsigned(&post), expect, "{method} {url} {body}");
}

#[test]
fn challenges_without_a_signature_are_answered() {
    let get = |query: &str| format!("{URL}?{query}");
    let text = |text: &str| Some(Ok(Answer::Text(text.to_owned())));
    let to = ("POST", URL);

    let dropbox = json!({"sender": "dropbox", "secrets": ["s"]});
    check_handshake(&dropbox, ("GET", &get("challenge=a%20b")), &[], "", text("a b"));
    check_handshake(&dropbox, ("POST", &get("challenge=a")), &[], "", None);
    check_handshake(&dropbox, ("GET", URL), &[], "", None);
    let long = get(&format!("challenge={}", "x".repeat(2_001)));
    check_handshake(&dropbox, ("GET", &long), &[], "", None);

    let graph = json!({"sender": "microsoft-graph", "secrets": ["s"]});
    let url = get("validationToken=Validation%3A+a");
    check_handshake(&graph, ("POST", &url), &[], "", text("Validation: a"));
    check_handshake(&graph, to, &[], r#"{"value":[]}"#, None);

    let meta = json!({"sender": "meta", "secrets": ["s"], "token": "meatyhamhock"});
    let ask = |token: &str| {
        get(&format!("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}"))
    };
    check_handshake(&meta, ("GET", &ask("meatyhamhock")), &[], "", text("1158201444"));
    for wrong in ["", "s", "meatyhamhoc", "meatyhamhock2"] {
        check_handshake(&meta, ("GET", &ask(wrong)), &[], "", Some(Err(Refusal::NoMatch)));
    }

    let smartsheet = json!({"sender": "smartsheet", "secrets": ["s"]});
    let headers = [("smartsheet-hook-challenge", b"c1".as_slice())];
    let name = "smartsheet-hook-response";
    let body = json!({"smartsheetHookResponse": "c1"});
    let value = "c1".to_owned();
    let expect = Some(Ok(Answer::Header { name, value, body }));
    check_handshake(&smartsheet, to, &headers, "{}", expect);

    let monday = json!({"sender": "monday.com", "secrets": ["s"]});
    let answer = Some(Ok(Answer::Json(json!({"challenge": "3eZ"}))));
    check_handshake(&monday, to, &[], r#"{"challenge":"3eZ"}"#, answer);
    check_handshake(&monday, to, &[], r#"{"challenge":"3eZ","event":{}}"#, None);
    check_handshake(&monday, to, &[], r#"{"challenge":7}"#, None);

    let headers = [("x-hook-secret", b"b537".as_slice())];
    let asana = json!({"sender": "asana", "secrets": []});
    let secret = Answer::Secret { name: "x-hook-secret", secret: "b537".to_owned() };
    check_handshake(&asana, to, &headers, "", Some(Ok(secret)));
    let asana = json!({"sender": "asana", "secrets": ["a0"]});
    check_handshake(&asana, to, &headers, "", Some(Err(Refusal::NoMatch)));
    check_handshake(&asana, to, &[], "{}", None);
}

#[test]
fn an_answer_to_zoom_is_never_a_signature() {
    let zoom = json!({"sender": "zoom", "secrets": ["5f2e8c1d", "older"]});
    let ask = |token: &str| {
        json!({"event": "endpoint.url_validation", "payload": {"plainToken": token}}).to_string()
    };
    let to = ("POST", URL);
    let hash = "d9bfbf6a6d1088c5e960b3a0538eeb7d291091f0c0ca2f41e8952b811ac182e3";
    let Some(Ok(Answer::Json(answer))) =
        read(zoom.clone()).answer_unsigned(&post(&[], ask("qgg8vlvZRS6UYooatFL8Aw").as_bytes()))
    else {
        panic!("no answer")
    };
    assert_eq!(answer["plainToken"], "qgg8vlvZRS6UYooatFL8Aw");
    assert_eq!(answer["encryptedToken"], hash);
    for forged in ["v0:1750000000:{}", "", "a b", &"x".repeat(201)] {
        check_handshake(&zoom, to, &[], &ask(forged), None);
    }
    let other = r#"{"event":"meeting.started","note":"endpoint.url_validation"}"#;
    check_handshake(&zoom, to, &[], other, None);
}

#[test]
fn challenges_in_a_signed_post_are_repeated() {
    let slack = read(json!({"sender": "slack", "secrets": ["s"]}));
    let ask = |body: &str| slack.answer_signed(&post(&[], body.as_bytes()));
    let expect = Some(Answer::Json(json!({"challenge": "3eZbrw1aB"})));
    assert_eq!(ask(r#"{"type":"url_verification","challenge":"3eZbrw1aB"}"#), expect);
    assert_eq!(ask(r#"{"type":"event_callback","text":"url_verification"}"#), None);

    let front = read(json!({"sender": "front", "secrets": ["s"]}));
    let headers = [("x-front-challenge", b"abc".as_slice())];
    let expect = Some(Answer::Json(json!({"challenge": "abc"})));
    assert_eq!(front.answer_signed(&post(&headers, b"{}")), expect);
    assert_eq!(front.answer_signed(&post(&[], b"{}")), None);

    let xero = read(json!({"sender": "xero", "secrets": ["s"]}));
    let ask = |body: &str| xero.answer_signed(&post(&[], body.as_bytes()));
    assert_eq!(ask(r#"{"events":[],"entropy":"S0m3r4Nd0mt3xt"}"#), Some(Answer::Empty));
    assert_eq!(ask(r#"{"events":[{"resourceId":"717f2bfc"}]}"#), None);
    assert!(xero.wants_empty_answers() && !front.wants_empty_answers());
}

#[track_caller]
fn check_cause(document: Json, headers: &[(&str, &[u8])], url: &str, body: &str, expect: &str) {
    let verification = read(document);
    let secrets: Vec<&str> = verification.secrets.iter().map(SecretText::reveal).collect();
    let post = Post { method: "POST", url, headers, body: body.as_bytes() };
    let found = explain(&verification.scheme, &secrets, &post, NOW).unwrap();
    assert_eq!(found.outcome, Err(Refusal::NoMatch));
    assert_eq!(found.causes, [expect]);
}

/// The signature of `signed`, as a GitHub post carries it.
fn signature(secret: &[u8], signed: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    let tag = ring::hmac::sign(&key, signed.as_bytes());
    format!("sha256={}", encode_hex(tag.as_ref()))
}

#[test]
fn an_explanation_names_the_mistake() {
    let github = |secret: &str| json!({"sender": "github", "secrets": [secret]});
    let name = "x-hub-signature-256";
    let body = r#"{"a":1}"#;
    let good = signature(b"c2VjcmV0", body);
    let anew = "it verifies with the body written as compact JSON: it was parsed and written anew";
    check_cause(github("c2VjcmV0"), &[(name, good.as_bytes())], URL, "{\n \"a\": 1}", anew);
    let decoded = signature(b"secret", body);
    let cause = "it verifies with the secret decoded from Base64";
    check_cause(github("c2VjcmV0"), &[(name, decoded.as_bytes())], URL, body, cause);
    let cause = "it verifies with the secret as the text it is, without its prefix";
    check_cause(github("k_c2VjcmV0"), &[(name, good.as_bytes())], URL, body, cause);

    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"s");
    let tag = ring::hmac::sign(&key, format!("{URL}{body}").as_bytes());
    let tag = super::keys::encode_base64(tag.as_ref());
    let square = json!({"sender": "square", "secrets": ["s"]});
    let headers = [("x-square-hmacsha256-signature", tag.as_bytes())];
    let url = URL.replace("https", "http");
    let cause = format!(
        "it verifies with `https`: a proxy in front takes TLS off: the URL is {URL}; see \
         `public_url`"
    );
    check_cause(square, &headers, &url, body, &cause);
}

/// A token of these claims, signed with `secret`.
fn token(secret: &[u8], claims: &Json) -> String {
    let parts = [json!({"alg": "HS256"}), claims.clone()];
    let signed = parts.map(|part| super::jwt::encode(part.to_string().as_bytes())).join(".");
    let tag =
        ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret), signed.as_bytes());
    format!("{signed}.{}", super::jwt::encode(tag.as_ref()))
}

#[test]
fn an_explanation_takes_a_token_apart() {
    let body = r#"{"a":1}"#;
    let hash = encode_hex(&Sha256::digest(body));
    let good = token(b"s", &json!({"iat": NOW / 1_000, "payload_hash": hash}));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let scheme = sender("vonage").unwrap();
    let explained = |token: &str, secret: &str, body: &str| {
        let headers = [("authorization", token.as_bytes())];
        explain(&scheme, &[secret], &post(&headers, body.as_bytes()), NOW).unwrap()
    };
    let found = explained(&good, "s", body);
    assert_eq!(found.outcome, Ok(()));
    assert_eq!(found.signed.as_deref(), Some(signed.as_bytes()));
    assert_eq!(found.comparisons[0].received, signature);
    assert_eq!(found.comparisons[0].differs_at, None);

    let found = explained(&good[..good.len() - 3], "s", body);
    assert_eq!(found.comparisons[0].differs_at, Some(signature.len() - 3));
    assert_eq!(found.comparisons[0].expected.as_deref(), Some(signature));

    let found = explained(&good, "s", "{\n \"a\": 1}");
    assert_eq!(found.outcome, Err(Refusal::OtherBody));
    let anew = "it verifies with the body written as compact JSON: it was parsed and written anew";
    assert_eq!(found.causes, [anew]);
    for refused in ["opensesame", &token(b"s", &json!({}))] {
        let found = explained(refused, "s", body);
        assert!(found.outcome.is_err() && !found.causes.is_empty(), "{found:?}");
    }

    let claims = json!({"iat": NOW / 1_000, "aud": URL});
    let elsewhere = token(b"s", &claims);
    let monday = sender("monday.com").unwrap();
    let headers = [("authorization", elsewhere.as_bytes())];
    let url = URL.replace("https", "http");
    let post = Post { url: &url, ..post(&headers, b"{}") };
    let found = explain(&monday, &["s"], &post, NOW).unwrap();
    assert_eq!(found.outcome, Err(Refusal::OtherAudience));
    let cause = format!(
        "it verifies with `https`: a proxy in front takes TLS off: the URL is {URL}; see \
         `public_url`"
    );
    assert_eq!(found.causes, [cause]);
}

#[test]
fn an_explanation_says_which_byte_differs() {
    let body = "Hello, World!";
    let scheme = sender("github").unwrap();
    let good = signature(b"s", body);
    let mut changed = good.clone();
    changed.replace_range(20..21, if &good[20..21] == "0" { "1" } else { "0" });
    for (text, differs_at) in
        [(&good, None), (&changed, Some(13)), (&good[..40].to_owned(), Some(33))]
    {
        let headers = [("x-hub-signature-256", text.as_bytes())];
        let found = explain(&scheme, &["s"], &post(&headers, body.as_bytes()), NOW).unwrap();
        assert_eq!(found.signed.as_deref(), Some(body.as_bytes()));
        assert_eq!(found.comparisons[0].differs_at, differs_at);
        assert_eq!(found.comparisons[0].expected.as_deref(), good.strip_prefix("sha256="));
        assert_eq!(found.outcome.is_ok(), differs_at.is_none());
    }
    let hubspot = sender("hubspot-v1").unwrap();
    let headers = [("x-hubspot-signature", b"00".as_slice())];
    let found = explain(&hubspot, &["secret"], &post(&headers, b"{}"), NOW).unwrap();
    assert_eq!(found.signed.as_deref(), Some(b"***{}".as_slice()), "the secret is not shown");
    assert_eq!(explain(&scheme, &["s", ""], &post(&[], b""), NOW).unwrap_err().0, 1);

    let gitlab = sender("gitlab").unwrap();
    let headers = [("x-gitlab-token", b"secreT".as_slice())];
    let found = explain(&gitlab, &["secret"], &post(&headers, b"{}"), NOW).unwrap();
    assert_eq!(found.comparisons[0].expected.as_deref(), Some("***"), "it is the secret itself");
    assert_eq!(found.comparisons[0].differs_at, Some(5));
}

#[test]
fn a_token_must_be_for_the_url_that_was_called_where_that_is_asked_for() {
    let url = "https://hub.example/webhooks/8d5c1f";
    let outcome = |audience: &str, claimed: Option<Json>| {
        let claims = json!({"audience": audience, "tolerance_s": 60, "body": "hash"});
        let verification = read(declared_token(json!({ "claims": claims })));
        let mut claims = json!({"iat": NOW / 1_000, "hash": encode_hex(&Sha256::digest("{}"))});
        claims.as_object_mut().unwrap().extend(claimed.map(|it| ("aud".to_owned(), it)));
        let token = token(b"5f2e8c1d", &claims);
        let headers = [("x-token", token.as_bytes())];
        verification.check(&Post { url, ..post(&headers, b"{}") }, NOW).map(drop)
    };
    let missing = || Err(Refusal::ClaimMissing("aud".to_owned()));
    for nothing in [None, Some(Json::Null), Some(json!(""))] {
        assert_eq!(outcome("url", nothing.clone()), missing(), "{nothing:?}");
        assert_eq!(outcome("url_if_named", nothing.clone()), Ok(()), "{nothing:?}");
        assert_eq!(outcome("any", nothing), Ok(()));
    }
    for audience in ["url", "url_if_named"] {
        assert_eq!(outcome(audience, Some(json!(url))), Ok(()));
        let other = Some(json!("https://hub.example/webhooks/other"));
        assert_eq!(outcome(audience, other), Err(Refusal::OtherAudience));
    }
}

proptest! {
    #[test]
    fn a_token_of_which_a_byte_is_changed_is_refused(
        body in prop::collection::vec(any::<u8>(), 1..100),
        flipped: prop::sample::Index,
        bit in 0..7u8,
    ) {
        let hash = encode_hex(&Sha256::digest(&body));
        let good = token(b"s", &json!({"iat": NOW / 1_000, "payload_hash": hash}));
        let vonage = read(json!({"sender": "vonage", "secrets": ["s"]}));
        let check = |token: &[u8], body: &[u8]| {
            let headers = [("authorization", token)];
            vonage.check(&post(&headers, body), NOW).map(drop)
        };
        prop_assert_eq!(check(good.as_bytes(), &body), Ok(()));
        let mut changed = good.clone().into_bytes();
        changed[flipped.index(good.len())] ^= 1 << bit;
        prop_assert!(check(&changed, &body).is_err());
        let mut changed = body.clone();
        changed[flipped.index(body.len())] ^= 1 << bit;
        prop_assert_eq!(check(good.as_bytes(), &changed), Err(Refusal::OtherBody));
    }

    #[test]
    fn what_was_signed_passes_and_no_changed_byte_does(
        secrets in prop::collection::vec("[!-~]{1,40}", 1..4),
        chosen: prop::sample::Index,
        body in prop::collection::vec(any::<u8>(), 1..300),
        flipped: prop::sample::Index,
        bit in 0..8u8,
    ) {
        let signer = chosen.get(&secrets);
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, signer.as_bytes());
        let tag = ring::hmac::sign(&key, &body);
        let text = format!("sha256={}", encode_hex(tag.as_ref()));
        let verification = read(json!({"sender": "github", "secrets": secrets}));
        let headers = [("X-Hub-Signature-256", text.as_bytes())];
        prop_assert!(verification.check(&post(&headers, &body), NOW).is_ok());

        let mut changed = body.clone();
        changed[flipped.index(body.len())] ^= 1 << bit;
        prop_assert_eq!(
            verification.check(&post(&headers, &changed), NOW),
            Err(Refusal::NoMatch)
        );
        let mut cut = tag.as_ref().to_vec();
        cut.truncate(flipped.index(cut.len()));
        let cut = format!("sha256={}", encode_hex(&cut));
        let headers = [("x-hub-signature-256", cut.as_bytes())];
        prop_assert!(verification.check(&post(&headers, &body), NOW).is_err());
    }

    #[test]
    fn no_post_whatever_is_in_it_makes_a_check_panic(
        name in prop::sample::select(SENDER_NAMES.to_vec()),
        value in prop::collection::vec(any::<u8>(), 0..100),
        body in prop::collection::vec(any::<u8>(), 0..100),
        url in "\\PC{0,60}",
        now in any::<i64>(),
    ) {
        let scheme = sender(name).unwrap();
        let secret = match scheme.algorithm {
            Algorithm::EcdsaP256Sha256
            | Algorithm::Ed25519
            | Algorithm::JwtEs256
            | Algorithm::JwtRs256 => return Ok(()),
            _ if scheme.is_basic() => "user:5f2e8c1d9b7a46f3",
            _ => "5f2e8c1d9b7a46f3",
        };
        let mut names: Vec<String> = Vec::new();
        for place in scheme.signature.iter().chain(scheme.timestamp.iter().map(|it| &it.place)) {
            match place {
                Place::Header { name, .. } => names.push(name.clone()),
                Place::Item { header, .. } => names.push(header.clone()),
                Place::Query(_) | Place::Body(_) => {}
            }
        }
        names.dedup();
        let headers: Vec<(&str, &[u8])> =
            names.iter().map(|name| (name.as_str(), value.as_slice())).collect();
        let post = Post { method: "POST", url: &url, headers: &headers, body: &body };
        let found = explain(&scheme, &[secret], &post, now).unwrap();
        prop_assert!(found.outcome.is_err());
    }

    #[test]
    fn hexadecimal_digits_are_read_as_they_are_written(
        bytes in prop::collection::vec(any::<u8>(), 0..100),
        text in "\\PC{0,9}",
    ) {
        let written = encode_hex(&bytes);
        prop_assert_eq!(decode_hex(&written), Some(bytes.clone()));
        prop_assert_eq!(decode_hex(&written.to_uppercase()), Some(bytes));
        let is_hex = text.len() % 2 == 0 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        prop_assert_eq!(decode_hex(&text).is_some(), is_hex);
    }
}
