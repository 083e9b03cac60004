//! Requests drawn at random from the descriptors of the contract: most of them well formed, all of them about the two worlds.

use chrono::TimeDelta;
use huiyin_domain::subject::Subject;
use huiyin_domain::time::{Instant, local_date};
use huiyin_service_kit::wire;
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use super::city;
use super::contract::CONTRACT;
use super::pool::{KINDS, Matter, Pool, SLOTS, number_place, place};

/// Words of free text.
const WORDS: [&str; 5] = ["the well", "is dirty", "since May", "again", "水"];
/// Petitioners: each raises several matters.
const PETITIONERS: usize = 5;

/// What an act is about.
#[derive(Clone, Debug, Default)]
pub struct About {
    pub matter: Option<Matter>,
    /// The organ that has it in hand.
    pub holder: String,
    /// Whom it denounces; it is also sent there by mistake.
    pub denounced: Vec<String>,
    /// Of what category a registration is; any when none is given.
    pub category: Option<u64>,
}

pub struct Draw<'a> {
    pub chance: &'a mut ChaCha8Rng,
    pub pool: &'a Pool,
    pub now: Instant,
    /// The organ of who asks.
    pub own: Option<String>,
    /// Of a hundred ids and numbers so many are places for sealed things.
    pub sealed: u32,
    /// What is acted on, for acts.
    pub about: Option<About>,
    /// What was drawn for the kind of the message.
    pub kind: u64,
    /// The open matter that was named in it.
    pub matter: Option<Matter>,
    /// Whether a matter was named in it.
    pub is_named: bool,
    /// For which kinds it has a place for something sealed: one each, as two places may stand for the same thing.
    pub placed: Vec<String>,
}

impl<'a> Draw<'a> {
    pub fn new(chance: &'a mut ChaCha8Rng, pool: &'a Pool, now: Instant) -> Self {
        Self {
            chance,
            pool,
            now,
            own: None,
            sealed: 0,
            about: None,
            kind: 0,
            matter: None,
            is_named: false,
            placed: Vec::new(),
        }
    }

    fn of_hundred(&mut self, share: u32) -> bool {
        self.chance.random_range(0..100) < share
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        all.choose(self.chance).cloned()
    }

