//! What travels: for each kind of fact its table, which of its columns go along, and what makes two facts the same.
//!
//! A test holds this against the schema: a table or column that is neither here nor named as local fails it, so that
//! nothing is left behind by oversight.

/// A kind of fact. Its word in files is its table.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its table.
    pub(crate) table: &'static str,
    /// Whose fact it is.
    pub(crate) owner: Owner,
    /// The columns that travel, in the order in which they are written.
    pub(crate) columns: &'static [(&'static str, Form)],
    /// The columns that stay, and what an import fills them with.
    pub(crate) local: &'static [(&'static str, Filled)],
    /// Columns that name the fact within its owner; none: it is known by all it says.
    pub(super) key: &'static [&'static str],
}

/// Whose fact it is: what its rows are found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The experiment or screen itself.
    Root(Home),
    /// An experiment's or a screen's, by the column of that name.
    Of(Home),
    /// An experiment's, by its verdict.
    Verdict,
    /// An improvement's, outside any experiment.
    Improvement,
}

/// What holds facts together under a name that is the same in every store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// A question about two arms.
    Experiment,
    /// A question about many builds.
    Screen,
}

/// How a column is written. A column that is NULL is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Milliseconds since 1970, as RFC 3339 under the column's name without `_ms`.
    Time,
    /// A whole number.
    Integer,
    /// 0 or 1, as false or true.
    Flag,
    /// A number.
    Real,
    /// Text.
    Text,
    /// JSON text, as the value it holds.
    Json,
    /// Another fact of the same owner, in this table, as the time it was recorded.
    Fact(&'static str),
}

/// What an import puts into a column that stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filled {
    /// The owner's row: the reference by which the fact is found.
    Owner,
    /// The row's own number.
    Number,
    /// 0: no process of this machine.
    Zero,
    /// Nothing: no file of this machine.
    Empty,
    /// The file on this store's shelf.
    ShelfFile,
}

/// Tables whose rows are about this store and this machine, and stay.
#[cfg(test)]
pub(crate) const LOCAL_TABLES: &[&str] = &[
    "agent_status",
    "assignment",
    "attempt",
    "attempt_worker",
    "attempt_said",
    "attempt_end",
    "submission",
    "gate",
    "review",
    "merged",
    "withdrawn",
    "command_log",
    "change_log",
    "heartbeat",
    "imported",
    "progress",
    "slice",
    "screen_slice",
    "screen_progress",
];

