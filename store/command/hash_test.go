package command

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestHashesDoNotAllocate(t *testing.T) {
	for _, entries := range []string{"512", "0"} {
		r := newRig(t, "hash-max-listpack-entries "+entries)
		r.do("HSET h f1 v1 f2 v2 f3 3")
		for _, lines := range [][]string{
			{"HSET h f2 vx", "HGET h f2"},
			{"HSET h f3 4", "HGET h f3", "HINCRBY h f3 1", "HSET h f3 4"},
			{"HMGET h f1 nofield f3", "HEXISTS h f1", "HSTRLEN h f1", "HLEN h"},
			{"HDEL h nofield", "HSETNX h f1 x"},
		} {
			if n := r.allocs(lines...); n != 0 {
				t.Errorf("hash-max-listpack-entries %s: %q allocate %v times", entries, lines, n)
			}
		}
	}
}

func TestHashEffects(t *testing.T) {
	r := newRig(t, "appendonly yes")
	r.wantEffects("HSET h f 1 g 2", "HSET h f 1 g 2")
	r.wantEffects("HMSET h f 1", "HMSET h f 1")
	r.wantEffects("HSETNX h f 2")
	r.wantEffects("HSETNX h n 2", "HSETNX h n 2")
	r.wantEffects("HINCRBY h f 5", "HINCRBY h f 5")
	r.wantEffects("HINCRBYFLOAT h f 0.5", "HSET h f 6.5")
	r.wantEffects("HINCRBY h f 5")
	r.wantEffects("HDEL h nofield")
	r.wantEffects("HDEL h f g", "HDEL h f g")
	r.wantEffects("HGETALL h")
}

// TestHugeCounts: a count that would fill the memory is refused before anything is written.
func TestHugeCounts(t *testing.T) {
	r := newRig(t)
	r.do("HSET h f v")
	r.do("SADD s a")
	for _, line := range []string{
		"HRANDFIELD h -9223372036854775807", "HRANDFIELD h -1000000000 WITHVALUES",
		"SRANDMEMBER s -9223372036854775807", "SRANDMEMBER s -1000000000",
	} {
		r.want(line, "-ERR value is out of range\r\n")
	}
}

// TestHashAgainstModel drives a hash and a map with the same random commands.
func TestHashAgainstModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	for _, entries := range []int{0, 20, 512} {
		t.Logf("seed %d, hash-max-listpack-entries %d", seed, entries)
		rng := rand.New(rand.NewPCG(seed, uint64(entries)))
		r := newRig(t, fmt.Sprintf("hash-max-listpack-entries %d", entries), "hash-max-listpack-value 30")
		model := map[string]string{}
		for step := range 6000 {
			field := fmt.Sprintf("f%d", rng.IntN(60))
			switch rng.IntN(8) {
			case 0, 1, 2:
				value := strings.Repeat("x", rng.IntN(40))
				if rng.IntN(2) == 0 {
					value = strconv.FormatInt(rng.Int64()>>rng.IntN(64), 10)
				}
				_, had := model[field]
				model[field] = value
				wantReply(t, r.send("HSET", "h", field, value), truth(!had))
			case 3, 4, 5:
				_, had := model[field]
				delete(model, field)
				wantReply(t, r.send("HDEL", "h", field), truth(had))
			case 6:
				n, err := strconv.ParseInt(model[field], 10, 64)
				if _, had := model[field]; had && err != nil || n > 1<<62 || n < -1<<62 {
					continue
				}
				model[field] = strconv.FormatInt(n-3, 10)
				wantReply(t, r.send("HINCRBY", "h", field, "-3"), ":"+model[field])
			case 7:
				want := "$-1"
				if v, had := model[field]; had {
					want = fmt.Sprintf("$%d\r\n%s", len(v), v)
				}
				wantReply(t, r.send("HGET", "h", field), want)
			}
			if step%50 == 0 {
				checkHash(t, r, model)
			}
		}
	}
}

func checkHash(t *testing.T, r *rig, model map[string]string) {
	t.Helper()
	all := bulks(r.do("HGETALL h"))
	got := map[string]string{}
	for i := 0; i+1 < len(all); i += 2 {
		got[all[i]] = all[i+1]
	}
	if !maps.Equal(got, model) || len(all) != 2*len(model) {
		t.Fatalf("HGETALL: %q, want %q", got, model)
	}
	wantReply(t, r.do("HLEN h"), fmt.Sprintf(":%d", len(model)))
	keys, vals := bulks(r.do("HKEYS h")), bulks(r.do("HVALS h"))
	for i, k := range keys {
		if model[k] != vals[i] {
			t.Fatalf("HKEYS and HVALS disagree on %q", k)
		}
	}
	some := bulks(r.do("HRANDFIELD h 5"))
	slices.Sort(some)
	if len(slices.Compact(some)) != min(5, len(model)) {
		t.Fatalf("HRANDFIELD h 5: %q", some)
	}
	scanned := map[string]string{}
	for cursor := "0"; ; {
		page := bulks(r.send("HSCAN", "h", cursor, "COUNT", "7"))
		for i := 1; i+1 < len(page); i += 2 {
			scanned[page[i]] = page[i+1]
		}
		if cursor = page[0]; cursor == "0" {
			break
		}
	}
	if !maps.Equal(scanned, model) {
		t.Fatalf("HSCAN: %q, want %q", scanned, model)
	}
}

func truth(b bool) string {
	if b {
		return ":1"
	}
	return ":0"
}

func wantReply(t *testing.T, got, want string) {
	t.Helper()
	if got != want+"\r\n" {
		t.Fatalf("got %q, want %q", got, want)
	}
}

// bulks returns the bulk strings in a reply, whatever they are nested in.
func bulks(reply string) (out []string) {
	b := []byte(reply)
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\r\n"))
		if line[0] == '$' && line[1] != '-' {
			n, _ := strconv.Atoi(string(line[1:]))
			out = append(out, string(rest[:n]))
			rest = rest[n+2:]
		}
		b = rest
	}
	return out
}
