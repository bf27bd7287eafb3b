package command

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"spindle/bench/servers"
)

// TestInfoHasRedisFields compares the names of the fields of each section with redis.
func TestInfoHasRedisFields(t *testing.T) {
	ref := servers.RedisT(t, "--appendonly", "yes").ClientT(t)
	r := newRig(t, "appendonly yes")
	r.ok("SET k v")
	ref.Do("SET", "k", "v")
	r.do("nosuch")
	ref.Do("nosuch")
	// What belongs to C, or to threads that there are none of, or is not known.
	without := map[string]bool{"gcc_version": true, "used_cpu_sys_main_thread": true, "used_cpu_user_main_thread": true,
		"used_memory_lua": true, "used_memory_lua_human": true, "used_memory_vm_eval": true, "used_memory_vm_functions": true,
		"used_memory_vm_total": true, "used_memory_vm_total_human": true, "active_defrag_hits": true, "active_defrag_misses": true}
	ours := infoFields(parseReply(t, r.do("INFO everything")).(string))
	for section, want := range infoFields(ref.Do("INFO", "everything").(string)) {
		got, ok := ours[section]
		if !ok {
			t.Errorf("no section %s", section)
		}
		if section == "Commandstats" || section == "Latencystats" {
			continue // of the commands that each of the two happened to execute
		}
		for _, name := range want {
			if !without[name] && !slices.Contains(got, name) {
				t.Errorf("%s: no %s", section, name)
			}
		}
	}
}

// infoFields returns the names of the fields by section.
func infoFields(info string) map[string][]string {
	fields := map[string][]string{}
	section := ""
	for line := range strings.SplitSeq(info, "\r\n") {
		if name, ok := strings.CutPrefix(line, "# "); ok {
			section = name
			fields[section] = nil
		} else if name, _, ok := strings.Cut(line, ":"); ok {
			fields[section] = append(fields[section], name)
		}
	}
	return fields
}

