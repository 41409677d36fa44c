#!/bin/sh
# Builds the engine once per planted bug and expects the named test to fail: a suite that cannot fail proves nothing.
#   engine/planted.sh            all of them
#   engine/planted.sh NAME...    some
# A bug is `cfg!(planted = "NAME")` in the source. It is set by a compiler wrapper, so that dependencies are built once.
set -u
cd "$(dirname "$0")/.." || exit 2
work=target/planted
mkdir -p "$work"

# bug                                   test target         test
list='
sync_skipped                            composed            keeps_its_promises
acknowledged_early                      composed            keeps_its_promises
undo_dropped                            composed            keeps_its_promises
compensation_missing                    composed            keeps_its_promises
torn_page_unhealed                      composed            keeps_its_promises
page_before_its_log                     composed            keeps_its_promises
checkpoint_lsn_too_high                 composed            keeps_its_promises
stale_tail_replayed                     composed            keeps_its_promises
visible_one_too_early                   composed            interleavings_match_the_model
vacuum_forgets_snapshots                composed            no_non_repeatable_read
locks_released_before_commit_record     composed            transfers_keep_the_sum
visible_one_too_early                   composed            what_transactions_see
vacuum_forgets_snapshots                composed            what_transactions_see
locks_released_before_commit_record     composed            what_transactions_see
reader_does_not_wait                    composed            a_reader_waits_for_what_it_saw
vacuum_forgets_the_log                  composed            a_reader_waits_for_a_deletion
reader_does_not_wait                    txn_answers         what_was_answered_survives
vacuum_forgets_the_log                  txn_answers         what_was_answered_survives
redo_point_past_a_dirty_page            composed            background_writing_keeps_its_promises
page_clean_before_written               buffer_flush        a_write_that_fails_leaves_the_page_dirty
unwritten_victim_forgotten              buffer_flush        victims_that_could_not_be_written
changed_page_taken_as_found             composed            many_rows_at_once
changed_page_taken_as_found             loom_latch          an_upgrade_fails
page_installed_twice                    buffer_page_table   one_installer_wins
pinned_page_evicted                     buffer_page_table   only_the_map_keeps_a_page
magazine_handed_over_twice              pool                nothing_is_outstanding
magazine_lost_with_its_thread           pool                nothing_is_outstanding
magazine_handed_over_twice              loom_pool           an_object_has_one_owner
magazine_lost_with_its_thread           loom_pool           an_object_has_one_owner
inflation_forgets_the_holder            txn_locks           holders_are_compatible
notes_not_collected                     txn_locks           holders_are_compatible
shared_bytes_not_lessened               btree_model         the_tree_is_a_map
separator_not_above_what_stays          btree_split         every_plan_divides
scan_trains_the_replacer                buffer_replacer     teaches_nothing
undo_freed_a_commit_early               mvcc                the_model
row_read_unvalidated                    btree_threads       a_row_is_read_whole
release_without_exchange                loom_lock_table     writers
intent_without_second_look              loom_lock_table     whole_table
cycle_unproven                          lock_differential   nobody_gives_way
epoch_passes_a_reader                   loom_reclaim        a_reader_keeps_what_it_found
grace_of_one_epoch                      loom_reclaim        a_reader_keeps_what_it_found
load_adopted_before_it_is_durable       load                a_crash_finds_all_or_nothing
extent_freed_while_it_is_written        load                nobody_elses
long_wait_taken_for_deadlock            txn_locks           nobody_overtakes
'

missed=0
run() {
    bug=$1 target=$2 test=$3
    wrapper="$work/$bug.sh"
    printf '#!/bin/sh\nexec "$@" --cfg '"'"'planted="%s"'"'"'\n' "$bug" > "$wrapper"
    chmod +x "$wrapper"
    log="$work/$bug.log"
    case $target in # a model of loom sees what no machine shows
        loom_*) export RUSTFLAGS='--cfg loom' profile=--release ;;
        *) unset RUSTFLAGS; profile= ;;
    esac
    if ! RUSTC_WORKSPACE_WRAPPER="$PWD/$wrapper" cargo test -q -p engine $profile --target-dir "$work/target" \
        --test "$target" --no-run > "$log" 2>&1; then
        echo "BROKEN  $bug: does not build, see $log"
        missed=$((missed + 1))
        return
    fi
    attempt
    # What a bug breaks may also turn in circles; but a busy machine proves nothing, so it gets one more chance to fail.
    [ $status -ne 124 ] || attempt
    case $status in
        0) missed=$((missed + 1)) && echo "MISSED  $bug: $target::$test passes" ;;
        124) missed=$((missed + 1)) && echo "MISSED  $bug: $target::$test was twice not over after 300 s" ;;
        *) echo "caught  $bug: $target: $(how "$log")" ;;
    esac
}

attempt() {
    status=0
    RUSTC_WORKSPACE_WRAPPER="$PWD/$wrapper" timeout 300 \
        cargo test -q -p engine $profile --target-dir "$work/target" --test "$target" "$test" >> "$log" 2>&1 || status=$?
}

# Which tests failed, or how their process died.
how() {
    failed=$(grep -E '^    [a-z_:]+$' "$1" | sort -u | head -3 | tr -s ' \n' ' ')
    [ -n "$failed" ] && echo "$failed" || grep -m 1 -oE 'signal: [^)]*|exit status: [0-9]+' "$1"
}

echo "$list" | grep . > "$work/list"
while read -r bug target test; do
    if [ $# -gt 0 ] && ! echo " $* " | grep -q " $bug "; then continue; fi
    run "$bug" "$target" "$test"
done < "$work/list"
[ "$missed" -eq 0 ] && echo "every planted bug was caught" || { echo "$missed missed"; exit 1; }
