package command

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestStringsDoNotAllocate(t *testing.T) {
	r := newRig(t)
	r.ok("SET raw " + strings.Repeat("x", 100))
	for _, lines := range [][]string{
		{"SET k value", "GET k", "SET k other", "GET k", "GET nokey"},
		{"SET n 10", "INCR n", "DECRBY n 5", "GET n"},
		{"MSET a 1 b two c three", "MGET a b c nokey"},
		{"SET k v PX 100000", "SET k v KEEPTTL", "GETEX k PERSIST", "SETEX k 100 v"},
		{"SET k v", "EXPIRE k 100", "PEXPIRE k 100000 NX", "TTL k", "PERSIST k"},
		{"SET k abc", "APPEND k def", "SETRANGE k 1 xyz", "GETRANGE k 1 3", "STRLEN k"},
		{"SETBIT k 7 1", "GETBIT k 7", "BITCOUNT k", "BITPOS k 1"},
		{"EXISTS k raw", "TYPE k", "TOUCH k", "OBJECT ENCODING k", "DEL k"},
	} {
		if n := r.allocs(lines...); n != 0 {
			t.Errorf("%q allocate %v times", lines, n)
		}
	}
}

// TestFetchAhead: with many keys those of a pipeline are fetched before they are looked up, which changes nothing else.
func TestFetchAhead(t *testing.T) {
	r := newRig(t, "enable-debug-command yes")
	r.ok("DEBUG POPULATE 40000")
	if !r.s.Store.DBs[0].WorthFetching() {
		t.Fatal("too few keys")
	}
	var lines, many []string
	want := ""
	for i := range 50 {
		key, value := fmt.Sprintf("key:%d", i*37), fmt.Sprintf("value:%d", i*37)
		if i%7 == 3 {
			key = "nokey"
		}
		lines, many = append(lines, "GET "+key, "PING"), append(many, key)
		if key == "nokey" {
			want += "$-1\r\n"
		} else {
			want += fmt.Sprintf("$%d\r\n%s\r\n", len(value), value)
		}
	}
	r.want("MGET "+strings.Join(many, " "), "*50\r\n"+want)
	if n := r.allocs(append(lines, "MGET "+strings.Join(many, " "), "SELECT 1", "GET k", "SET k v", "SELECT 0")...); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if got := strings.ReplaceAll(string(r.conn.out), "+PONG\r\n", ""); !strings.HasPrefix(got, want+"*50\r\n"+want) {
		t.Errorf("%q", got)
	}
}

func TestStringsDoNotAllocateWithLog(t *testing.T) {
	r := newRig(t, "appendonly yes")
	if n := r.allocs("SET k value", "INCR n", "MSET a 1 b 2", "EXPIRE k 100", "SET k v PX 1000", "GETDEL k"); n >= 1 {
		t.Errorf("%v allocations", n) // the log's buffers change hands now and then
	}
}

func TestStringEffects(t *testing.T) {
	r := newRig(t, "appendonly yes")
	const now = rigStart
	at := func(ms int64) string { return fmt.Sprint(now + ms) }
	r.wantEffects("SET k v", "SET k v")
	r.wantEffects("GET k")
	r.wantEffects("SET k v NX")
	r.wantEffects("SET k v XX GET", "SET k v")
	r.wantEffects("SET k v EX 10", "SET k v PXAT "+at(10000))
	r.wantEffects("SET k v GET PX 10", "SET k v PXAT "+at(10))
	r.wantEffects("SET k v EXAT 1700000100 XX", "SET k v PXAT 1700000100000")
	r.wantEffects("SET k w KEEPTTL", "SET k w KEEPTTL")
	r.wantEffects("SET k v IFEQ x")
	r.wantEffects("SET k v IFEQ w", "SET k v")
	r.wantEffects("SETEX k 1 v", "SET k v PXAT "+at(1000))
	r.wantEffects("PSETEX k 1 v", "SET k v PXAT "+at(1))
	r.wantEffects("SETNX k v")
	r.wantEffects("GETSET k w", "SET k w")
	r.wantEffects("GETEX k")
	r.wantEffects("GETEX k PERSIST")
	r.wantEffects("GETEX k EX 5", "PEXPIREAT k "+at(5000))
	r.wantEffects("GETEX k PERSIST", "PERSIST k")
	r.wantEffects("GETEX k PXAT 5", "DEL k")
	r.wantEffects("GETDEL k")
	r.wantEffects("INCRBYFLOAT f 1.50", "SET f 1.5 KEEPTTL")
	r.wantEffects("INCRBYFLOAT f x")
	r.wantEffects("GETDEL f", "DEL f")
	r.wantEffects("INCR n", "INCR n")
	r.wantEffects("DELIFEQ n 2")
	r.wantEffects("DELIFEQ n 1", "DEL n")
	r.wantEffects("MSETNX a 1 b 2", "MSETNX a 1 b 2")
	r.wantEffects("MSETNX b 1 c 2")
	r.wantEffects("SETRANGE a 0")
}

