package command

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"spindle/aof/rdb"
	"spindle/resp"
)

func TestStreamEffects(t *testing.T) {
	r := newRig(t, "appendonly yes", "stream-node-max-entries 3")
	now := int64(rigStart)
	r.wantEffects("XADD s * f v", "XADD s 1700000000000-0 f v")
	r.wantEffects("XADD s 1700000000000-* f v", "XADD s 1700000000000-1 f v")
	r.wantEffects("XADD s 1700000000001-5 f v", "XADD s 1700000000001-5 f v")
	for range 5 {
		r.do("XADD s * f v")
	}
	r.wantEffects("XADD s MAXLEN ~ 4 * f v", "XADD s MAXLEN = 6 1700000000001-11 f v")
	r.wantEffects("XTRIM s MAXLEN ~ 6")
	r.wantEffects("XTRIM s MINID ~ 1700000000001-9 LIMIT 30", "XTRIM s MINID = 1700000000001-9 LIMIT 30")
	r.wantEffects("XTRIM s MAXLEN 2", "XTRIM s MAXLEN 2")
	r.wantEffects("XGROUP CREATE s g 0", "XGROUP CREATE s g 0")
	claim := func(consumer, id string, count int, last string) string {
		return fmt.Sprintf("XCLAIM s g %s 0 %s TIME %d RETRYCOUNT %d FORCE JUSTID LASTID %s", consumer, id, now, count, last)
	}
	r.wantEffects("XREADGROUP GROUP g a STREAMS s >", "MULTI",
		claim("a", "1700000000001-10", 1, "1700000000001-10"), claim("a", "1700000000001-11", 1, "1700000000001-11"),
		"XGROUP SETID s g 1700000000001-11 ENTRIESREAD 9", "EXEC")
	r.wantEffects("XREADGROUP GROUP g a STREAMS s 0")
	r.wantEffects("XREADGROUP GROUP g new STREAMS s 0", "XGROUP CREATECONSUMER s g new")
	r.wantEffects("XREADGROUP GROUP g a STREAMS s >")
	r.wantEffects("XCLAIM s g b 0 1700000000001-10", claim("b", "1700000000001-10", 3, "1700000000001-11"))
	r.wantEffects("XCLAIM s g b 1000 1700000000001-10")
	r.wantEffects("XCLAIM s g b 1000 1700000000001-10 LASTID 1700000000002-0", "XGROUP SETID s g 1700000000002-0 ENTRIESREAD 9")
	r.do("XDEL s 1700000000001-11")
	r.wantEffects("XAUTOCLAIM s g c 0 0", "MULTI",
		claim("c", "1700000000001-10", 4, "1700000000002-0"), claim("a", "1700000000001-11", 2, "1700000000002-0"), "EXEC")
	r.wantEffects("XACK s g 1-1")
	r.wantEffects("XACK s g 1700000000001-10", "XACK s g 1700000000001-10")
}

// What the documentation of Redis 8.2 says of XDELEX and XACKDEL.
func TestStreamDeletions(t *testing.T) {
	r := newRig(t, "appendonly yes")
	for i := 1; i <= 9; i++ {
		r.do(fmt.Sprintf("XADD s %d-1 f v", i))
	}
	r.do("XGROUP CREATE s g 0")
	r.do("XGROUP CREATE s h 0")
	r.do("XREADGROUP GROUP g c COUNT 6 STREAMS s >")
	r.do("XREADGROUP GROUP h c COUNT 4 STREAMS s >")
	r.want("XDELEX nokey IDS 2 1-1 2-1", "*2\r\n:-1\r\n:-1\r\n")
	r.want("XACKDEL s nogroup IDS 1 1-1", "*1\r\n:-1\r\n")
	r.want("XDELEX s KEEPREF IDS 2 1-1 1-1", "*2\r\n:1\r\n:-1\r\n")
	r.want("XDELEX s ACKED IDS 3 2-1 9-1 7-7", "*3\r\n:2\r\n:2\r\n:-1\r\n")
	r.wantEffects("XDELEX s DELREF IDS 1 2-1", "MULTI", "XACK s g 2-1", "XACK s h 2-1", "XDEL s 2-1", "EXEC")
	r.want("XACKDEL s g ACKED IDS 3 3-1 5-1 2-1", "*3\r\n:2\r\n:2\r\n:-1\r\n")
	r.want("XACKDEL s h ACKED IDS 1 3-1", "*1\r\n:1\r\n")
	r.want("XACKDEL s g IDS 2 1-1 6-1", "*2\r\n:1\r\n:1\r\n")
	r.want("XACKDEL s g DELREF IDS 1 4-1", "*1\r\n:1\r\n")
	r.want("XPENDING s g", "*4\r\n:0\r\n$-1\r\n$-1\r\n*-1\r\n")
	r.want("XPENDING s h", "*4\r\n:1\r\n$3\r\n1-1\r\n$3\r\n1-1\r\n*1\r\n*2\r\n$1\r\nc\r\n$1\r\n1\r\n")
	r.want("XLEN s", ":4\r\n")
	r.wantEffects("XDELEX s IDS 1 1-1")
	for line, err := range map[string]resp.Error{"XDELEX s IDS 0 1-1": resp.ErrNumIDs, "XDELEX s IDS 2 1-1": resp.ErrNumIDsMatch,
		"XDELEX s IDS 1 x": resp.ErrStreamID, "XDELEX s FOO IDS 1 1-1": resp.ErrSyntax, "XACKDEL s g ACKED DELREF ACKED": resp.ErrSyntax} {
		r.want(line, "-"+string(err)+"\r\n")
	}
}

