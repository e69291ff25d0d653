//! What a machine refuses: space, writing, directories, descriptors; and sizes at their limits
//! (E1, E6, E8, W12, Q4).

mod child;
mod deleted;
mod descriptors;
mod full_disk;
mod hooks;
mod many;
mod messages;
mod mounts;
mod read_only;
mod work;
