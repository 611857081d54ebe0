//! Zones by area code, where a country has several and its mobile numbers tell the area: Brazil, Mexico, the United States
//! and Canada. From the countries' numbering plans (Anatel, IFT, NANPA) as of 2026-11. An area that lies in two zones has
//! the one of most of its people.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Brazil's areas that do not go by Brasília's clock.
const BRAZIL: [(&str, &str); 6] = [
    ("America/Rio_Branco", "68"),
    ("America/Porto_Velho", "69"),
    ("America/Manaus", "92 97"),
    ("America/Boa_Vista", "95"),
    ("America/Cuiaba", "65 66"),
    ("America/Campo_Grande", "67"),
];

/// Mexico's areas that do not go by the capital's clock.
const MEXICO: [(&str, &str); 7] = [
    ("America/Tijuana", "616 646 658 661 663 664 665 686"),
    ("America/Hermosillo", "622 623 631 632 633 634 637 638 641 642 643 644 645 647 651 653 662"),
    ("America/Mazatlan", "311 319 323 324 325 327 389 612 613 615 624 667 668 669 672 673 687 694 695 696 697 698"),
    ("America/Cancun", "983 984 987 998"),
    ("America/Ciudad_Juarez", "656"),
    ("America/Ojinaga", "626"),
    ("America/Matamoros", "867 868 877 878 899"),
];

/// Areas of the United States, Canada and the larger islands with their code.
const NORTH_AMERICA: [(&str, &str); 22] = [
    (
        "America/New_York",
        "203 475 860 959 302 202 771 239 305 321 324 352 386 407 561 645 656 689 727 728 754 772 786 813 \
         863 904 941 954 229 404 470 478 678 706 762 770 912 943 260 317 463 574 765 812 930 502 606 859 \
         207 227 240 301 410 443 667 339 351 413 508 617 774 781 857 978 231 248 269 313 517 586 616 679 \
         734 810 906 947 989 603 201 551 609 640 732 848 856 862 908 973 212 315 329 332 347 363 516 518 \
         585 607 624 631 646 680 716 718 838 845 914 917 929 934 252 336 472 704 743 828 910 919 980 984 \
         216 220 234 283 326 330 380 419 436 440 513 567 614 740 937 215 223 267 272 412 445 484 570 582 \
         610 717 724 814 835 878 401 803 821 839 843 854 864 423 865 802 276 434 540 571 686 703 757 804 \
         826 948 304 681",
    ),
    (
        "America/Chicago",
        "205 251 256 334 659 938 327 479 501 870 850 448 217 224 309 312 331 447 464 618 630 708 730 773 \
         779 815 847 861 872 219 319 515 563 641 712 316 620 785 913 270 364 225 318 337 457 504 985 218 \
         320 507 612 651 763 924 952 228 601 662 769 235 314 417 557 573 636 660 816 975 308 402 531 701 \
         405 539 572 580 918 605 615 629 731 901 931 210 214 254 281 325 346 361 409 430 432 469 512 621 \
         682 713 726 737 806 817 830 832 903 936 940 945 956 972 979 262 274 353 414 534 608 715 920",
    ),
    ("America/Denver", "303 719 720 970 983 208 986 406 505 575 385 435 801 307 915"),
    ("America/Phoenix", "480 520 602 623 928"),
    (
        "America/Los_Angeles",
        "209 213 279 310 323 341 350 357 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 \
         707 714 738 747 760 805 818 820 831 837 840 858 909 916 925 949 951 702 725 775 458 503 541 971 \
         206 253 360 425 509 564",
    ),
    ("America/Anchorage", "907"),
    ("Pacific/Honolulu", "808"),
    (
        "America/Toronto",
        "226 249 289 343 365 382 416 437 519 548 613 647 683 705 742 753 807 905 942 263 354 367 418 438 \
         450 468 514 579 581 819 873",
    ),
    ("America/Halifax", "902 782"),
    ("America/Moncton", "506"),
    ("America/St_Johns", "709 879"),
    ("America/Winnipeg", "204 431 584"),
    ("America/Regina", "306 474 639"),
    ("America/Edmonton", "368 403 587 780 825"),
    ("America/Vancouver", "236 250 257 604 672 778"),
    ("America/Puerto_Rico", "787 939"),
    ("America/Santo_Domingo", "809 829 849"),
    ("America/Jamaica", "876 658"),
    ("America/Nassau", "242"),
    ("America/Barbados", "246"),
    ("America/Port_of_Spain", "868"),
    ("America/Cayman", "345"),
];

static AREAS: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let plans: [(&str, &[(&'static str, &'static str)]); 3] = [("55", &BRAZIL), ("52", &MEXICO), ("1", &NORTH_AMERICA)];
    let of_plan = |(code, zones): (&'static str, &'static [(&'static str, &'static str)])| {
        let areas = |(zone, areas): &(&'static str, &'static str)| {
            let zone = *zone;
            areas.split_whitespace().map(move |area| (format!("{code}{area}"), zone)).collect::<Vec<_>>()
        };
        zones.iter().flat_map(areas).collect::<Vec<_>>()
    };
    plans.into_iter().flat_map(of_plan).collect()
});

/// The zone of the area that a number is of; `None` where its country has one zone, or its numbers do not tell.
pub(super) fn of(digits: &str) -> Option<&'static str> {
    let (code, area) = match digits.as_bytes() {
        [b'5', b'5', ..] => ("55", digits.get(2..4)?),
        // The old 1 of Mexico's mobiles; no area begins with it.
        [b'5', b'2', b'1', ..] => ("52", digits.get(3..6)?),
        [b'5', b'2', ..] => ("52", digits.get(2..5)?),
        [b'1', ..] => ("1", digits.get(1..4)?),
        _ => return None,
    };
    let known = AREAS.get(&format!("{code}{area}")).copied();
    known.or(match code {
        "55" => Some("America/Sao_Paulo"),
        "52" => Some("America/Mexico_City"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn every_zone_of_the_tables_exists_and_no_area_has_two() {
        let all = [&BRAZIL[..], &MEXICO[..], &NORTH_AMERICA[..]];
        let codes: usize = all.iter().flat_map(|zones| zones.iter()).map(|(_, areas)| areas.split(' ').count()).sum();
        assert_eq!(AREAS.len(), codes);
        for zone in AREAS.values() {
            assert!(TimeZone::get(zone).is_ok(), "{zone}");
        }
    }

    #[test]
    fn an_area_code_tells_the_clock_where_a_country_has_several() {
        for (digits, zone) in [
            ("5511987650123", Some("America/Sao_Paulo")),
            ("5592987650123", Some("America/Manaus")),
            ("5568987650123", Some("America/Rio_Branco")),
            ("525512345678", Some("America/Mexico_City")),
            ("5216641234567", Some("America/Tijuana")),
            ("526641234567", Some("America/Tijuana")),
            ("529981234567", Some("America/Cancun")),
            ("13055550123", Some("America/New_York")),
            ("16025550123", Some("America/Phoenix")),
            ("16045550123", Some("America/Vancouver")),
            ("18095550123", Some("America/Santo_Domingo")),
            ("5491155550123", None),
            ("56912345678", None),
        ] {
            assert_eq!(of(digits), zone, "{digits}");
        }
    }
}