/// In the order in which they are written and merged: what is referred to comes first.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        table: "experiment",
        owner: Owner::Root(Home::Experiment),
        columns: &[
            ("at_ms", Form::Time),
            ("kind", Form::Text),
            ("subject", Form::Text),
            ("feature", Form::Text),
            ("stack", Form::Json),
            ("tree_digest", Form::Text),
            ("question", Form::Text),
            ("host", Form::Json),
            ("host_digest", Form::Text),
            ("agents", Form::Json),
        ],
        local: &[("id", Filled::Number)],
        key: &["at", "subject", "question", "host_digest"],
    },
    Kind {
        table: "sitting",
        owner: Owner::Of(Home::Experiment),
        columns: &[("at_ms", Form::Time), ("plan", Form::Json)],
        local: &[
            ("id", Filled::Number),
            ("experiment", Filled::Owner),
            ("pid", Filled::Zero),
            ("started_ticks", Filled::Zero),
        ],
        key: &[],
    },
    Kind {
        table: "stage",
        owner: Owner::Of(Home::Experiment),
        columns: &[("at_ms", Form::Time), ("stage", Form::Text), ("note", Form::Text)],
        local: &[("id", Filled::Number), ("experiment", Filled::Owner)],
        key: &[],
    },
    Kind {
        table: "build",
        owner: Owner::Of(Home::Experiment),
        columns: &[
            ("at_ms", Form::Time),
            ("side", Form::Text),
            ("features", Form::Json),
            ("build_key", Form::Text),
            ("sha256", Form::Text),
            ("layouts", Form::Json),
            ("cached", Form::Flag),
        ],
        local: &[("id", Filled::Number), ("experiment", Filled::Owner), ("path", Filled::Empty)],
        key: &[],
    },
    Kind {
        table: "pair",
        owner: Owner::Of(Home::Experiment),
        columns: &[
            ("workload", Form::Integer),
            ("run", Form::Text),
            ("idx", Form::Integer),
            ("at_ms", Form::Time),
            ("first", Form::Text),
            ("seed", Form::Text),
            ("d", Form::Real),
            ("dropped", Form::Text),
            ("machine", Form::Json),
            ("a", Form::Json),
            ("b", Form::Json),
        ],
        local: &[("id", Filled::Number), ("experiment", Filled::Owner)],
        key: &["workload", "run", "idx"],
    },
    Kind {
        table: "standing",
        owner: Owner::Of(Home::Experiment),
        columns: &[
            ("at_ms", Form::Time),
            ("workload", Form::Integer),
            ("pairs", Form::Integer),
            ("estimate", Form::Real),
            ("low", Form::Real),
            ("high", Form::Real),
        ],
        local: &[("id", Filled::Number), ("experiment", Filled::Owner)],
        key: &[],
    },
    Kind {
        table: "calibration",
        owner: Owner::Of(Home::Experiment),
        columns: &[
            ("at_ms", Form::Time),
            ("workload", Form::Integer),
            ("name", Form::Text),
            ("pairs", Form::Integer),
            ("noise", Form::Json),
        ],
        local: &[("id", Filled::Number), ("experiment", Filled::Owner)],
        key: &["workload"],
    },
    Kind {
        table: "profile",
        owner: Owner::Of(Home::Experiment),
        columns: &[
            ("at_ms", Form::Time),
            ("side", Form::Text),
            ("kind", Form::Text),
            ("sha256", Form::Text),
            ("samples", Form::Integer),
            ("cpu_ns", Form::Integer),
            ("measured_ns", Form::Integer),
            ("period_ns", Form::Integer),
            ("weight", Form::Integer),
            ("ops", Form::Integer),
        ],
        local: &[("id", Filled::Number), ("experiment", Filled::Owner), ("file", Filled::ShelfFile)],
        key: &[],
    },
    Kind {
        table: "verdict",
        owner: Owner::Of(Home::Experiment),
        columns: &[
            ("at_ms", Form::Time),
            ("subject", Form::Text),
            ("verdict", Form::Text),
            ("passed", Form::Flag),
            ("reason", Form::Text),
            ("rule_version", Form::Integer),
            ("tree_digest", Form::Text),
            ("workload", Form::Text),
            ("metric", Form::Text),
            ("binary_a", Form::Text),
            ("binary_b", Form::Text),
            ("ruling", Form::Json),
        ],
        local: &[("id", Filled::Number), ("experiment", Filled::Owner)],
        // An experiment has one verdict: any other is a contradiction.
        key: &["subject"],
    },
    Kind {
        table: "stopped",
        owner: Owner::Of(Home::Experiment),
        columns: &[("at_ms", Form::Time), ("sitting", Form::Fact("sitting")), ("reason", Form::Text)],
        local: &[("id", Filled::Number), ("experiment", Filled::Owner)],
        key: &[],
    },
    Kind {
        table: "stack_change",
        owner: Owner::Verdict,
        columns: &[
            ("at_ms", Form::Time),
            ("op", Form::Text),
            ("improvement", Form::Text),
            ("feature", Form::Text),
            ("reason", Form::Text),
        ],
        local: &[("id", Filled::Number), ("verdict", Filled::Owner)],
        key: &[],
    },
    Kind {
        table: "screen",
        owner: Owner::Root(Home::Screen),
        columns: &[
            ("at_ms", Form::Time),
            ("purpose", Form::Text),
            ("factors", Form::Json),
            ("tree_digest", Form::Text),
            ("question", Form::Text),
            ("host", Form::Json),
            ("host_digest", Form::Text),
        ],
        local: &[("id", Filled::Number)],
        key: &["at", "question", "host_digest"],
    },
    Kind {
        table: "screen_sitting",
        owner: Owner::Of(Home::Screen),
        columns: &[("at_ms", Form::Time), ("plan", Form::Json)],
        local: &[
            ("id", Filled::Number),
            ("screen", Filled::Owner),
            ("pid", Filled::Zero),
            ("started_ticks", Filled::Zero),
        ],
        key: &[],
    },
    Kind {
        table: "screen_stage",
        owner: Owner::Of(Home::Screen),
        columns: &[("at_ms", Form::Time), ("stage", Form::Text), ("note", Form::Text)],
        local: &[("id", Filled::Number), ("screen", Filled::Owner)],
        key: &[],
    },
    Kind {
        table: "screen_layout",
        owner: Owner::Of(Home::Screen),
        columns: &[("at_ms", Form::Time), ("rows", Form::Integer), ("why", Form::Text), ("layout", Form::Json)],
        local: &[("id", Filled::Number), ("screen", Filled::Owner)],
        key: &[],
    },
    Kind {
        table: "screen_build",
        owner: Owner::Of(Home::Screen),
        columns: &[
            ("at_ms", Form::Time),
            ("features", Form::Json),
            ("build_key", Form::Text),
            ("sha256", Form::Text),
            ("layouts", Form::Json),
            ("cached", Form::Flag),
        ],
        local: &[("id", Filled::Number), ("screen", Filled::Owner), ("path", Filled::Empty)],
        key: &[],
    },
    Kind {
        table: "screen_loss",
        owner: Owner::Of(Home::Screen),
        columns: &[("at_ms", Form::Time), ("levels", Form::Json), ("stage", Form::Text), ("reason", Form::Text)],
        local: &[("id", Filled::Number), ("screen", Filled::Owner)],
        key: &[],
    },
    Kind {
        table: "screen_conflict",
        owner: Owner::Of(Home::Screen),
        columns: &[("at_ms", Form::Time), ("conflict", Form::Json), ("told", Form::Text)],
        local: &[("id", Filled::Number), ("screen", Filled::Owner)],
        key: &[],
    },
    Kind {
        table: "screen_pair",
        owner: Owner::Of(Home::Screen),
        columns: &[
            ("row", Form::Integer),
            ("idx", Form::Integer),
            ("at_ms", Form::Time),
            ("first", Form::Text),
            ("seed", Form::Text),
            ("d", Form::Real),
            ("dropped", Form::Text),
            ("machine", Form::Json),
            ("a", Form::Json),
            ("b", Form::Json),
        ],
        local: &[("id", Filled::Number), ("screen", Filled::Owner)],
        key: &["row", "idx"],
    },
    Kind {
        table: "screen_end",
        owner: Owner::Of(Home::Screen),
        columns: &[("at_ms", Form::Time), ("layout", Form::Fact("screen_layout")), ("told", Form::Text)],
        local: &[("id", Filled::Number), ("screen", Filled::Owner)],
        key: &[],
    },
    Kind {
        table: "screen_stopped",
        owner: Owner::Of(Home::Screen),
        columns: &[("at_ms", Form::Time), ("sitting", Form::Fact("screen_sitting")), ("reason", Form::Text)],
        local: &[("id", Filled::Number), ("screen", Filled::Owner)],
        key: &[],
    },
    Kind {
        table: "improvement_status",
        owner: Owner::Improvement,
        columns: &[
            ("at_ms", Form::Time),
            ("improvement", Form::Text),
            ("status", Form::Text),
            ("reason", Form::Text),
            ("author", Form::Text),
            ("forced", Form::Flag),
        ],
        local: &[("id", Filled::Number)],
        key: &[],
    },
    Kind {
        table: "note",
        owner: Owner::Improvement,
        columns: &[("at_ms", Form::Time), ("improvement", Form::Text), ("text", Form::Text), ("author", Form::Text)],
        local: &[("id", Filled::Number)],
        key: &[],
    },
];

impl Home {
    /// Its table, and the column of others that names it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Experiment => "experiment",
            Self::Screen => "screen",
        }
    }

    /// The kinds of its facts, itself first.
    pub(super) fn kinds(self) -> impl Iterator<Item = &'static Kind> {
        KINDS.iter().filter(move |kind| match kind.owner {
            Owner::Root(home) | Owner::Of(home) => home == self,
            Owner::Verdict => self == Self::Experiment,
            Owner::Improvement => false,
        })
    }
}

impl Kind {
    /// The kind whose word is `word`.
    pub(super) fn named(word: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.table == word)
    }

    /// The names of its columns in files, with their forms.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, Form)> {
        self.columns.iter().map(|&(column, form)| (field(column, form), form))
    }
}

/// A column's name in files.
pub(super) fn field(column: &'static str, form: Form) -> &'static str {
    match form {
        Form::Time => column.strip_suffix("_ms").unwrap_or(column),
        Form::Integer | Form::Flag | Form::Real | Form::Text | Form::Json | Form::Fact(_) => column,
    }
}
