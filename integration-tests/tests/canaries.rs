//! Canaries: an identity card, a phone, a name, an address, an accusation, planted once, are looked for in everything that the five
//! services leave behind: dumps, data files and logs of the database, a base backup, the stream server's file, logs, traces,
//! metrics, and the errors they answer. The same search finds what is planted in the open.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use common::calling::{call, methods, service_of};
use common::identities::{as_post, organ};
use common::servers::postgres;
use common::{Up, claim, until};
use huiyin_domain::organs::PETITION_OFFICE;
use huiyin_proto::intake::v1::intake_service_client::IntakeServiceClient;
use huiyin_proto::intake::v1::*;
use huiyin_proto::routing::v1::routing_service_client::RoutingServiceClient;
use huiyin_proto::routing::v1::{IssueOpinionRequest, ListForwardingsRequest};
use huiyin_proto::supervision::v1::supervision_service_client::SupervisionServiceClient;
use huiyin_proto::supervision::v1::{DeliverRemedyOpinionRequest, RequestRemedyRequest};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::names::ServiceName;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;
use secrecy::ExposeSecret as _;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

const NAME: &str = "金丝雀甲";
const ID_NUMBER: &str = "431202197001010018";
const PHONE: &str = "13900001111";
const ADDRESS: &str = "金丝雀巷七号";
const REQUEST: &str = "金丝雀诉求：井水发黑";
const FACTS: &str = "金丝雀控告：夜间收受烟酒";
const EVALUATION: &str = "金丝雀评价：无人回访";
const OPINION: &str = "金丝雀意见：证人系其表弟";
const OPINION_BASIS: &str = "金丝雀依据：所附谈话笔录";
const REMEDY: &str = "金丝雀复查：账本确由其保管";
const REMEDY_BASIS: &str = "金丝雀复查依据：所附账本";
const PERSONAL: [&str; 11] = [
    NAME,
    ID_NUMBER,
    PHONE,
    ADDRESS,
    REQUEST,
    FACTS,
    EVALUATION,
    OPINION,
    OPINION_BASIS,
    REMEDY,
    REMEDY_BASIS,
];
/// Planted in the open: whatever does not find it looks at nothing.
const OPEN: &str = "open-canary-7f3a";

/// Keeps every trace it is sent, as bytes.
#[derive(Clone, Default)]
struct Traces(Arc<Mutex<Vec<u8>>>);

#[tonic::async_trait]
impl TraceService for Traces {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let bytes = request.into_inner().encode_to_vec();
        self.0.lock().unwrap().extend(bytes);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// What is found in one place.
struct Place {
    what: String,
    bytes: Vec<u8>,
}

impl Place {
    fn of(what: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            what: what.into(),
            bytes: bytes.into(),
        }
    }

    /// Whether a text lies there: as it is, or as a dump writes bytes.
    fn holds(&self, text: &str) -> bool {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        [text.as_bytes(), hex.as_bytes()]
            .into_iter()
            .any(|wanted| memchr::memmem::find(&self.bytes, wanted).is_some())
    }
}

fn told(request_id: &str) -> RegisterMatterRequest {
    RegisterMatterRequest {
        petitioner: Some(Petitioner {
            name: NAME.to_owned(),
            address: ADDRESS.to_owned(),
            phone: PHONE.to_owned(),
            id_number: ID_NUMBER.to_owned(),
        }),
        main_request: REQUEST.to_owned(),
        facts: FACTS.to_owned(),
        representatives: vec![NAME.to_owned()],
        ..claim(request_id)
    }
}

/// A claim from its registration to the evaluation, a denunciation, and a repeat of each; gives the matters.
async fn plant(up: &Up) -> Vec<String> {
    let mut intake = up.intake().await;
    let about = organ("431202", "natural_resources").to_string();
    let denunciation = |request_id: &str| RegisterMatterRequest {
        category: words::Category::Denunciation.into(),
        about_organ: about.clone(),
        ..told(request_id)
    };
    let mut receipts = Vec::new();
    for request in [
        told("one"),
        told("again"),
        denunciation("two"),
        denunciation("more"),
    ] {
        receipts.push(intake.register_matter(request).await.unwrap().into_inner());
    }
    assert_eq!(receipts[1].repeat_of, receipts[0].matter_id);
    let matter = receipts[0].matter_id.clone();
    answer(up, &matter).await;
    review(up, &matter).await;
    for addressee in [
        words::EvaluationAddressee::HandlingOrgan,
        words::EvaluationAddressee::PetitionOffice,
    ] {
        let evaluation = EvaluateMatterRequest {
            number: receipts[0].number.clone(),
            query_code: receipts[0].query_code.clone(),
            addressee: addressee.into(),
            satisfaction: words::Satisfaction::NotSatisfied.into(),
            text: EVALUATION.to_owned(),
            request_id: format!("evaluate {}", addressee.as_str_name()).replace(' ', "-"),
        };
        intake.evaluate_matter(evaluation).await.unwrap();
    }
    receipts
        .into_iter()
        .map(|receipt| receipt.matter_id)
        .collect()
}

