package command

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"spindle/store"
)

func TestListsDoNotAllocate(t *testing.T) {
	r := newRig(t)
	r.do("RPUSH small a b c d")
	for i := range 5000 {
		r.do(fmt.Sprintf("RPUSH large element-%d", i))
	}
	for _, lines := range [][]string{
		{"LPUSH small a", "LPOP small"},
		{"RPUSH small a", "RPOP small", "LLEN small", "LINDEX small 2"},
		{"LPUSH large a", "RPUSH large b", "LPOP large", "RPOP large"},
		{"LRANGE large 2000 2100", "LINDEX large 2500"},
		{"LPUSH fresh a", "LPOP fresh"},
		{"LMOVE large large LEFT RIGHT"},
	} {
		if n := r.allocs(lines...); n != 0 {
			t.Errorf("%q allocate %v times", lines, n)
		}
	}
}

func TestListEffects(t *testing.T) {
	r := newRig(t, "appendonly yes")
	r.wantEffects("RPUSH l a b c d e", "RPUSH l a b c d e")
	r.wantEffects("LPUSHX nokey a")
	r.wantEffects("LPOP l", "LPOP l")
	r.wantEffects("LPOP nokey")
	r.wantEffects("RPOP l 0")
	r.wantEffects("LMPOP 2 nokey l LEFT COUNT 2", "LPOP l 2")
	r.wantEffects("LMPOP 1 l RIGHT COUNT 20", "RPOP l 2")
	r.wantEffects("LMPOP 1 l LEFT")
	r.wantEffects("RPUSH l a b", "RPUSH l a b")
	r.wantEffects("LMOVE l m LEFT RIGHT", "LMOVE l m LEFT RIGHT")
	r.wantEffects("RPOPLPUSH l m", "RPOPLPUSH l m")
	r.wantEffects("LTRIM m 0 -1")
	r.wantEffects("LREM m 0 x")
	r.wantEffects("LSET m 0 z", "LSET m 0 z")
	r.wantEffects("LINSERT m BEFORE z y", "LINSERT m BEFORE z y")
	r.wantEffects("LINSERT m BEFORE x y")
	r.wantEffects("SORT m ALPHA STORE s", "SORT m ALPHA STORE s")
	r.wantEffects("SORT nokey STORE s", "SORT nokey STORE s")
	r.wantEffects("SORT nokey STORE s")
}

// TestListAgainstModel changes a list, packed and large in turn, and a slice alike.
func TestListAgainstModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, limit := range []string{"-2", "-1", "3", "0"} {
		r := newRig(t, "list-max-listpack-size "+limit)
		var model []string
		for i := range 4000 {
			model = changeList(r, rng, model, i%1000 < 600)
			if i%20 == 0 {
				checkList(r, model)
			}
		}
		checkList(r, model)
	}
}

func changeList(r *rig, rng *rand.Rand, model []string, grow bool) []string {
	n := len(model)
	elem := func() string {
		return []string{fmt.Sprint(rng.IntN(300)), strings.Repeat("ab", rng.IntN(100)), fmt.Sprint("v", rng.IntN(9))}[rng.IntN(3)]
	}
	some := func() (elems []string) {
		for range 1 + rng.IntN(12) {
			elems = append(elems, elem())
		}
		return elems
	}
	switch op := rng.IntN(9); {
	case n == 0 || op < 2 || grow && op < 5:
		elems := some()
		if rng.IntN(2) == 0 {
			r.send(append([]string{"RPUSH", "l"}, elems...)...)
			return append(model, elems...)
		}
		r.send(append([]string{"LPUSH", "l"}, elems...)...)
		slices.Reverse(elems)
		return append(elems, model...)
	case op == 5:
		i, e := rng.IntN(n), elem()
		r.send("LSET", "l", fmt.Sprint(i), e)
		model[i] = e
		return model
	case op == 6:
		pivot, e := model[rng.IntN(n)], elem()
		r.send("LINSERT", "l", "AFTER", pivot, e)
		return slices.Insert(model, slices.Index(model, pivot)+1, e)
	case op == 7:
		e := model[rng.IntN(n)]
		r.send("LREM", "l", "1", e)
		i := slices.Index(model, e)
		return slices.Delete(model, i, i+1)
	case op == 8 && !grow && rng.IntN(20) == 0:
		i := rng.IntN(n)
		r.send("LTRIM", "l", fmt.Sprint(i/2), fmt.Sprint(i))
		return model[i/2 : i+1]
	}
	count := min(1+rng.IntN(10), n)
	if rng.IntN(2) == 0 {
		r.send("LPOP", "l", fmt.Sprint(count))
		return model[count:]
	}
	r.send("RPOP", "l", fmt.Sprint(count))
	return model[:n-count]
}

func checkList(r *rig, model []string) {
	r.Helper()
	reply := r.do("LRANGE l 0 -1")
	want := &strings.Builder{}
	fmt.Fprintf(want, "*%d\r\n", len(model))
	for _, e := range model {
		fmt.Fprintf(want, "$%d\r\n%s\r\n", len(e), e)
	}
	if reply != want.String() {
		r.Fatalf("a list of %d elements differs from its model", len(model))
	}
	if k := r.s.Store.DBs[0].Peek([]byte("l")); k.Exists() != (len(model) > 0) {
		r.Fatalf("%d elements, key exists: %v", len(model), k.Exists())
	}
}

// TestListShrinks sees a large list return into its record.
func TestListShrinks(t *testing.T) {
	r := newRig(t)
	for i := range 5000 {
		r.do(fmt.Sprintf("RPUSH l element-%d", i))
	}
	object := func() store.Object {
		k := r.s.Store.DBs[0].Peek([]byte("l"))
		return k.Object()
	}
	if object() == nil {
		t.Fatal("a list of 5000 elements is packed")
	}
	for range 4990 {
		r.do("LPOP l")
	}
	if object() != nil {
		t.Fatal("a list of 10 elements is large")
	}
	r.want("LINDEX l 0", "$12\r\nelement-4990\r\n")
	r.want("LLEN l", ":10\r\n")
}
