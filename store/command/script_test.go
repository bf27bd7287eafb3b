package command

import (
	"strings"
	"testing"
)

func (f *fakeClient) eval(source string, keysAndArgs ...string) string {
	n := "0"
	if len(keysAndArgs) > 0 {
		n = "1"
	}
	return f.send(append([]string{"EVAL", source, n}, keysAndArgs...)...)
}

// What a script does is logged, the script is not.
func TestScriptEffects(t *testing.T) {
	r := newRig(t, "appendonly yes")
	f := func(source string, want ...string) {
		t.Helper()
		r.effects()
		reply := r.eval(source, "k")
		if got := r.effects(); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s (%q): logged %q, want %q", source, reply, got, want)
		}
	}
	f("return redis.call('get', KEYS[1])")
	f("return redis.call('set', KEYS[1], 1)", "set k 1")
	f("redis.call('incr', 'a') redis.call('incr', 'a')", "MULTI", "incr a", "incr a", "EXEC")
	f("redis.call('set', 'a', 5, 'EX', 10)", "SET a 5 PXAT 1700000010000")
	f("redis.call('sadd', 's', 'x') redis.call('spop', 's') error('stop')", "MULTI", "sadd s x", "SREM s x", "EXEC")
	f("redis.call('select', 2) redis.call('set', 'a', 1) redis.call('select', 0)", "SELECT 2", "set a 1")
	f("redis.set_repl(redis.REPL_NONE) redis.call('set', 'secret', 1)")
	f("redis.call('set', 'a', 1) redis.set_repl(redis.REPL_REPLICA) redis.call('set', 'b', 1)", "SELECT 0", "set a 1")
	f("redis.call('sadd', 'set', 1) redis.pcall('incr', 'set') redis.call('del', 'a')", "MULTI", "sadd set 1", "del a", "EXEC")
	r.ok("MULTI")
	r.eval("redis.call('incr', 'x') redis.call('incr', 'x')")
	r.do("INCR y")
	r.wantEffects("EXEC", "MULTI", "incr x", "incr x", "INCR y", "EXEC")
	r.want("EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0", "-NOSCRIPT No matching script. Please use EVAL.\r\n")
}

// The log gives the same data back.
func TestScriptsSurviveRestart(t *testing.T) {
	r := newRig(t, "appendonly yes")
	r.eval(`for i = 1, 200 do
		redis.call('zadd', 'z' .. i % 7, i, 'm' .. i)
		redis.call('hset', 'h', 'f' .. i, math.random(1000))
		redis.call('sadd', 's', i)
		redis.call('spop', 's')
		redis.call('xadd', 'x', '*', 'a', i)
		redis.call('set', 'k' .. i, i, 'PX', 100000 + i)
	end
	redis.call('select', 3) redis.call('rpush', 'l', 1, 2, 3) redis.call('lmove', 'l', 'm', 'left', 'right')`)
	before := r.do("DEBUG DIGEST")
	r2 := r.reload()
	if after := r2.do("DEBUG DIGEST"); after != before {
		t.Errorf("digest %q after a restart, was %q", after, before)
	}
}

// runClock has the clock of a rig go on by a millisecond each time somebody looks.
func (r *rig) runClock() {
	r.s.env.MonoNano = func() int64 {
		r.nanos += 1e6
		return r.nanos
	}
}

const (
	forever = "while true do end"
	busy    = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"
	// awhile ends when the clock has moved on by minutes.
	awhile = "local t = redis.call('time')[1] while redis.call('time')[1] - t < 200 do end "
)

func TestBusyScript(t *testing.T) {
	r := newRig(t, "busy-reply-threshold 50")
	r.runClock()
	other := r.connect()
	f := func(source, end string) {
		t.Helper()
		if got := r.eval(source); got != "" {
			t.Fatalf("%s: answered %q at once", source, got)
		}
		other.want("GET a", busy)
		other.want("PING", busy)
		other.want("EVAL return 0", busy)
		other.want("SHUTDOWN", busy)
		other.want("SCRIPT HELP", busy)
		other.ok("MULTI")
		other.want("GET a", busy)
		other.want("EXEC", "-EXECABORT Transaction discarded because of: "+strings.TrimPrefix(busy, "-"))
		other.ok("SCRIPT KILL")
		r.settle()
		if got := r.sent(); !strings.HasPrefix(got, end) {
			t.Errorf("%s: %q, want %q", source, got, end)
		}
		other.want("SCRIPT KILL", "-NOTBUSY No scripts in execution right now.\r\n")
		other.want("GET a", "$-1\r\n")
	}
	killed := "-ERR Script killed by user with SCRIPT KILL... script: "
	f(forever, killed)
	f("pcall(function() "+forever+" end) "+forever, killed)
	f("local c = coroutine.wrap(function() "+forever+" end) while true do pcall(c) end", killed)
	f("table.sort({3, 2, 1}, function() "+forever+" end)", killed)
	f("setmetatable({}, {__index = function() "+forever+" end}).x = 1 return setmetatable({}, {__index = function() "+forever+" end}).y", killed)
	f("redis.call('get', 'a') "+forever, killed)
}