func TestInfoSections(t *testing.T) {
	r := newRig(t)
	f := func(args, want string) {
		t.Helper()
		var got []string
		for line := range strings.SplitSeq(parseReply(t, r.do("INFO "+args)).(string), "\r\n") {
			if name, ok := strings.CutPrefix(line, "# "); ok {
				got = append(got, name)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("INFO %s: %s, want %s", args, s, want)
		}
	}
	usual := "Server Clients Memory Persistence Stats Replication CPU Modules Errorstats Cluster Keyspace"
	f("", usual)
	f("default", usual)
	f("nosuch", "")
	f("keyspace SERVER nosuch", "Server Keyspace")
	f("default commandstats", strings.Replace(usual, "Errorstats", "Commandstats Errorstats", 1))
	f("all", strings.Replace(usual, "Errorstats", "Commandstats Errorstats Latencystats", 1))
}

func TestInfoCounts(t *testing.T) {
	r := newRig(t)
	r.ok("SET k v")
	r.do("GET k")
	r.do("GET none")
	r.do("INCR k")
	r.do("LPUSH k a")
	r.do("LPUSH k")
	info := parseReply(t, r.do("INFO everything")).(string)
	for _, want := range []string{
		"keyspace_hits:1", "keyspace_misses:1", "total_commands_processed:6", "total_error_replies:3",
		"errorstat_ERR:count=2", "errorstat_WRONGTYPE:count=1", "rdb_changes_since_last_save:1",
		"cmdstat_get:calls=2,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0",
		"cmdstat_lpush:calls=1,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=1",
		"db0:keys=1,expires=0,avg_ttl=0",
	} {
		if !strings.Contains(info, "\r\n"+want+"\r\n") {
			t.Errorf("no %s", want)
		}
	}
	r.ok("CONFIG RESETSTAT")
	info = parseReply(t, r.do("INFO everything")).(string)
	for _, want := range []string{"keyspace_hits:0", "total_error_replies:0", "total_commands_processed:1"} {
		if !strings.Contains(info, "\r\n"+want+"\r\n") {
			t.Errorf("no %s after RESETSTAT", want)
		}
	}
	if strings.Contains(info, "errorstat_") || strings.Contains(info, "cmdstat_get") {
		t.Error("statistics of commands and errors are left after RESETSTAT")
	}
}

// TestDigest compares digests of all types, in packed and in large form, with redis.
func TestDigest(t *testing.T) {
	ref := servers.RedisT(t, "--enable-debug-command", "yes").ClientT(t)
	r := newRig(t, "enable-debug-command yes")
	do := func(args ...string) {
		t.Helper()
		ref.Do(args...)
		if got := r.send(args...); strings.HasPrefix(got, "-") {
			t.Errorf("%q: %s", args, got)
		}
	}
	long := strings.Repeat("long value ", 20)
	do("SET", "string", "a value")
	do("SET", "int", "-42")
	do("SET", "expires", "v", "PXAT", "33177117420000")
	do("SADD", "intset", "3", "1", "-500000")
	do("HSET", "packed hash", "f", "v", "number", "12")
	do("RPUSH", "packed list", "a", "12", "b")
	do("ZADD", "packed zset", "1.5", "a", "-inf", "b", "3", "7", "0.1", "c", "1e300", "d")
	do("SADD", "large set", "a", "12", long)
	do("HSET", "large hash", "f", long, "g", "12")
	do("ZADD", "large zset", "1e-7", long, "17", "7", "123456789012345680", "m")
	for i := range 2000 {
		do("RPUSH", "large list", strings.Repeat("x", i%50))
	}
	do("XADD", "stream", "1-1", "f", "v", "g", "12")
	do("XADD", "stream", "1-2", "f", "w")
	do("XADD", "stream", "5-0", "other", "field")
	do("XDEL", "stream", "1-2")
	do("SELECT", "3")
	do("SET", "string", "of another database")
	do("SELECT", "0")

	keys := []string{"string", "int", "expires", "intset", "packed hash", "packed list", "packed zset", "large set", "large hash", "large zset", "large list", "stream", "missing"}
	for _, key := range keys {
		want := ref.Do("DEBUG", "DIGEST-VALUE", key).([]any)[0]
		if got := parseReply(t, r.send("DEBUG", "DIGEST-VALUE", key)).([]any)[0]; got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
	if got, want := parseReply(t, r.do("DEBUG DIGEST")), ref.Do("DEBUG", "DIGEST"); got != want {
		t.Errorf("all: %v, want %v", got, want)
	}
}

func TestDebugIsLocked(t *testing.T) {
	r := newRig(t)
	for _, line := range []string{"DEBUG DIGEST", "DEBUG HELP", "DEBUG nosuch"} {
		if got := r.do(line); !strings.HasPrefix(got, "-ERR DEBUG command not allowed.") {
			t.Errorf("%s: %q", line, got)
		}
	}
}

func TestDebugLoadAOF(t *testing.T) {
	r := newRig(t, "appendonly yes", "enable-debug-command local")
	r.ok("SET k v")
	r.ok("SELECT 5")
	r.do("RPUSH l a b c")
	before := r.do("DEBUG DIGEST")
	r.effects()
	r.ok("DEBUG LOADAOF")
	if got := r.do("DEBUG DIGEST"); got != before {
		t.Errorf("digest %s, before %s", got, before)
	}
	r.wantEffects("RPUSH l d", "RPUSH l d")
}

func TestSlowlog(t *testing.T) {
	r := newRig(t)
	slow := 0 * time.Millisecond
	at := r.s.env.MonoNano
	r.s.env.MonoNano = func() int64 { r.nanos += int64(slow); return at() }
	slow = 11 * time.Millisecond
	r.do("LRANGE none 0 -1")
	slow = 0
	r.do("LRANGE none 0 -1")
	log := parseReply(t, r.do("SLOWLOG GET")).([]any)
	if len(log) != 1 {
		t.Fatalf("%d entries in the slow log", len(log))
	}
	entry := log[0].([]any)
	if got := entry[3].([]any); len(got) != 4 || got[0] != "LRANGE" || entry[2].(int64) != 11_000 {
		t.Errorf("%v", entry)
	}
	r.ok("CONFIG SET slowlog-log-slower-than 0")
	r.do("AUTH default hidden")
	r.ok("CONFIG SET requirepass hidden slowlog-max-len 100")
	r.ok("ACL SETUSER hidden on")
	if got := r.do("SLOWLOG GET -1"); strings.Contains(got, "hidden") || strings.Count(got, "(redacted)") != 5 {
		t.Errorf("passwords in the slow log: %q", got)
	}
	r.ok("CONFIG SET slowlog-max-len 2")
	r.want("SLOWLOG LEN", ":2\r\n")
}

func TestLatencyEvents(t *testing.T) {
	r := newRig(t, "latency-monitor-threshold 5")
	for _, ms := range []int64{6, 20, 10, 10} {
		r.s.noteLatency("command", ms*1e6)
		r.s.noteLatency("command", 4e6) // below the threshold
		r.s.noteLatency("command", 5e6) // in the same second
		r.advance(1000)
		r.do("PING")
	}
	if got := parseReply(t, r.do("LATENCY HISTORY command")).([]any); len(got) != 4 || got[1].([]any)[1] != int64(20) {
		t.Errorf("%v", got)
	}
	if got := parseReply(t, r.do("LATENCY LATEST")).([]any)[0].([]any); got[0] != "command" || got[2] != int64(10) || got[3] != int64(20) {
		t.Errorf("%v", got)
	}
	// As redis-server 7.0.15 drew the same samples.
	want := "command - high 20 ms, low 6 ms (all time high 20 ms)\n" + strings.Repeat("-", 80) + "\n #  \n |  \n |__\n_|||\n    \n4321\nssss\n"
	if got := parseReply(t, r.do("LATENCY GRAPH command")).(string); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	r.want("LATENCY RESET nosuch command", ":1\r\n")
	r.want("LATENCY LATEST", "*0\r\n")
}

// TestHistogram compares percentiles with those of the sorted durations.
func TestHistogram(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var h histogram
	var all []int64
	for range 10_000 {
		n := int64(1) << rng.IntN(31)
		n = min(max(n+rng.Int64N(n), 1), histogramNanos)
		h.add(n, 1)
		all = append(all, n)
		if b := bucketOf(n); highestIn(b) < n || b > 0 && highestIn(b-1) >= n || float64(highestIn(b)) > float64(n)*1.008+1 {
			t.Fatalf("%d is in bucket %d, up to %d", n, b, highestIn(b))
		}
	}
	slices.Sort(all)
	for _, p := range []float64{0.1, 50, 99, 99.9, 100} {
		at := min(int(p/100*float64(len(all))+0.5), len(all)) - 1
		if got := h.percentile(p); got != highestIn(bucketOf(all[at])) {
			t.Errorf("p%v: %d, want %d", p, got, all[at])
		}
	}
	var got, want [][2]int64
	h.cumulative(func(micros, calls int64) { got = append(got, [2]int64{micros, calls}) })
	for limit, last := int64(1024), 0; last < len(all); limit *= 2 {
		highest := highestIn(bucketOf(limit))
		if n, _ := slices.BinarySearch(all, highest+1); n > last {
			want = append(want, [2]int64{highest / 1000, int64(n)})
			last = n
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestServerEffects(t *testing.T) {
	r := newRig(t, "appendonly yes")
	r.wantEffects("FLUSHALL", "FLUSHALL") // even of nothing, as in Redis
	r.wantEffects("CONFIG SET hz 20")
	r.wantEffects("INFO")
	r.wantEffects("MEMORY USAGE k")
}
