package command

import (
	"strings"
	"testing"
	"time"

	"spindle/resp"
)

// within runs commands inside a running one, as EXEC does, and returns what they answer.
func (r *rig) within(lines ...[]string) string {
	r.Helper()
	out := resp.Writer{}
	outer := &Command{Name: "outer", full: "outer", Run: func(x *Ctx) error {
		for _, l := range lines {
			args := make([][]byte, len(l))
			for i := range l {
				args[i] = []byte(l[i])
			}
			cmd, err := x.S.Resolve(args)
			if err == nil {
				err = x.S.Call(x.C, cmd, args, &out)
			}
			if err != nil {
				out.Err(err)
			}
			if x.S.unit.depth != 1 {
				r.Errorf("depth %d after a nested command", x.S.unit.depth)
			}
		}
		return nil
	}}
	r.s.BeginEvent()
	r.s.call(r.c, outer, [][]byte{[]byte("outer")})
	r.s.EndEvent()
	return string(out.Buf)
}

func TestNestedCommandsAreOneBlock(t *testing.T) {
	r := newRig(t, "appendonly yes")
	f := func(want string, effects []string, lines ...[]string) {
		t.Helper()
		r.effects()
		if got := r.within(lines...); got != want {
			t.Errorf("answered %q, want %q", got, want)
		}
		got := r.effects()
		if len(got) != len(effects) {
			t.Fatalf("logged %q, want %q", got, effects)
		}
		for i := range got {
			if got[i] != effects[i] {
				t.Errorf("logged %q, want %q", got, effects)
			}
		}
	}
	f("$-1\r\n", nil, []string{"GET", "a"})
	f("+OK\r\n", []string{"SET a 1"}, []string{"SET", "a", "1"})
	f("+OK\r\n:2\r\n", []string{"MULTI", "SET a 1", "INCR a", "EXEC"}, []string{"SET", "a", "1"}, []string{"INCR", "a"})
	f("-ERR wrong number of arguments for 'get' command\r\n+OK\r\n-ERR value is not an integer or out of range\r\n",
		[]string{"SET a x"}, []string{"GET"}, []string{"SET", "a", "x"}, []string{"INCR", "a"})
	f("+OK\r\n+OK\r\n", []string{"SELECT 1", "SET a 1"}, []string{"SELECT", "1"}, []string{"SET", "a", "1"})
}

// TestScriptsInTheLog: servers that log scripts instead of their effects exist.
func TestScriptsInTheLog(t *testing.T) {
	r := newRig(t, "appendonly yes")
	r.s.Log.Append(0, []byte("EVAL"), []byte("redis.call('SET', KEYS[1], ARGV[1]); return redis.call('INCR', 'n')"), []byte("1"), []byte("k"), []byte("v"))
	r.effects() // sees to it that it is written
	next := r.reload()
	next.want("MGET k n", "*2\r\n$1\r\nv\r\n$1\r\n1\r\n")
	next.wantEffects("SET k w", "SELECT 0", "SET k w")
	if next.s.stats.Panics != 0 || next.s.unit.depth != 0 {
		t.Errorf("%d panics, depth %d", next.s.stats.Panics, next.s.unit.depth)
	}
}

// TestLogChangesInsideTransactions: what a transaction did before it has the log rewritten, or exchanged, is logged once.
func TestLogChangesInsideTransactions(t *testing.T) {
	f := func(lines ...string) {
		t.Helper()
		r := newRig(t, "appendonly yes")
		r.do("INCR a")
		r.ok("MULTI")
		for _, l := range append([]string{"INCR a"}, append(lines, "INCR a")...) {
			r.want(l, "+QUEUED\r\n")
		}
		if got := r.do("EXEC"); strings.Contains(got, "-ERR") {
			t.Fatal(got)
		}
		r.advance(1000)
		r.s.Tick()
		r.send("CONFIG", "SET", "appendonly", "yes")
		r.do("INCR a")
		for range 100 {
			r.advance(10)
			if !strings.Contains(r.do("INFO persistence"), "aof_rewrite_in_progress:1") {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		r.want("GET a", "$1\r\n4\r\n")
		if err := r.s.Log.Flush(10 * time.Second); err != nil {
			t.Fatal(err)
		}
		r.reload().want("GET a", "$1\r\n4\r\n")
	}
	f("BGREWRITEAOF")
	f("BGREWRITEAOF", "BGREWRITEAOF")
	f("CONFIG SET appendonly no")
	f("CONFIG SET appendonly no", "CONFIG SET appendonly yes")
}