func TestGenericEffects(t *testing.T) {
	r := newRig(t, "appendonly yes")
	at := func(ms int64) string { return fmt.Sprint(rigStart + ms) }
	r.ok("MSET a 1 b 2 c 3 d 4")
	r.wantEffects("EXPIRE a 10", "PEXPIREAT a "+at(10000))
	r.wantEffects("EXPIRE a 10 NX")
	r.wantEffects("PEXPIRE a 20 LT", "PEXPIREAT a "+at(20))
	r.wantEffects("EXPIREAT a 1800000000", "PEXPIREAT a 1800000000000")
	r.wantEffects("PERSIST a", "PERSIST a")
	r.wantEffects("PERSIST a")
	r.wantEffects("EXPIRE a -1", "DEL a")
	r.wantEffects("DEL a")
	r.wantEffects("DEL a b", "DEL a b")
	r.wantEffects("RENAME c c")
	r.wantEffects("RENAME c e", "RENAME c e")
	r.wantEffects("RENAMENX d e")
	r.wantEffects("COPY d e")
	r.wantEffects("COPY d e DB 1", "COPY d e DB 1")
	r.wantEffects("MOVE e 1")
	r.wantEffects("MOVE d 1", "MOVE d 1")
	r.wantEffects("SET k v PX 5", "SET k v PXAT "+at(5))
	r.nanos += 5e6
	r.wantEffects("GET k", "DEL k")
	r.wantEffects("SET k v PX 5", "SET k v PXAT "+at(10))
	r.nanos += 5e6
	r.wantEffects("INCR k", "MULTI", "DEL k", "INCR k", "EXEC")
	r.wantEffects("SETBIT k 0 0")
	r.wantEffects("BITOP AND x nokey")
	r.wantEffects("BITOP DIFF x k nokey", "SET x 1")
	r.wantEffects("BITOP AND x nokey", "DEL x")
	r.wantEffects("PFADD h a", "PFADD h a")
	r.wantEffects("PFADD h a")
	r.wantEffects("PFCOUNT h", "PFCOUNT h")
	r.wantEffects("PFCOUNT h")
}

