//! The command line.

use streamwriter::BoxError;

pub(crate) struct Arguments {
    /// Cases whose names hold one of these run; all if there are none.
    words: Vec<String>,
    /// By how much the numbers of rows are multiplied.
    pub(crate) scale: f64,
    /// Count instructions instead of time; and take what is counted for what is expected from now on.
    pub(crate) instructions: bool,
    pub(crate) bless: bool,
    /// What this process is to do for another one that measures it.
    pub(crate) probe: Option<String>,
}

impl Arguments {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, BoxError> {
        let mut parsed = Self {
            words: Vec::new(),
            scale: 1.0,
            instructions: false,
            bless: false,
            probe: None,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            match word.as_str() {
                // `cargo bench` adds it.
                "--bench" => {}
                "--scale" => {
                    parsed.scale = words.next().ok_or("--scale needs a number")?.parse()?
                }
                "--instructions" => parsed.instructions = true,
                "--bless" => parsed.bless = true,
                "--probe" => parsed.probe = words.next(),
                option if option.starts_with('-') => {
                    return Err(format!(
                        "no such option: {option}; there are --scale NUMBER and --instructions"
                    )
                    .into());
                }
                _ => parsed.words.push(word),
            }
        }
        if parsed.scale > 0.0 {
            Ok(parsed)
        } else {
            Err("--scale takes a number above 0".into())
        }
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| name.contains(word.as_str()))
    }
}