// fillStreams makes streams of several shapes and returns their keys.
func fillStreams(do func(args ...string) string) []string {
	for i := range 1000 {
		id := fmt.Sprintf("%d-%d", 1000+i/3, i%3+1)
		do("XADD", "same", id, "field", fmt.Sprint("value", i), "n", fmt.Sprint(i))
		do("XADD", "other", id, fmt.Sprint("f", i%7), strings.Repeat("x", i%50), "g", fmt.Sprint(-i))
		do("XADD", "large", id, "f", strings.Repeat("abc", i*3))
		if i%4 == 0 {
			do("XDEL", "other", fmt.Sprintf("%d-%d", 1000+i/7, i%3+1))
		}
	}
	do("XTRIM", "same", "MAXLEN", "555")
	do("XADD", "empty", "5-5", "f", "v")
	do("XDEL", "empty", "5-5")
	for _, key := range []string{"same", "other", "empty"} {
		do("XGROUP", "CREATE", key, "g", "0", "ENTRIESREAD", "7")
		do("XGROUP", "CREATE", key, "other group", "$")
		do("XGROUP", "CREATECONSUMER", key, "g", "idle")
		do("XREADGROUP", "GROUP", "g", "alice", "COUNT", "150", "STREAMS", key, ">")
		do("XREADGROUP", "GROUP", "g", "bob", "COUNT", "50", "STREAMS", key, ">")
		do("XREADGROUP", "GROUP", "g", "alice", "STREAMS", key, "0")
	}
	return []string{"same", "other", "large", "empty"}
}

// Streams without groups, which know the time, are dumped as redis-server does, byte for byte; with groups, those that
// redis-server has dumped come out as they went in.
func TestStreamDump(t *testing.T) {
	_, _, do := reference(t)
	r := newRig(t)
	fillStreams(do)
	for _, key := range fillStreams(r.send) {
		payload := do("DUMP", key)
		if got := r.send("RESTORE", "copy", "0", payload, "REPLACE"); got != "+OK\r\n" {
			t.Errorf("%s: RESTORE: %q", key, got)
		} else if r.dump("copy") != payload {
			t.Errorf("%s changes when it is restored and dumped", key)
		}
		for _, group := range []string{"g", "other group"} {
			r.send("XGROUP", "DESTROY", key, group)
			do("XGROUP", "DESTROY", key, group)
		}
		if r.dump(key) != do("DUMP", key) {
			t.Errorf("%s is dumped otherwise", key)
		}
	}
}

