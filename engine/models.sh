#!/bin/sh
# The engine's protocols under a model checker.
#   engine/models.sh          every loom model and every shuttle test: part of CI
#   engine/models.sh long     the same with more preemptions and schedules: an hour or more
#   engine/models.sh miri     the memory and page modules under Miri, if a nightly toolchain with it is installed
set -eu
cd "$(dirname "$0")/.."
work=target/models

case ${1:-quick} in
    quick) ;;
    long) export LOOM_MAX_PREEMPTIONS=4 SHUTTLE_SCHEDULES=200000 ;;
    miri)
        if ! cargo +nightly miri --version > /dev/null 2>&1; then
            echo "SKIPPED: no nightly toolchain with Miri here (rustup toolchain install nightly -c miri)" >&2
            exit 0
        fi
        # What the process keeps until its end (thread-local magazines, epochs) is no leak.
        miri() {
            MIRIFLAGS='-Zmiri-ignore-leaks -Zmiri-disable-isolation' \
                cargo +nightly miri test -q -p "$1" --target-dir "$work/miri" --lib "$2"
        }
        for part in memory:: storage::slotted:: buffer::racy:: transaction::row_log::; do miri engine $part; done
        for part in pool:: concurrent::lock_table:: metrics::; do miri engine-parts $part; done
        exit 0
        ;;
    *) echo "usage: engine/models.sh [long | miri]" >&2; exit 2 ;;
esac

RUSTFLAGS='--cfg loom' cargo test -q --locked -p engine --release --target-dir "$work/loom" --test 'loom_*'
RUSTFLAGS='--cfg shuttle' cargo test -q --locked -p engine --release --target-dir "$work/shuttle" --test 'shuttle_*'
