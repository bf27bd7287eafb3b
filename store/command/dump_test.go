package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spindle/aof/rdb"
	"spindle/bench/client"
	"spindle/bench/servers"
	"spindle/resp"
)

// dump returns the payload of a key.
func (r *rig) dump(key string) string {
	r.Helper()
	_, payload, ok := strings.Cut(r.send("DUMP", key), "\r\n")
	if !ok {
		r.Fatalf("DUMP %s: nothing", key)
	}
	return strings.TrimSuffix(payload, "\r\n")
}

// fillTypes makes keys of all types that DUMP knows, small and large.
func fillTypes(do func(args ...string) string) []string {
	many := func(name, key string, n int, item func(i int) []string) {
		cmd := []string{name, key}
		for i := range n {
			cmd = append(cmd, item(i)...)
		}
		do(cmd...)
	}
	do("SET", "int", "12345")
	do("SET", "big", "1234567890123")
	do("SET", "string", "hello")
	do("SET", "long", strings.Repeat("abcdefgh", 5000))
	for _, n := range []int{1, 20, 3000} {
		key := func(s string) string { return fmt.Sprint(s, n) }
		many("RPUSH", key("list"), n, func(i int) []string { return []string{fmt.Sprint("elem", i)} })
		many("SADD", key("ints"), n, func(i int) []string { return []string{fmt.Sprint(i * 1000)} })
		many("SADD", key("set"), n, func(i int) []string { return []string{fmt.Sprint("m", i)} })
		many("HSET", key("hash"), n, func(i int) []string { return []string{fmt.Sprint("f", i), fmt.Sprint(i)} })
		many("ZADD", key("zset"), n, func(i int) []string { return []string{fmt.Sprint(float64(i) / 7), fmt.Sprint("m", i)} })
	}
	return []string{"int", "big", "string", "long", "list1", "list20", "list3000", "ints1", "ints20", "ints3000", "set1",
		"set20", "set3000", "hash1", "hash20", "hash3000", "zset1", "zset20", "zset3000"}
}

func TestRestoreWhatDumpMade(t *testing.T) {
	r := newRig(t)
	for _, key := range fillTypes(r.send) {
		if got := r.send("RESTORE", "copy", "0", r.dump(key), "REPLACE"); got != "+OK\r\n" {
			t.Errorf("%s: %q", key, got)
			continue
		}
		if r.describe("copy") != r.describe(key) || r.do("OBJECT ENCODING copy") != r.do("OBJECT ENCODING "+key) {
			t.Errorf("%s differs from its copy", key)
		}
	}
}

func TestRestoreEffects(t *testing.T) {
	r := newRig(t, "appendonly yes")
	r.do("SET k v")
	p := r.dump("k")
	r.effects()
	effect := func(want string, args ...string) {
		t.Helper()
		r.send(args...)
		if got := strings.Join(r.effects(), "\n"); got != want {
			t.Errorf("%q logs %q, want %q", args, got, want)
		}
	}
	effect("RESTORE a 0 "+p, "RESTORE", "a", "0", p)
	effect(fmt.Sprintf("RESTORE b %d %s ABSTTL", rigStart+1000, p), "RESTORE", "b", "1000", p)
	effect("", "RESTORE", "b", "1000", p)
	effect("", "RESTORE", "c", "1", p, "ABSTTL")
	effect("DEL b", "RESTORE", "b", "1", p, "ABSTTL", "REPLACE")
}

