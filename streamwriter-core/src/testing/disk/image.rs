//! What a disk holds, and which part of it would survive a power cut: a model of the file system's
//! promises, fed with every call that took effect.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use super::DiskFlaw;
use super::operation::{OperationKind, Placed};

pub(super) type NodeId = u64;

const ROOT: NodeId = 0;

/// A file or a directory, under whatever names.
#[derive(Clone, Debug)]
pub(super) enum Node {
    File(FileNode),
    Directory(DirectoryNode),
}

#[derive(Clone, Debug, Default)]
pub(super) struct FileNode {
    pub(super) bytes: Vec<u8>,
    /// The bytes at the last sync of the file; none if it was never synced.
    pub(super) synced: Option<Vec<u8>>,
    /// When the bytes were changed last.
    pub(super) changed: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct DirectoryNode {
    /// Where it was made; directories are never renamed here.
    pub(super) path: PathBuf,
    pub(super) names: BTreeMap<OsString, Name>,
}

/// What a name has meant since its directory was last synced, oldest first. The first is durable.
#[derive(Clone, Debug)]
pub(super) struct Name(pub(super) Vec<Meaning>);

#[derive(Clone, Copy, Debug)]
pub(super) struct Meaning {
    pub(super) node: Option<NodeId>,
    /// When it was given this meaning.
    pub(super) since: u64,
}

impl Name {
    fn durable(node: NodeId) -> Self {
        Self(vec![Meaning {
            node: Some(node),
            since: 0,
        }])
    }

    fn unknown() -> Self {
        Self(vec![Meaning {
            node: None,
            since: 0,
        }])
    }

    pub(super) fn now(&self) -> Option<NodeId> {
        self.0.last().and_then(|meaning| meaning.node)
    }

    pub(super) fn last_change(&self) -> u64 {
        self.0.last().map_or(0, |meaning| meaning.since)
    }

    fn synced(&self) -> Option<NodeId> {
        self.0.first().and_then(|meaning| meaning.node)
    }
}

/// A place for a file: a directory and a name in it.
pub(super) type Slot = (NodeId, OsString);

/// A rename whose target may still be taken back; its file was durable under the old name.
#[derive(Clone, Debug)]
pub(super) struct Rename {
    pub(super) node: NodeId,
    pub(super) from: Slot,
    pub(super) to: Slot,
}

/// What stands under a path of a tree without any history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Directory,
    /// The number tells which names are those of one file.
    File(NodeId, Vec<u8>),
}

/// Paths relative to the disk's directory, parents before children.
pub(super) type Tree = BTreeMap<PathBuf, Content>;

#[derive(Clone, Debug)]
pub(super) struct Image {
    pub(super) nodes: BTreeMap<NodeId, Node>,
    pub(super) renames: Vec<Rename>,
    next: NodeId,
    /// Counts the changes of names and bytes, so that each has a number of its own: a power cut
    /// may take back one of the two names of a rename.
    moment: u64,
}

impl Image {
    /// Makes the image of a tree that is durable as a whole.
    pub(super) fn durable(tree: Tree) -> Self {
        let mut image = Self {
            nodes: BTreeMap::from([(ROOT, Node::Directory(DirectoryNode::default()))]),
            renames: Vec::new(),
            next: ROOT + 1,
            moment: 0,
        };
        // Two names of one file stay two names of one file.
        let mut known = BTreeMap::new();
        for (path, content) in tree {
            let node = match content {
                Content::Directory => image.add_directory(&path),
                Content::File(id, bytes) => *known.entry(id).or_insert_with(|| {
                    image.add(Node::File(FileNode {
                        synced: Some(bytes.clone()),
                        bytes,
                        changed: 0,
                    }))
                }),
            };
            if let Some((directory, name)) = image.slot(&path)
                && let Some(names) = image.names_to_change(directory)
            {
                names.insert(name, Name::durable(node));
            }
        }
        image
    }

    /// Takes in the effect of a call. `flaw` is what the disk only pretends to do.
    ///
    pub(super) fn apply(&mut self, call: &Placed, flaw: Option<DiskFlaw>) {
        let path = &call.path;
        match call.kind {
            OperationKind::CreateFile => self.create_file(path),
            OperationKind::OpenLock if self.find(path).is_none() => self.create_file(path),
            OperationKind::Truncate => self.change_file(path, Vec::clear),
            OperationKind::CreateDirectory => {
                let node = self.add_directory(path);
                self.set(path, Some(node));
            }
            OperationKind::Unlink | OperationKind::RemoveDirectory => self.set(path, None),
            OperationKind::Link => self.set(call.to(), self.find(path)),
            OperationKind::Rename => self.rename(path, call.to()),
            OperationKind::SyncFile if flaw != Some(DiskFlaw::IgnoresFileSyncs) => {
                if let Some(Node::File(file)) = self.find_node(path) {
                    file.synced = Some(file.bytes.clone());
                }
            }
            OperationKind::SyncDirectory if flaw != Some(DiskFlaw::IgnoresDirectorySyncs) => {
                self.sync_directory(path);
            }
            _ => {}
        }
    }

    pub(super) fn write(&mut self, path: &Path, bytes: &[u8]) {
        self.change_file(path, |file| file.extend_from_slice(bytes));
    }

    /// Returns the tree as the running system sees it.
    pub(super) fn current(&self) -> Tree {
        self.tree(&|_, name| name.now(), &|file| file.bytes.clone())
    }

