//! What is left on a disk after a power cut.

use std::collections::BTreeMap;
use std::fmt;

use super::DiskFlaw;
use super::image::{Content, FileNode, Image, Name, Node, NodeId, Slot, Tree};

/// Which of the changes that were not synced a power cut spares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Survival {
    /// None: everything is as it was when it was last synced.
    Nothing,
    /// All: everything is as it was in front of the cut, as after a kill.
    Everything,
    /// Each by itself, as the seed decides: a name means any of what it has meant since its
    /// directory was last synced; a file that was written since its last sync holds the old bytes,
    /// none, the first of the new ones, zeros in place of them, or all.
    Seeded(u64),
}

/// What a power cut took back; for the message of a test that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PowerCut {
    /// What was to survive.
    pub survival: Survival,
    /// What is not as it was in front of the cut.
    pub losses: Vec<Loss>,
}

impl PowerCut {
    /// A cut that takes nothing back.
    pub(super) fn none() -> Self {
        Self {
            survival: Survival::Everything,
            losses: Vec::new(),
        }
    }
}

/// One change that a power cut took back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// The number of the change, for [`SimulatedDisk::power_cut_sparing`].
    ///
    /// [`SimulatedDisk::power_cut_sparing`]: super::SimulatedDisk::power_cut_sparing
    pub change: u64,
    /// What became of what, as a person would say it.
    pub what: String,
}

impl fmt::Display for PowerCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "power cut, surviving: {:?}", self.survival)?;
        for loss in &self.losses {
            write!(f, "\n  {}", loss.what)?;
        }
        Ok(())
    }
}

type Choice = BTreeMap<Slot, Option<NodeId>>;

/// How a cut decides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule<'r> {
    pub(super) survival: Survival,
    /// Changes that survive in any case.
    pub(super) spared: &'r [u64],
    pub(super) flaw: Option<DiskFlaw>,
}

/// Decides what is left.
pub(super) fn cut(image: &Image, rule: Rule<'_>) -> (Tree, PowerCut) {
    let mut choice = choose(image, rule);
    if rule.flaw != Some(DiskFlaw::TearsRenames) {
        keep_renamed(image, &mut choice);
    }
    let tree = image.tree(&|slot, _| choice.get(slot).copied().flatten(), &|file| {
        bytes_of(file, rule)
    });
    let mut losses = lost_names(image, &choice);
    losses.extend(lost_bytes(image, &tree, rule));
    let survival = rule.survival;
    (tree, PowerCut { survival, losses })
}

fn choose(image: &Image, rule: Rule<'_>) -> Choice {
    let mut choice = Choice::new();
    for (directory, node) in image.directories() {
        for (name, history) in &node.names {
            let chosen = meaning_of(history, rule);
            choice.insert((directory, name.clone()), chosen);
        }
    }
    choice
}

fn meaning_of(Name(meanings): &Name, rule: Rule<'_>) -> Option<NodeId> {
    let last = meanings.last()?;
    let index = match rule.survival {
        _ if rule.spared.contains(&last.since) => meanings.len() - 1,
        Survival::Nothing => 0,
        Survival::Everything => meanings.len() - 1,
        Survival::Seeded(seed) => below(draw(seed, last.since), meanings.len()),
    };
    meanings.get(index)?.node
}

/// Gives a file that a rename has left without any name the new one: a file system that journals
/// its names takes a rename back as a whole.
fn keep_renamed(image: &Image, choice: &mut Choice) {
    for rename in &image.renames {
        let is_named = |slot: &Slot| {
            choice.get(slot) == Some(&Some(rename.node))
                && image
                    .slots_above(slot.0)
                    .iter()
                    .all(|(slot, node)| choice.get(slot) == Some(&Some(*node)))
        };
        if still_named(image, &rename.to, rename.node)
            && !is_named(&rename.from)
            && !is_named(&rename.to)
        {
            choice.insert(rename.to.clone(), Some(rename.node));
            for (slot, node) in image.slots_above(rename.to.0) {
                choice.insert(slot, Some(node));
            }
        }
    }
}

fn still_named(image: &Image, (directory, name): &Slot, node: NodeId) -> bool {
    match image.nodes.get(directory) {
        Some(Node::Directory(directory)) => {
            directory.names.get(name).and_then(Name::now) == Some(node)
        }
        _ => false,
    }
}

fn bytes_of(file: &FileNode, rule: Rule<'_>) -> Vec<u8> {
    let FileNode {
        bytes,
        synced,
        changed,
    } = file;
    if synced.as_ref() == Some(bytes) || rule.spared.contains(changed) {
        return bytes.clone();
    }
    let old = || synced.clone().unwrap_or_default();
    match rule.survival {
        Survival::Nothing => old(),
        Survival::Everything => bytes.clone(),
        Survival::Seeded(seed) => {
            let random = draw(seed, *changed);
            let length = below(draw(seed, random), bytes.len() + 1);
            match random % 5 {
                0 => old(),
                1 => Vec::new(),
                2 => bytes.iter().take(length).copied().collect(),
                3 => vec![0; bytes.len()],
                _ => bytes.clone(),
            }
        }
    }
}

fn lost_names(image: &Image, choice: &Choice) -> Vec<Loss> {
    let mut losses = Vec::new();
    for (directory, node) in image.directories() {
        for (name, history) in &node.names {
            let chosen = choice.get(&(directory, name.clone())).copied().flatten();
            let became = match (history.now(), chosen) {
                (now, chosen) if now == chosen => continue,
                (Some(_), None) => "gone",
                (None, Some(_)) => "back",
                _ => "an older one",
            };
            let path = node.path.join(name);
            losses.push(Loss {
                change: history.last_change(),
                what: format!("{} is {became}", path.display()),
            });
        }
    }
    losses
}

fn lost_bytes(image: &Image, tree: &Tree, rule: Rule<'_>) -> Vec<Loss> {
    let mut losses = Vec::new();
    for (path, content) in tree {
        let Content::File(node, bytes) = content else {
            continue;
        };
        let Some(Node::File(file)) = image.nodes.get(node) else {
            continue;
        };
        if file.bytes != *bytes && !rule.spared.contains(&file.changed) {
            let (path, is, was) = (path.display(), bytes.len(), file.bytes.len());
            losses.push(Loss {
                change: file.changed,
                what: format!("{path} has {is} bytes, and not those {was} that were written"),
            });
        }
    }
    losses
}

/// Draws a number for one decision: the same for the same seed and the same moment.
fn draw(seed: u64, moment: u64) -> u64 {
    // SplitMix64: every bit of the input reaches every bit of the output.
    let mut mixed = seed
        .wrapping_mul(0xD129_0D3A_6B5C_9E4F)
        .wrapping_add(moment.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn below(random: u64, end: usize) -> usize {
    (random % (end.max(1) as u64)) as usize
}
