package command

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"spindle/store"
)

func TestSetsDoNotAllocate(t *testing.T) {
	r := newRig(t, "set-max-intset-entries 10")
	r.do("SADD ints 1 2 3")
	r.do("SADD small a b c")
	r.do("SADD large a b c " + strings.Repeat("x", packedSetBytes+1))
	for key, member := range map[string]string{"ints": "2", "small": "b", "large": "b"} {
		lines := []string{"SADD " + key + " " + member, "SISMEMBER " + key + " " + member, "SISMEMBER " + key + " no",
			"SMISMEMBER " + key + " " + member + " no", "SREM " + key + " no", "SCARD " + key, "SRANDMEMBER " + key}
		if n := r.allocs(lines...); n != 0 {
			t.Errorf("%q allocate %v times", lines, n)
		}
		lines = []string{"SPOP " + key, "SADD " + key + " 1 2 3 a b c"}
		if n := r.allocs(lines...); key != "ints" && n != 0 {
			t.Errorf("%q allocate %v times", lines, n)
		}
	}
}

func TestSetEffects(t *testing.T) {
	r := newRig(t, "appendonly yes")
	r.wantEffects("SADD s a", "SADD s a")
	r.wantEffects("SADD s a")
	r.wantEffects("SPOP s", "SREM s a")
	r.wantEffects("SPOP s")
	r.do("SADD s a b c")
	r.wantEffects("SPOP s 3", "DEL s")
	r.do("SADD s a")
	r.do("SADD s2 a")
	r.wantEffects("SMOVE s s2 a", "SMOVE s s2 a")
	r.wantEffects("SINTERSTORE d nokey s2")
	r.wantEffects("SUNIONSTORE d s2", "SUNIONSTORE d s2")
	r.wantEffects("SINTERSTORE d nokey s2", "SINTERSTORE d nokey s2")
	r.wantEffects("SREM s2 b")
}

// TestPoppedMembersAreLogged pops a part and nearly all of a set of each encoding and replays the effects by hand.
func TestPoppedMembersAreLogged(t *testing.T) {
	for _, members := range []int{20, 3000} {
		for _, share := range []int{3, 10} {
			r := newRig(t, "appendonly yes")
			var all []string
			for i := range members {
				all = append(all, fmt.Sprintf("m%d", i))
			}
			r.send(append([]string{"SADD", "s"}, all...)...)
			r.effects()
			count := members - members/share
			popped := bulks(r.do(fmt.Sprintf("SPOP s %d", count)))
			var logged []string
			for _, line := range r.effects() {
				if words := strings.Fields(line); words[0] == "SREM" {
					logged = append(logged, words[2:]...)
				}
			}
			if !slices.Equal(popped, logged) || len(popped) != count {
				t.Fatalf("%d popped of %d, %d logged", len(popped), members, len(logged))
			}
			left := bulks(r.do("SMEMBERS s"))
			both := append(slices.Clone(left), popped...)
			slices.Sort(both)
			slices.Sort(all)
			if !slices.Equal(both, all) {
				t.Fatalf("popped %d and left %d are not all of %d", len(popped), len(left), members)
			}
		}
	}
}

// shapes are ways to write member i: as integers, short strings and long ones, so that every encoding occurs.
var shapes = []func(i int) string{
	func(i int) string { return fmt.Sprint(i*i*1000 - 5000) },
	func(i int) string { return fmt.Sprintf("m%d", i) },
	func(i int) string { return fmt.Sprintf("%0*d", 40+i, i) },
	func(i int) string {
		if i%3 == 0 {
			return fmt.Sprintf("m%d", i)
		}
		return fmt.Sprint(i)
	},
}

func TestSetsAgainstModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	encodings := map[store.Encoding]bool{}
	for round := range 40 {
		r := newRig(t, fmt.Sprintf("set-max-intset-entries %d", rng.IntN(60)))
		shape := shapes[round%len(shapes)]
		models := []map[string]bool{{}, {}, {}}
		for range 400 {
			i := rng.IntN(3)
			key, m := fmt.Sprintf("s%d", i), shape(rng.IntN(200))
			switch had := models[i][m]; rng.IntN(4) {
			case 0, 1:
				models[i][m] = true
				wantReply(t, r.send("SADD", key, m), truth(!had))
				k := r.s.Store.DBs[0].Peek([]byte(key))
				encodings[k.Encoding()] = true
			case 2:
				delete(models[i], m)
				wantReply(t, r.send("SREM", key, m), truth(had))
			case 3:
				wantReply(t, r.send("SISMEMBER", key, m), truth(had))
			}
		}
		checkAlgebra(t, r, models)
	}
	if len(encodings) != 3 {
		t.Errorf("only %v occurred", encodings)
	}
}

// checkAlgebra compares members, unions, intersections and differences, answered and stored, with the models.
func checkAlgebra(t *testing.T, r *rig, models []map[string]bool) {
	t.Helper()
	union, inter, diff := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range models {
		maps.Copy(union, models[i])
		want(t, r, fmt.Sprintf("SMEMBERS s%d", i), models[i])
	}
	for m := range models[0] {
		if models[1][m] && models[2][m] {
			inter[m] = true
		}
		if !models[1][m] && !models[2][m] {
			diff[m] = true
		}
	}
	for op, set := range map[string]map[string]bool{"SUNION": union, "SINTER": inter, "SDIFF": diff} {
		want(t, r, op+" s0 s1 s2", set)
		wantReply(t, r.do(op+"STORE d s0 s1 s2"), fmt.Sprintf(":%d", len(set)))
		want(t, r, "SMEMBERS d", set)
	}
	wantReply(t, r.do("SINTERCARD 3 s0 s1 s2"), fmt.Sprintf(":%d", len(inter)))
	wantReply(t, r.do("SINTERCARD 3 s0 s1 s2 LIMIT 3"), fmt.Sprintf(":%d", min(3, len(inter))))
}

func want(t *testing.T, r *rig, line string, set map[string]bool) {
	t.Helper()
	got, sorted := bulks(r.do(line)), slices.Sorted(maps.Keys(set))
	slices.Sort(got)
	if !slices.Equal(got, sorted) {
		t.Fatalf("%s: %q, want %q", line, got, sorted)
	}
}

// TestManyWaysToSubtract has SDIFF choose both algorithms, on sets of every size.
func TestManyWaysToSubtract(t *testing.T) {
	r := newRig(t)
	add := func(key string, from, to int) {
		args := []string{"SADD", key}
		for i := from; i < to; i++ {
			args = append(args, fmt.Sprintf("m%d", i))
		}
		r.send(args...)
	}
	add("big", 0, 1000)
	for i := range 6 {
		add(fmt.Sprintf("few%d", i), i*10, i*10+10)
	}
	add("huge", 500, 3000)
	if got := len(bulks(r.do("SDIFF big few0 few1 few2 few3 few4 few5"))); got != 940 { // removes
		t.Errorf("%d members", got)
	}
	if got := len(bulks(r.do("SDIFF big huge few0"))); got != 490 { // looks up
		t.Errorf("%d members", got)
	}
	wantReply(t, r.do("SDIFFSTORE big big few0 few1 few2 few3 few4 few5"), ":940")
	wantReply(t, r.do("SDIFFSTORE big big huge big"), ":0")
	wantReply(t, r.do("EXISTS big"), ":0")
}