/// The organ that has the matter accepts and answers it.
async fn answer(up: &Up, matter: &str) {
    let routing = up.routing().await;
    let forwarding = until("a forwarding", || {
        let mut routing = routing.clone();
        async move {
            let request = ListForwardingsRequest {
                matter_id: matter.to_owned(),
                ..ListForwardingsRequest::default()
            };
            let listed = routing.list_forwardings(request).await.ok()?;
            listed.into_inner().forwardings.pop()
        }
    })
    .await;
    let organ = forwarding.to_organ;
    let handler = |service| as_post(up, service, (organ.parse().unwrap(), "handler"));
    let intake = IntakeServiceClient::new(handler(ServiceName::Intake));
    let routing = RoutingServiceClient::new(handler(ServiceName::Routing));
    let acceptance = AcceptMatterRequest {
        matter_id: matter.to_owned(),
        organ_id: organ.clone(),
        request_id: "accept".to_owned(),
    };
    until("an acceptance", || {
        let (mut intake, acceptance) = (intake.clone(), acceptance.clone());
        async move { intake.accept_matter(acceptance).await.ok() }
    })
    .await;
    let reading = ReadPetitionRequest {
        matter_id: matter.to_owned(),
        organ_id: organ.clone(),
        purpose: OPEN.to_owned(),
    };
    let read = intake.clone().read_petition(reading).await.unwrap();
    assert_eq!(read.into_inner().facts, FACTS);
    let opinion = IssueOpinionRequest {
        request_id: "opinion".to_owned(),
        matter_id: matter.to_owned(),
        organ_id: organ.clone(),
        kind: words::OpinionKind::Support.into(),
        reasons: format!("{OPINION}；{FACTS}"),
        legal_basis: OPINION_BASIS.to_owned(),
    };
    until("an opinion", || {
        let (mut routing, opinion) = (routing.clone(), opinion.clone());
        async move { routing.issue_opinion(opinion).await.ok() }
    })
    .await;
    let delivery = DeliverReplyRequest {
        matter_id: matter.to_owned(),
        organ_id: organ.clone(),
        request_id: "deliver".to_owned(),
    };
    until("a delivery", || {
        let (mut intake, delivery) = (intake.clone(), delivery.clone());
        async move { intake.deliver_reply(delivery).await.ok() }
    })
    .await;
}

/// The petition office above is asked for a review, and answers.
async fn review(up: &Up, matter: &str) {
    let above = organ("4312", PETITION_OFFICE);
    let handler = as_post(up, ServiceName::Supervision, (above, "handler"));
    let supervision = SupervisionServiceClient::new(handler);
    let request = RequestRemedyRequest {
        request_id: "review".to_owned(),
        matter_id: matter.to_owned(),
        remedy: words::Remedy::Review.into(),
        organ_id: above.to_string(),
        post: "reception of the petition office".to_owned(),
    };
    until("a review", || {
        let (mut supervision, request) = (supervision.clone(), request.clone());
        async move { supervision.request_remedy(request).await.ok() }
    })
    .await;
    let opinion = DeliverRemedyOpinionRequest {
        request_id: "opinion-on-the-review".to_owned(),
        matter_id: matter.to_owned(),
        remedy: words::Remedy::Review.into(),
        organ_id: above.to_string(),
        outcome: words::RemedyOutcome::Changed.into(),
        reasons: format!("{REMEDY}；{FACTS}"),
        legal_basis: REMEDY_BASIS.to_owned(),
    };
    let delivered = supervision.clone().deliver_remedy_opinion(opinion).await;
    delivered.unwrap();
}

/// What the services answer when canaries stand where they do not belong: in every text of every method, as they are and too long.
async fn errors(up: &Up) -> Vec<Place> {
    let mut said = Vec::new();
    for who in ["office", "duty-desk", "operator"] {
        let mut channels = BTreeMap::new();
        for service in ServiceName::ALL {
            channels.insert(service, up.channel_as(service, who).await);
        }
        for method in methods()
            .into_values()
            .filter(|method| !method.is_streaming)
        {
            let channel = &channels[&service_of(&method.package)];
            let all = PERSONAL.concat();
            for text in [ID_NUMBER.to_owned(), NAME.to_owned(), all.repeat(200)] {
                let request = method.request(&method.texts(&text));
                let path = (method.path.as_str(), false);
                let (status, _) = call(channel.clone(), path, &request, &[]).await;
                let words = [status.message().as_bytes(), status.details()].concat();
                let what = format!(
                    "errors of {} for {who}: {}",
                    method.action,
                    status.message()
                );
                said.push(Place::of(what, words));
            }
        }
    }
    said
}

