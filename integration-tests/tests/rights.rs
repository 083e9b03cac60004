//! Every identity asks every method: what comes of it stands in `golden/rights.txt`.
//!
//! The requests are about a denunciation of a county's bureau, in the name of the caller's own organ where it has one. To write the
//! file anew: `HUIYIN_BLESS=1 ./dev test --only tests`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use common::calling::{Method, call, methods, service_of};
use common::careless::Careless;
use common::identities::{authority, channel, endpoint, in_domain, keys, organ, post};
use common::{Up, claim, office, until};
use huiyin_domain::organs::PETITION_OFFICE;
use huiyin_proto::intake::v1::RegisterMatterRequest;
use huiyin_proto::routing::v1::ListForwardingsRequest;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::client::{Access, SpokenFor, TokenSource};
use huiyin_service_kit::local::authority::{Authority, Issued, Validity};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::server::code_name;
use huiyin_service_kit::tls::{Identity, Keys};
use tonic::transport::Channel;
use tonic::{Code, Status};

/// The bureau that is denounced.
const DENOUNCED: (&str, &str) = ("431202", "natural_resources");

/// A matter that is asked about.
struct Matter {
    id: String,
    number: String,
}

/// By what a caller connects.
enum Way {
    /// As we do.
    Keys(Box<Keys>),
    /// Believing everybody and showing whatever it has.
    Careless(Careless),
}

/// Who asks.
struct Caller {
    name: &'static str,
    way: Way,
    /// The organ it names as its own.
    organ: String,
    /// For whom it speaks by a token.
    speaks_for: Option<SpokenFor>,
}

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/rights.txt")
}

/// Everybody who asks, in the order of the columns.
fn callers(up: &Up) -> Vec<Caller> {
    let files = up.settings.tls.as_ref().unwrap();
    let kept = |name: &'static str, who: &str| Caller {
        name,
        way: Way::Keys(Box::new(Keys::load(files.of(who)).unwrap())),
        organ: office(),
        speaks_for: None,
    };
    let authority = authority(up);
    let validity = Validity::from_today(1);
    let issued = |name: &'static str, identity: Identity| {
        let issued = authority.issue(&identity, validity).unwrap();
        Caller {
            name,
            way: Way::Keys(Box::new(keys(up, name, &issued))),
            organ: identity
                .organ()
                .map_or_else(office, |organ| organ.to_string()),
            speaks_for: None,
        }
    };
    let (place, bureau) = DENOUNCED;
    let spoken_for = SpokenFor {
        organ: office().parse().unwrap(),
        post: "office".to_owned(),
    };
    vec![
        kept("operator", "operator"),
        kept("service", "routing"),
        kept("system", "office-system"),
        Caller {
            speaks_for: Some(spoken_for),
            ..kept("system-office", "office-system")
        },
        kept("office", "office"),
        kept("sealed-desk", "sealed-desk"),
        kept("head", "head"),
        kept("rules-desk", "rules-desk"),
        kept("duty-desk", "duty-desk"),
        kept("statistics", "statistics-desk"),
        issued(
            "handling",
            post(place, "discipline_inspection", "sealed-desk"),
        ),
        issued(
            "its-handler",
            post(place, "discipline_inspection", "handler"),
        ),
        issued("denounced", post(place, bureau, "sealed-desk")),
        issued("below", post("431202001", PETITION_OFFICE, "sealed-desk")),
        issued("elsewhere", post("431221", PETITION_OFFICE, "sealed-desk")),
        issued("unknown", post("110000", PETITION_OFFICE, "sealed-desk")),
    ]
}

/// Those who do not get through the door, whatever they ask.
fn outsiders(up: &Up) -> Vec<Caller> {
    let (authority, today) = (authority(up), Validity::from_today(1));
    let past = Validity {
        on: "2024-01-01".parse().unwrap(),
        days: 30,
    };
    let identity = post("4312", PETITION_OFFICE, "office");
    let expired = authority.issue(&identity, past).unwrap();
    let domain = up.settings.tls.as_ref().unwrap().trust_domain.clone();
    let foreign = Authority::new(domain, today).unwrap();
    let foreign = foreign.issue(&identity, today).unwrap();
    // the same authority vouches for another domain as well
    let other_domain = in_domain(up, "elsewhere.example")
        .issue(&identity, today)
        .unwrap();
    let revoked = authority.issue(&identity, today).unwrap();
    let list = authority.revoke(&[&revoked], today).unwrap();
    std::fs::write(up.folder.path().join("keys/revoked.pem"), list).unwrap();
    let careless = |name: &'static str, careless: Careless| Caller {
        name,
        way: Way::Careless(careless),
        organ: office(),
        speaks_for: None,
    };
    let shown = |issued: &Issued| Careless::showing(&issued.certificate, &issued.key);
    vec![
        careless("expired", shown(&expired)),
        careless("other-authority", shown(&foreign)),
        careless("other-domain", shown(&other_domain)),
        careless("revoked", shown(&revoked)),
        careless("no-certificate", Careless::showing_nothing()),
    ]
}

fn channel_of(up: &Up, service: ServiceName, caller: &Caller) -> Channel {
    match &caller.way {
        Way::Keys(keys) => channel(up, service, keys),
        Way::Careless(careless) => {
            endpoint(&up.settings, service).connect_with_connector_lazy(careless.clone())
        }
    }
}

