-- Ids and instants (Unix milliseconds) are BIGINT, enums and JSON are TEXT, money is BIGINT micro-units.
-- The same tables and columns as the other database's file of this name; a test compares them.

CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- People who sign in ---------------------------------------------------------------------------------------------

CREATE TABLE app_user (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL UNIQUE,
    role          TEXT NOT NULL,
    password_hash TEXT,
    language      TEXT NOT NULL DEFAULT 'en',
    test_number   TEXT,
    sound         BIGINT NOT NULL DEFAULT 0,
    -- How many open conversations are given to them at most; NULL: as many as the configuration says.
    capacity      BIGINT,
    created_at    BIGINT NOT NULL,
    disabled_at   BIGINT
);

CREATE TABLE session (
    token_hash TEXT PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    csrf       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE sign_in_link (
    token_hash TEXT PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);

CREATE TABLE api_token (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    role       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      BIGINT NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_at ON audit (at);

CREATE TABLE idempotency (
    actor      TEXT NOT NULL,
    route      TEXT NOT NULL,
    key        TEXT NOT NULL,
    request    TEXT NOT NULL,
    holder     TEXT NOT NULL,
    made       TEXT,
    status     BIGINT,
    response   TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (actor, route, key)
);

-- Templates, as last read from the provider ----------------------------------------------------------------------

CREATE TABLE template (
    account    TEXT NOT NULL,
    name       TEXT NOT NULL,
    language   TEXT NOT NULL,
    template   TEXT NOT NULL,
    fetched_at BIGINT NOT NULL,
    reason     TEXT NOT NULL DEFAULT '',
    advice     TEXT NOT NULL DEFAULT '',
    quality    TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (account, name, language)
);

-- Campaigns ------------------------------------------------------------------------------------------------------

CREATE TABLE campaign (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE,
    title      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    sender     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    problem    TEXT,
    removed_at BIGINT
);

-- One version is one pair of campaign.toml and audience, as approved or refused by a person. The audience's bytes lie
-- in the data directory under their hash.
CREATE TABLE version (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id   BIGINT NOT NULL REFERENCES campaign (id),
    definition    TEXT NOT NULL,
    audience_name TEXT NOT NULL,
    audience_hash TEXT NOT NULL,
    content_hash  TEXT NOT NULL,
    -- Of the audience as its values are meant: the same people in another campaign.
    rows_hash     TEXT NOT NULL,
    loaded_at     BIGINT NOT NULL,
    loaded_by     TEXT NOT NULL,
    approved_at   BIGINT,
    approved_by   TEXT,
    -- The audience was kept as long as it is to be, and is not there any more.
    forgotten_at  BIGINT,
    UNIQUE (campaign_id, content_hash)
);
CREATE INDEX version_rows ON version (rows_hash);

CREATE TABLE run (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id  BIGINT NOT NULL REFERENCES campaign (id),
    version_id   BIGINT NOT NULL REFERENCES version (id),
    kind         TEXT NOT NULL,
    account      TEXT NOT NULL,
    sender       TEXT NOT NULL,
    priority     BIGINT NOT NULL,
    state        TEXT NOT NULL,
    template     TEXT NOT NULL,
    currency     TEXT NOT NULL,
    starter      TEXT NOT NULL,
    started_at   BIGINT NOT NULL,
    -- Of a standing run, how many files it has taken up; 0: it is a run of one file.
    revision     BIGINT NOT NULL DEFAULT 0,
    planned_rows BIGINT NOT NULL DEFAULT 0,
    rows_read    BIGINT,
    paused_by    TEXT,
    paused_why   TEXT,
    paused_at    BIGINT,
    resumed_at   BIGINT,
    cancelled_by TEXT,
    sent_out_at  BIGINT,
    closed_at    BIGINT
);
CREATE INDEX run_open ON run (sender, priority, id) WHERE state IN ('planning', 'running', 'paused');
CREATE INDEX run_campaign ON run (campaign_id, id);

-- Rows that became no message. Of a standing run whose files hold changes alone, those of earlier files stay while what they
-- speak of is ahead.
CREATE TABLE exclusion (
    run_id    BIGINT NOT NULL,
    row_no    BIGINT NOT NULL,
    reason    TEXT NOT NULL,
    recipient TEXT NOT NULL DEFAULT '',
    external_id TEXT,
    name      TEXT NOT NULL DEFAULT '',
    detail    TEXT NOT NULL DEFAULT '',
    revision  BIGINT NOT NULL DEFAULT 0,
    cost_centre TEXT NOT NULL DEFAULT '',
    happens_at  BIGINT,
    PRIMARY KEY (run_id, revision, row_no)
);

-- People ---------------------------------------------------------------------------------------------------------

-- Every identity is kept, none overwritten: phone is E.164 digits as sent to, wa_id what the provider calls them.
CREATE TABLE person (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    phone      TEXT UNIQUE,
    wa_id      TEXT,
    bsuid      TEXT UNIQUE,
    username   TEXT,
    name       TEXT,
    linked_to  BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX person_wa_id ON person (wa_id) WHERE wa_id IS NOT NULL;
CREATE INDEX person_linked ON person (linked_to) WHERE linked_to IS NOT NULL;

CREATE TABLE suppression (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id  BIGINT NOT NULL REFERENCES person (id),
    scope      TEXT NOT NULL,
    source     TEXT NOT NULL,
    note       TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    lifted_at  BIGINT,
    lifted_by  TEXT
);
CREATE INDEX suppression_person ON suppression (person_id) WHERE lifted_at IS NULL;

-- Messages -------------------------------------------------------------------------------------------------------

-- A message with its latest attempt; earlier attempts move to the table attempt when a new one opens.
-- run_id and campaign_id are 0 for messages sent by hand and for agents' answers.
CREATE TABLE message (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id          BIGINT NOT NULL,
    campaign_id     BIGINT NOT NULL,
    row_no          BIGINT NOT NULL,
    key             TEXT NOT NULL,
    person_id       BIGINT NOT NULL,
    recipient       TEXT NOT NULL,
    name            TEXT NOT NULL DEFAULT '',
    account         TEXT NOT NULL,
    sender          TEXT NOT NULL,
    priority        BIGINT NOT NULL,
    content         TEXT NOT NULL,
    conversation_id BIGINT,
    author          TEXT NOT NULL DEFAULT '',
    -- The campaign a row of which it shows to whoever asked, outside of everything that campaign counts.
    test_of         BIGINT,
    route           TEXT NOT NULL DEFAULT '',
    cost_centre     TEXT NOT NULL DEFAULT '',
    external_id     TEXT,
    happens_at      BIGINT,
    timezone        TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    -- The last file of a standing run that named it, and the file that it was planned with.
    revision        BIGINT NOT NULL DEFAULT 0,
    first_revision  BIGINT NOT NULL DEFAULT 0,
    -- The id that it was planned under, where it has another by now.
    first_id        TEXT,

    state           TEXT NOT NULL,
    due_at          BIGINT NOT NULL,
    latest_at       BIGINT,
    waiting_for     TEXT,
    end_reason      TEXT,
    ended_at        BIGINT,

    attempt         BIGINT NOT NULL DEFAULT 0,
    claimed_by      TEXT,
    claimed_at      BIGINT,
    doubt_at        BIGINT,
    provider_id     TEXT,
    accepted_at     BIGINT,
    sent_at         BIGINT,
    delivered_at    BIGINT,
    read_at         BIGINT,
    undelivered_at  BIGINT,
    reviewed_at     BIGINT,
    failure_code    BIGINT,
    failure_detail  TEXT,

    market          TEXT NOT NULL,
    category        TEXT NOT NULL,
    currency        TEXT NOT NULL,
    estimated       BIGINT NOT NULL,
    reserved        BIGINT NOT NULL DEFAULT 0,
    pricing         TEXT,
    charged         BIGINT NOT NULL DEFAULT 0,
    charged_as      TEXT,
    charged_day     TEXT,

    UNIQUE (run_id, key)
);
-- The claim walks this index; state is a literal in the statement, so that the partial index is used.
CREATE INDEX message_queue ON message (sender, priority, run_id, due_at) WHERE state = 'queued';
CREATE INDEX message_back ON message (run_id) WHERE state = 'queued' AND accepted_at IS NOT NULL;
CREATE INDEX message_claimed ON message (doubt_at) WHERE state = 'claimed';
CREATE INDEX message_open ON message (undelivered_at) WHERE state IN ('accepted', 'in_review', 'sent');
CREATE INDEX message_latest ON message (latest_at) WHERE state = 'queued' AND latest_at IS NOT NULL;
CREATE INDEX message_in_doubt ON message (sender, claimed_at) WHERE state = 'in_doubt';
-- What a sender has let go lately: the pair limit after a restart, and what speaks for or against a doubt.
CREATE INDEX message_left ON message (sender, claimed_at) WHERE claimed_at IS NOT NULL;
-- Left in doubt by a person: what is reserved is let go when no receipt can come any more.
CREATE INDEX message_left_in_doubt ON message (undelivered_at) WHERE state = 'cancelled' AND reserved > 0;
CREATE INDEX message_reviewed ON message (reviewed_at) WHERE reviewed_at IS NOT NULL;
CREATE INDEX message_run_state ON message (run_id, state);
-- Whatever lists a run a page at a time goes on from the message where the page before ended.
CREATE INDEX message_run ON message (run_id, id);
CREATE INDEX message_provider ON message (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX message_test ON message (author, created_at) WHERE test_of IS NOT NULL;
CREATE INDEX message_person ON message (person_id, id);
CREATE INDEX message_external ON message (campaign_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX message_charged ON message (charged_day) WHERE charged_day IS NOT NULL;
CREATE INDEX message_service ON message (sender, created_at) WHERE category = 'service';

CREATE TABLE attempt (
    message_id     BIGINT NOT NULL REFERENCES message (id),
    no             BIGINT NOT NULL,
    state          TEXT NOT NULL,
    provider_id    TEXT,
    claimed_at     BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    failure_code   BIGINT,
    failure_detail TEXT,
    -- Who said that an attempt in doubt never left: the rule or a person.
    released_by    TEXT,
    PRIMARY KEY (message_id, no)
);
CREATE INDEX attempt_provider ON attempt (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX attempt_released ON attempt (message_id) WHERE released_by IS NOT NULL;

-- Of messages of which an attempt before the latest has reached somebody: what is known of each attempt's price, since the
-- provider bills every one that arrives. The message is charged with all of them.
CREATE TABLE arrival (
    message_id BIGINT NOT NULL REFERENCES message (id),
    no         BIGINT NOT NULL,
    -- NULL: it is not known to have arrived.
    arrived_at BIGINT,
    pricing    TEXT,
    charged    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (message_id, no)
);

CREATE TABLE hold (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    scope      TEXT NOT NULL,
    scope_key  TEXT NOT NULL,
    cause      TEXT NOT NULL,
    code       BIGINT,
    -- Where the cause does not say it: 'gone', or the provider's word that Recado does not know.
    word       TEXT NOT NULL DEFAULT '',
    until_at   BIGINT,
    created_at BIGINT NOT NULL,
    lifted_at  BIGINT,
    lifted_by  TEXT
);
CREATE UNIQUE INDEX hold_open ON hold (scope, scope_key, cause) WHERE lifted_at IS NULL;

-- What comes in --------------------------------------------------------------------------------------------------

-- Up to which body each line of the file beside this one has been read.
CREATE TABLE webhook_read (
    file    TEXT NOT NULL,
    line    TEXT NOT NULL,
    last_id BIGINT NOT NULL,
    PRIMARY KEY (file, line)
);

-- Bodies that could not be read to their end, and why.
CREATE TABLE webhook_problem (
    webhook_id BIGINT PRIMARY KEY,
    problem    TEXT NOT NULL,
    at         BIGINT NOT NULL
);

-- Receipts that fit no message: of another installation (foreign), or not known (yet).
CREATE TABLE orphan_receipt (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account     TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    receipt     TEXT NOT NULL,
    recipient   TEXT,
    said        TEXT,
    state       TEXT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE INDEX orphan_waiting ON orphan_receipt (provider_id) WHERE state = 'waiting';
CREATE INDEX orphan_recipient ON orphan_receipt (account, recipient) WHERE state = 'waiting';

CREATE TABLE conversation (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id         BIGINT NOT NULL REFERENCES person (id),
    account           TEXT NOT NULL,
    sender            TEXT NOT NULL,
    state             TEXT NOT NULL,
    assignee          BIGINT REFERENCES app_user (id),
    -- Since when it is the assignee's, or the bot's.
    assigned_at       BIGINT,
    team              TEXT,
    -- The bot that has it, by the name of its token.
    bot               TEXT,
    -- Who had it and said nothing for so long that it went back to the team.
    returned_from     BIGINT,
    -- The one before with the same person and sender.
    previous_id       BIGINT,
    ticket_id         BIGINT,
    origin_message_id BIGINT,
    campaign_id       BIGINT,
    run_id            BIGINT,
    opened_at         BIGINT NOT NULL,
    last_at           BIGINT NOT NULL,
    waiting_since     BIGINT,
    window_until      BIGINT,
    close_after       BIGINT NOT NULL,
    closed_at         BIGINT,
    closed_by         TEXT,
    last_in           BIGINT NOT NULL DEFAULT 0,
    -- The last line of the person that their provider was told as read, and the one that is to be.
    read_entry        BIGINT,
    read_wanted       BIGINT
);
CREATE INDEX conversation_read ON conversation (id) WHERE read_wanted IS NOT NULL;
CREATE UNIQUE INDEX conversation_open ON conversation (person_id, sender) WHERE state = 'open';
CREATE INDEX conversation_person ON conversation (person_id, sender, id);
-- Lists of conversations are walked in their order, from where the page before ended.
CREATE INDEX conversation_place ON conversation (COALESCE(waiting_since, 4611686018427387904 + opened_at), id) WHERE state = 'open';
CREATE INDEX conversation_closed ON conversation (closed_at, id) WHERE state = 'closed';
CREATE INDEX conversation_closed_of ON conversation (assignee, closed_at, id) WHERE state = 'closed';
CREATE INDEX conversation_closed_team ON conversation (team, closed_at, id) WHERE state = 'closed';
CREATE INDEX conversation_closed_campaign ON conversation (campaign_id, closed_at, id) WHERE state = 'closed';
CREATE INDEX conversation_waiting ON conversation (waiting_since) WHERE state = 'open';
CREATE INDEX conversation_quiet ON conversation ((last_at + close_after)) WHERE state = 'open' AND waiting_since IS NULL;
CREATE INDEX conversation_unassigned ON conversation (team, waiting_since)
    WHERE state = 'open' AND assignee IS NULL AND bot IS NULL AND waiting_since IS NOT NULL;
CREATE INDEX conversation_bot ON conversation (bot, id) WHERE state = 'open' AND bot IS NOT NULL;
CREATE INDEX conversation_assignee ON conversation (assignee) WHERE state = 'open';
CREATE INDEX conversation_ticket ON conversation (ticket_id) WHERE ticket_id IS NOT NULL;

-- One line of a thread: a reply (in), what we wrote or sent (out), a note. An out entry's ticks are its message's state; one
-- without a message was written elsewhere by the house, and says itself what.
CREATE TABLE entry (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id BIGINT NOT NULL REFERENCES conversation (id),
    direction       TEXT NOT NULL,
    content         TEXT NOT NULL,
    provider_id     TEXT,
    -- The provider's id of what a reply quotes.
    quoted          TEXT,
    -- The ad or post that led the person to write, as JSON.
    referral        TEXT,
    message_id      BIGINT,
    certainty       TEXT,
    author          TEXT NOT NULL DEFAULT '',
    at              BIGINT NOT NULL,
    received_at     BIGINT NOT NULL
);
CREATE UNIQUE INDEX entry_reply ON entry (provider_id) WHERE direction = 'in';
CREATE UNIQUE INDEX entry_echo ON entry (provider_id) WHERE direction = 'out' AND provider_id IS NOT NULL;
CREATE INDEX entry_thread ON entry (conversation_id, at, id);

-- Every outcome is kept; the last of a message counts.
CREATE TABLE outcome (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id BIGINT NOT NULL REFERENCES message (id),
    entry_id   BIGINT REFERENCES entry (id),
    outcome    TEXT NOT NULL,
    certainty  TEXT NOT NULL,
    set_by     TEXT NOT NULL,
    at         BIGINT NOT NULL
);
CREATE INDEX outcome_message ON outcome (message_id, id);

-- The messaging limit --------------------------------------------------------------------------------------------

-- What shares one messaging limit. `people` is the limit in force (NULL: none), `told` the provider's own word. `taken`
-- is what the claim goes by: never below the people counted from the table place, and counted anew when it matters.
CREATE TABLE portfolio (
    name       TEXT PRIMARY KEY,
    people     BIGINT,
    told       TEXT,
    told_at    BIGINT,
    used       BIGINT NOT NULL DEFAULT 0,
    used_until BIGINT NOT NULL DEFAULT 0,
    taken      BIGINT NOT NULL DEFAULT 0,
    others     BIGINT NOT NULL DEFAULT 0,
    counts     BIGINT NOT NULL DEFAULT 0,
    ready_at   BIGINT
);

CREATE TABLE portfolio_account (
    account   TEXT PRIMARY KEY,
    portfolio TEXT NOT NULL
);

-- One row per message that takes a person's place, until when; message_id is 0 for other installations' messages, which
-- foreign_id names. A person with several holds one place.
CREATE TABLE place (
    message_id BIGINT NOT NULL,
    foreign_id TEXT NOT NULL,
    portfolio  TEXT NOT NULL,
    person_id  BIGINT NOT NULL,
    until_at   BIGINT NOT NULL,
    PRIMARY KEY (message_id, foreign_id)
);
CREATE INDEX place_person ON place (portfolio, person_id, until_at, foreign_id);
CREATE INDEX place_until ON place (until_at);

-- Budgets --------------------------------------------------------------------------------------------------------

-- What the claim goes by for a campaign with a budget: never below what is charged and reserved. `month` is empty for
-- a budget of the whole campaign.
CREATE TABLE budget (
    campaign_id BIGINT PRIMARY KEY,
    month       TEXT NOT NULL,
    spent       BIGINT NOT NULL,
    counts      BIGINT NOT NULL
);

-- When no daemon was up, by gaps of the heartbeat: receipts may have waited at the provider meanwhile.
CREATE TABLE downtime (
    from_at BIGINT NOT NULL,
    to_at   BIGINT NOT NULL
);

-- Several daemons on one database ---------------------------------------------------------------------------------

-- Instants are real time here, whatever the clock does.
CREATE TABLE node (
    -- Its data directory, which one living process has at a time.
    home    TEXT PRIMARY KEY,
    -- What people call it.
    name    TEXT NOT NULL,
    -- The senders that it sent for when it was last heard of, as a JSON list.
    led     TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);

CREATE TABLE lease (
    sender   TEXT PRIMARY KEY,
    node     TEXT NOT NULL,
    -- The data directory of the node: a daemon that starts again on it takes its leases back at once.
    home     TEXT NOT NULL,
    until_at BIGINT NOT NULL
);

-- Audiences for the other nodes; on SQLite they lie in the data directory alone.
CREATE TABLE audience_piece (
    hash  TEXT NOT NULL,
    no    BIGINT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (hash, no)
);

-- Runs that stop by themselves -----------------------------------------------------------------------------------

-- What the breakers of a run go by: what one batch of answers or receipts told of its messages. answers and receipts
-- are a number and the failures by code, as JSON. A run that is resumed begins anew.
CREATE TABLE run_window (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id    BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    answers   TEXT NOT NULL,
    in_review BIGINT NOT NULL,
    receipts  TEXT NOT NULL
);
CREATE INDEX run_window_run ON run_window (run_id, id);

-- The share of a run that goes first: so many messages, and what their receipts must say before the rest follows.
CREATE TABLE canary (
    run_id    BIGINT PRIMARY KEY,
    wanted    BIGINT NOT NULL,
    state     TEXT NOT NULL,
    began_at  BIGINT NOT NULL,
    sent      BIGINT,
    judge_at  BIGINT,
    judged_at BIGINT,
    figures   TEXT
);
CREATE INDEX canary_open ON canary (run_id) WHERE state IN ('sending', 'waiting');
-- Alerts ---------------------------------------------------------------------------------------------------------

-- A condition with a key, from when it is found until it has not been found for a while.
CREATE TABLE alert (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    key      TEXT NOT NULL,
    kind     TEXT NOT NULL,
    detail   TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    told_at  BIGINT,
    gone_at  BIGINT,
    ended_at BIGINT
);
CREATE UNIQUE INDEX alert_open ON alert (key) WHERE ended_at IS NULL;

-- What was told of it by which way. Whoever moves next_at tells; NULL: nothing more is tried.
CREATE TABLE alert_way (
    alert_id       BIGINT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    way            TEXT NOT NULL,
    tries          BIGINT NOT NULL DEFAULT 0,
    next_at        BIGINT,
    began_told_at  BIGINT,
    ended_told_at  BIGINT,
    failure        TEXT,
    PRIMARY KEY (alert_id, way)
);
CREATE INDEX alert_way_due ON alert_way (way, next_at) WHERE ended_told_at IS NULL;

-- The life of a template --------------------------------------------------------------------------------------------

-- What is Recado's own of a template, whatever the provider says of it: its groups, and what a campaign puts into its
-- variables where the campaign's file says nothing. Both are JSON.
CREATE TABLE template_own (
    account    TEXT NOT NULL,
    name       TEXT NOT NULL,
    language   TEXT NOT NULL,
    groups     TEXT NOT NULL,
    mapping    TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (account, name, language)
);

-- Written and not submitted yet.
CREATE TABLE template_draft (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account    TEXT NOT NULL,
    name       TEXT NOT NULL,
    language   TEXT NOT NULL,
    draft      TEXT NOT NULL,
    created_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    refusal    TEXT NOT NULL DEFAULT '',
    UNIQUE (account, name, language)
);

-- When a template was edited: the provider allows so many of an approved one.
CREATE TABLE template_edit (
    account  TEXT NOT NULL,
    name     TEXT NOT NULL,
    language TEXT NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX template_edit_of ON template_edit (account, name, language, at);

-- What of a template's default mapping a version was approved with.
CREATE TABLE version_mapping (
    version_id BIGINT PRIMARY KEY,
    mapping    TEXT NOT NULL
);

-- Texts that expressions may use, beside [vars] of the configuration.
CREATE TABLE variable (
    name       TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);

-- Consent and erasure -----------------------------------------------------------------------------------------------

-- What files said of a person's consent, each word once.
CREATE TABLE consent (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id BIGINT NOT NULL REFERENCES person (id),
    given     TEXT NOT NULL,
    basis     TEXT NOT NULL,
    source    TEXT NOT NULL,
    at        BIGINT NOT NULL
);
CREATE INDEX consent_person ON consent (person_id, id);

-- Whoever was erased while on the do-not-send list: a keyed hash of each of their ids, and what they must not get.
CREATE TABLE erased (
    hash  TEXT NOT NULL,
    scope TEXT NOT NULL,
    at    BIGINT NOT NULL,
    PRIMARY KEY (hash, scope)
);

-- What campaigns had sent to people who were erased since: a keyed hash of campaign, appointment and person together, so that
-- a later file does not send the same again. A hash of campaign and appointment alone says that the appointment was
-- cancelled or, with happens_at, that its person was told that time; whose it was stands beside, hashed for that id alone.
CREATE TABLE erased_sent (
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    hash        TEXT NOT NULL,
    run_id      BIGINT NOT NULL,
    happens_at  BIGINT,
    whose       TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (campaign_id, hash)
);

-- Other ids by which a provider calls a message: WhatsApp's own beside Gupshup's.
CREATE TABLE message_alias (
    other_id    TEXT PRIMARY KEY,
    provider_id TEXT NOT NULL,
    told_at     BIGINT NOT NULL
);
CREATE INDEX message_alias_told ON message_alias (told_at);
CREATE INDEX message_alias_of ON message_alias (provider_id);

-- What is left of an account's money at the provider, as last read.
CREATE TABLE wallet (
    account   TEXT PRIMARY KEY,
    currency  TEXT NOT NULL,
    balance   BIGINT NOT NULL,
    overdraft BIGINT NOT NULL,
    read_at   BIGINT NOT NULL,
    raised_at BIGINT
);

-- Campaigns put together on the page ------------------------------------------------------------------------------

-- A file and its audience before they are a version. based_on is the folder's campaign.toml as it lay when somebody began
-- (NULL: there was none), run_id the paused run that it is to correct.
CREATE TABLE draft (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL,
    definition    TEXT NOT NULL,
    based_on      TEXT,
    run_id        BIGINT,
    audience_name TEXT NOT NULL,
    audience_hash TEXT NOT NULL,
    -- The file that its template shows in the header, where it was brought to the page.
    created_by    TEXT NOT NULL,
    changed_at    BIGINT NOT NULL
);

-- The files that a draft's template shows, as they were brought to the page.
CREATE TABLE draft_file (
    draft_id BIGINT NOT NULL,
    name     TEXT NOT NULL,
    hash     TEXT NOT NULL,
    PRIMARY KEY (draft_id, name)
);
CREATE INDEX draft_changed ON draft (changed_at);

-- A paused run went on with another version. Messages up to last_message were made from the version and the template
-- that it had before. While cleared_at is NULL, what had not left is still being taken back.
CREATE TABLE correction (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id       BIGINT NOT NULL REFERENCES run (id),
    at           BIGINT NOT NULL,
    corrected_by TEXT NOT NULL,
    version_id   BIGINT NOT NULL REFERENCES version (id),
    template     TEXT NOT NULL,
    last_message BIGINT NOT NULL,
    stayed       BIGINT NOT NULL,
    cleared_at   BIGINT
);
CREATE INDEX correction_run ON correction (run_id, last_message);

-- Campaigns that come again --------------------------------------------------------------------------------------

-- What each file did to a standing run. The figures are what the taking up counted, row by row with the rows themselves.
CREATE TABLE amendment (
    run_id       BIGINT NOT NULL,
    revision     BIGINT NOT NULL,
    version_id   BIGINT NOT NULL,
    began_at     BIGINT NOT NULL,
    begun_by     TEXT NOT NULL,
    rows_read    BIGINT NOT NULL DEFAULT 0,
    added        BIGINT NOT NULL DEFAULT 0,
    changed      BIGINT NOT NULL DEFAULT 0,
    same         BIGINT NOT NULL DEFAULT 0,
    already_sent BIGINT NOT NULL DEFAULT 0,
    left_out     BIGINT NOT NULL DEFAULT 0,
    removed      BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, revision)
);

-- Rows of such a file that have another id than in the file before, where there are any.
CREATE TABLE renaming (
    run_id   BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    n        BIGINT NOT NULL,
    -- When somebody looked at the run.
    seen_at  BIGINT,
    PRIMARY KEY (run_id, revision)
);

-- A campaign with `every`: the version that runs, and when next. NULL: no more.
CREATE TABLE recurrence (
    campaign_id BIGINT PRIMARY KEY REFERENCES campaign (id),
    version_id  BIGINT NOT NULL REFERENCES version (id),
    begun_by    TEXT NOT NULL,
    begun_at    BIGINT NOT NULL,
    next_due_at BIGINT,
    last_due_at BIGINT
);
CREATE INDEX recurrence_due ON recurrence (next_due_at) WHERE next_due_at IS NOT NULL;

-- Agents at their desks ------------------------------------------------------------------------------------------

-- Who is here, told by open pages. state: available or away. typing_since goes by conversation_id.
CREATE TABLE presence (
    user_id         BIGINT PRIMARY KEY REFERENCES app_user (id) ON DELETE CASCADE,
    state           TEXT NOT NULL,
    seen_at         BIGINT NOT NULL,
    conversation_id BIGINT,
    typing_since    BIGINT
);

-- What an agent has read of a conversation: the last line that their page showed.
CREATE TABLE conversation_look (
    user_id         BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    conversation_id BIGINT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    entry_id        BIGINT NOT NULL,
    PRIMARY KEY (user_id, conversation_id)
);

-- Words by which conversations are found: who the person is (a row a conversation) and what was written (a row a line of the
-- thread; of ours only free texts, since a template's words would find everybody who got it). Triggers keep both in step
-- with what they are made of, whoever writes that; erased text leaves the index at once (secure-delete). Beginnings of words are
-- indexed: without that each search for one would read every line that has it.
CREATE VIRTUAL TABLE conversation_words USING fts5 (words, tokenize = "unicode61 remove_diacritics 2", prefix = "2 3 4 5 6 7", columnsize = 0);
CREATE VIRTUAL TABLE entry_words USING fts5 (words, tokenize = "unicode61 remove_diacritics 2", prefix = "2 3 4 5 6 7", columnsize = 0);
INSERT INTO conversation_words (conversation_words, rank) VALUES ('secure-delete', 1);
INSERT INTO entry_words (entry_words, rank) VALUES ('secure-delete', 1);

-- A number stands there whole and by its last four digits, which every way of writing it ends with.
CREATE VIEW conversation_about AS
    SELECT c.id, COALESCE(m.name, '') || ' ' || COALESCE(m.recipient, '') || ' ' || COALESCE(substr(m.recipient, -4), '') || ' '
        || COALESCE((SELECT group_concat(COALESCE(p.name, '') || ' ' || COALESCE(p.username, '') || ' ' || COALESCE(p.phone, '')
            || ' ' || COALESCE(substr(p.phone, -4), '') || ' ' || COALESCE(p.wa_id, '') || ' ' || COALESCE(substr(p.wa_id, -4), ''), ' ')
            FROM person AS p WHERE p.id = c.person_id OR p.linked_to = c.person_id), '') AS words
    FROM conversation AS c LEFT JOIN message AS m ON m.id = c.origin_message_id;
CREATE TRIGGER conversation_words_new AFTER INSERT ON conversation BEGIN
    INSERT INTO conversation_words (rowid, words) SELECT a.id, a.words FROM conversation_about AS a WHERE a.id = NEW.id;
END;
CREATE TRIGGER conversation_words_about AFTER UPDATE OF origin_message_id, person_id ON conversation
WHEN OLD.origin_message_id IS NOT NEW.origin_message_id OR OLD.person_id <> NEW.person_id BEGIN
    UPDATE conversation_words SET words = (SELECT a.words FROM conversation_about AS a WHERE a.id = NEW.id) WHERE rowid = NEW.id;
END;
CREATE TRIGGER conversation_words_person AFTER UPDATE OF phone, wa_id, username, name, linked_to ON person
WHEN OLD.phone IS NOT NEW.phone OR OLD.wa_id IS NOT NEW.wa_id OR OLD.username IS NOT NEW.username OR OLD.name IS NOT NEW.name
    OR OLD.linked_to IS NOT NEW.linked_to BEGIN
    UPDATE conversation_words SET words = (SELECT a.words FROM conversation_about AS a WHERE a.id = conversation_words.rowid)
        WHERE rowid IN (SELECT c.id FROM conversation AS c WHERE c.person_id IN (NEW.id, NEW.linked_to, OLD.linked_to));
END;
CREATE TRIGGER conversation_words_gone AFTER DELETE ON conversation BEGIN
    DELETE FROM conversation_words WHERE rowid = OLD.id;
END;

CREATE VIEW entry_text AS
    SELECT e.id, CASE WHEN e.direction = 'out' AND e.message_id IS NOT NULL
        THEN (SELECT COALESCE(json_extract(m.content, '$.body'), '') || ' ' || COALESCE(json_extract(m.content, '$.caption'), '')
            FROM message AS m WHERE m.id = e.message_id)
        ELSE COALESCE(json_extract(e.content, '$.body'), '') || ' ' || COALESCE(json_extract(e.content, '$.text'), '') || ' '
            || COALESCE(json_extract(e.content, '$.title'), '') || ' ' || COALESCE(json_extract(e.content, '$.caption'), '') || ' '
            || COALESCE(json_extract(e.content, '$.filename'), '') || ' ' || COALESCE(json_extract(e.content, '$.label'), '') || ' '
            || COALESCE(json_extract(e.content, '$.summary'), '') END AS words
    FROM entry AS e;
CREATE TRIGGER entry_words_new AFTER INSERT ON entry BEGIN
    INSERT INTO entry_words (rowid, words) SELECT t.id, t.words FROM entry_text AS t WHERE t.id = NEW.id AND trim(t.words) <> '';
END;
CREATE TRIGGER entry_words_changed AFTER UPDATE OF content, message_id ON entry
WHEN OLD.content <> NEW.content OR OLD.direction = 'out' BEGIN
    DELETE FROM entry_words WHERE rowid = OLD.id;
    INSERT INTO entry_words (rowid, words) SELECT t.id, t.words FROM entry_text AS t WHERE t.id = NEW.id AND trim(t.words) <> '';
END;
CREATE TRIGGER entry_words_gone AFTER DELETE ON entry BEGIN
    DELETE FROM entry_words WHERE rowid = OLD.id;
END;

-- Who gets the next conversation, and cases -------------------------------------------------------------------------

-- One row, held by whoever deals conversations out: the number of the last turn.
CREATE TABLE turn (
    id BIGINT PRIMARY KEY,
    n  BIGINT NOT NULL
);

-- The last turn of an agent in a team.
CREATE TABLE agent_turn (
    team    TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    n       BIGINT NOT NULL,
    PRIMARY KEY (team, user_id)
);

-- Its id is its number. source and external_id are another system's name for it.
CREATE TABLE ticket (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    subject     TEXT NOT NULL,
    person_id   BIGINT NOT NULL REFERENCES person (id),
    state       TEXT NOT NULL,
    priority    TEXT NOT NULL,
    assignee    BIGINT REFERENCES app_user (id),
    source      TEXT NOT NULL DEFAULT '',
    external_id TEXT,
    created_at  BIGINT NOT NULL,
    created_by  TEXT NOT NULL,
    changed_at  BIGINT NOT NULL,
    closed_at   BIGINT
);
CREATE UNIQUE INDEX ticket_external ON ticket (source, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX ticket_changed ON ticket (state, changed_at, id);
CREATE INDEX ticket_person ON ticket (person_id, id);
CREATE INDEX ticket_assignee ON ticket (assignee) WHERE state <> 'closed';

-- What happened to a ticket, in order. detail is JSON; through_entry is the last line that a transcript holds.
CREATE TABLE ticket_event (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id       BIGINT NOT NULL REFERENCES ticket (id),
    at              BIGINT NOT NULL,
    author          TEXT NOT NULL,
    detail          TEXT NOT NULL,
    conversation_id BIGINT,
    through_entry   BIGINT
);
CREATE INDEX ticket_event_ticket ON ticket_event (ticket_id, id);
CREATE INDEX ticket_event_conversation ON ticket_event (conversation_id) WHERE through_entry IS NOT NULL;

-- Attachments ----------------------------------------------------------------------------------------------------

-- What people sent (entry_id) and what we send them (message_id, once it is sent). The bytes lie in the data directory
-- under their hash. next_at: when it is fetched, or tried again; told: what the provider said of it, as JSON.
CREATE TABLE media (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id BIGINT NOT NULL REFERENCES conversation (id),
    entry_id        BIGINT REFERENCES entry (id),
    message_id      BIGINT,
    account         TEXT NOT NULL,
    kind            TEXT NOT NULL,
    told            TEXT NOT NULL,
    mime_type       TEXT NOT NULL DEFAULT '',
    filename        TEXT NOT NULL DEFAULT '',
    state           TEXT NOT NULL,
    reason          TEXT NOT NULL DEFAULT '',
    tries           BIGINT NOT NULL DEFAULT 0,
    next_at         BIGINT,
    hash            TEXT,
    size            BIGINT,
    added_by        TEXT NOT NULL DEFAULT '',
    created_at      BIGINT NOT NULL
);
CREATE INDEX media_due ON media (next_at) WHERE state = 'waiting';
CREATE INDEX media_conversation ON media (conversation_id);
CREATE INDEX media_created ON media (created_at);
CREATE INDEX media_hash ON media (hash) WHERE hash IS NOT NULL;

-- Attachments for the other nodes; on SQLite they lie in the data directory alone.
CREATE TABLE media_piece (
    hash  TEXT NOT NULL,
    no    BIGINT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (hash, no)
);

-- The files of a campaign's folder that a version's template shows in its header and its cards.
CREATE TABLE version_file (
    version_id BIGINT NOT NULL REFERENCES version (id),
    name       TEXT NOT NULL,
    hash       TEXT NOT NULL,
    mime_type  TEXT NOT NULL,
    PRIMARY KEY (version_id, name)
);

-- What was uploaded to a provider, by content: its id there is used again while it holds.
CREATE TABLE media_upload (
    account     TEXT NOT NULL,
    sender      TEXT NOT NULL,
    hash        TEXT NOT NULL,
    mime_type   TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    good_until  BIGINT NOT NULL,
    PRIMARY KEY (account, sender, hash, mime_type)
);
CREATE INDEX media_upload_until ON media_upload (good_until);

-- Canned answers -------------------------------------------------------------------------------------------------

-- A text that agents put into their answers by its code. team: whose it is; empty: everybody's.
CREATE TABLE canned (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    team       TEXT NOT NULL,
    code       TEXT NOT NULL,
    text       TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);
CREATE UNIQUE INDEX canned_code ON canned (code, team);

-- Replies that may answer several messages --------------------------------------------------------------------------

-- Which messages a reply may answer, until somebody says which it is.
CREATE TABLE unclear (
    message_id      BIGINT NOT NULL REFERENCES message (id),
    entry_id        BIGINT NOT NULL REFERENCES entry (id),
    conversation_id BIGINT NOT NULL REFERENCES conversation (id),
    run_id          BIGINT NOT NULL,
    PRIMARY KEY (message_id, entry_id)
);
CREATE INDEX unclear_conversation ON unclear (conversation_id);
CREATE INDEX unclear_run ON unclear (run_id);
CREATE INDEX conversation_run ON conversation (run_id) WHERE run_id IS NOT NULL;

-- Clients ----------------------------------------------------------------------------------------------------------

-- What the house itself says of a person beside the name. reference: their number in its own system.
CREATE TABLE client (
    person_id  BIGINT PRIMARY KEY REFERENCES person (id),
    reference  TEXT NOT NULL,
    note       TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);
CREATE INDEX client_reference ON client (reference) WHERE reference <> '';
CREATE INDEX conversation_origin ON conversation (origin_message_id) WHERE origin_message_id IS NOT NULL;

-- What others are told --------------------------------------------------------------------------------------------

-- An address that somebody outside has given. The secrets sign and are needed as they are; the old one goes on signing
-- until old_until. off_at NULL: it is told; `recado` in off_by: it has failed for long. failing_since: nothing was taken
-- since; nothing is tried before rest_until then.
CREATE TABLE outgoing_endpoint (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL UNIQUE,
    url           TEXT NOT NULL,
    kinds         TEXT NOT NULL,
    secret        TEXT NOT NULL,
    old_secret    TEXT,
    old_until     BIGINT,
    created_by    TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    off_at        BIGINT,
    off_by        TEXT,
    failing_since BIGINT,
    failures      BIGINT NOT NULL DEFAULT 0,
    rest_until    BIGINT NOT NULL DEFAULT 0
);

-- Which events anybody listens to: the triggers below write no others.
CREATE TABLE outgoing_wish (
    kind     TEXT NOT NULL,
    listener TEXT NOT NULL,
    PRIMARY KEY (kind, listener)
);

-- What happened, written by the triggers below in the unit of work in which it did. detail: what may be another later, as
-- JSON; body: what is posted, from the moment it is known who gets it (gathered_at).
CREATE TABLE outgoing_event (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    kind            TEXT NOT NULL,
    subject         BIGINT NOT NULL,
    conversation_id BIGINT,
    person_id       BIGINT,
    detail          TEXT NOT NULL,
    at              BIGINT,
    body            TEXT NOT NULL DEFAULT '',
    gathered_at     BIGINT
);
CREATE INDEX outgoing_event_new ON outgoing_event (id) WHERE gathered_at IS NULL;
CREATE INDEX outgoing_event_gathered ON outgoing_event (gathered_at) WHERE gathered_at IS NOT NULL;
CREATE INDEX outgoing_event_person ON outgoing_event (person_id) WHERE person_id IS NOT NULL;

-- One event for one endpoint. Of a lane (a conversation, a message) the first that waits goes first; whoever moves next_at
-- posts it.
CREATE TABLE outgoing_delivery (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint_id BIGINT NOT NULL REFERENCES outgoing_endpoint (id) ON DELETE CASCADE,
    event_id    BIGINT NOT NULL REFERENCES outgoing_event (id) ON DELETE CASCADE,
    lane        TEXT NOT NULL,
    state       TEXT NOT NULL,
    tries       BIGINT NOT NULL DEFAULT 0,
    next_at     BIGINT NOT NULL,
    made_at     BIGINT NOT NULL,
    tried_at    BIGINT,
    status      BIGINT,
    answer      TEXT NOT NULL DEFAULT ''
);
CREATE INDEX outgoing_delivery_due ON outgoing_delivery (endpoint_id, next_at) WHERE state = 'waiting';
CREATE INDEX outgoing_delivery_lane ON outgoing_delivery (endpoint_id, lane, id) WHERE state = 'waiting';
CREATE INDEX outgoing_delivery_page ON outgoing_delivery (endpoint_id, id);
CREATE INDEX outgoing_delivery_event ON outgoing_delivery (event_id);

CREATE INDEX entry_message ON entry (message_id) WHERE message_id IS NOT NULL;

-- A conversation as it stands in Chatwoot. wanted counts what changed here, done how far that was told; next_at NULL:
-- nothing is to be told. remote_state is what its state there was when last looked at. behind: it has old lines to catch up on.
CREATE TABLE chatwoot_conversation (
    conversation_id BIGINT PRIMARY KEY REFERENCES conversation (id),
    connector       TEXT NOT NULL,
    contact_id      BIGINT,
    remote_id       BIGINT,
    remote_state    TEXT,
    wanted          BIGINT NOT NULL DEFAULT 0,
    done            BIGINT NOT NULL DEFAULT 0,
    tries           BIGINT NOT NULL DEFAULT 0,
    next_at         BIGINT,
    failure         TEXT,
    behind          BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX chatwoot_conversation_remote ON chatwoot_conversation (connector, remote_id) WHERE remote_id IS NOT NULL;
CREATE INDEX chatwoot_conversation_due ON chatwoot_conversation (connector, behind, next_at) WHERE next_at IS NOT NULL;

-- A line of a thread as a message there. remote_id NULL: it may be there, nobody knows by which id. told: the last state of
-- it that was told.
CREATE TABLE chatwoot_entry (
    entry_id        BIGINT PRIMARY KEY REFERENCES entry (id),
    conversation_id BIGINT NOT NULL,
    remote_id       BIGINT,
    told            TEXT NOT NULL DEFAULT ''
);
CREATE INDEX chatwoot_entry_of ON chatwoot_entry (conversation_id, remote_id);

-- What Chatwoot's webhook said, in the order in which it came. remote_id: of which conversation there; 0: of none.
CREATE TABLE chatwoot_heard (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    connector   TEXT NOT NULL,
    body        TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    state       TEXT NOT NULL,
    tries       BIGINT NOT NULL DEFAULT 0,
    next_at     BIGINT NOT NULL,
    remote_id   BIGINT NOT NULL
);
CREATE INDEX chatwoot_heard_new ON chatwoot_heard (connector, remote_id, id) WHERE state = 'new';

-- Messages of agents there that were taken up: each is sent once, however often its webhook comes.
CREATE TABLE chatwoot_answer (
    connector TEXT NOT NULL,
    remote_id BIGINT NOT NULL,
    entry_id  BIGINT,
    at        BIGINT NOT NULL,
    PRIMARY KEY (connector, remote_id)
);

-- Who was told that nobody is here, and until when that holds.
CREATE TABLE away_answer (
    conversation_id BIGINT NOT NULL,
    opens_at        BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, opens_at)
);

-- The triggers of outgoing_event. States change in many statements; none of them can forget to tell, and where nobody
-- listens nothing is written. `thread` is what connectors follow: a conversation in which something is another.
CREATE TRIGGER outgoing_message AFTER UPDATE OF state ON message
WHEN NEW.state <> OLD.state AND NEW.state NOT IN ('queued', 'claimed') AND NEW.test_of IS NULL
BEGIN
    -- A receipt may be quicker than the answer to our request: whatever was taken is told as taken first, once an attempt.
    INSERT INTO outgoing_event (kind, subject, conversation_id, person_id, detail, at)
    SELECT 'message.accepted', NEW.id, NEW.conversation_id, NEW.person_id,
        json_object('state', 'accepted', 'attempt', NEW.attempt, 'code', NULL, 'reason', NULL),
        COALESCE(NEW.accepted_at, NEW.sent_at, NEW.delivered_at, NEW.read_at, NEW.ended_at)
    WHERE OLD.state IN ('queued', 'claimed', 'in_doubt', 'cancelled') AND OLD.accepted_at IS NULL
        AND (NEW.state IN ('sent', 'delivered', 'read') OR (NEW.state = 'failed' AND NEW.provider_id IS NOT NULL))
        AND EXISTS (SELECT 1 FROM outgoing_wish WHERE kind = 'message.accepted');
    INSERT INTO outgoing_event (kind, subject, conversation_id, person_id, detail, at)
    SELECT 'message.' || NEW.state, NEW.id, NEW.conversation_id, NEW.person_id,
        json_object('state', NEW.state, 'attempt', NEW.attempt, 'code', NEW.failure_code, 'reason', NEW.end_reason),
        CASE NEW.state WHEN 'accepted' THEN NEW.accepted_at WHEN 'in_review' THEN NEW.accepted_at
            WHEN 'sent' THEN NEW.sent_at WHEN 'delivered' THEN NEW.delivered_at WHEN 'read' THEN NEW.read_at
            ELSE NEW.ended_at END
    WHERE EXISTS (SELECT 1 FROM outgoing_wish WHERE kind = 'message.' || NEW.state);
    INSERT INTO outgoing_event (kind, subject, conversation_id, person_id, detail)
    SELECT 'thread', NEW.id, e.conversation_id, NEW.person_id, '' FROM entry AS e
    WHERE e.message_id = NEW.id AND e.direction = 'out' AND EXISTS (SELECT 1 FROM outgoing_wish WHERE kind = 'thread');
END;

CREATE TRIGGER outgoing_entry AFTER INSERT ON entry
BEGIN
    INSERT INTO outgoing_event (kind, subject, conversation_id, person_id, detail, at)
    SELECT 'reply.received', NEW.id, NEW.conversation_id,
        (SELECT c.person_id FROM conversation AS c WHERE c.id = NEW.conversation_id), '', NEW.at
    WHERE NEW.direction = 'in' AND EXISTS (SELECT 1 FROM outgoing_wish WHERE kind = 'reply.received');
    INSERT INTO outgoing_event (kind, subject, conversation_id, detail)
    SELECT 'thread', NEW.id, NEW.conversation_id, ''
    WHERE EXISTS (SELECT 1 FROM outgoing_wish WHERE kind = 'thread');
END;

CREATE TRIGGER outgoing_conversation_new AFTER INSERT ON conversation WHEN NEW.state = 'open'
BEGIN
    INSERT INTO outgoing_event (kind, subject, conversation_id, person_id, detail, at)
    SELECT 'conversation.opened', NEW.id, NEW.id, NEW.person_id,
        json_object('state', NEW.state, 'assignee', NEW.assignee, 'team', NEW.team, 'by', NULL), NEW.opened_at
    WHERE EXISTS (SELECT 1 FROM outgoing_wish WHERE kind = 'conversation.opened');
END;

CREATE TRIGGER outgoing_conversation_state AFTER UPDATE OF state ON conversation WHEN NEW.state <> OLD.state
BEGIN
    INSERT INTO outgoing_event (kind, subject, conversation_id, person_id, detail, at)
    SELECT CASE NEW.state WHEN 'closed' THEN 'conversation.closed' ELSE 'conversation.reopened' END,
        NEW.id, NEW.id, NEW.person_id,
        json_object('state', NEW.state, 'assignee', NEW.assignee, 'team', NEW.team, 'by', NEW.closed_by), NEW.closed_at
    WHERE EXISTS (SELECT 1 FROM outgoing_wish
        WHERE kind = CASE NEW.state WHEN 'closed' THEN 'conversation.closed' ELSE 'conversation.reopened' END);
    INSERT INTO outgoing_event (kind, subject, conversation_id, detail)
    SELECT 'thread', NEW.id, NEW.id, '' WHERE EXISTS (SELECT 1 FROM outgoing_wish WHERE kind = 'thread');
END;

CREATE TRIGGER outgoing_conversation_owner AFTER UPDATE OF assignee, team ON conversation
WHEN NEW.assignee IS NOT OLD.assignee OR NEW.team IS NOT OLD.team
BEGIN
    INSERT INTO outgoing_event (kind, subject, conversation_id, person_id, detail)
    SELECT 'conversation.assigned', NEW.id, NEW.id, NEW.person_id,
        json_object('state', NEW.state, 'assignee', NEW.assignee, 'team', NEW.team, 'by', NULL)
    WHERE EXISTS (SELECT 1 FROM outgoing_wish WHERE kind = 'conversation.assigned');
END;

CREATE TRIGGER outgoing_outcome AFTER INSERT ON outcome
BEGIN
    INSERT INTO outgoing_event (kind, subject, conversation_id, person_id, detail, at)
    SELECT 'outcome.set', NEW.id, (SELECT e.conversation_id FROM entry AS e WHERE e.id = NEW.entry_id),
        (SELECT m.person_id FROM message AS m WHERE m.id = NEW.message_id), '', NEW.at
    WHERE EXISTS (SELECT 1 FROM outgoing_wish WHERE kind = 'outcome.set');
END;

CREATE TRIGGER outgoing_hold_new AFTER INSERT ON hold
BEGIN
    INSERT INTO outgoing_event (kind, subject, detail, at)
    SELECT 'hold.begun', NEW.id, json_object('until', NEW.until_at, 'by', NULL), NEW.created_at
    WHERE EXISTS (SELECT 1 FROM outgoing_wish WHERE kind = 'hold.begun');
END;

CREATE TRIGGER outgoing_hold_end AFTER UPDATE OF lifted_at ON hold WHEN OLD.lifted_at IS NULL AND NEW.lifted_at IS NOT NULL
BEGIN
    INSERT INTO outgoing_event (kind, subject, detail, at)
    SELECT 'hold.ended', NEW.id, json_object('until', NULL, 'by', NEW.lifted_by), NEW.lifted_at
    WHERE EXISTS (SELECT 1 FROM outgoing_wish WHERE kind = 'hold.ended');
END;

CREATE TRIGGER outgoing_template AFTER UPDATE OF template ON template
WHEN json_extract(NEW.template, '$.status') IS NOT json_extract(OLD.template, '$.status')
BEGIN
    INSERT INTO outgoing_event (kind, subject, detail)
    SELECT 'template.status', 0, json_object('account', NEW.account, 'name', NEW.name, 'language', NEW.language,
        'status', json_extract(NEW.template, '$.status'), 'was', json_extract(OLD.template, '$.status'))
    WHERE EXISTS (SELECT 1 FROM outgoing_wish WHERE kind = 'template.status');
END;

CREATE TRIGGER outgoing_ticket AFTER INSERT ON ticket_event
BEGIN
    INSERT INTO outgoing_event (kind, subject, person_id, detail, at)
    SELECT w.kind, NEW.ticket_id, t.person_id, json_object('event', NEW.id), NEW.at
    FROM ticket AS t, (SELECT DISTINCT kind FROM outgoing_wish) AS w
    WHERE t.id = NEW.ticket_id
        AND w.kind = CASE json_extract(NEW.detail, '$.kind') WHEN 'opened' THEN 'ticket.opened' ELSE 'ticket.changed' END;
END;

-- News of accounts and numbers that stop nothing and that somebody should know of, while they stand.
CREATE TABLE account_notice (
    account  TEXT NOT NULL,
    word     TEXT NOT NULL,
    -- Digits; empty: the whole account.
    number   TEXT NOT NULL,
    detail   TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    ends_at  BIGINT NOT NULL,
    PRIMARY KEY (account, word, number)
);

-- Of what providers tell of a subject the latest by its own time counts: how late that was.
CREATE TABLE heard (
    subject TEXT PRIMARY KEY,
    told_at BIGINT NOT NULL
);

-- Links of messages that people opened.
CREATE TABLE click (
    message_id BIGINT NOT NULL,
    run_id     BIGINT NOT NULL,
    action     TEXT NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (message_id, action)
);
CREATE INDEX click_run ON click (run_id);

-- How many messages of each sender were claimed, ever: what the data directory remembers too. A database that has counted
-- fewer than that was restored from an older copy.
CREATE TABLE sent_mark (
    sender TEXT PRIMARY KEY,
    claims BIGINT NOT NULL
);

-- What came to the webhook of an account and did not prove to be its provider's, since the last that did.
CREATE TABLE webhook_refusal (
    account  TEXT PRIMARY KEY,
    why      TEXT NOT NULL,
    n        BIGINT NOT NULL,
    since_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL
);