/// Every file below a folder.
fn files(what: &str, folder: &Path, places: &mut Vec<Place>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            files(what, &path, places);
        } else if let Ok(bytes) = std::fs::read(&path) {
            places.push(Place::of(format!("{what} {}", path.display()), bytes));
        }
    }
}

async fn stream_server(up: &Up, places: &mut Vec<Place>) {
    let url = up.settings.streams.url.as_ref().unwrap();
    let url = url.expose_secret().to_owned();
    let client = redis::Client::open(url).unwrap();
    let mut streams = client.get_multiplexed_async_connection().await.unwrap();
    let mut ask = async |words: &[&str]| -> redis::Value {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async(&mut streams).await.unwrap()
    };
    ask(&["SET", "canary", OPEN]).await;
    ask(&["CONFIG", "SET", "rdbcompression", "no"]).await;
    ask(&["SAVE"]).await;
    let folder: Vec<String> =
        redis::from_redis_value(ask(&["CONFIG", "GET", "dir"]).await).unwrap();
    files("stream server", Path::new(&folder[1]), places);
}

/// What the database leaves behind: a dump, its files with the log of transactions, and a copy of all of them.
fn database(up: &Up, places: &mut Vec<Place>) {
    let postgres =
        |program: &str, arguments: &[&str]| postgres(up.folder.path(), program, arguments);
    let sql = |text: &str| {
        let plain = ["--dbname", "huiyin", "--tuples-only", "--no-align"];
        postgres("psql", &[&plain[..], &["--command", text]].concat())
    };
    sql(&format!(
        "CREATE TABLE public.canary AS SELECT '{OPEN}' AS words"
    ));
    sql("CHECKPOINT");
    let data = String::from_utf8(sql("SHOW data_directory")).unwrap();
    let backup = up.folder.path().join("backup");
    let target = backup.display().to_string();
    let whole = ["--wal-method", "stream", "--checkpoint", "fast"];
    postgres(
        "pg_basebackup",
        &[&["--pgdata", target.as_str()], &whole[..]].concat(),
    );
    let dump = postgres("pg_dump", &["--dbname", "huiyin"]);
    places.push(Place::of("dump", dump));
    files("base backup", &backup, places);
    files("data", Path::new(data.trim()), places);
}

/// A constellation that tells where its traces go all that it can.
async fn talkative() -> (Up, Traces) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let traces = Traces::default();
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(traces.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener)),
    );
    let up = Up::start_with(&[
        ("HUIYIN__TELEMETRY__OTLP_ENDPOINT", endpoint),
        ("HUIYIN__TELEMETRY__TRACE_RATIO", "1.0".to_owned()),
        ("HUIYIN__TELEMETRY__LOG_LEVEL", "debug".to_owned()),
    ])
    .await;
    (up, traces)
}

/// What may be found is found in every place, so each was looked at.
fn all_was_looked_at(places: &[Place], matter: &str) {
    let holds = |what: &str, text: &str| {
        places
            .iter()
            .any(|place| place.what.starts_with(what) && place.holds(text))
    };
    for what in ["dump", "base backup", "data", "stream server"] {
        assert!(holds(what, OPEN), "nothing was looked at in: {what}");
    }
    let mut log = places.iter().filter(|place| place.what.contains("pg_wal"));
    assert!(
        log.any(|place| place.holds(OPEN)),
        "nothing was looked at in: pg_wal"
    );
    for (what, text) in [
        ("log of intake", "RegisterMatter"),
        ("metrics of intake", "huiyin_matters_registered"),
        ("errors", "no territory"),
        ("traces", "RegisterMatter"),
        ("dump", &matter.replace("matter_", "")[..8]),
    ] {
        assert!(holds(what, text), "{text} is not in: {what}");
    }
}

#[tokio::test]
async fn nothing_that_is_personal_is_found_in_what_the_services_leave_behind() {
    let (up, traces) = talkative().await;
    let numbers = plant(&up).await;
    let mut places = errors(&up).await;
    database(&up, &mut places);
    stream_server(&up, &mut places).await;
    for service in ServiceName::ALL {
        places.push(Place::of(format!("log of {service}"), up.log(service)));
        let page = up.metrics(service).await;
        places.push(Place::of(format!("metrics of {service}"), page));
    }
    let traced = |text: &str| Place::of("", traces.0.lock().unwrap().clone()).holds(text);
    until("traces of a registration", || async {
        traced("RegisterMatter").then_some(())
    })
    .await;
    up.stop().await;
    places.push(Place::of("traces", traces.0.lock().unwrap().clone()));
    all_was_looked_at(&places, &numbers[0]);
    let found: Vec<String> = places
        .iter()
        .flat_map(|place| {
            let canaries = PERSONAL.iter().filter(|canary| place.holds(canary));
            canaries.map(|canary| format!("{canary} in {}", place.what))
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
