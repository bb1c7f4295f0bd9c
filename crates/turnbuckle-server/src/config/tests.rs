use std::time::Duration;

use super::*;

fn variables(pairs: &[(&str, &str)]) -> Sources {
    let environment =
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Sources { environment, ..Sources::default() }
}

/// Loads `file` under `pairs` of variables.
fn load(file: &str, pairs: &[(&str, &str)]) -> Result<Config, ConfigMistakes> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    std::fs::write(&path, file).unwrap();
    Config::load(&Sources { file: Some(path), ..variables(pairs) })
}

#[track_caller]
fn check_mistakes(file: &str, pairs: &[(&str, &str)], expect: &[&str]) {
    let mistakes = load(file, pairs).unwrap_err().0;
    assert_eq!(mistakes.len(), expect.len(), "{mistakes:#?}");
    for (mistake, part) in mistakes.iter().zip(expect) {
        assert!(mistake.contains(part), "{mistake:?} says {part:?}");
    }
}

#[test]
fn the_default_file_is_valid_and_read_completely() {
    let config = Config::default();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.intake.body_bytes_max, 5_000_000);
    assert_eq!(config.deliver.poll_interval, Duration::from_secs(1));
    assert_eq!(config.retention.failed_days, 90);
    assert!(config.public_url.is_none());
    assert!(config.bootstrap_key.is_none());
}

#[test]
fn every_key_of_the_default_file_is_explained() {
    let mut explained = false;
    for line in DEFAULT_FILE.lines() {
        match line {
            "" => explained = false,
            comment if comment.starts_with('#') => explained = true,
            section if section.starts_with('[') => (),
            key => assert!(explained, "`{key}` has no comment"),
        }
    }
}

#[test]
fn no_mistake_shows_a_password() {
    let address = "postgres://hub:hunter2@host/db";
    for file in [
        format!("store = \"{address}"),
        format!("store = {address}"),
        format!("store = [\"{address}\"]"),
        format!("listen = \"{address}\""),
        format!("listen = [\"{address}\", \"{address}\"]"),
        format!("trusted_proxies = [\"{address}\"]"),
        format!("[deliver]\npoll_interval_ms = \"{address}\""),
    ] {
        let mistakes = load(&file, &[]).unwrap_err().0;
        assert!(!format!("{mistakes:?}").contains("hunter2"), "{file}: {mistakes:?}");
    }
    for variable in ["TURNBUCKLE_LISTEN", "TURNBUCKLE_POSTGRES__CONNECTIONS_MAX"] {
        let mistakes = load("", &[(variable, address)]).unwrap_err().0;
        assert!(!format!("{mistakes:?}").contains("hunter2"), "{variable}: {mistakes:?}");
    }
    check_mistakes(
        "listen = \"127.0.0.1:1\"\nstore = \"a",
        &[],
        &["turnbuckle.toml is not TOML: line 2, column "],
    );
}

#[test]
fn a_variable_wins_over_the_file_and_the_file_over_the_default() {
    let file = "listen = '0.0.0.0:1'\n[deliver]\npoll_interval_ms = 7\n[bins]\ncount_max = 3";
    let config = load(
        file,
        &[("TURNBUCKLE_LISTEN", "0.0.0.0:2"), ("TURNBUCKLE_DELIVER__POLL_INTERVAL_MS", "5_000")],
    )
    .unwrap();
    assert_eq!(config.listen.port(), 2);
    assert_eq!(config.deliver.poll_interval, Duration::from_secs(5));
    assert_eq!(config.bins.count_max, 3);
    assert_eq!(config.bins.requests_max, 500);
}

#[test]
fn an_argument_wins_over_everything() {
    let mut sources = variables(&[("TURNBUCKLE_LISTEN", "0.0.0.0:2")]);
    sources.arguments.push(("--listen", "listen", "0.0.0.0:3".into()));
    assert_eq!(Config::load(&sources).unwrap().listen.port(), 3);
}

#[test]
fn a_list_in_a_variable_is_separated_by_commas_or_written_as_toml() {
    for text in ["127.0.0.0/8, ::1", "127.0.0.0/8,::1,", r#"["127.0.0.0/8", "::1"]"#] {
        let config = Config::load(&variables(&[("TURNBUCKLE_EGRESS__ALLOW_CIDRS", text)]));
        let allow: Vec<String> =
            config.unwrap().egress.policy.allow.iter().map(Cidr::to_string).collect();
        assert_eq!(allow, ["127.0.0.0/8", "::1/128"], "{text}");
    }
    let none = Config::load(&variables(&[("TURNBUCKLE_TRUSTED_PROXIES", "")])).unwrap();
    assert_eq!(none.trusted_proxies, []);
}

