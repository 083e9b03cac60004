//! Posts and their duties. A right belongs to a post of an organ, never to a person: whoever holds the post has it, and
//! leaves it behind with the post.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::embedded;
use crate::word::words;

words! {
    /// 职责: what a post is there for.
    Duty {
        /// 登记: registers matters, hands out receipts, serves petitioners who come again.
        Register = "register",
        /// 转办: forwards, assigns, hands down, reports up; takes in reports of completion.
        Forward = "forward",
        /// 办理: accepts or declines, objects, gives the opinion and delivers it.
        Handle = "handle",
        /// 负责: extends, pauses and resumes the clocks of its organ (art. 34).
        Head = "head",
        /// 督办: supervises organs (art. 38 to 40).
        Supervise = "supervise",
        /// 定规: puts competence rules and calendars in force.
        Rule = "rule",
        /// 值班: raises and acknowledges urgent reports (art. 25).
        Duty = "duty",
        /// 统计: reads tables and indicators (art. 41).
        Count = "count",
        /// 发布: publishes reports.
        Publish = "publish",
        /// 检举控告: works on denunciations, which are sealed from everybody else (art. 30(3)).
        Sealed = "sealed",
        /// 销毁: erases petitions when the time they are kept has ended.
        Erase = "erase",
        /// 跟踪: follows a matter for the petitioner, by number and code. Of calling systems.
        Follow = "follow",
    }
}

#[derive(Deserialize)]
struct PostFile {
    posts: Vec<PostRow>,
}

#[derive(Deserialize)]
struct PostRow {
    post: String,
    duties: BTreeSet<Duty>,
}

static POSTS: LazyLock<BTreeMap<String, BTreeSet<Duty>>> = LazyLock::new(|| {
    let parsed: Result<PostFile, _> = serde_json::from_str(include_str!("../data/posts.json"));
    let posts = embedded::checked("posts.json", parsed).posts;
    posts
        .into_iter()
        .map(|row| (row.post, row.duties))
        .collect()
});

/// What a post is there for; nothing, for a post that the table does not know.
#[must_use]
pub fn duties(post: &str) -> &'static BTreeSet<Duty> {
    static NONE: BTreeSet<Duty> = BTreeSet::new();
    POSTS.get(post).unwrap_or(&NONE)
}

/// The posts there are, with their duties, by name.
pub fn all() -> impl Iterator<Item = (&'static str, &'static BTreeSet<Duty>)> {
    POSTS.iter().map(|(post, duties)| (post.as_str(), duties))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_has_the_duties_of_the_table_and_an_unknown_one_has_none() {
        assert_eq!(duties("head"), &BTreeSet::from([Duty::Handle, Duty::Head]));
        assert!(duties("somebody").is_empty());
    }

    #[test]
    fn every_duty_of_an_office_has_a_post_and_posts_for_denunciations_are_for_nothing_else() {
        let held: BTreeSet<Duty> = all().flat_map(|(_, duties)| duties).copied().collect();
        let of_systems = BTreeSet::from([Duty::Follow]);
        let wanted: BTreeSet<Duty> = Duty::all().iter().copied().collect();
        assert_eq!(held, &wanted - &of_systems);
        let sealed = all().filter(|(_, duties)| duties.contains(&Duty::Sealed));
        assert_eq!(
            sealed.map(|(post, _)| post).collect::<Vec<_>>(),
            ["sealed-archive-desk", "sealed-desk"]
        );
    }
}
