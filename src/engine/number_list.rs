//! Lists of numbers that come by page or API, read as audiences are.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use super::{Engine, EngineError, aside};
use crate::domain::problem::Problem;
use crate::intake::number_list::{self, NumberList};
use crate::intake::phone_number::{Home, country_of};

impl Engine {
    /// Reads a list: the bytes of a file, or lines that somebody pasted. Numbers without a country code are of `country`
    /// (ISO 3166, as `AR`); left out, of the country of the senders, where all of them have the same.
    pub async fn read_numbers(
        &self,
        bytes: Vec<u8>,
        country: Option<&str>,
    ) -> Result<Result<NumberList, Vec<Problem>>, EngineError> {
        let country = country.map(str::to_ascii_uppercase).or_else(|| self.only_country());
        let home = country.as_deref().and_then(|code| Home::new(code, None));
        if let (Some(code), None) = (&country, &home) {
            return Ok(Err(vec![Problem::new("unknown_country", &[("field", "country"), ("country", code)])]));
        }
        let data_dir = self.config.server.data_dir.clone();
        let read = aside(move || read(&data_dir, &bytes, home.as_ref())).await?;
        read.map_err(|cause| EngineError::File { place: "the data directory", cause })
    }

    /// The country of all senders; `None` where there are several, or none is known.
    fn only_country(&self) -> Option<String> {
        let all: BTreeSet<Option<String>> = self.config.senders.values().map(|s| country_of(&s.number)).collect();
        let mut all = all.into_iter();
        all.next().filter(|_| all.next().is_none())?
    }
}

fn read(data_dir: &Path, bytes: &[u8], home: Option<&Home>) -> std::io::Result<Result<NumberList, Vec<Problem>>> {
    std::fs::create_dir_all(data_dir)?;
    let mut file = tempfile::Builder::new().prefix("list-").tempfile_in(data_dir)?;
    file.write_all(bytes)?;
    file.flush()?;
    Ok(number_list::read(file.path(), home))
}