#[test]
fn all_mistakes_are_told_at_once_with_their_place_and_the_nearest_name() {
    check_mistakes(
        "lisen = 'x'\ndata = 5\n[delivr]\npoll_interval_ms = 7\n[deliver]\npoll_interval_ms = 0\n[bins]\n\
         count_max = -1\n[intake]\nbody_bytes_max.x = 1\n[log]\nformat = 'xml'",
        &[
            ("TURNBUCKLE_EGRES__ALLOW_CIDRS", "x"),
            ("TURNBUCKLE_EGRESS__ALLOW_CIDRS", "10.0.0.0/8,home"),
            ("TURNBUCKLE_SQLITE__READERS", "many"),
            ("TURNBUCKLE_PUBLIC_URL", "hub.example"),
            ("TURNBUCKLE_LOG__LEVEL", "a=b=c"),
            ("TURNBUCKLE_BOOTSTRAP_KEY", "nocolon"),
        ],
        &[
            "`data` must be a text, not 5",
            "`delivr.poll_interval_ms` is not a key",
            "`intake.body_bytes_max.x` is not a key",
            "turnbuckle.toml); did you mean `listen`?",
            "TURNBUCKLE_EGRES__ALLOW_CIDRS is not a setting; did you mean `TURNBUCKLE_EGRESS__",
            "`sqlite.readers` must be a whole number, not \"many\" (TURNBUCKLE_SQLITE__READERS)",
            "`public_url`: must be an address such as",
            "`log.format`: must be `text` or `json`, not `xml`",
            "`log.level`: `a=b=c` is not a log level",
            "`deliver.poll_interval_ms`: must be 1 to 86400000, not 0",
            "`egress.allow_cidrs`: `home` is not a range of addresses",
            "`bins.count_max`: must be 0 to 1000000, not -1",
            "TURNBUCKLE_BOOTSTRAP_KEY must be `publishable:secret`",
        ],
    );
}

#[test]
fn a_file_that_is_not_toml_or_is_absent_is_named() {
    check_mistakes("listen =", &[], &["turnbuckle.toml is not TOML"]);
    let sources = Sources { file: Some("absent.toml".into()), ..Sources::default() };
    let mistakes = Config::load(&sources).unwrap_err();
    assert!(mistakes.to_string().contains("absent.toml cannot be read"), "{mistakes}");
}

#[test]
fn variables_that_kubernetes_sets_are_left_alone() {
    Config::load(&variables(&[
        ("TURNBUCKLE_SERVICE_HOST", "10.0.0.1"),
        ("TURNBUCKLE_PORT", "tcp://10.0.0.1:8080"),
        ("TURNBUCKLE_PORT_8080_TCP_ADDR", "10.0.0.1"),
    ]))
    .unwrap();
}

#[test]
fn a_bootstrap_key_is_read_and_never_shown() {
    let config =
        Config::load(&variables(&[("TURNBUCKLE_BOOTSTRAP_KEY", "pk_1:hunter:2")])).unwrap();
    let key = config.bootstrap_key.as_ref().unwrap();
    assert_eq!((key.publishable.as_str(), key.secret.reveal()), ("pk_1", "hunter:2"));
    assert!(config.effective().contains("TURNBUCKLE_BOOTSTRAP_KEY = ***"));
    assert!(!format!("{config:?}").contains("hunter"));
}

#[test]
fn the_address_of_the_store_is_never_shown() {
    let url = "postgres://hub:hunter2@db.example/hub";
    let config = Config::load(&variables(&[("TURNBUCKLE_STORE", url)])).unwrap();
    assert_eq!(config.store.address, StoreAddress::Postgres(url.parse().unwrap()));
    assert!(config.effective().contains("store = \"***\""), "{}", config.effective());
    assert!(!format!("{config:?}").contains("hunter"));
    let wrong = Config::load(&variables(&[("TURNBUCKLE_STORE", "mysql://hub:hunter2@db")]));
    let wrong = wrong.unwrap_err().to_string();
    assert!(wrong.contains("must be `postgres://"), "{wrong}");
    assert!(!wrong.contains("hunter"), "{wrong}");
    assert!(Config::default().effective().contains("store = \"\""));
}

#[test]
fn a_public_url_has_no_slash_at_its_end() {
    for (text, base) in [
        ("https://HUB.example/", "https://hub.example"),
        ("https://hub.example/crm/", "https://hub.example/crm"),
    ] {
        let config = Config::load(&variables(&[("TURNBUCKLE_PUBLIC_URL", text)])).unwrap();
        assert_eq!(config.public_url.unwrap(), base);
    }
}

#[test]
fn the_effective_settings_are_a_file_that_gives_the_same() {
    let config = load("[bins]\ncount_max = 3", &[("TURNBUCKLE_LISTEN", "0.0.0.0:2")]).unwrap();
    assert!(config.effective().contains("# TURNBUCKLE_LISTEN\n"), "{}", config.effective());
    let again = load(config.effective(), &[]).unwrap();
    assert_eq!(again.listen.port(), 2);
    assert_eq!(again.bins.count_max, 3);
}
