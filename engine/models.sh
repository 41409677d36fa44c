#!/bin/sh
# The engine's protocols under a model checker.
#   engine/models.sh          every loom model and every shuttle test: part of CI
#   engine/models.sh long     the same with more preemptions and schedules: an hour or more
#   engine/models.sh miri     the modules without I/O under Miri, if a nightly toolchain with it is installed
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
        export MIRIFLAGS='-Zmiri-ignore-leaks -Zmiri-disable-isolation'
        miri() { cargo +nightly miri test -q --locked --target-dir "$work/miri" --lib "$@"; }
        # All of the parts, and of the engine what does no I/O and has tests of its own.
        miri -p engine-parts -- --skip concurrent::reclaim
        miri -p engine --features all -- memory:: buffer:: transaction::
        # crossbeam-epoch, C003's baseline, goes from an entry of its list to what holds it, which Stacked Borrows forbids.
        MIRIFLAGS="$MIRIFLAGS -Zmiri-tree-borrows -Zmiri-permissive-provenance" miri -p engine-parts -- concurrent::reclaim
        exit 0
        ;;
    *) echo "usage: engine/models.sh [long | miri]" >&2; exit 2 ;;
esac

RUSTFLAGS='--cfg loom' cargo test -q --locked -p engine --release --target-dir "$work/loom" --test 'loom_*'
RUSTFLAGS='--cfg shuttle' cargo test -q --locked -p engine --release --target-dir "$work/shuttle" --test 'shuttle_*'