// A script that has written goes on to its end, and so does what waited behind it.
func TestBusyScriptThatWrites(t *testing.T) {
	r := newRig(t, "appendonly yes", "busy-reply-threshold 5")
	r.runClock()
	other, third := r.connect(), r.connect()
	source := "redis.call('set', 'w', 1) " + awhile + "redis.call('incr', 'w') return 'done'"
	in := append(encode("SET", "before", "1"), encode("EVAL", source, "0")...)
	in = append(in, encode("GET", "w")...)
	if got := r.feed(in); got != "+OK\r\n" {
		t.Fatalf("%q", got)
	}
	r.sent()
	for i := range in {
		in[i] = 'X' // the input buffer is used again
	}
	other.want("GET w", busy)
	other.want("SCRIPT KILL", "-UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.\r\n")
	other.ok("WATCH w")
	r.s.Tick()
	r.settle()
	if got := r.sent(); got != "$4\r\ndone\r\n$1\r\n2\r\n" {
		t.Fatalf("%q", got)
	}
	if got := r.effects(); strings.Join(got, "\n") != "SET before 1\nMULTI\nset w 1\nincr w\nEXEC" {
		t.Errorf("logged %q", got)
	}
	other.ok("MULTI")
	other.want("GET w", "+QUEUED\r\n")
	other.want("EXEC", "*-1\r\n") // the script wrote after WATCH

	third.ok("MULTI")
	third.want("SET q 1", "+QUEUED\r\n")
	third.eval("redis.call('set', 'w', 1) " + awhile + "return 7")
	third.want("INCR q", "+QUEUED\r\n")
	if got := third.do("EXEC"); got != "" {
		t.Fatalf("EXEC answered %q at once", got)
	}
	other.want("GET w", busy)
	r.settle()
	if got := third.sent(); got != "*3\r\n+OK\r\n:7\r\n:2\r\n" {
		t.Errorf("%q", got)
	}
	if got := r.effects(); strings.Join(got, "\n") != "MULTI\nSET q 1\nset w 1\nINCR q\nEXEC" {
		t.Errorf("logged %q", got)
	}
}

// A client that goes away does not take its script with it, nor the server.
func TestBusyScriptWithoutClient(t *testing.T) {
	r := newRig(t, "busy-reply-threshold 5")
	r.runClock()
	gone, other := r.connect(), r.connect()
	if got := gone.eval("redis.call('set', 'w', 1) " + awhile + "return redis.call('incr', 'w')"); got != "" {
		t.Fatalf("%q", got)
	}
	r.s.Closed(gone.c)
	other.want("GET w", busy)
	r.settle()
	other.want("GET w", "$1\r\n2\r\n")
	if r.s.unit.depth != 0 || r.s.busy() || r.s.scripts.run != nil || r.s.scripts.job != nil {
		t.Error("something is left of the script")
	}
}

// What EXEC has queued behind a script may be done for a client that is gone: nothing of it stays.
func TestBusyExecWithoutClient(t *testing.T) {
	r := newRig(t, "busy-reply-threshold 5")
	r.runClock()
	gone, other := r.connect(), r.connect()
	gone.do("MULTI")
	gone.send("EVAL", awhile, "0")
	for _, line := range []string{"SUBSCRIBE a", "PSUBSCRIBE p*", "SSUBSCRIBE s", "WATCH w", "BLPOP l 0", "CLIENT TRACKING ON BCAST", "MONITOR", "SET done 1"} {
		gone.do(line)
	}
	gone.do("EXEC")
	if !r.s.busy() {
		t.Fatal("the script is over already")
	}
	r.s.Closed(gone.c)
	r.settle()
	other.want("GET done", "$1\r\n1\r\n")
	p := &r.s.pubsub
	if n := len(p.channels[plainChannel]) + len(p.channels[shardChannel]) + len(p.channels[patternChannel]) + len(p.patterns); n != 0 {
		t.Errorf("%d subscriptions are left", n)
	}
	if n := r.s.watched.count + r.s.blocked.count + r.s.tracking.clients + len(r.s.tracking.prefixes) + len(r.s.monitors); n != 0 {
		t.Errorf("%d watches, waiters, followers and monitors are left", n)
	}
}

