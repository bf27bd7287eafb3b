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

// contents describes every key of every database, in a form that does not depend on order or encoding.
func (r *rig) contents() map[string]string {
	all := map[string]string{}
	for _, db := range r.s.Store.DBs {
		var names []string
		for cursor := uint64(0); ; {
			cursor = db.Scan(cursor, 100, func(k store.Key) { names = append(names, string(k.Name())) })
			if cursor == 0 {
				break
			}
		}
		c := r.connect()
		c.send("SELECT", fmt.Sprint(db.ID))
		for _, name := range names {
			all[fmt.Sprintf("%d:%s", db.ID, name)] = c.describe(name)
		}
	}
	return all
}

func (f *fakeClient) describe(name string) string {
	var value string
	switch typ := strings.TrimSpace(f.send("TYPE", name)[1:]); typ {
	case "string":
		value = f.send("GET", name)
	case "list":
		value = f.send("LRANGE", name, "0", "-1")
	case "set":
		value = sortedLines(f.send("SMEMBERS", name), 1)
	case "hash":
		value = sortedLines(f.send("HGETALL", name), 2)
	case "zset":
		value = f.send("ZRANGE", name, "0", "-1", "WITHSCORES")
	case "stream":
		value = f.send("XRANGE", name, "-", "+") + lastingInfo(f.send("XINFO", "STREAM", name, "FULL", "COUNT", "0"))
	default:
		value = typ
	}
	return value + f.send("PEXPIRETIME", name)
}

// sortedLines sorts the bulks of a reply, n of them at a time.
func sortedLines(reply string, n int) string {
	lines := strings.Split(reply, "\r\n")
	var items []string
	for i := 1; i+2*n <= len(lines); i += 2 * n {
		items = append(items, strings.Join(lines[i:i+2*n], "|"))
	}
	slices.Sort(items)
	return strings.Join(items, "\n")
}

// randomWrite returns a command that changes something among a few keys, small ones and large ones.
func randomWrite(rng *rand.Rand) []string {
	key := func() string { return fmt.Sprintf("k%d", rng.IntN(40)) }
	elem := func() string {
		if rng.IntN(2) == 0 {
			return fmt.Sprint(rng.IntN(2000))
		}
		return fmt.Sprintf("elem-%d-%s", rng.IntN(2000), strings.Repeat("x", rng.IntN(80)))
	}
	num := func(n int) string { return fmt.Sprint(rng.IntN(n)) }
	many := func(name, key string, item func() []string) []string {
		cmd := []string{name, key}
		for range 1 + rng.IntN(60) {
			cmd = append(cmd, item()...)
		}
		return cmd
	}
	one := func() []string { return []string{elem()} }
	h, s, z, l, x := "h"+num(6), "s"+num(6), "z"+num(6), "l"+num(6), "x"+num(4)
	// What is pending of a removed entry does not outlive a rewrite, as in Redis: the streams with groups lose none.
	read, id := "y"+num(3), fmt.Sprintf("%d-%s", rigStart, num(400))
	any := []string{key(), h, s, z, l, x}[rng.IntN(6)]
	switch rng.IntN(40) {
	case 0, 1:
		return []string{"SET", key(), elem()}
	case 2:
		return []string{"APPEND", key(), elem()}
	case 3:
		return []string{"SET", key(), num(1000)}
	case 4:
		return []string{"SETRANGE", key(), num(3000), elem()}
	case 5:
		return []string{"MSET", key(), elem(), key(), elem()}
	case 6, 7, 8:
		return many("HSET", h, func() []string { return []string{elem(), elem()} })
	case 9:
		return many("HDEL", h, one)
	case 10, 11, 12:
		return many("SADD", s, one)
	case 13:
		return many("SREM", s, one)
	case 14:
		return []string{"SPOP", s, num(30)}
	case 15, 16, 17:
		return many("ZADD", z, func() []string { return []string{num(500), elem()} })
	case 18:
		return many("ZREM", z, one)
	case 19:
		return []string{"ZPOPMIN", z, num(20)}
	case 20, 21, 22:
		return many([]string{"LPUSH", "RPUSH"}[rng.IntN(2)], l, one)
	case 23:
		return []string{[]string{"LPOP", "RPOP"}[rng.IntN(2)], l, num(30)}
	case 24:
		return []string{"LTRIM", l, num(20), fmt.Sprint(-1 - rng.IntN(10))}
	case 25:
		return []string{"LMOVE", l, "l" + num(6), "LEFT", "RIGHT"}
	case 26, 27:
		return []string{"XADD", x, "MAXLEN", num(500), "*", "f", elem(), "g", elem()}
	case 28:
		return []string{"DEL", any}
	case 29:
		return []string{"RENAME", any, []string{key(), h, s, z, l}[rng.IntN(5)] + "r"}
	case 30:
		return []string{"COPY", any, key() + "c", "REPLACE"}
	case 31:
		return []string{"PEXPIRE", any, fmt.Sprint(1_000_000 + rng.IntN(1_000_000))}
	case 32:
		return []string{"PERSIST", any}
	case 33, 34:
		return []string{"XADD", read, "*", "f", elem()}
	case 35:
		return []string{"XGROUP", "CREATE", read, "g" + num(2), "0", "MKSTREAM"}
	case 36, 37:
		return []string{"XREADGROUP", "GROUP", "g" + num(2), "c" + num(3), "COUNT", fmt.Sprint(1 + rng.IntN(20)), "STREAMS", read, ">"}
	case 38:
		if rng.IntN(2) == 0 {
			return []string{"XACK", read, "g" + num(2), id}
		}
		return []string{"XCLAIM", read, "g" + num(2), "c" + num(4), "0", id}
	default:
		return []string{"SWAPDB", "0", "1"}
	}
}

