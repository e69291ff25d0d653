//! Numbers for seeded choices.

/// SplitMix64 (Steele, Lea, Flood 2014): enough to spread strikes, and repeatable from its seed.
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of one round of a seed, whatever thread plays it.
    pub(crate) fn of_round(seed: u64, round: u64) -> Self {
        let mut random = Self(seed ^ round.wrapping_mul(0xd134_2543_de82_ef95));
        random.next();
        random
    }

    /// The numbers of one case of a test, whatever thread plays it.
    pub(crate) fn of_case(seed: u64, kind: &str, point: &str, passage: u32) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325;
        for byte in kind.bytes().chain(point.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self::of_round(seed ^ hash, u64::from(passage))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From 0 to below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

/// The seed of this run: from `STREAMWRITER_SEED`, or another one each time. It is printed.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("STREAMWRITER_SEED").ok();
    let seed = given.map_or(u64::from(std::process::id()), |given| {
        given.parse().expect("STREAMWRITER_SEED is a number")
    });
    println!("STREAMWRITER_SEED={seed}");
    seed
}
