use std::ffi::OsString;

use super::*;
use crate::evidence::digest::HashSuite;

const SECRET: &str = "hunter2-hunter2-hunter2-hunter2-x";

fn whole() -> String {
    format!(
        r#"
        profile = "development"
        [telemetry]
        log_level = "debug"
        log_format = "text"
        otlp_endpoint = "http://127.0.0.1:4317"
        trace_ratio = 1
        metrics_listen = "127.0.0.1:9400"
        [streams]
        url = "redis://:{SECRET}@127.0.0.1:6379"
        [log]
        suite = "sm3"
        above = "https://log.hunan.example:7401"
        above_service = "statistics"
        [addresses]
        intake = "http://intake:7401"
        [intake]
        listen = "127.0.0.1:7401"
        database_url = "postgres://intake:{SECRET}@127.0.0.1/huiyin"
        vault_key = "file:/keys/open"
        vault_sealed_key = "file:/keys/sealed"
        vault_copies = "/copies"
        [stability_early_warning]
        listen = "127.0.0.1:7404"
        database_url = "postgres://warning:{SECRET}@127.0.0.1/huiyin"
        database_connections = 5
        log_key = "file:/etc/huiyin/log.key"
        repeat_minutes = 15
        recipient_rules = "/etc/huiyin/recipients.json"
        "#
    )
}

fn with_environment(text: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect();
    sections::settings(Tree::parse(text, "test")?.overlaid(variables.into_iter()))
}

fn problems(result: Result<Settings, SettingsError>) -> Vec<String> {
    match result {
        Err(SettingsError::Wrong(problems)) => problems,
        other => panic!("wrong settings were read as {other:?}"),
    }
}

#[test]
fn every_key_is_read_and_the_rest_has_its_default() {
    let settings = Settings::from_toml(&whole()).unwrap();
    assert_eq!(settings.profile, Profile::Development);
    assert_eq!(settings.telemetry.log_level, tracing::Level::DEBUG);
    assert!((settings.telemetry.trace_ratio - 1.0).abs() < f64::EPSILON);
    assert_eq!(
        settings.addresses.of(ServiceName::Intake).to_string(),
        "http://intake:7401"
    );
    assert_eq!(
        settings.addresses.of(ServiceName::Statistics).to_string(),
        "http://127.0.0.1:7405"
    );
    let intake = settings.service(ServiceName::Intake).unwrap();
    assert_eq!(intake.database_connections, 16);
    let vaults = intake.vaults().unwrap();
    assert_eq!(vaults.suite, Suite::Aes256Sha256);
    assert_ne!(vaults.key, vaults.sealed_key);
    let warning = settings
        .service(ServiceName::StabilityEarlyWarning)
        .unwrap();
    let own = warning.warning().unwrap();
    assert_eq!((own.repeat_minutes, own.webhooks.is_none()), (15, true));
    assert_eq!(
        (own.hot_spots.as_deref(), own.recipient_rules.as_deref()),
        (None, Some(Path::new("/etc/huiyin/recipients.json")))
    );
    assert!(settings.stream_server().unwrap().is_some());
    assert_eq!(settings.log.suite, HashSuite::Sm3);
    let above = settings.log.above.clone().unwrap();
    assert_eq!(above.address.to_string(), "http://log.hunan.example:7401");
    assert_eq!((above.service, above.keys), (ServiceName::Statistics, None));
    let log_key = "file:/etc/huiyin/log.key".parse().ok();
    assert_eq!((&intake.log_key, &warning.log_key), (&None, &log_key));
}

#[test]
fn a_stream_server_is_one_or_watched_by_sentinels_or_a_cluster() {
    let streams = |url: &str| {
        Settings::from_toml(&format!(
            "profile = \"development\"\n[streams]\nurl = \"{url}\""
        ))
    };
    for url in [
        "rediss://:word@one:6379",
        "redis+sentinel://:word@one:26379,two:26379/name",
        "redis+cluster://one:6379,two:6379,three:6379",
        "rediss+cluster://user:word@one:6379,two:6379,three:6379",
    ] {
        let server = streams(url).unwrap().stream_server().unwrap();
        let cluster = matches!(server, Some(StreamServer::Sharded(_)));
        assert_eq!(cluster, url.contains("+cluster"), "{url}");
    }
    let of_a_cluster = "must name the nodes of a cluster like redis+cluster://one:6379,two:6379";
    let of_one = "must be an address like redis://127.0.0.1:6379";
    for (url, words) in [
        ("redis+cluster://", of_a_cluster),
        ("redis+cluster://one,two:6379", of_a_cluster),
        ("redis+cluster://one:6379,two:6379/name", of_a_cluster),
        ("rediss+cluster://:hidden@one:6379,", of_a_cluster),
        ("http+cluster://one:6379", of_a_cluster),
        ("redis+crowd://one:6379", of_one),
    ] {
        let refused = problems(streams(url));
        assert_eq!(refused, [format!("[streams] url {words}")], "{url}");
    }
}