// reference starts a redis-server, connects to it, and returns what sends it a command and gives the reply as text.
func reference(t *testing.T, args ...string) (*servers.Server, *client.Conn, func(args ...string) string) {
	t.Helper()
	ref := servers.RedisT(t, args...)
	c, err := client.Dial(ref.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return ref, c, func(args ...string) string {
		t.Helper()
		reply, err := c.Do(args...)
		if err != nil {
			t.Fatal(err)
		}
		return reply.String()
	}
}

// TestLoadRDBBase loads a log whose base redis-server has written as RDB.
func TestLoadRDBBase(t *testing.T) {
	ref, c, do := reference(t, "--appendonly", "yes", "--aof-use-rdb-preamble", "yes")
	keys := fillTypes(do)
	do("PEXPIREAT", "string", "33177117420000")
	do("SELECT", "3")
	do("SET", "other", "db")
	do("SELECT", "0")
	do("BGREWRITEAOF")
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		info, err := c.Info("persistence")
		if err != nil || time.Now().After(end) {
			t.Fatal("the rewrite does not end", err)
		}
		if info["aof_rewrite_in_progress"] == "0" && info["aof_rewrite_scheduled"] == "0" {
			break
		}
	}
	do("SET", "after", "the base")
	do("RPUSH", "list3000", "last")
	if !ref.Terminate() { // it still removes old files in the background
		t.Fatal("redis-server does not end")
	}

	r := newRig(t)
	r.s.Config.Appendonly = true
	dir := filepath.Join(r.s.Config.Dir, "appendonlydir")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(ref.Dir, "appendonlydir"))); err != nil {
		t.Fatal(err)
	}
	if base, _ := filepath.Glob(filepath.Join(dir, "*.base.rdb")); len(base) != 1 {
		t.Fatalf("%d bases", len(base))
	}
	if err := r.s.loadLog(nil, func() {}); err != nil {
		t.Fatal(err)
	}
	r.want("GET after", "$8\r\nthe base\r\n")
	r.want("LLEN list3000", ":3001\r\n")
	r.want("SCARD set3000", ":3000\r\n")
	r.want("HGET hash3000 f2999", "$4\r\n2999\r\n")
	r.want("ZCARD zset3000", ":3000\r\n")
	r.want("PEXPIRETIME string", ":33177117420000\r\n")
	for _, key := range keys {
		r.want("EXISTS "+key, ":1\r\n")
	}
	r.ok("SELECT 3")
	r.want("GET other", "$2\r\ndb\r\n")
}

func TestLoadRDBTwice(t *testing.T) {
	w := rdb.NewWriter(nil)
	w.Header(rdb.Version)
	for range 2 {
		w.Key(&rdb.Record{Type: rdb.TypeString, Name: []byte("k"), Expire: -1, Idle: -1, Freq: -1})
		w.Begin(rdb.TypeString, 1)
		w.Blob([]byte("v"))
	}
	w.EOF()
	r := newRig(t)
	err := r.s.loadRDB(strings.NewReader(string(w.Bytes())), rdbLoading{keepExpired: true, yield: func() {}})
	if err == nil || !strings.Contains(err.Error(), "twice") {
		t.Fatalf("error %v", err)
	}
}

// TestRDBKeys writes records as a file has them and loads them.
func TestRDBKeys(t *testing.T) {
	from, to := newRig(t), newRig(t)
	keys := fillTypes(from.send)
	from.do("PEXPIRE list20 100000")
	w := rdb.NewWriter(nil)
	w.Header(rdb.Version)
	for _, key := range keys {
		k := from.s.Store.DBs[0].Peek([]byte(key))
		from.s.rdbKey(w, &k)
	}
	w.EOF()
	path := filepath.Join(t.TempDir(), "dump.rdb")
	if err := os.WriteFile(path, w.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := to.s.loadRDB(f, rdbLoading{yield: func() {}}); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if from.describe(key) != to.describe(key) {
			t.Errorf("%s differs", key)
		}
	}
	to.want("PTTL list20", ":100000\r\n")
}

// FuzzRestore restores values behind a right checksum; whatever is accepted must be usable, and the same after another
// round.
func FuzzRestore(f *testing.F) {
	src := newRig(f)
	for _, key := range fillTypes(src.send) {
		if p := src.dump(key); len(p) < 2000 {
			f.Add([]byte(p[:len(p)-10]))
		}
	}
	r := newRig(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		r.TB = t
		payload := string(rdb.AppendFooter(append([]byte(nil), body...), rdb.Version))
		reply := r.send("RESTORE", "k", "0", payload, "REPLACE")
		if reply == "-"+string(resp.ErrBadPayload)+"\r\n" {
			return
		}
		if reply != "+OK\r\n" {
			t.Fatalf("RESTORE: %q", reply)
		}
		about := func(key string) string {
			switch r.do("TYPE " + key) {
			case "+set\r\n": // in any order
				return r.do("SCARD " + key)
			case "+hash\r\n":
				return r.do("HLEN " + key)
			}
			return r.describe(key)
		}
		before := about("k")
		if reply := r.send("RESTORE", "k2", "0", r.dump("k"), "REPLACE"); reply != "+OK\r\n" {
			t.Fatalf("RESTORE of the own payload: %q", reply)
		}
		if about("k2") != before {
			t.Fatal("differs after another round")
		}
		for _, line := range []string{"LREM k 0 x", "LINSERT k BEFORE 1 2", "LPOP k", "LPUSH k 1", "HSET k a b", "HDEL k 1", "SADD k 1", "SREM k a",
			"ZADD k 1 1", "ZRANK k 1", "ZREM k a", "APPEND k x", "SORT k ALPHA"} {
			r.do(line)
		}
		if r.s.stats.Panics > 0 {
			t.Fatal("a command panicked")
		}
	})
}
