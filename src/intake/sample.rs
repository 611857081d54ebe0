//! The sample campaigns of `campaigns/`, built in so that the demo needs nothing but the binary. Their dates belong to
//! Tuesday 2026-11-24 10:00 in Buenos Aires: appointments from the next morning to the noon after it.

/// A sample campaign: what lies in its folder.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Name of the folder, which is the campaign's.
    pub name: &'static str,
    /// Text of its `campaign.toml`.
    pub definition: &'static str,
    /// Name of its audience file.
    pub file: &'static str,
    /// The audience file.
    pub bytes: &'static [u8],
}

/// An appointment reminder, a resumed contact and a promotion.
pub const SAMPLES: &[Sample] = &[
    Sample {
        name: "recordatorio-turnos",
        definition: include_str!("../../campaigns/recordatorio-turnos/campaign.toml"),
        file: "turnos-2026-11-24.csv",
        bytes: include_bytes!("../../campaigns/recordatorio-turnos/turnos-2026-11-24.csv"),
    },
    Sample {
        name: "retomar-contacto",
        definition: include_str!("../../campaigns/retomar-contacto/campaign.toml"),
        file: "contactos.csv",
        bytes: include_bytes!("../../campaigns/retomar-contacto/contactos.csv"),
    },
    Sample {
        name: "promo-verao",
        definition: include_str!("../../campaigns/promo-verao/campaign.toml"),
        file: "clientes.csv",
        bytes: include_bytes!("../../campaigns/promo-verao/clientes.csv"),
    },
];