#[test]
fn nothing_at_all_is_the_production_profile_without_services() {
    let settings = Settings::from_toml("").unwrap();
    assert_eq!(settings.profile, Profile::Production);
    assert!(settings.stream_server().unwrap().is_none());
    assert_eq!(settings.services().count(), 0);
    let missing = settings
        .service(ServiceName::Routing)
        .unwrap_err()
        .to_string();
    assert_eq!(
        missing,
        "section [routing] of the settings is missing; it needs listen and database_url"
    );
}

#[test]
fn the_environment_lies_above_the_file() {
    let settings = with_environment(
        &whole().replace("profile = \"development\"", "profile = \"production\""),
        &[
            ("HUIYIN__PROFILE", "development"),
            ("HUIYIN__STABILITY_EARLY_WARNING__DATABASE_CONNECTIONS", "7"),
            ("HUIYIN__TELEMETRY__TRACE_RATIO", "0.5"),
            ("HUIYIN__STREAMS__URL", ""),
            ("HUIYIN_SETTINGS", "ignored"),
        ],
    )
    .unwrap();
    assert_eq!(settings.profile, Profile::Development);
    assert_eq!(
        settings
            .service(ServiceName::StabilityEarlyWarning)
            .unwrap()
            .database_connections,
        7
    );
    assert!((settings.telemetry.trace_ratio - 0.5).abs() < f64::EPSILON);
    assert!(
        settings.streams.url.is_some(),
        "an empty variable counts as not set"
    );
}

#[test]
fn an_unknown_key_is_named_with_its_section_and_what_is_allowed() {
    let text = whole()
        .replace("log_level", "loglevel")
        .replace("[addresses]", "[adresses]");
    let refused = problems(with_environment(
        &text,
        &[("HUIYIN__INTAKE__REPEAT", "x"), ("HUIYIN__PROFIL", "x")],
    ));
    let expected = [
        "profil (from HUIYIN__PROFIL) is unknown; allowed here: profile, law_rules, local_rules, escalation_ladders",
        "[telemetry] loglevel is unknown; allowed here: log_level, log_format, otlp_endpoint, trace_ratio, metrics_listen",
        "[intake] repeat (from HUIYIN__INTAKE__REPEAT) is unknown; allowed here: listen, database_url, database_connections, log_key, vault_key, vault_sealed_key, vault_suite, vault_copies",
        "[adresses] is unknown; allowed sections: telemetry, streams, tls, tokens, log, limits, audit, addresses, intake, routing, supervision, stability_early_warning, statistics",
    ];
    assert_eq!(refused, expected);
}

