//! `LogService` over one service's database.

use huiyin_domain::time::Instant;
use huiyin_proto::log::v1::log_service_server::LogService;
use huiyin_proto::log::v1::{
    AnchorHeadRequest, AnchorHeadResponse, GetConsistencyRequest, GetConsistencyResponse,
    GetHeadRequest, GetHeadResponse, ListAnchorsRequest, ListAnchorsResponse,
};
use tonic::{Request, Response, Status};

use super::anchors::{self, Handed};
use super::head::{LogName, Origin};
use super::store::anchors as table;
use super::{proof, wire};
use crate::authorization::{About, Subject, Who, permit_matter, subject};
use crate::clock::of_the_machine;
use crate::database::Database;
use crate::page::{PageToken, page_size};
use crate::status::Problem;
use crate::tls::TrustDomain;
use crate::violations::Violations;

/// Anchors of a page unless more or fewer are asked for, and at most.
const PAGES: (u32, u32) = (100, 1000);

/// `LogService` over one service's database.
#[derive(Clone, Debug)]
pub struct LogRpc {
    /// The database.
    pub database: Database,
    /// The trust domain of the services here, if they have one.
    pub domain: Option<TrustDomain>,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl LogService for LogRpc {
    async fn get_head(&self, request: Request<GetHeadRequest>) -> Answer<GetHeadResponse> {
        let log = read_log(request.get_ref().log)?;
        permit_matter(About::House, log.is_sealed()).await?;
        let mut reading = self.database.reading().await.map_err(Problem::from)?;
        let head = proof::newest(&mut reading, log).await?;
        Ok(Response::new(GetHeadResponse {
            head: Some(wire::head(&head)),
        }))
    }

    async fn get_consistency(
        &self,
        request: Request<GetConsistencyRequest>,
    ) -> Answer<GetConsistencyResponse> {
        let request = request.into_inner();
        let log = read_log(request.log)?;
        permit_matter(About::House, log.is_sealed()).await?;
        let mut reading = self.database.reading().await.map_err(Problem::from)?;
        let newest = proof::newest(&mut reading, log).await?;
        let size = newest.head.size;
        let to = match request.to_size {
            0 => size,
            given => given,
        };
        let mut violations = Violations::default();
        violations.within("to_size", to, 0..=size);
        violations.within("from_size", request.from_size, 0..=to);
        violations.finish()?;
        let path = proof::grown(&mut reading, &newest, (request.from_size, to)).await?;
        Ok(Response::new(GetConsistencyResponse {
            path: wire::path(&path),
            to_size: to,
        }))
    }

    async fn anchor_head(&self, request: Request<AnchorHeadRequest>) -> Answer<AnchorHeadResponse> {
        let handed = handed(request.get_ref())?;
        let asking = subject();
        in_its_own_name(
            asking.as_deref(),
            &handed.signed.head.origin,
            self.domain.as_ref(),
        )?;
        Ok(Response::new(
            anchor(&self.database, handed, of_the_machine()).await?,
        ))
    }

    async fn list_anchors(
        &self,
        request: Request<ListAnchorsRequest>,
    ) -> Answer<ListAnchorsResponse> {
        let request = request.into_inner();
        let mut violations = Violations::default();
        let log = wire::read_log(&mut violations, "log", request.log);
        let origin: Option<Origin> = request.origin.parse().ok();
        violations.check("origin", origin.is_some(), "is nobody's log");
        let size = page_size(&mut violations, request.page_size, PAGES.0, PAGES.1);
        let (log, origin) = violations.finish_with(log.zip(origin))?;
        permit_matter(About::House, log.is_sealed()).await?;
        let filter = format!("anchors {origin} {log}");
        let after = PageToken::parse(&request.page_token, &filter)?;
        let after = after.map_or(Ok((-1, Vec::new())), |token| read_key(&token.last_key))?;
        let mut reading = self.database.reading().await.map_err(Problem::from)?;
        let after = (after.0, after.1.as_slice());
        let page = table::list(&mut reading, (&origin, log), after, i64::from(size)).await?;
        let is_full = usize::try_from(size).is_ok_and(|size| page.len() == size);
        let last = page.last().filter(|_| is_full);
        let last = last.map(|anchor| {
            let (size, key) = (anchor.signed.head.size, anchor.signed.key.as_bytes());
            PageToken::issue(&format!("{size} {}", hex::encode(key)), &filter)
        });
        Ok(Response::new(ListAnchorsResponse {
            anchors: page.iter().map(wire::anchor).collect(),
            next_page_token: last.unwrap_or_default(),
        }))
    }
}

fn read_log(given: i32) -> Result<LogName, Problem> {
    let mut violations = Violations::default();
    let log = wire::read_log(&mut violations, "log", given);
    violations.finish_with(log)
}

/// The key of the last anchor of a page: its size and its public key.
fn read_key(key: &str) -> Result<(i64, Vec<u8>), Problem> {
    let read = key.split_once(' ').and_then(|(size, key)| {
        let size = size.parse().ok()?;
        Some((size, hex::decode(key).ok()?))
    });
    read.ok_or(Problem::WrongPageToken)
}

fn handed(request: &AnchorHeadRequest) -> Result<Handed, Problem> {
    let mut violations = Violations::default();
    let signed = wire::read_head(&mut violations, request.head.as_ref());
    let path = wire::read_path(&mut violations, &request.path);
    let is_signed = signed.as_ref().is_none_or(|signed| signed.is_signed());
    violations.check(
        "head.signature",
        is_signed,
        "is not that of the head by its public key",
    );
    let (signed, path) = violations.finish_with(signed.zip(path))?;
    Ok(Handed {
        signed,
        from: request.from_size,
        path,
    })
}

/// Whoever hands a head in does so for itself: a service of ours for its own logs, the platform of the level below for those under
/// its own trust domain, which is not ours.
fn in_its_own_name(
    asking: Option<&Subject>,
    origin: &Origin,
    ours: Option<&TrustDomain>,
) -> Result<(), Problem> {
    let (domain, _) = origin.parts();
    let is_own = match asking.map(|asking| &asking.who) {
        Some(Who::Service(name)) => *origin == Origin::of(ours, *name),
        Some(Who::Platform(name)) => {
            domain == Some(name) && ours.is_none_or(|ours| ours.to_string() != *name)
        }
        Some(Who::Post { .. } | Who::Operator(_) | Who::Stranger) | None => false,
    };
    if is_own {
        return Ok(());
    }
    Err(Problem::NotYours {
        words: format!("{origin} hands in its heads itself"),
    })
}

/// Keeps a head that was handed in at `now`.
///
/// # Errors
/// [`Problem::HeadContradicts`].
async fn anchor(
    database: &Database,
    handed: Handed,
    now: Instant,
) -> Result<AnchorHeadResponse, Problem> {
    let about = handed.signed.clone();
    let anchored = database.transaction("anchor_head", move |tx| {
        let handed = handed.clone();
        Box::pin(async move { anchors::keep(tx.connection(), &handed, now).await })
    });
    let anchored = anchored.await;
    if let Err(problem @ Problem::HeadContradicts { .. }) = &anchored {
        anchors::alarm(database.service(), &about, problem);
    }
    anchored
}