// TestCompareAndSet covers what Redis 7.0 does not have.
func TestCompareAndSet(t *testing.T) {
	r := newRig(t)
	r.want("SET k v IFEQ x", "$-1\r\n")
	r.want("EXISTS k", ":0\r\n")
	r.ok("SET k 10")
	r.want("SET k v IFEQ 010", "$-1\r\n")
	r.want("SET k v IFEQ 10 GET", "$2\r\n10\r\n")
	r.want("SET k w IFEQ x GET", "$1\r\nv\r\n")
	r.want("GET k", "$1\r\nv\r\n")
	r.want("SET k w NX IFEQ v", "-ERR syntax error\r\n")
	r.want("SET k w IFEQ v XX", "-ERR syntax error\r\n")
	r.want("SET k w IFEQ", "-ERR syntax error\r\n")
	r.want("DELIFEQ k x", ":0\r\n")
	r.want("DELIFEQ k v", ":1\r\n")
	r.want("DELIFEQ k v", ":0\r\n")
	r.want("HSET h f v", ":1\r\n")
	r.want("SET h w IFEQ v", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n")
	r.want("DELIFEQ h v", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n")
}

func TestLaterBitops(t *testing.T) {
	r := newRig(t)
	r.send("SET", "a", "\xf0\xff")
	r.send("SET", "b", "\xcc")
	r.send("SET", "c", "\xaa")
	for op, want := range map[string]string{"DIFF": "\x10\xff", "DIFF1": "\x0e\x00", "ANDOR": "\xe0\x00", "ONE": "\x16\xff"} {
		r.want("BITOP "+op+" d a b c", ":2\r\n")
		if got := r.do("GET d"); got != "$2\r\n"+want+"\r\n" {
			t.Errorf("%s: %q", op, got)
		}
	}
	r.want("BITOP DIFF d a", "-ERR BITOP DIFF must be called with at least two source keys.\r\n")
	r.want("BITOP ONE d c", ":1\r\n")
}

// TestExpiredKeysDoNotStopRandomkey has nothing but expired keys to choose from.
func TestExpiredKeysDoNotStopRandomkey(t *testing.T) {
	r := newRig(t)
	for i := range 500 {
		r.ok(fmt.Sprintf("SET k%d v PX 1", i))
	}
	r.nanos += 2e6
	r.want("KEYS *", "*0\r\n")
	r.want("RANDOMKEY", "$-1\r\n")
	if n := r.s.Store.DBs[0].Len(); n != 0 {
		t.Errorf("%d keys left", n)
	}
}

// TestScanSeesEverythingOnce walks a keyspace that does not change with cursors of many sizes.
func TestScanSeesEverythingOnce(t *testing.T) {
	r := newRig(t)
	const keys = 5000
	for i := range keys {
		r.ok(fmt.Sprintf("SET key:%d v", i))
	}
	for _, count := range []int{1, 7, 100, 10000} {
		seen := map[string]int{}
		for cursor := "0"; ; {
			lines := strings.Split(r.do(fmt.Sprintf("SCAN %s COUNT %d", cursor, count)), "\r\n")
			cursor = lines[2]
			for i := 5; i < len(lines); i += 2 {
				seen[lines[i]]++
			}
			if cursor == "0" {
				break
			}
		}
		if len(seen) != keys {
			t.Errorf("COUNT %d: %d keys of %d", count, len(seen), keys)
		}
		for k, n := range seen {
			if n != 1 {
				t.Fatalf("COUNT %d: %s %d times", count, k, n)
			}
		}
	}
	for _, cursor := range []string{"1", "12345678901", "18446744073709551615", "4503599627370495", "-1"} {
		if got := r.do("SCAN " + cursor); !strings.HasPrefix(got, "*2\r\n") {
			t.Errorf("SCAN %s: %q", cursor, got)
		}
	}
}

// TestAppendGrowsAhead appends a byte at a time.
func TestAppendGrowsAhead(t *testing.T) {
	r := newRig(t)
	r.ok("SET k x")
	moves, last := 0, int64(0)
	for range 100_000 {
		r.c.Data(appendX)
		if used := r.s.Store.Mem.Used(); used != last {
			moves++
			last = used
		}
	}
	if moves > 40 {
		t.Errorf("the value moved %d times", moves)
	}
	r.want("STRLEN k", ":100001\r\n")
}

var appendX = encode("APPEND", "k", "x")

// TestCopyOfLargeCollections changes a copy and looks at the original, and the other way round.
func TestCopyOfLargeCollections(t *testing.T) {
	r := newRig(t)
	fill := func(line, element string) string {
		for i := range 600 {
			line += " " + strings.ReplaceAll(element, "%", fmt.Sprint("element", i))
		}
		return line
	}
	r.want(fill("HSET h", "% v"), ":600\r\n")
	r.want(fill("SADD s", "%"), ":600\r\n")
	r.want("COPY h h2", ":1\r\n")
	r.want("HSET h element1 changed", ":0\r\n")
	r.want("HDEL h2 element2", ":1\r\n")
	r.want("HGET h2 element1", "$1\r\nv\r\n")
	r.want("HGET h element2", "$1\r\nv\r\n")
	r.want("EXPIRE s 100", ":1\r\n")
	r.want("COPY s h DB 2 REPLACE", ":1\r\n")
	r.want("COPY s h REPLACE", ":1\r\n")
	r.want("SREM s element5", ":1\r\n")
	r.want("SCARD h", ":600\r\n")
	r.want("TTL h", ":100\r\n")
	r.want("DEL s h h2", ":3\r\n")
	r.ok("SELECT 2")
	r.want("SISMEMBER h element5", ":1\r\n")
}

// TestLCSTable compares the rows of bits with the table of lengths that they stand for, on the way back, too.
func TestLCSTable(t *testing.T) {
	const seed = 3
	rng := rand.New(rand.NewPCG(seed, seed))
	text := func() []byte {
		b := make([]byte, rng.IntN(150))
		for i := range b {
			b[i] = 'a' + byte(rng.IntN(1+rng.IntN(5)))
		}
		return b
	}
	for range 300 {
		a, b := text(), text()
		length := make([][]int, len(a)+1)
		for i := range length {
			length[i] = make([]int, len(b)+1)
			for j := 1; i > 0 && j <= len(b); j++ {
				if length[i][j] = max(length[i-1][j], length[i][j-1]); a[i-1] == b[j-1] {
					length[i][j] = length[i-1][j-1] + 1
				}
			}
		}
		var want []byte
		for i, j := len(a), len(b); i > 0 && j > 0; {
			switch {
			case a[i-1] == b[j-1]:
				want = append(want, a[i-1])
				i--
				j--
			case length[i-1][j] > length[i][j-1]:
				i--
			default:
				j--
			}
		}
		slices.Reverse(want)
		table := lcsTable{a: a, b: b}
		table.fill(true)
		if got := table.subsequence(); table.length != length[len(a)][len(b)] || !bytes.Equal(got, want) {
			t.Fatalf("seed %d: %q and %q have %q (%d), not %q", seed, a, b, got, table.length, want)
		}
	}
}