#[test]
fn all_wrong_values_are_listed_at_once() {
    let text = r#"
        profile = "development"
        law_rules = ""
        [telemetry]
        log_level = "loud"
        log_format = 3
        trace_ratio = 2.0
        [streams]
        url = "http://x"
        [log]
        suite = "md5"
        above = "http://log.hunan.example"
        above_service = "registry"
        above_certificate = "/etc/huiyin/above.pem"
        [addresses]
        intake = "intake:7401"
        [intake]
        listen = "localhost"
        database_url = "mysql://x"
        database_connections = 0
        log_key = "pkcs11:token=a;object=b?module-path=/c&pin-source=env:D"
        vault_key = "file:relative"
        vault_sealed_key = "file:/keys"
        vault_suite = "rot13"
        [routing]
        vault_key = "not here"
        [statistics]
        listen = "127.0.0.1:7405"
        database_url = "postgres://a:b@127.0.0.1/c"
        vault_key = "file:/keys/statistics"
    "#;
    let refused = problems(Settings::from_toml(text));
    let expected = [
        "law_rules must be the path of a file",
        "[telemetry] log_level must be error, warn, info, debug or trace",
        "[telemetry] log_format must be a text in quotes",
        "[telemetry] trace_ratio must be a number from 0 to 1",
        "[streams] url must be an address like redis://127.0.0.1:6379",
        "[log] suite must be \"sha-256\" or \"sm3\"",
        "[log] above must be an address like https://log.province.example:7401",
        "[log] above_service must be one of the five services",
        "[log] above_trust_domain is missing",
        "[log] above_key is missing",
        "[log] above_authorities is missing",
        "[addresses] intake must be an address like http://127.0.0.1:7401",
        "[intake] listen must be an address and port like 127.0.0.1:7401",
        "[intake] database_url must be an address like postgres://role:password@host/database",
        "[intake] database_connections must be a number from 5 to 200",
        "[intake] log_key must be the file of a key like file:/etc/huiyin/keys/log.key",
        "[intake] vault_key must be a reference like file:/folder or pkcs11:token=...: the path is no absolute path",
        "[intake] vault_suite must be aes-256-sha-256 or sm4-sm3",
        "[intake] vault_copies is missing",
        "[routing] vault_key must be a reference like file:/folder or pkcs11:token=...: the scheme is neither file: nor pkcs11:",
        "[routing] vault_copies is missing",
        "[routing] listen is missing",
        "[routing] database_url is missing",
        "[statistics] vault_key is unknown; allowed here: listen, database_url, database_connections, log_key",
    ];
    assert_eq!(refused, expected);
}

#[test]
fn each_vault_has_a_key_of_its_own() {
    let section = |service: &str, port: u16, keys: &str| {
        format!(
            "[{service}]\nlisten = \"127.0.0.1:{port}\"\ndatabase_url = \"postgres://a:{SECRET}@127.0.0.1/b\"\n
             vault_copies = \"/copies\"\n{keys}\n"
        )
    };
    let intake = "vault_key = \"file:/keys/open\"\nvault_sealed_key = \"file:/keys/sealed\"";
    let all = |routing: &str, supervision: &str| {
        [
            "profile = \"development\"\n".to_owned(),
            section("intake", 7401, intake),
            section(
                "routing",
                7402,
                &format!("vault_key = \"file:/keys/{routing}\""),
            ),
            section(
                "supervision",
                7403,
                &format!("vault_key = \"file:/keys/{supervision}\""),
            ),
        ]
        .concat()
    };
    let settings = Settings::from_toml(&all("opinions", "remedies")).unwrap();
    let routing = settings.service(ServiceName::Routing).unwrap();
    assert_eq!(routing.reasons().unwrap().suite, Suite::Aes256Sha256);
    assert!(routing.vaults().is_err());
    let words = |service: &str| {
        [format!(
            "[{service}] vault_key must be another key than those of other vaults"
        )]
    };
    assert_eq!(
        problems(Settings::from_toml(&all("sealed", "remedies"))),
        words("routing")
    );
    assert_eq!(
        problems(Settings::from_toml(&all("reasons", "reasons"))),
        words("supervision")
    );
}

#[test]
fn a_profile_is_one_of_two() {
    let refused = problems(Settings::from_toml("profile = \"test\""));
    assert_eq!(
        refused,
        ["profile must be \"development\" or \"production\""]
    );
}

#[test]
fn a_section_that_is_a_value_is_refused() {
    let refused = problems(Settings::from_toml("intake = 3"));
    assert_eq!(
        refused,
        ["intake is unknown; allowed here: profile, law_rules, local_rules, escalation_ladders"]
    );
}

#[test]
fn no_secret_is_ever_printed() {
    let settings = Settings::from_toml(&whole()).unwrap();
    let mut printed = format!("{settings:?}");
    let mistakes = [
        whole().replace("postgres://", "mysql://"),
        whole().replace("redis://", "http://"),
        whole().replace("database_url", "databaseurl"),
        whole().replace("database_url =", "database_url"),
    ];
    for mistake in mistakes {
        let error = Settings::from_toml(&mistake).unwrap_err();
        printed.push_str(&format!("{error} {error:?}"));
    }
    assert!(!printed.contains("hunter2"), "{printed}");
}

#[test]
fn a_text_that_is_no_toml_is_refused_with_its_line() {
    let error = Settings::from_toml("profile = \"development\"\nprofile = \"production\"\n")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("the settings, line 2: "), "{error}");
    let error = Settings::load(Some(Path::new("/nowhere/huiyin.toml")))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("the file /nowhere/huiyin.toml cannot be read: "),
        "{error}"
    );
}