    /// Returns the tree that a choice of meanings and bytes gives.
    pub(super) fn tree(
        &self,
        meaning: &dyn Fn(&Slot, &Name) -> Option<NodeId>,
        bytes: &dyn Fn(&FileNode) -> Vec<u8>,
    ) -> Tree {
        let mut tree = Tree::new();
        let mut open = vec![(ROOT, PathBuf::new())];
        while let Some((directory, path)) = open.pop() {
            for (name, history) in self.names_of(directory) {
                let Some(node) = meaning(&(directory, name.clone()), history) else {
                    continue;
                };
                let path = path.join(name);
                match self.nodes.get(&node) {
                    Some(Node::Directory(_)) => {
                        open.push((node, path.clone()));
                        tree.insert(path, Content::Directory);
                    }
                    Some(Node::File(file)) => {
                        tree.insert(path, Content::File(node, bytes(file)));
                    }
                    None => {}
                }
            }
        }
        tree
    }

    /// Returns the slots of the directories above a node, from the node's own up to the root.
    pub(super) fn slots_above(&self, directory: NodeId) -> Vec<(Slot, NodeId)> {
        let Some(Node::Directory(own)) = self.nodes.get(&directory) else {
            return Vec::new();
        };
        let above = own
            .path
            .ancestors()
            .filter(|path| !path.as_os_str().is_empty());
        above
            .filter_map(|path| Some((self.slot(path)?, self.find(path)?)))
            .collect()
    }

    pub(super) fn directories(&self) -> impl Iterator<Item = (NodeId, &DirectoryNode)> {
        self.nodes.iter().filter_map(|(id, node)| match node {
            Node::Directory(directory) => Some((*id, directory)),
            Node::File(_) => None,
        })
    }

    pub(super) fn find(&self, path: &Path) -> Option<NodeId> {
        let mut node = ROOT;
        for component in path.components() {
            let Component::Normal(name) = component else {
                return None;
            };
            node = self.names_of(node).get(name)?.now()?;
        }
        Some(node)
    }

    fn names_of(&self, directory: NodeId) -> &BTreeMap<OsString, Name> {
        static NONE: BTreeMap<OsString, Name> = BTreeMap::new();
        match self.nodes.get(&directory) {
            Some(Node::Directory(directory)) => &directory.names,
            _ => &NONE,
        }
    }

    fn find_node(&mut self, path: &Path) -> Option<&mut Node> {
        let node = self.find(path)?;
        self.nodes.get_mut(&node)
    }

    fn names_to_change(&mut self, directory: NodeId) -> Option<&mut BTreeMap<OsString, Name>> {
        match self.nodes.get_mut(&directory) {
            Some(Node::Directory(directory)) => Some(&mut directory.names),
            _ => None,
        }
    }

    fn slot(&self, path: &Path) -> Option<Slot> {
        let directory = self.find(path.parent()?)?;
        Some((directory, path.file_name().map(OsStr::to_owned)?))
    }

    fn next_moment(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    fn add(&mut self, node: Node) -> NodeId {
        let id = self.next;
        self.next += 1;
        self.nodes.insert(id, node);
        id
    }

    fn add_directory(&mut self, path: &Path) -> NodeId {
        self.add(Node::Directory(DirectoryNode {
            path: path.to_owned(),
            names: BTreeMap::new(),
        }))
    }

    fn create_file(&mut self, path: &Path) {
        let changed = self.next_moment();
        let node = self.add(Node::File(FileNode {
            changed,
            ..FileNode::default()
        }));
        self.set(path, Some(node));
    }

    fn change_file(&mut self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let moment = self.next_moment();
        if let Some(Node::File(file)) = self.find_node(path) {
            change(&mut file.bytes);
            file.changed = moment;
        }
    }

    fn set(&mut self, path: &Path, node: Option<NodeId>) {
        let since = self.next_moment();
        if let Some((directory, name)) = self.slot(path)
            && let Some(names) = self.names_to_change(directory)
        {
            let Name(meanings) = names.entry(name).or_insert_with(Name::unknown);
            meanings.push(Meaning { node, since });
        }
    }

    fn rename(&mut self, from: &Path, to: &Path) {
        let (Some(node), Some(old), Some(new)) = (self.find(from), self.slot(from), self.slot(to))
        else {
            return;
        };
        if self.is_durable(&old, node) {
            self.renames.push(Rename {
                node,
                from: old,
                to: new,
            });
        }
        self.set(from, None);
        self.set(to, Some(node));
    }

    /// Tells whether a file has this name durably, and so has each directory above.
    fn is_durable(&self, slot: &Slot, node: NodeId) -> bool {
        let own = std::iter::once((slot.clone(), node));
        own.chain(self.slots_above(slot.0))
            .all(|((directory, name), node)| {
                self.names_of(directory).get(&name).and_then(Name::synced) == Some(node)
            })
    }

    fn sync_directory(&mut self, path: &Path) {
        if let Some(directory) = self.find(path)
            && let Some(names) = self.names_to_change(directory)
        {
            names.retain(|_, Name(meanings)| {
                meanings.drain(..meanings.len().saturating_sub(1));
                meanings.iter().any(|meaning| meaning.node.is_some())
            });
            self.renames.retain(|rename| rename.to.0 != directory);
        }
    }
}