// A panic in a command costs that command.
func TestScriptSurvivesPanic(t *testing.T) {
	r := newRig(t)
	r.s.table.lookup([]byte("echo")).Run = func(*Ctx) error { panic("a bug") }
	want := "-ERR internal error while executing 'echo', see the server's log"
	if got := r.eval("return redis.call('echo', 'x')"); !strings.HasPrefix(got, want) {
		t.Errorf("%q", got)
	}
	if got := r.eval("return {redis.pcall('echo', 'x'), redis.call('set', 'a', 1)}"); got != "*2\r\n"+want+"\r\n+OK\r\n" {
		t.Errorf("%q", got)
	}
	if r.s.unit.depth != 0 {
		t.Errorf("depth %d", r.s.unit.depth)
	}
}

// Scripts that want all memory, or the whole stack, get an error.
func TestGreedyScripts(t *testing.T) {
	r := newRig(t)
	for _, source := range []string{
		"local s = ('x'):rep(2^28) while true do s = s .. s end",
		"return ('x'):rep(1e12)",
		"return ('x'):rep(2^62)",
		"local function f() return 1 + f() end return f()",
		"local function f() return pcall(f) end f() error('end')",
		"local t = {} t = setmetatable(t, {__index = function(_, k) return t[k .. 'x'] end}) return t.x",
		"return unpack({}, 1, 1e8)",
		"return {unpack({}, 1, 1e8)}",
		"local t, s = {}, ('x'):rep(1e6) for i = 1, 2000 do t[i] = s end return table.concat(t)",
		"return " + strings.Repeat("(", 100000) + "1" + strings.Repeat(")", 100000),
		"return " + strings.Repeat("{", 100000) + strings.Repeat("}", 100000),
		"return " + strings.Repeat("- ", 100000) + "1",
		strings.Repeat("do ", 100000) + strings.Repeat("end ", 100000),
	} {
		got := r.eval(source)
		if !strings.HasPrefix(got, "-") || len(got) > 600 {
			t.Errorf("%.60s: %.100q", source, got)
		}
		if got := r.eval("return 1"); got != ":1\r\n" {
			t.Fatalf("after %.60s: %q", source, got)
		}
	}
}

// INFO tells about scripts.
func TestScriptInfo(t *testing.T) {
	r := newRig(t)
	info := func(field string) string {
		_, rest, _ := strings.Cut(r.do("INFO memory"), "\r\n"+field+":")
		v, _, _ := strings.Cut(rest, "\r\n")
		return v
	}
	if info("number_of_cached_scripts") != "0" || info("used_memory_vm_eval") != "0" {
		t.Error("memory for scripts before the first")
	}
	for _, s := range []string{"return 1", "return 2", "return 1"} {
		r.eval(s)
	}
	if n := info("number_of_cached_scripts"); n != "2" {
		t.Errorf("%s cached scripts", n)
	}
	if info("used_memory_vm_eval") == "0" || info("used_memory_scripts_eval") == "0" {
		t.Error("no memory for scripts")
	}
	r.ok("SCRIPT FLUSH")
	if n := info("number_of_cached_scripts"); n != "0" {
		t.Errorf("%s cached scripts after SCRIPT FLUSH", n)
	}
}

const rateLimiter = "local c = redis.call('incr',KEYS[1]) if c == 1 then redis.call('expire',KEYS[1],ARGV[1]) end return c"

func BenchmarkScriptRateLimiter(b *testing.B) {
	r := newRig(b)
	in := encode("EVAL", rateLimiter, "1", "rl", "60")
	b.ReportAllocs()
	for b.Loop() {
		r.conn.out = r.conn.out[:0]
		r.c.Data(in)
	}
}