#[test]
fn keys_are_given_wholly_or_not_at_all_and_each_of_a_process_has_its_own() {
    assert_eq!(Settings::from_toml(&whole()).unwrap().tls, None);
    let keys = "[tls]\ntrust_domain = \"huaihua.example\"\ncertificate = \"/keys/{who}.pem\"\n";
    let refused = problems(Settings::from_toml(&format!("{}{keys}", whole())));
    assert_eq!(
        refused,
        ["[tls] key is missing", "[tls] authorities is missing"]
    );
    let rest = "key = \"/keys/{who}.key\"\nauthorities = \"/keys/authorities.pem\"\n";
    let settings = Settings::from_toml(&format!("{}{keys}{rest}", whole())).unwrap();
    let files = settings.tls.unwrap().of("intake");
    assert_eq!(
        (files.certificate, files.authorities),
        ("/keys/intake.pem".into(), "/keys/authorities.pem".into())
    );
    let wrong = keys.replace("huaihua.example", "Huaihua");
    assert!(
        problems(Settings::from_toml(&format!("{}{wrong}{rest}", whole())))[0]
            .starts_with("[tls] trust_domain must be a name like huaihua.example")
    );
}

#[test]
fn an_issuer_is_named_with_its_audience_or_not_at_all() {
    assert_eq!(Settings::from_toml("").unwrap().tokens, None);
    let text = "[tokens]\nissuer = \"https://issuer.example/city/\"\naudience = \"huiyin\"\n";
    let tokens = Settings::from_toml(text).unwrap().tokens.unwrap();
    let (issuer, audience) = (tokens.issuer.as_str(), tokens.audience.as_str());
    assert_eq!(
        (issuer, audience),
        ("https://issuer.example/city/", "huiyin")
    );
    assert_eq!(tokens.authorities, None);
    assert_eq!(tokens.algorithms, Algorithms::default());
    let more = "authorities = \"/etc/huiyin/issuer.pem\"\nalgorithms = \"PS256\"\n";
    let tokens = Settings::from_toml(&format!("{text}{more}")).unwrap();
    let tokens = tokens.tokens.unwrap();
    assert_eq!(tokens.authorities, Some("/etc/huiyin/issuer.pem".into()));
    assert_eq!(tokens.algorithms, "PS256".parse().unwrap());
}

#[test]
fn all_that_is_wrong_with_the_issuer_is_listed_at_once() {
    let wrong = "[tokens]\nissuer = \"http://127.0.0.1:7480\"\naudience = \"\"\nauthorities = \"\"\nalgorithms = \"HS256\"\nkeys = \"x\"\n";
    let refused = problems(Settings::from_toml(wrong));
    let expected = [
        "[tokens] issuer must be an address like https://issuer.example/city",
        "[tokens] audience must be the name the issuer has for us",
        "[tokens] authorities must be the path of a file",
        "[tokens] algorithms must be some of ES256 ES384 EdDSA PS256 RS256",
        "[tokens] keys is unknown; allowed here: issuer, audience, authorities, algorithms",
    ];
    assert_eq!(refused, expected);
    let nothing = problems(Settings::from_toml("[tokens]\n"));
    let expected = ["[tokens] issuer is missing", "[tokens] audience is missing"];
    assert_eq!(nothing, expected);
}

#[test]
fn an_issuer_without_tls_is_one_of_this_machine_in_development() {
    let text = |profile, issuer| {
        format!("profile = \"{profile}\"\n[tokens]\nissuer = \"{issuer}\"\naudience = \"huiyin\"\n")
    };
    let taken = |profile, issuer| Settings::from_toml(&text(profile, issuer)).is_ok();
    assert!(taken("development", "http://127.0.0.1:7480"));
    assert!(!taken("production", "http://127.0.0.1:7480"));
    assert!(!taken("development", "http://10.0.0.1:7480"));
    assert!(taken("production", "https://10.0.0.1:7480"));
}

#[test]
fn in_production_a_secret_is_named_and_one_that_is_written_out_is_refused_with_its_key() {
    let text = whole().replace("profile = \"development\"", "profile = \"production\"");
    let refused = problems(with_environment(
        &text,
        &[("HUIYIN__STREAMS__URL", "redis://:hunter2@127.0.0.1:6379")],
    ));
    let words =
        "is written out: in the production profile a secret is named, by file:/path or env:NAME";
    let expected = [
        format!("[streams] url (from HUIYIN__STREAMS__URL) {words}"),
        format!("[intake] database_url {words}"),
        format!("[stability_early_warning] database_url {words}"),
    ];
    assert_eq!(refused, expected);
}

