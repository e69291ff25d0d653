//! Reading a directory into a tree, and making a directory be what a tree says.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::image::{Content, NodeId, Tree};

/// Reads everything below a directory.
pub(super) fn read(directory: &Path) -> io::Result<Tree> {
    let mut tree = Tree::new();
    let mut open = vec![PathBuf::new()];
    let mut files = 0;
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(directory.join(&path))? {
            let entry = entry?;
            let path = path.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                open.push(path.clone());
                tree.insert(path, Content::Directory);
            } else {
                files += 1;
                tree.insert(path, Content::File(files, fs::read(entry.path())?));
            }
        }
    }
    Ok(tree)
}

/// Turns what a directory holds, `from`, into `to`. What `from` does not know stays.
pub(super) fn change(directory: &Path, from: &Tree, to: &Tree) -> io::Result<()> {
    for (path, content) in from.iter().rev() {
        if to.get(path) != Some(content) {
            remove(&directory.join(path), content)?;
        }
    }
    let mut placed: HashMap<NodeId, PathBuf> = HashMap::new();
    for (path, content) in to {
        if let Content::File(node, _) = content
            && from.get(path) == Some(content)
        {
            placed.insert(*node, directory.join(path));
        }
    }
    for (path, content) in to {
        if from.get(path) != Some(content) {
            place(directory.join(path), content, &mut placed)?;
        }
    }
    Ok(())
}

/// Makes a directory, a file, or a further name of a file that has been placed.
fn place(
    path: PathBuf,
    content: &Content,
    placed: &mut HashMap<NodeId, PathBuf>,
) -> io::Result<()> {
    match content {
        // It may be there for the sake of something that is not of the simulation.
        Content::Directory => fs::create_dir_all(path),
        Content::File(node, bytes) => {
            match placed.get(node) {
                Some(first) => fs::hard_link(first, &path)?,
                None => fs::write(&path, bytes)?,
            }
            placed.insert(*node, path);
            Ok(())
        }
    }
}

fn remove(place: &Path, content: &Content) -> io::Result<()> {
    let removed = match content {
        Content::Directory => fs::remove_dir(place),
        Content::File(..) => fs::remove_file(place),
    };
    match removed {
        // Something in it is not of the simulation.
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