// While a rewrite walks the keyspace, commands change it. Whatever the order, loading the new base and what
// follows gives the same data.
func TestRewriteUnderWrites(t *testing.T) {
	for round := range 6 {
		seed := uint64(time.Now().UnixNano())
		rng := rand.New(rand.NewPCG(seed, 0))
		r := newRig(t, "appendonly yes", "appendfsync no", "auto-aof-rewrite-percentage 0", "aof-use-rdb-preamble "+[]string{"yes", "no"}[round%2])
		write := func(n int) {
			for range n {
				r.send(randomWrite(rng)...)
				if rng.IntN(300) == 0 {
					r.send("SELECT", fmt.Sprint(rng.IntN(3)))
				}
			}
		}
		write(3000)
		for again := range 2 {
			if err := r.s.BeginRewrite(); err != nil {
				t.Fatal(err)
			}
			// The pump's slices are left out: the steps come in between the commands here.
			for step := r.s.rewrite.step; r.s.rewrite != nil && step(); {
				write(rng.IntN(12))
			}
			r.waitRewrite()
			write(100 * again)
		}
		want := r.contents()
		if err := r.s.Log.Flush(30 * time.Second); err != nil {
			t.Fatal(err)
		}
		got := r.reload().contents()
		for k, v := range want {
			if got[k] != v {
				t.Errorf("round %d seed %d: %s is %.200q, want %.200q", round, seed, k, got[k], v)
			}
		}
		for k := range got {
			if _, ok := want[k]; !ok {
				t.Errorf("round %d seed %d: %s came back", round, seed, k)
			}
		}
		if t.Failed() {
			return
		}
	}
}

// waitRewrite waits until the new base is in place.
func (r *rig) waitRewrite() {
	r.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		if !r.s.Log.Status().RewriteInProgress {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	r.Fatal("the rewrite does not end")
}

// reload starts another server on the same log.
func (r *rig) reload() *rig {
	r.Helper()
	next := newRig(r.TB, "appendonly yes", "dir "+r.s.Config.Dir)
	return next
}
