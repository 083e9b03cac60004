//! The policies, read once and sorted by what they are about.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use cedar_policy::{
    ActionConstraint, Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName,
    EntityUid, Policy, PolicyId, PolicySet, Request, RestrictedExpression, Schema, ValidationMode,
    Validator,
};
use huiyin_proto::policies::{ENTITIES, FILES};

/// Why the policies cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{file}: {wrong}")]
pub struct RightsError {
    /// The file.
    pub file: String,
    /// What is wrong.
    pub wrong: String,
}

/// Who may ask what.
#[derive(Debug)]
pub struct Rights {
    actions: HashMap<String, Right>,
}

/// Who may ask one thing.
#[derive(Debug)]
pub(super) struct Right {
    uid: EntityUid,
    policies: PolicySet,
    /// The kinds of callers that may ask it at all.
    principals: BTreeSet<String>,
    /// The kinds of things it is about.
    resources: BTreeSet<String>,
    /// Who may, in words.
    who: Vec<String>,
}

/// What is asked of the policies: the callers and things are entities.
pub(super) struct Question {
    pub(super) principal: EntityUid,
    pub(super) resource: EntityUid,
    pub(super) entities: Vec<Entity>,
    pub(super) sealed: bool,
}

static EMBEDDED: LazyLock<Result<Rights, RightsError>> = LazyLock::new(Rights::read);

impl Rights {
    /// The policies of this release.
    ///
    /// # Errors
    /// What is wrong with them; a test reads them, so that no release has wrong ones.
    pub fn embedded() -> Result<&'static Self, RightsError> {
        EMBEDDED.as_ref().map_err(Clone::clone)
    }

    fn read() -> Result<Self, RightsError> {
        let failed = |file: &str, wrong: String| RightsError {
            file: file.to_owned(),
            wrong,
        };
        let schema = schema()?;
        let mut actions = HashMap::new();
        for uid in schema.actions() {
            actions.insert(unescaped(uid), Right::of(uid, &schema));
        }
        for file in FILES {
            let wrong = |wrong: String| failed(file.name, wrong);
            let set: PolicySet = file
                .policies
                .parse()
                .map_err(|error| wrong(format!("{error:?}")))?;
            let validated = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
            if !validated.validation_passed() {
                let errors: Vec<_> = validated
                    .validation_errors()
                    .map(ToString::to_string)
                    .collect();
                return Err(wrong(errors.join("; ")));
            }
            for policy in set.policies() {
                let who = policy.annotation("who");
                let who = who.ok_or_else(|| wrong(format!("{policy} does not say @who")))?;
                for action in acts(policy).map_err(wrong)? {
                    let right = actions.get_mut(&unescaped(&action));
                    let right = right.ok_or_else(|| wrong(format!("{action} is no action")))?;
                    right.add(file.name, policy, who).map_err(wrong)?;
                }
            }
        }
        Ok(Self { actions })
    }

    pub(super) fn right(&self, action: &str) -> Option<&Right> {
        self.actions.get(action)
    }

    /// Whether an action is about this kind of thing: `Organ`, `Place` or `House`.
    pub(super) fn is_about(&self, action: &str, kind: &str) -> bool {
        self.right(action).is_some_and(|right| right.is_about(kind))
    }

    /// Every action there is, by name.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.keys().map(String::as_str)
    }

    /// Who may do this, in the words of the policies; nobody for what is no action.
    #[must_use]
    pub fn who(&self, action: &str) -> &[String] {
        self.actions.get(action).map_or(&[], |right| &right.who)
    }
}

impl Right {
    fn of(uid: &EntityUid, schema: &Schema) -> Self {
        let names =
            |types: Vec<&EntityTypeName>| types.into_iter().map(ToString::to_string).collect();
        let principals = schema.principals_for_action(uid);
        let resources = schema.resources_for_action(uid);
        Self {
            uid: uid.clone(),
            policies: PolicySet::new(),
            principals: names(principals.map(Iterator::collect).unwrap_or_default()),
            resources: names(resources.map(Iterator::collect).unwrap_or_default()),
            who: Vec::new(),
        }
    }

    fn add(&mut self, file: &str, policy: &Policy, who: &str) -> Result<(), String> {
        let id = PolicyId::new(format!("{file}/{}", policy.id()));
        let added = self.policies.add(policy.new_id(id));
        added.map_err(|error| error.to_string())?;
        if !self.who.iter().any(|known| known == who) {
            self.who.push(who.to_owned());
        }
        Ok(())
    }

    /// Who may, in words.
    pub(super) fn who(&self) -> String {
        self.who.join("; ")
    }

    /// Whether it is about an organ or a place, which the rpc must name.
    pub(super) fn is_about(&self, kind: &str) -> bool {
        self.resources.contains(kind)
    }

    /// Whether the policies allow it.
    pub(super) fn allows(&self, question: Question) -> bool {
        let principal_is_meant = self
            .principals
            .contains(&question.principal.type_name().to_string());
        if !principal_is_meant || !self.is_about(&question.resource.type_name().to_string()) {
            return false;
        }
        let sealed = RestrictedExpression::new_bool(question.sealed);
        let Ok(context) = Context::from_pairs([("sealed".to_owned(), sealed)]) else {
            return false;
        };
        let (principal, resource) = (question.principal, question.resource);
        // kinds were compared above; values are made by us, so the schema is not asked again for every call
        let Ok(request) = Request::new(principal, self.uid.clone(), resource, context, None) else {
            return false;
        };
        let Ok(entities) = Entities::from_entities(question.entities, None) else {
            return false;
        };
        let response = Authorizer::new().is_authorized(&request, &self.policies, &entities);
        response.decision() == Decision::Allow
    }
}

/// The schema: the kinds of callers and things, and the actions of every file.
pub(super) fn schema() -> Result<Schema, RightsError> {
    let actions = FILES.iter().map(|file| file.schema);
    let text: Vec<&str> = std::iter::once(ENTITIES).chain(actions).collect();
    let parsed = Schema::from_cedarschema_str(&text.join("\n"));
    let (schema, _warnings) = parsed.map_err(|error| RightsError {
        file: "*.cedarschema".to_owned(),
        wrong: error.to_string(),
    })?;
    Ok(schema)
}

/// The actions a policy is about; it must name them.
fn acts(policy: &Policy) -> Result<Vec<EntityUid>, String> {
    match policy.action_constraint() {
        ActionConstraint::Eq(action) => Ok(vec![action]),
        ActionConstraint::In(actions) => Ok(actions),
        ActionConstraint::Any => Err(format!("{policy} is about every action")),
    }
}

fn unescaped(uid: &EntityUid) -> String {
    uid.id().unescaped().to_owned()
}

/// An entity's name; kinds are fixed words of ours.
pub(super) fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}
