"""Every cap of Hanse, in one frozen struct, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LIMITS", "Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds, counts as counts.

    Every wait, input and queue of Hanse is bounded by a field of this struct; the comment beside a
    field says what it stops.
    """

    # Formats: a real remote entry with 60 packages is 11 kB; 1000 remotes in a manifest are 100 kB.
    manifest_bytes: int = 1 << 20
    remote_entry_bytes: int = 8 << 20
    config_bytes: int = 1 << 20
    # What a browser can keep in its storage is a tenth of this.
    storage_bytes: int = 64 << 20
    # A finished map names every entrypoint of every remote once or twice.
    import_map_bytes: int = 64 << 20
    # A decoder recurses once per level; no document of the ecosystem nests deeper than 5.
    json_depth: int = 32
    # More shared packages than any application's lock file has: beyond it, an entry is a flood.
    shared_per_entry: int = 10_000
    exposes_per_entry: int = 10_000
    # Entrypoints of all packages together; an icon library alone can have ten thousand.
    files_per_entry: int = 50_000
    remotes_per_manifest: int = 10_000
    # Texts of items that are known again when they come in another entry, or in the next deployment. In
    # memory an item takes six times its text; 1000 remotes on five versions of 50 packages have 2 MB.
    items_bytes: int = 3 << 20
    # A name, version or file name longer than this is not one anybody wrote.
    text_length: int = 4096
    # node-semver's own cap, here after white space is collapsed: parsing stays linear and short.
    semver_length: int = 256

    # Network
    fetch_deadline: float = 10.0
    connect_deadline: float = 5.0
    redirects: int = 3
    # Concurrent connections in all, and to one origin: a manifest of 1000 remotes must not be a flood.
    connections: int = 32
    connections_per_origin: int = 8
    # Beyond the first MiB a body may be at most this many times its wire size (gzip reaches 1029:1).
    inflate_ratio: int = 200
    # Consecutive failures that open an origin's breaker, and how long it first stays open.
    breaker_failures: int = 5
    breaker_open: float = 30.0
    # It doubles no further than this: a healed origin is noticed within five minutes.
    breaker_open_most: float = 300.0
    # How long a failed revalidation may go on serving the last good copy: a week of outage.
    stale_if_error: float = 7 * 24 * 3600.0
    # Cache entries kept in memory, and their bytes; the least recently used goes first.
    cache_entries: int = 4096
    cache_bytes: int = 64 << 20
    # How long an answer such as 404 is believed: a deployment in progress must not stick.
    negative_cache: float = 5.0
    # Names being looked up at a time; the system's resolver blocks a thread for each.
    name_lookups: int = 16
    # Of the addresses a name has, these many are tried, within `connect_deadline` in all.
    addresses_tried: int = 4
    # An unused connection is kept this long: one refresh uses it often, the next one rarely.
    connection_idle: float = 15.0

    # Event streams (while developing): how many are kept open upstream, beside the connections above.
    event_streams: int = 64
    # A stream says nothing for as long as nobody builds; a peer that has vanished is noticed by this.
    event_idle: float = 120.0
    # A notification is a hundred bytes, an error's text a few thousand: beyond it, a stream is a flood.
    event_bytes: int = 64 << 10
    # Events at once and bytes at once that are still no flood, and how fast that allowance is refilled.
    event_burst: int = 32
    events_per_second: float = 4.0
    event_bytes_per_second: int = 64 << 10
    # The wait before a stream is opened again, doubled each time up to the second: a dev server that is
    # started again is back in seconds, one that has no such endpoint is asked rarely.
    event_retry: float = 1.0
    event_retry_most: float = 30.0
    # Pages that listen, in all; and what one may be behind before it is hung up on.
    event_subscribers: int = 256
    event_backlog: int = 32
    # Proxies hang up on a connection that is silent for a minute, some for half of one.
    event_heartbeat: float = 15.0

    # Overrides: a developer works on one remote, seldom on three at a time.
    overrides_per_page: int = 8
    # Sets of overrides in use by everybody together, with their snapshots; each costs one resolution.
    overrides_kept: int = 32
    # Pages opened within this time share one look at an override's entry.
    override_fresh: float = 1.0
    # Overrides being resolved at a time: whoever comes then waits for a turn.
    overrides_at_once: int = 2

    # Snapshots: pages name the digest they were made from, and ask for deltas of it later.
    snapshots_kept: int = 16
    snapshot_age: float = 24 * 3600.0
    refresh_interval: float = 30.0
    # A round of asking all remotes, the manifest included; those that are not here by then count as failed.
    refresh_deadline: float = 30.0
    # Loaded pages that have added remotes are remembered until so many others have.
    pages_kept: int = 256
    # The stored documents of a thousand remotes are 10 MB; what is larger is not written, and not read.
    stored_bytes: int = 256 << 20

    # Modules: what a build calls a large one has 2 MB, and each is held as a whole while it is read.
    module_bytes: int = 8 << 20
    # The largest icon collection of npm re-exports some five thousand files.
    imports_per_module: int = 20_000
    # The HTML of a page whose preloads are explained.
    page_bytes: int = 4 << 20
    # Processor time for finding out what one module imports: 8 MiB of code take five, garbage ten times that.
    lex_seconds: float = 20.0
    # Modules being read at a time, so that a large federation's first reading is no flood of its own.
    modules_at_once: int = 16
    # A reading in all; what is not here by then is asked for at the next refresh.
    modules_deadline: float = 120.0
    # A hundred remotes with a thousand chunks each; a graph beyond that is somebody's trap.
    modules_per_federation: int = 100_000
    # How often a round without the remotes whose modules cannot be had is tried, each time with fewer.
    locked_rounds: int = 8

    # Streams of server modules, opened: a large application's server build has 10 MB, and is held as a whole.
    stream_bytes: int = 64 << 20
    # The table of a thousand modules, with digests and imports, is 200 kB.
    stream_header_bytes: int = 4 << 20
    stream_modules: int = 10_000
    # All modules of one build, inflated: each may have `module_bytes`, but not all of them.
    stream_inflated_bytes: int = 128 << 20
    server_entry_bytes: int = 8 << 20

    # Asking for streams, and publishing them. A request names what the asker has: ten thousand digests.
    stream_request_bytes: int = 1 << 20
    # How far the clocks of two servers may be apart, and for how long a stream may be under way, in seconds.
    proof_window: float = 60.0
    stream_lifetime: float = 60.0
    # Proofs that are remembered for two such windows, so that none counts twice: all that the rates let in.
    proofs_kept: int = 1 << 16
    # Requests of one address, and of all: a hundred consumers that poll, and start at the same time.
    publisher_burst: int = 60
    publisher_rate: float = 10.0
    publisher_burst_all: int = 600
    publisher_rate_all: float = 200.0
    # Addresses whose rate is kept; of more, those that were quiet for the longest begin anew.
    publisher_addresses: int = 4096
    # Streams being sealed and sent at a time, and consumers that wait for the next build at a time.
    publisher_answers: int = 16
    publisher_waiters: int = 256
    # A consumer that waits for the next build is answered after this long, before proxies hang up on it.
    publisher_wait: float = 25.0
    # How often a publisher looks whether its folder has another build, and tries a broken one again.
    publisher_look: float = 1.0
    # Builds that can be published again.
    builds_kept: int = 5
    # How often a consumer asks for a new build, and how rarely at the least where asking fails.
    build_interval: float = 5.0
    build_interval_most: float = 60.0
    # Modules that a consumer keeps on disk: ten large builds of ten remotes each.
    stream_cache_bytes: int = 1 << 30
    # Keys that one text or file has: the one in use, those being replaced, and no list of thousands.
    keys_kept: int = 8
    # How often plain server builds are looked at; sealed ones are heard of by themselves.
    plain_interval: float = 5.0
    # How long a start waits for server modules; pages do without those that come later.
    server_start: float = 5.0
    # How long a generation may be drained: the longest stream of a page.
    drain_deadline: float = 30.0
    # Builds that do not run and are not tried again.
    builds_refused: int = 256

    # Plain server builds over HTTP: pulling one in all, nested remotes included; whoever is not here by then
    # is tried again at the next refresh.
    import_deadline: float = 30.0
    # Rounds of asking for what the round before was found to import; a chain of lazy chunks has five.
    import_rounds: int = 64
    # Remotes that are consumed by remotes, and by those in their turn.
    nested_remotes: int = 16
    # What a delegate in Python may take to decide; how many sets of decisions run at a time, each with
    # processes of its own; and how long the pages of a new one wait for its builds.
    delegate_deadline: float = 2.0
    delegate_variants: int = 8
    delegate_start: float = 5.0
    # A delegate's own modules, in files beside `hanse.toml`.
    delegate_files: int = 256

    # The server
    # What a page sends to ask for a delta is three short texts; and how long it may take to send them.
    request_bytes: int = 16 << 10
    request_deadline: float = 5.0
    # Deltas being worked out at a time: each may fetch, and whoever floods waits or is turned away.
    deltas_at_once: int = 8
    # Connections in all, and how long those under way may take to end when the server is stopped.
    server_connections: int = 1024
    shutdown_deadline: float = 5.0
    # Inside another framework: how long an answer may take to begin, how long a stream may be silent (a live
    # one says something every 15 s), and how many streams there are at a time: each may hold a thread.
    answer_deadline: float = 30.0
    stream_silence: float = 60.0
    streams_at_once: int = 64
    # What one list of the page shows, and one cell of it: beyond, the reader searches or takes the JSON.
    page_rows: int = 100
    page_names: int = 6
    # Remotes that are counted one by one, with a few time series each; those beyond are counted together.
    remotes_metered: int = 1000
    # Remotes and packages beyond which a drawing is a tangle, and takes seconds to make.
    drawn_nodes: int = 200

    # Pages that carry the map
    # Snapshots whose rendered parts are kept: the current one, those of requests under way, overridden ones.
    page_snapshots: int = 8
    # Sets of modules whose head is kept, for each snapshot, and their characters beside the map they share.
    page_heads: int = 256
    page_characters: int = 32 << 20
    # Modules one page names: more than these are a list of what there is, not of what a page shows.
    page_modules: int = 256
    # Preloads of one page: beyond it browsers only queue them, and find what else there is all the same.
    page_preloads: int = 512
    # Proxies keep the whole head of a response in one buffer, of 4 KiB where small; cookies need room too.
    link_header_bytes: int = 2 << 10

    # Rendering
    # One fragment: beyond it the visitor has waited long enough to prefer the page without it.
    fragment_deadline: float = 2.0
    # What one page waits for all its fragments together, while at least one is being rendered.
    page_deadline: float = 3.0
    # Fragments that a page's components leave holes for, at each depth.
    page_fragments: int = 64
    # What another app's server has to give a page its data: less than the page has to be rendered in all.
    page_data_deadline: float = 2.0
    # That data: it goes into the page, where a megabyte is too much already.
    page_data_bytes: int = 1 << 20
    # A form that is posted to a page; files go to the app's own routes.
    page_form_bytes: int = 1 << 20
    # Calls of one remote in engines at a time: a remote that hangs must leave room for the others.
    remote_calls: int = 32
    # Calls of one remote that wait until there is room; whoever comes then is turned away at once.
    remote_queue: int = 256
    # How much longer than a call's deadline its engine is waited for, until it has said so itself.
    engine_grace: float = 0.1
    # Fragments whose HTML is kept for callers who asked for it, and their characters together.
    fragments_kept: int = 4096
    fragments_characters: int = 64 << 20
    # What an untrusted remote may write, before it is parsed: parsing is what it could make expensive.
    untrusted_html: int = 128 << 10
    # Elements inside each other, in what it writes: browsers themselves stop at 512.
    untrusted_depth: int = 256

    # Sharing
    # Turns of a model's microtask queue; a page with three hundred remotes takes thirteen thousand to load.
    share_turns: int = 250_000


LIMITS = Limits()
