package command

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// bothZSets calls f with a small sorted set z and with a large one, both of a to c with scores 1 to 3.
func bothZSets(t *testing.T, f func(t *testing.T, r *rig)) {
	for _, entries := range []string{"128", "0"} {
		t.Run("entries "+entries, func(t *testing.T) {
			r := newRig(t, "appendonly yes", "zset-max-listpack-entries "+entries)
			r.do("ZADD z 1 a 2 b 3 c")
			r.effects()
			f(t, r)
		})
	}
}

func TestSortedSetsDoNotAllocate(t *testing.T) {
	for _, entries := range []string{"128", "0"} {
		r := newRig(t, "zset-max-listpack-entries "+entries)
		for i := range 100 {
			r.do(fmt.Sprintf("ZADD z %d member%d", i, i))
		}
		for _, lines := range [][]string{
			{"ZADD z 5.5 member50", "ZADD z 77 member50"},
			{"ZADD z 1 new", "ZREM z new"},
			{"ZINCRBY z 1.5 member3"},
			{"ZSCORE z member7", "ZSCORE z none"},
			{"ZRANK z member7", "ZREVRANK z member7", "ZCARD z"},
			{"ZMSCORE z member1 member2"},
			{"ZRANGE z 10 20 WITHSCORES", "ZRANGEBYSCORE z 10 20 LIMIT 1 5"},
			{"ZCOUNT z 10 (20"},
			{"ZADD z 0 first", "ZPOPMIN z"},
		} {
			if n := r.allocs(lines...); n != 0 {
				t.Errorf("entries %s: %q allocate %v times", entries, lines, n)
			}
		}
	}
}

func TestSortedSetEffects(t *testing.T) {
	bothZSets(t, func(t *testing.T, r *rig) {
		r.wantEffects("ZADD z 1 a")
		r.wantEffects("ZADD z GT 5 a 0 b", "ZADD z GT 5 a 0 b")
		r.wantEffects("ZADD z XX 1 nobody")
		r.wantEffects("ZINCRBY z 2 a", "ZINCRBY z 2 a")
		r.wantEffects("ZREM z nobody")
		r.wantEffects("ZMPOP 2 none z MAX", "ZPOPMAX z 1")
		r.wantEffects("ZMPOP 1 z MIN COUNT 100", "ZPOPMIN z 2")
		r.wantEffects("ZPOPMIN z")
		r.wantEffects("ZUNIONSTORE d 1 z")
		r.wantEffects("GEOADD g NX 13.361389 38.115556 Palermo", "ZADD g NX 3479099956230698 Palermo")
		r.wantEffects("GEOADD g NX 1 1 Palermo")
		r.wantEffects("GEORADIUS g 13 38 100 km")
		r.wantEffects("GEORADIUS g 13 38 100 km STORE h", "GEORADIUS g 13 38 100 km STORE h")
		r.wantEffects("ZRANGESTORE h none 0 -1", "ZRANGESTORE h none 0 -1")
		r.wantEffects("ZRANGESTORE h none 0 -1")
	})
}

func TestRankWithScore(t *testing.T) {
	bothZSets(t, func(t *testing.T, r *rig) {
		r.want("ZRANK z b WITHSCORE", "*2\r\n:1\r\n$1\r\n2\r\n")
		r.want("ZREVRANK z a withscore", "*2\r\n:2\r\n$1\r\n1\r\n")
		r.want("ZRANK z none WITHSCORE", "*-1\r\n")
		r.want("ZRANK none a WITHSCORE", "*-1\r\n")
		r.do("HELLO 3")
		r.want("ZRANK z c WITHSCORE", "*2\r\n:2\r\n,3\r\n")
		r.want("ZRANK z none WITHSCORE", "_\r\n")
	})
}

// A copy of a large set has a life of its own.
func TestCopyOfSortedSet(t *testing.T) {
	bothZSets(t, func(t *testing.T, r *rig) {
		r.do("COPY z copy")
		r.do("ZADD copy 9 a")
		r.do("ZREM z b")
		r.want("ZRANGE z 0 -1", "*2\r\n$1\r\na\r\n$1\r\nc\r\n")
		r.want("ZRANGE copy 0 -1", "*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\na\r\n")
	})
}

func TestPartialSort(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	compare := func(x, y *int) int { return cmp.Compare(*x, *y) }
	for range 3000 {
		a := make([]int, 1+rng.IntN(300))
		values := 1 + rng.IntN(400)
		for i := range a {
			a[i] = rng.IntN(values)
		}
		if rng.IntN(4) == 0 {
			slices.Sort(a)
		}
		n := 1 + rng.IntN(len(a))
		want := slices.Sorted(slices.Values(a))
		before := slices.Clone(a)
		partialSort(a, n, compare)
		if !slices.Equal(a[:n], want[:n]) {
			t.Fatalf("first %d of %v: %v", n, before, a)
		}
		if slices.Sort(a); !slices.Equal(a, want) {
			t.Fatalf("%v has become %v", before, a)
		}
	}
}

// Sorted sets and sets are inputs of the same commands, in any encoding.
func TestAlgebraAgainstModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 60 {
		r := newRig(t)
		model := map[string]map[string]int{}
		for _, name := range []string{"a", "b", "c"} {
			model[name] = map[string]int{}
			n, isSet := 1+rng.IntN([]int{20, 1000}[rng.IntN(2)]), rng.IntN(3) == 0
			for range n {
				score, member := 1, fmt.Sprintf("m%d", rng.IntN(n*3/2))
				if isSet {
					r.send("SADD", name, member)
				} else {
					score = rng.IntN(50)
					r.send("ZADD", name, fmt.Sprint(score), member)
				}
				model[name][member] = score
			}
		}
		union, inter, diff := map[string]int{}, map[string]int{}, map[string]int{}
		for _, set := range model {
			for m, score := range set {
				union[m] += score
			}
		}
		for m, score := range model["a"] {
			_, b := model["b"][m]
			_, c := model["c"][m]
			if b && c {
				inter[m] = union[m]
			}
			if !b && !c {
				diff[m] = score
			}
		}
		for op, want := range map[string]map[string]int{"ZUNION": union, "ZINTER": inter, "ZDIFF": diff} {
			r.wantElements(op, r.send(op, "3", "a", "b", "c", "WITHSCORES"), want)
			r.send(op+"STORE", "d", "3", "a", "b", "c")
			r.wantElements(op+"STORE", r.send("ZRANGE", "d", "0", "-1", "WITHSCORES"), want)
		}
		r.want("ZINTERCARD 3 a b c", fmt.Sprintf(":%d\r\n", len(inter)))
	}
}

// wantElements compares a reply of members with scores.
func (r *rig) wantElements(what, reply string, want map[string]int) {
	r.Helper()
	var lines []string
	for i, line := range strings.Split(reply, "\r\n") {
		if i > 0 && i%2 == 0 {
			lines = append(lines, line)
		}
	}
	members := make([]string, 0, len(want))
	for m := range want {
		members = append(members, m)
	}
	slices.SortFunc(members, func(a, b string) int {
		return cmp.Or(cmp.Compare(want[a], want[b]), cmp.Compare(a, b))
	})
	var expected []string
	for _, m := range members {
		expected = append(expected, m, fmt.Sprint(want[m]))
	}
	if !slices.Equal(lines, expected) {
		r.Fatalf("%s: %q, want %q", what, lines, expected)
	}
}