fn tokens(up: &Up) -> TokenSource {
    let believed = up.settings.tokens.as_ref().unwrap();
    TokenSource::new(Access {
        issuer: believed.issuer.clone(),
        authorities: believed.authorities.clone(),
        client: "office-system".to_owned(),
        secret: None,
        keys: Some(Keys::load(up.settings.tls.as_ref().unwrap().of("office-system")).unwrap()),
    })
}

/// A denunciation of the bureau, with the discipline inspection of its county.
async fn denounced(up: &Up) -> Matter {
    let (place, bureau) = DENOUNCED;
    let request = RegisterMatterRequest {
        category: words::Category::Denunciation.into(),
        about_organ: organ(place, bureau).to_string(),
        ..claim("denunciation")
    };
    let receipt = up
        .intake()
        .await
        .register_matter(request)
        .await
        .unwrap()
        .into_inner();
    let keys = Keys::load(up.settings.tls.as_ref().unwrap().of("sealed-desk")).unwrap();
    let routing = channel(up, ServiceName::Routing, &keys);
    let routing =
        huiyin_proto::routing::v1::routing_service_client::RoutingServiceClient::new(routing);
    until("the denunciation is forwarded", || async {
        let request = ListForwardingsRequest {
            matter_id: receipt.matter_id.clone(),
            ..ListForwardingsRequest::default()
        };
        let listed = routing.clone().list_forwardings(request).await.ok()?;
        (!listed.into_inner().forwardings.is_empty()).then_some(())
    })
    .await;
    Matter {
        id: receipt.matter_id,
        number: receipt.number,
    }
}

/// What is asked about, by field.
fn fields<'a>(matter: &Matter, caller: &Caller, action: &str) -> BTreeMap<&'a str, String> {
    let nothing = |kind: &str| format!("{kind}_00000000000000000000000000000001");
    BTreeMap::from([
        ("request_id", format!("{}-{action}", caller.name)),
        ("matter_id", matter.id.clone()),
        ("matter_ids", matter.id.clone()),
        // GetMatter takes one of the two
        (
            "number",
            if action.ends_with("GetMatter") {
                String::new()
            } else {
                matter.number.clone()
            },
        ),
        ("organ_id", caller.organ.clone()),
        ("from_organ", caller.organ.clone()),
        ("received_by", caller.organ.clone()),
        ("to_organ", String::new()),
        ("place_code", "431202".to_owned()),
        ("parent_code", "431202".to_owned()),
        ("code", "431202".to_owned()),
        ("territory_code", "431202".to_owned()),
        ("page_token", String::new()),
        ("cursor", String::new()),
        ("level", "0".to_owned()),
        ("on_date", String::new()),
        ("from_date", "2026-01-01".to_owned()),
        ("to_date", "2026-01-31".to_owned()),
        ("alert_id", nothing("alert")),
        ("order_id", nothing("order")),
        ("recommendation_id", nothing("recommendation")),
        ("batch_id", nothing("batch")),
        ("report_id", nothing("report")),
        ("schedule_id", nothing("schedule")),
        ("assessment_id", nothing("assessment")),
        ("hot_spot_id", nothing("hot_spot")),
        ("shift_id", nothing("shift")),
        ("from_shift", nothing("shift")),
        ("to_shift", nothing("shift")),
        ("period_id", nothing("period")),
    ])
}

async fn ask(up: &Up, caller: &Caller, method: &Method, matter: &Matter) -> Status {
    let service = service_of(&method.package);
    let message = method.request(&fields(matter, caller, &method.action));
    let mut headers = Vec::new();
    if let Some(spoken_for) = &caller.speaks_for {
        let token = tokens(up).authorization(spoken_for).await.unwrap();
        headers.push(("authorization", token.to_str().unwrap().to_owned()));
    }
    let channel = channel_of(up, service, caller);
    let path = (method.path.as_str(), method.is_streaming);
    call(channel, path, &message, &headers).await.0
}

#[tokio::test]
async fn every_identity_gets_from_every_method_what_the_golden_file_says() {
    let up = Up::start().await;
    let matter = denounced(&up).await;
    let (mut callers, methods) = (callers(&up), methods());
    callers.extend(outsiders(&up));
    let revoked = callers
        .iter()
        .find(|caller| caller.name == "revoked")
        .unwrap();
    // the services read again what is revoked
    for service in ServiceName::ALL {
        until("a door closed to the revoked", || async {
            let channel = channel_of(&up, service, revoked);
            let health = call(channel, ("/grpc.health.v1.Health/Check", false), &[], &[]).await;
            (health.0.code() == Code::Unavailable).then_some(())
        })
        .await;
    }
    let mut table = format!("{:<42}", "");
    for caller in &callers {
        write!(table, " {:<20}", caller.name).unwrap();
    }
    table = table.trim_end().to_owned() + "\n";
    for (action, method) in &methods {
        let mut row = format!("{action:<42}");
        for caller in &callers {
            let code = ask(&up, caller, method, &matter).await.code();
            write!(row, " {:<20}", code_name(code)).unwrap();
        }
        table.push_str(row.trim_end());
        table.push('\n');
    }
    if std::env::var_os("HUIYIN_BLESS").is_some() {
        std::fs::write(golden(), &table).unwrap();
    }
    let kept = std::fs::read_to_string(golden()).unwrap_or_default();
    let differences: Vec<String> = table
        .lines()
        .zip(kept.lines().chain(std::iter::repeat("(nothing)")))
        .filter(|(now, then)| now != then)
        .map(|(now, then)| format!("now  {now}\nthen {then}"))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(kept.lines().count(), methods.len() + 1);
    up.stop().await;
}