    /// A message of this form.
    pub fn message(&mut self, form: &DescriptorProto) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in &form.field {
            let many = field.label() == Label::Repeated;
            // an act is about its matter, and not about nothing
            let least = u32::from(self.about.is_some());
            let times = if many {
                self.chance.random_range(least..3)
            } else {
                1
            };
            for _ in 0..times {
                self.field(&mut bytes, (form, field));
            }
        }
        bytes
    }

    fn field(
        &mut self,
        bytes: &mut Vec<u8>,
        (form, field): (&DescriptorProto, &FieldDescriptorProto),
    ) {
        let number = u32::try_from(field.number()).unwrap();
        match field.r#type() {
            Type::String => {
                let text = self.text(form.name(), field.name());
                if !text.is_empty() {
                    prost::encoding::string::encode(number, &text, bytes);
                }
            }
            Type::Enum => {
                let value = self.value(form.name(), field);
                prost::encoding::uint64::encode(number, &value, bytes);
            }
            Type::Uint32 | Type::Uint64 => {
                let value = self.number(field.name());
                prost::encoding::uint64::encode(number, &value, bytes);
            }
            Type::Bool => {
                let value = self.of_hundred(if field.name() == "simplified" { 10 } else { 50 });
                prost::encoding::bool::encode(number, &value, bytes);
            }
            Type::Message if field.type_name() == ".google.protobuf.Timestamp" => {
                if self.of_hundred(if field.name() == "received_time" {
                    30
                } else {
                    100
                }) {
                    let back = if field.name() == "happened_time" {
                        61..90
                    } else {
                        1..60
                    };
                    let at = self.now - TimeDelta::minutes(self.chance.random_range(back));
                    put(bytes, number, &wire::timestamp(at).encode_to_vec());
                }
            }
            Type::Message => {
                // what would be otherwise under other rules is rarely asked
                if self.of_hundred(if field.name() == "proposed_rules" {
                    10
                } else {
                    90
                }) {
                    let inner = self.message(CONTRACT.message(field.type_name()));
                    put(bytes, number, &inner);
                }
            }
            other => unreachable!("no request has a field of type {other:?}"),
        }
    }

    fn value(&mut self, form: &str, field: &FieldDescriptorProto) -> u64 {
        if matches!(field.name(), "stage" | "state" | "level")
            && form.contains("List")
            && self.of_hundred(60)
            || form == "WatchAlertsRequest"
        {
            return 0;
        }
        let values = CONTRACT.values(field);
        let value = self.one_of(values).map_or(0, i32::unsigned_abs).into();
        let value = match (field.name(), self.about.as_ref()) {
            ("category", Some(about)) => about.category.unwrap_or(value),
            _ => value,
        };
        if field.name() == "kind" {
            self.kind = value;
        }
        value
    }

    fn number(&mut self, name: &str) -> u64 {
        // an assignment alone has a limit
        const ASSIGN: u64 = 2;
        match name {
            "page_size" => self.one_of(&[0, 1, 2, 3, 5]).unwrap_or_default(),
            "limit_days" if self.kind == ASSIGN => self.chance.random_range(1..60),
            "limit_days" | "epoch" => 0,
            "persons" => self.one_of(&[1, 1, 1, 3, 8, 60]).unwrap_or_default(),
            "cycle" => self.chance.random_range(0..3),
            "year" => 2027,
            "days" | "extend_days" => self.chance.random_range(1..31),
            _ => self.chance.random_range(0..4),
        }
    }

    fn text(&mut self, form: &str, name: &str) -> String {
        match name {
            "request_id" => format!("r-{:016x}", self.chance.random::<u64>()),
            // one of the two is given
            "matter_id"
                if ["GetMatterRequest", "SimulateDeadlineRequest"].contains(&form)
                    && self.of_hundred(50) =>
            {
                String::new()
            }
            "start_date" | "number" if self.is_named => String::new(),
            _ if kind_of(name).is_some() => self.id(kind_of(name).unwrap_or_default()),
            "number" => self.matter_number(),
            "query_code" => self.code(),
            "organ_id" | "from_organ" | "received_by" | "about_organ" | "to_organ" => {
                self.organ(form, name)
            }
            "page_token" | "cursor" => String::new(),
            "subject" => self
                .one_of(Subject::all())
                .map_or_else(String::new, |one| one.code.clone()),
            "main_request" => format!("{} 7", self.words()),
            "function" if form == "CompetenceRule" && self.of_hundred(50) => String::new(),
            "function" => self.one_of(&city::functions()).unwrap_or_default(),
            "name" | "address" | "phone" | "id_number" => self.petitioner(name),
            "duty_phone" => "0745-2712345".to_owned(),
            "suite" => String::new(),
            "version" => format!("v{:08x}", self.chance.random::<u32>()),
            _ if name.ends_with("code") || name == "codes" => self.place(form),
            _ if name.ends_with("_date") || name == "valid_from" => self.date(name),
            "days_off" | "working_weekends" => self.date("due_date"),
            _ => self.words(),
        }
    }

    fn words(&mut self) -> String {
        self.one_of(&WORDS).map_or_else(String::new, str::to_owned)
    }

    /// One petitioner a message: drawn by the subject, so that the same raise the same again.
    fn petitioner(&mut self, name: &str) -> String {
        match name {
            "id_number" => format!(
                "4312021970010100{:02}",
                self.chance.random_range(0..PETITIONERS)
            ),
            _ => String::new(),
        }
    }

    fn place(&mut self, form: &str) -> String {
        let village = || "431202001001".to_owned();
        match form {
            // of one village most, so that the same is raised there again
            "RegisterMatterRequest" if self.of_hundred(60) => village(),
            "ListMattersRequest"
            | "GetOverviewRequest"
            | "GetTableRequest"
            | "GetIndicatorsRequest"
                if self.of_hundred(40) =>
            {
                String::new()
            }
            _ => self.one_of(&city::codes()).unwrap_or_default(),
        }
    }

    fn organ(&mut self, form: &str, name: &str) -> String {
        let about = self.about.clone().unwrap_or_default();
        match name {
            "to_organ" if form == "AgreeToObjectionRequest" && self.of_hundred(60) => String::new(),
            "to_organ" if self.of_hundred(40) && !about.denounced.is_empty() => {
                self.one_of(&about.denounced).unwrap_or_default()
            }
            "about_organ" if !about.denounced.is_empty() => {
                self.one_of(&about.denounced).unwrap_or_default()
            }
            "about_organ"
                if self
                    .about
                    .as_ref()
                    .is_some_and(|about| about.category.is_some()) =>
            {
                String::new()
            }
            "about_organ" if self.of_hundred(50) => String::new(),
            "organ_id" if form.starts_with("List") && self.of_hundred(40) => String::new(),
            "organ_id" | "from_organ" if !about.holder.is_empty() && self.of_hundred(75) => {
                about.holder
            }
            "received_by" if self.about.is_some() => self.office(),
            "organ_id" | "from_organ" | "received_by" => match self.own.clone() {
                Some(own) if self.of_hundred(80) => own,
                Some(_) | None => self.any_organ(),
            },
            _ => self.any_organ(),
        }
    }

    fn any_organ(&mut self) -> String {
        let all: Vec<String> = city::profiles()
            .iter()
            .map(|organ| organ.id.to_string())
            .collect();
        self.one_of(&all).unwrap_or_default()
    }

    fn office(&mut self) -> String {
        let place = self
            .one_of(&["4312", "43", "431202", "431202001"])
            .unwrap_or("4312");
        city::organ(place, huiyin_domain::organs::PETITION_OFFICE).to_string()
    }

    fn id(&mut self, kind: &str) -> String {
        self.is_named |= kind == "matter";
        if let Some(about) = &self.about
            && kind == "matter"
        {
            return about
                .matter
                .as_ref()
                .map(|matter| matter.id.clone())
                .unwrap_or_default();
        }
        if self.of_hundred(self.sealed) {
            let slot = match self.placed.iter().any(|placed| placed == kind) {
                // nothing has it in either world
                true => SLOTS + self.placed.len(),
                false => self.chance.random_range(0..SLOTS),
            };
            self.placed.push(kind.to_owned());
            return place(kind, slot);
        }
        if kind == "matter" {
            self.matter = self.one_of(&self.pool.matters);
            return self
                .matter
                .as_ref()
                .map_or_else(|| place(kind, SLOTS), |matter| matter.id.clone());
        }
        let known = self.pool.others.get(kind).cloned().unwrap_or_default();
        self.one_of(&known).unwrap_or_else(|| place(kind, SLOTS))
    }

    fn matter_number(&mut self) -> String {
        if let Some(matter) = self.about.as_ref().and_then(|about| about.matter.clone()) {
            self.matter = Some(matter.clone());
            return matter.number;
        }
        if self.of_hundred(self.sealed) {
            let beside = self.of_hundred(40);
            return number_place(self.chance.random_range(0..SLOTS), beside);
        }
        self.matter = self.one_of(&self.pool.matters);
        self.matter
            .as_ref()
            .map_or_else(String::new, |matter| matter.number.clone())
    }

    /// The code that goes with the number, of an open matter; nobody guesses that of a sealed one.
    fn code(&mut self) -> String {
        match &self.matter {
            Some(matter) => matter.code.clone(),
            None => "BCDFGHJKLMNP".to_owned(),
        }
    }

    fn date(&mut self, name: &str) -> String {
        let days = match name {
            "from_date" | "since_date" | "then_date" => -self.chance.random_range(0..400),
            "to_date" | "due_date" | "valid_from" => self.chance.random_range(0..60),
            _ => self.chance.random_range(-30..30),
        };
        (local_date(self.now) + TimeDelta::days(days)).to_string()
    }
}