// Whatever a payload says, restoring it and working with what came of it is no harm.
func TestStreamHostilePayloads(t *testing.T) {
	r := newRig(t)
	r.do("CONFIG SET stream-node-max-entries 3")
	for i := range 8 {
		r.send("XADD", "s", fmt.Sprintf("%d-1", i+1), "f", "v", "other", fmt.Sprint(i*1000))
	}
	r.do("XDEL s 2-1")
	r.do("XGROUP CREATE s g 0")
	r.do("XREADGROUP GROUP g c COUNT 4 STREAMS s >")
	payload := []byte(r.dump("s"))
	body := payload[:len(payload)-10]
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	taken := 0
	for range 20000 {
		bad := slices.Clone(body)
		for range 1 + rng.IntN(3) {
			bad[1+rng.IntN(len(bad)-1)] = byte(rng.Uint32() >> (rng.IntN(4) * 8))
		}
		if r.send("RESTORE", "k", "0", string(rdb.AppendFooter(bad, rdb.Version)), "REPLACE") != "+OK\r\n" {
			continue
		}
		taken++
		for _, line := range []string{"XRANGE k - +", "XREVRANGE k + -", "XINFO STREAM k FULL COUNT 0", "XINFO STREAM k", "XDEL k 1-1 3-1",
			"XADD k * f v", "XREADGROUP GROUP g d STREAMS k >", "XREADGROUP GROUP g c STREAMS k 0", "XAUTOCLAIM k g e 0 0", "XPENDING k g",
			"COPY k k2 REPLACE", "DUMP k", "XTRIM k MINID 4-1", "XTRIM k MAXLEN 1", "XGROUP DELCONSUMER k g c", "XACK k g 1-1 4-1", "DEL k"} {
			if got := r.do(line); strings.Contains(got, "internal error") {
				t.Fatalf("seed %d: %s of %q: %s", seed, line, bad, got)
			}
		}
	}
	t.Logf("%d payloads taken", taken)
	if taken == 0 {
		t.Error("no payload was taken")
	}
}

// A log that has been rewritten has streams with their groups.
func TestStreamRewrite(t *testing.T) {
	r := newRig(t, "appendonly yes")
	keys := fillStreams(r.send)
	r.do("XGROUP CREATE made g $ MKSTREAM")
	r.do("PEXPIREAT same 33177117420000")
	if err := r.s.BeginRewrite(); err != nil {
		t.Fatal(err)
	}
	step := r.s.rewrite.step
	for i := 0; r.s.rewrite != nil; i++ {
		if !step() {
			time.Sleep(time.Millisecond) // the disk has to catch up
		}
		r.do("XADD same * while walking")
		r.send("XDEL", "same", fmt.Sprintf("%d-1", 1200+i))
		r.do("XREADGROUP GROUP g carol COUNT 1 STREAMS other >")
	}
	r.waitRewrite()
	want := map[string]string{}
	for _, key := range append(keys, "made") {
		want[key] = r.describe(key)
	}
	if err := r.s.Log.Flush(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	n := r.reload()
	for key, state := range want {
		if got := n.describe(key); got != state {
			t.Errorf("%s: %.2000q\nwant %.2000q", key, got, state)
		}
	}
}

// A consumer outlives a rewrite even if the stream no longer has any of the entries that are pending for it.
func TestStreamRewriteKeepsConsumers(t *testing.T) {
	r := newRig(t, "appendonly yes")
	for _, line := range []string{"XADD s 1-1 f v", "XADD s 2-1 f v", "XGROUP CREATE s g 0", "XREADGROUP GROUP g alice COUNT 1 STREAMS s >",
		"XREADGROUP GROUP g bob STREAMS s >", "XGROUP CREATECONSUMER s g idle", "XTRIM s MAXLEN 1"} {
		r.do(line)
	}
	if err := r.s.BeginRewrite(); err != nil {
		t.Fatal(err)
	}
	for step := r.s.rewrite.step; r.s.rewrite != nil; {
		if !step() {
			time.Sleep(time.Millisecond) // the disk has to catch up
		}
	}
	r.waitRewrite()
	if err := r.s.Log.Flush(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	got := r.reload().do("XINFO CONSUMERS s g")
	for _, name := range []string{"alice", "bob", "idle"} {
		if !strings.Contains(got, name) {
			t.Errorf("%s is gone: %q", name, got)
		}
	}
}

// lastingInfo takes what a rewritten log does not keep out of XINFO STREAM FULL: how entries lie in nodes, and when consumers
// were seen.
func lastingInfo(reply string) string {
	var lines []string
	skip := 0
	for _, l := range strings.Split(reply, "\r\n") {
		switch {
		case skip > 0:
			skip--
		case l == "seen-time", l == "radix-tree-keys", l == "radix-tree-nodes":
			skip = 1
		default:
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "\n")
}

func TestXaddAllocates(t *testing.T) {
	r := newRig(t)
	if n := r.allocs("XADD s * field value", "XLEN s"); n > 0.2 { // a block of the table of nodes now and then
		t.Errorf("XADD allocates %v times", n)
	}
}