#[test]
fn a_secret_that_is_named_is_read_at_the_start() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let secret = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        format!("file:{}", path.display())
    };
    let address = secret("address", "postgres://routing:hunter2@127.0.0.1/huiyin\n");
    let text = format!("[statistics]\nlisten = \"127.0.0.1:7405\"\ndatabase_url = \"{address}\"\n");
    let settings = Settings::from_toml(&text).unwrap();
    assert_eq!(settings.profile, Profile::Production);
    let statistics = settings.service(ServiceName::Statistics).unwrap();
    assert_eq!(
        statistics.database_url.expose_secret(),
        "postgres://routing:hunter2@127.0.0.1/huiyin"
    );
    // what is named is checked like what is written
    let other = secret("other", "mysql://hunter2");
    let refused = problems(Settings::from_toml(&text.replace(&address, &other)));
    assert_eq!(refused.len(), 1);
    assert!(
        refused[0].starts_with("[statistics] database_url must"),
        "{refused:?}"
    );
    assert!(!refused[0].contains("hunter2"), "{refused:?}");
}

#[test]
fn limits_have_defaults_and_a_burst_is_whole_again_within_a_minute() {
    assert_eq!(
        Settings::from_toml("").unwrap().limits,
        LimitSettings::default()
    );
    let text =
        "[limits]\ncalls_per_second = 50\nhouse_burst = 9000\ncalls = 64\nidle_seconds = 20\n";
    let expected = LimitSettings {
        caller: Quota::of(50, 100),
        house: Quota::of(2_000, 9_000),
        calls: 64,
        idle: std::time::Duration::from_secs(20),
        ..LimitSettings::default()
    };
    assert_eq!(Settings::from_toml(text).unwrap().limits, expected);
    let wrong = "[limits]\ncalls_per_second = 50\nburst = 3001\nconnections = 1\n";
    let expected = [
        "[limits] burst must be at most 60 times calls_per_second",
        "[limits] connections must be a number from 16 to 100000",
    ];
    assert_eq!(problems(Settings::from_toml(wrong)), expected);
}

#[test]
fn webhooks_are_sent_by_a_key_that_is_long_enough_to_open_networks_and_ports() {
    let with =
        |keys: &str| Settings::from_toml(&whole().replace("        repeat_minutes = 15\n", keys));
    let key = format!("webhook_key = \"{}\"\n", "k".repeat(32));
    let own = |settings: Settings| {
        let service = settings
            .service(ServiceName::StabilityEarlyWarning)
            .cloned();
        service.unwrap().warning().unwrap().clone()
    };
    let read = |settings: Settings| own(settings).webhooks.unwrap();
    for (given, days) in [("", 90), ("webhook_kept_days = 7\n", 7)] {
        assert_eq!(own(with(given).unwrap()).webhook_kept_days, days);
    }
    let usual = read(with(&key).unwrap());
    assert_eq!((usual.networks.len(), usual.ports), (0, vec![443, 8443]));
    assert_eq!(usual.authorities, None);
    let more = "webhook_networks = \"10.20.0.0/16 fd00:20::/32\"\nwebhook_ports = \"9443\"\nwebhook_authorities = \"/etc/huiyin/receivers.pem\"\n";
    let given = read(with(&format!("{key}{more}")).unwrap());
    let networks: Vec<String> = given.networks.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.20.0.0/16", "fd00:20::/32"]);
    assert_eq!(given.ports, [9443]);
    assert_eq!(given.authorities, Some("/etc/huiyin/receivers.pem".into()));
    let wrong = "webhook_key = \"short\"\nwebhook_networks = \"10.20.0.0\"\nwebhook_ports = \"https\"\nwebhook_authorities = \"\"\nwebhook_kept_days = 6\n";
    let expected = [
        "[stability_early_warning] webhook_key must have at least 32 characters",
        "[stability_early_warning] webhook_networks must be networks like 10.20.0.0/16, with blanks between them",
        "[stability_early_warning] webhook_ports must be ports like 443 8443, with blanks between them",
        "[stability_early_warning] webhook_authorities must be the path of a file",
        "[stability_early_warning] webhook_kept_days must be a number from 7 to 3650",
    ];
    assert_eq!(problems(with(wrong)), expected);
}