/// Of what kind the thing is whose id a field holds.
pub fn kind_of(field: &str) -> Option<&str> {
    let kind = field.trim_end_matches('s').strip_suffix("_id")?;
    (kind == "matter" || KINDS.contains(&kind)).then_some(kind)
}

fn put(bytes: &mut Vec<u8>, number: u32, message: &[u8]) {
    prost::encoding::bytes::encode(number, &message.to_vec(), bytes);
}

/// A report that an organ makes so that it finds again how far it has read: addressed to itself.
pub fn marker(organ: &str, now: Instant, number: u64) -> Vec<u8> {
    use huiyin_proto::stability_early_warning::v1::RaiseAlertRequest;
    let place = city::profiles()
        .into_iter()
        .find(|known| known.id.to_string() == organ);
    let request = RaiseAlertRequest {
        request_id: format!("mark-{number:016x}"),
        kind: huiyin_proto::vocabulary::v1::UrgentKind::Other.into(),
        place_code: place.unwrap().territory.to_string(),
        organ_id: organ.to_owned(),
        happened_time: Some(wire::timestamp(now)),
        known_time: Some(wire::timestamp(now)),
        facts: "a mark".to_owned(),
        duty_phone: "0745-2712345".to_owned(),
        ..RaiseAlertRequest::default()
    };
    request.encode_to_vec()
}

/// Everything that reached the desk of an organ.
pub fn watching(organ: &str) -> Vec<u8> {
    use huiyin_proto::stability_early_warning::v1::WatchAlertsRequest;
    let request = WatchAlertsRequest {
        organ_id: organ.to_owned(),
        from_beginning: true,
        ..WatchAlertsRequest::default()
    };
    request.encode_to_vec()
}
