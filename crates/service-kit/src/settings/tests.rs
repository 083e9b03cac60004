use std::ffi::OsString;

use super::*;

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
        [addresses]
        intake = "http://intake:7401"
        [intake]
        listen = "127.0.0.1:7401"
        database_url = "postgres://intake:{SECRET}@127.0.0.1/huiyin"
        repeat_key = "{SECRET}"
        [stability_early_warning]
        listen = "127.0.0.1:7404"
        database_url = "postgres://warning:{SECRET}@127.0.0.1/huiyin"
        database_connections = 4
        repeat_minutes = 15
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
    assert_eq!(intake.repeat_key().unwrap().expose_secret(), SECRET);
    let warning = settings
        .service(ServiceName::StabilityEarlyWarning)
        .unwrap();
    let expected = WarningSettings { repeat_minutes: 15 };
    assert_eq!(warning.warning().unwrap(), expected);
    assert!(settings.stream_server().unwrap().is_some());
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
        &whole(),
        &[
            ("HUIYIN__PROFILE", "production"),
            ("HUIYIN__STABILITY_EARLY_WARNING__DATABASE_CONNECTIONS", "7"),
            ("HUIYIN__TELEMETRY__TRACE_RATIO", "0.5"),
            ("HUIYIN__STREAMS__URL", ""),
            ("HUIYIN_SETTINGS", "ignored"),
        ],
    )
    .unwrap();
    assert_eq!(settings.profile, Profile::Production);
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
        "profil (from HUIYIN__PROFIL) is unknown; allowed here: profile, law_rules, local_rules",
        "[telemetry] loglevel is unknown; allowed here: log_level, log_format, otlp_endpoint, trace_ratio, metrics_listen",
        "[intake] repeat (from HUIYIN__INTAKE__REPEAT) is unknown; allowed here: listen, database_url, database_connections, repeat_key",
        "[adresses] is unknown; allowed sections: telemetry, streams, tls, addresses, intake, routing, supervision, stability_early_warning, statistics",
    ];
    assert_eq!(refused, expected);
}

#[test]
fn all_wrong_values_are_listed_at_once() {
    let text = r#"
        profile = "test"
        [telemetry]
        log_level = "loud"
        log_format = 3
        trace_ratio = 2.0
        [streams]
        url = "http://x"
        [addresses]
        intake = "intake:7401"
        [intake]
        listen = "localhost"
        database_url = "mysql://x"
        database_connections = 0
        repeat_key = "short"
        [routing]
        repeat_key = "not here"
    "#;
    let refused = problems(Settings::from_toml(text));
    let expected = [
        "profile must be \"development\" or \"production\"",
        "[telemetry] log_level must be error, warn, info, debug or trace",
        "[telemetry] log_format must be a text in quotes",
        "[telemetry] trace_ratio must be a number from 0 to 1",
        "[streams] url must be an address like redis://127.0.0.1:6379",
        "[addresses] intake must be an address like http://127.0.0.1:7401",
        "[intake] listen must be an address and port like 127.0.0.1:7401",
        "[intake] database_url must be an address like postgres://role:password@host/database",
        "[intake] database_connections must be a number from 4 to 200",
        "[intake] repeat_key must have at least 32 characters",
        "[routing] listen is missing",
        "[routing] database_url is missing",
        "[routing] repeat_key is unknown; allowed here: listen, database_url, database_connections",
    ];
    assert_eq!(refused, expected);
}

#[test]
fn a_section_that_is_a_value_is_refused() {
    let refused = problems(Settings::from_toml("intake = 3"));
    assert_eq!(
        refused,
        ["intake is unknown; allowed here: profile, law_rules, local_rules"]
    );
}

#[test]
fn no_secret_is_ever_printed() {
    let settings = Settings::from_toml(&whole()).unwrap();
    let mut printed = format!("{settings:?}");
    let mistakes = [
        whole().replace("postgres://", "mysql://"),
        whole().replace("redis://", "http://"),
        whole().replace(
            &format!("repeat_key = \"{SECRET}\""),
            &format!("repeat_key = \"{SECRET}"),
        ),
        whole().replace(
            &format!("repeat_key = \"{SECRET}\""),
            &format!("repeat_key = [\"{SECRET}\"]"),
        ),
        whole().replace("repeat_key", "repeatkey"),
        whole().replace("repeat_key =", "repeat_key"),
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
