package command

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// bigWrite returns a command that changes one of a few big strings.
func bigWrite(rng *rand.Rand) []string {
	key := func() string { return fmt.Sprint("big", rng.IntN(4)) }
	text := func(n int) string { return strings.Repeat(string(rune('a'+rng.IntN(26))), n) }
	num := func(n int) string { return fmt.Sprint(rng.IntN(n)) }
	switch rng.IntN(16) {
	case 0:
		return []string{"SET", key(), text(1 + rng.IntN(900_000))}
	case 1, 2, 3:
		return []string{"APPEND", key(), text(1 + rng.IntN(5000))}
	case 4, 5, 6, 7:
		return []string{"SETRANGE", key(), num(900_000), text(1 + rng.IntN(200_000))}
	case 8, 9:
		return []string{"SETBIT", key(), num(7_000_000), num(2)}
	case 10:
		return []string{"BITFIELD", key(), "SET", "u16", num(6_000_000), num(60_000), "INCRBY", "i32", num(6_000_000), num(1000)}
	case 11:
		k := key()
		return []string{"BITOP", "XOR", k, k, key()}
	case 12:
		return []string{"PEXPIRE", key(), fmt.Sprint(1_000_000 + rng.IntN(1_000_000))}
	case 13:
		return []string{"RENAME", key(), key()}
	case 14:
		return []string{"COPY", key(), key(), "REPLACE"}
	default:
		return []string{[]string{"DEL", "PERSIST"}[rng.IntN(2)], key()}
	}
}

// Big strings are handed over in pieces. Loading the new base and what follows gives what is there, whatever changed in between.
func TestRewriteOfBigStrings(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	r := newRig(t, "appendonly yes", "appendfsync no", "auto-aof-rewrite-percentage 0")
	for round := range 6 {
		r.ok("CONFIG SET aof-use-rdb-preamble " + []string{"yes", "no"}[round%2])
		for range 40 {
			r.send(bigWrite(rng)...)
		}
		if err := r.s.BeginRewrite(); err != nil {
			t.Fatal(err)
		}
		// The pump's slices are left out: the steps come in between the commands here, and do not wait for the disk.
		for walk := r.s.rewrite; r.s.rewrite != nil; walk.step() {
			if rng.IntN(3) == 0 {
				r.send(bigWrite(rng)...)
			}
		}
		r.waitRewrite()
		if err := r.s.Log.Flush(10 * time.Second); err != nil {
			t.Fatal(err)
		}
		want, got := r.contents(), r.reload().contents()
		for k := range want {
			if got[k] != want[k] {
				t.Fatalf("round %d: %s has %d bytes and is not what was written, %d", round, k, len(got[k]), len(want[k]))
			}
		}
		if len(got) != len(want) {
			t.Fatalf("round %d: %d keys, want %d", round, len(got), len(want))
		}
	}
}
