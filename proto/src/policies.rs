//! Who may ask what: Cedar policies and their schema, one pair of files a package of the contract, beside the contract itself
//! in `proto/policies/`. The build refuses an rpc that no policy speaks of.

/// What the policies of one package say.
#[derive(Clone, Copy, Debug)]
pub struct PolicyFile {
    /// The file, as messages about it name it.
    pub name: &'static str,
    /// The policies.
    pub policies: &'static str,
    /// Their actions: which kinds of callers, about which kind of thing.
    pub schema: &'static str,
}

/// The kinds of callers and of things, on which the actions of every file rest.
pub const ENTITIES: &str = include_str!("../policies/house.cedarschema");

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// All of them.
        pub const FILES: &[PolicyFile] = &[$(
            PolicyFile {
                name: concat!($name, ".cedar"),
                policies: include_str!(concat!("../policies/", $name, ".cedar")),
                schema: include_str!(concat!("../policies/", $name, ".cedarschema")),
            },
        )*];
    };
}

files!(
    "intake",
    "routing",
    "supervision",
    "stability_early_warning",
    "statistics",
    "kit",
);
