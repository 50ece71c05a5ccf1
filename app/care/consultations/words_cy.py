"""The words of a client's page in Welsh. Drafted by machine: nobody who speaks Welsh has signed them."""

from __future__ import annotations

from app.care.consultations.domain import Shut, Stage
from app.care.consultations.words import Words
from app.results.domain import ChangeReason

_IN_PERSON = "Mae eich canlyniad yn barod. Bydd gweithiwr yn dweud wrthych amdano wyneb yn wyneb."

WELSH = Words(
    name="Cymraeg",
    skip="Neidio i'r dudalen",
    language="Iaith",
    display="Maint y testun a lliwiau",
    text_size="Maint y testun",
    text_normal="Arferol",
    text_large="Mawr",
    text_largest="Mwyaf",
    colours="Lliwiau",
    theme_auto="Awtomatig",
    theme_light="Golau",
    theme_dark="Tywyll",
    theme_sun="Haul llachar",
    staff="Staff",
    about="Ynglŷn â MAST",
    example="Gwasanaeth enghreifftiol",
    your_ticket="Eich tocyn",
    your_result="Eich canlyniad",
    ticket_intro="Teipiwch ei god i weld ble mae eich sampl a beth a ganfuwyd. Nid oes neb yn gofyn am eich enw.",
    ticket_code="Cod y tocyn",
    ticket_hint="12 o lythrennau a rhifau, bach neu fawr, gyda bylchau neu hebddynt.",
    ticket_button="Dangos fy nghanlyniad",
    ticket_short="Mae gan god tocyn 12 o lythrennau a rhifau.",
    ticket="Tocyn",
    close_result="Cau fy nghanlyniad ar y sgrin hon",
    close_ticket="Cau fy nhocyn ar y sgrin hon",
    stages={
        Stage.QUEUED: "Mae eich sampl yn y ciw",
        Stage.BEING_LOOKED_AT: "Mae cemegydd yn edrych ar eich sampl",
        Stage.BEING_CHECKED: "Mae rhywun arall yn gwirio'r canlyniad",
        Stage.READY_SOON: "Mae eich canlyniad wedi'i wirio a bydd yma cyn bo hir",
    },
    steps={
        Stage.QUEUED: "Wedi'i roi i ni",
        Stage.BEING_LOOKED_AT: "Cemegydd yn edrych arno",
        Stage.BEING_CHECKED: "Rhywun arall yn ei wirio",
        Stage.READY_SOON: "Eich canlyniad, yma",
    },
    now="nawr",
    next_one="Eich un chi yw'r nesaf.",
    one_before="Mae 1 sampl o flaen eich un chi.",
    some_before="Mae {number} sampl o flaen eich un chi.",
    last_change="Newid diwethaf",
    changes_itself="Mae'r dudalen hon yn newid ohoni ei hun. Gallwch ei chau a dod yn ôl gyda'ch tocyn.",
    screening="Canlyniad sgrinio: prawf cyflym gan un person hyfforddedig, heb ei wirio gan labordy eto.",
    under_review="Mae rhywun yn edrych ar y canlyniad hwn eto, oherwydd efallai y bydd angen newid rhywbeth.",
    under_review_ask="Gofynnwch yn y gwasanaeth cyn dibynnu arno.",
    result_changed="Mae'r canlyniad hwn wedi newid.",
    changed_before="Cynt:",
    changed_now="Nawr:",
    changed_below="Yr un enw sydd i'r hyn a ganfuwyd ag o'r blaen. Mae rhywbeth yn is i lawr yn newydd.",
    changed_raised="Newydd: rydym nawr yn rhybuddio am {names}.",
    changed_lowered=(
        "O'r blaen gwnaethom rybuddio am {names}. Ni ddaeth prawf gwell, sy'n gallu gweld {names} i lawr at {lod} %, o hyd "
        "iddo. Gall llai na hynny fod yno o hyd."
    ),
    changed_open=(
        "O'r blaen gwnaethom rybuddio am {names}. Ni allai unrhyw brawf ers hynny ei ddiystyru. Gweithredwch fel petai "
        "yno, a gofynnwch i ni."
    ),
    changed_why="Pam:",
    changed_when="Pryd:",
    mate_changed="Mae canlyniad sampl arall sy'n edrych yr un fath wedi newid.",
    mate_changed_ask="Gofynnwch i ni cyn dibynnu ar eich un chi.",
    because_you_take="Oherwydd yr hyn rydych chi hefyd yn ei gymryd",
    because_you_said="Oherwydd yr hyn a ddywedoch chi amdanoch eich hun",
    print_large="Argraffu'n fawr",
    read_aloud="Darllen yn uchel",
    read_this_first="Darllen hwn yn uchel yn gyntaf",
    stop_reading="Stopio darllen",
    pause_reading="Oedi",
    go_on_reading="Parhau",
    cannot_read_part="Ni ellir darllen un rhan o'r dudalen hon yn uchel ar y ddyfais hon. Edrychwch arni, neu gofynnwch i ni.",
    paper="Papur",
    paper_a4="Dalennau A4",
    paper_receipt="Derbynneb, 80 mm o led",
    print_by_browser="I argraffu'r dudalen hon, dewiswch Argraffu yn newislen eich porwr.",
    print_now="Argraffu",
    print_back="Yn ôl i'r canlyniad",
    printed="Argraffwyd",
    paper_grows_old="Gall canlyniad newid yn nes ymlaen. Dangoswch eich tocyn eto, neu gofynnwch i ni, cyn dibynnu ar y papur hwn.",
    retracted="Tynnwyd y canlyniad hwn yn ôl",
    retracted_more=(
        "Gall yr hyn a ddywedwyd wrthych o'r blaen fod yn anghywir. Peidiwch â dibynnu arno. Siaradwch â rhywun yn y "
        "gwasanaeth."
    ),
    retracted_at="Tynnwyd yn ôl",
    in_person="Siaradwch â rhywun yn y gwasanaeth",
    shut={
        Shut.BACK_OF_HOUSE: "Ni roddir canlyniadau samplau unigol yn y sesiwn hon.",
        Shut.WITHDRAWN: "Tynnwyd y sampl hwn yn ôl.",
        Shut.NOT_DEPENDENT_ADULT: _IN_PERSON,
        Shut.PACK_NOT_EFFECTIVE: _IN_PERSON,
        Shut.NO_WORDS: (
            "Canfuwyd rhywbeth nad oes gan y dudalen hon eiriau amdano eto. Bydd gweithiwr yn dweud wrthych amdano "
            "wyneb yn wyneb. Gofynnwch cyn dibynnu ar unrhyw beth arall."
        ),
        Shut.LOOKUP_OFF: (
            "Mae eich canlyniad yn barod. Yn y sesiwn hon mae gweithiwr yn dweud wrthych amdano wyneb yn wyneb."
        ),
    },
    lookup_off_changed=(
        "Mae rhywbeth am eich canlyniad wedi newid. Gofynnwch i weithiwr cyn dibynnu ar yr hyn a ddywedwyd wrthych."
    ),
    reasons={
        ChangeReason.MORE_TESTS: "Gwnaethom fwy o brofion.",
        ChangeReason.CORRECTION: "Daethom o hyd i gamgymeriad a'i gywiro.",
        ChangeReason.MIX_UP: "Cymysgwyd dau sampl.",
        ChangeReason.KNOWN_BETTER: "Rydym yn gwybod mwy am y sylwedd hwn erbyn hyn.",
    },
    unknown="Nid oes canlyniad ar gyfer y cod hwn. Efallai ei fod wedi'i deipio'n anghywir, neu nad yw'n ddilys mwyach.",
    unknown_hint="Gwiriwch y cod ar eich tocyn. Os nad yw'n gweithio o hyd, gofynnwch yn y gwasanaeth.",
    ended="Dangoswch god eich tocyn eto i fynd ymlaen.",
    other_ticket="Agorwyd tocyn arall yn y porwr hwn. Dangoswch god yr un hwn eto i fynd ymlaen.",
    ended_hint="Sganiwch neu teipiwch ef.",
    too_many="Rhoddwyd cynnig ar ormod o godau anghywir mewn amser byr.",
    too_many_hint="Arhoswch {seconds} eiliad a rhowch gynnig arall arni.",
    outdated="Efallai nad yw'r dudalen hon yn gyfredol. Gofynnwch i ni.",
    looking="Yn chwilio am eich canlyniad",
    lost="Collwyd y cysylltiad, yn ceisio eto",
    updated="Diweddarwyd",
    failed="Ni weithiodd hynny. Arhoswch funud a rhowch gynnig arall arni.",
)
