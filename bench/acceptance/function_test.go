package acceptance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"spindle/bench/servers"
)

const (
	counterLibrary = "#!lua name=counter\nlocal calls = 0\nredis.register_function('count', function(keys) calls = calls + 1 return redis.call('incr', keys[1]) end)"
	loopLibrary    = "#!lua name=loop\nredis.register_function{function_name='loop', callback=function() while true do end end, flags={'no-writes'}}\n" +
		"redis.register_function('writeloop', function(keys) redis.call('set', keys[1], 'v') while true do end end)"
)

// Libraries are back after kill -9, from the log as it grew, from one that was rewritten, and from what came after that.
func TestLibrariesSurvive(t *testing.T) {
	s := servers.SpindleT(t, keepLog...)
	c := s.ClientT(t)
	want(t, c, "counter", "FUNCTION", "LOAD", "#!lua name=counter\nredis.register_function('old', function() end)")
	want(t, c, "counter", "FUNCTION", "LOAD", "REPLACE", counterLibrary)
	want(t, c, "gone", "FUNCTION", "LOAD", "#!lua name=gone\nredis.register_function('gone', function() end)")
	want(t, c, "OK", "FUNCTION", "DELETE", "gone")
	want(t, c, "1", "FCALL", "count", "1", "n")
	restart := func() *servers.Client {
		t.Helper()
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		return s.ClientT(t)
	}
	c = restart()
	want(t, c, "2", "FCALL", "count", "1", "n")
	want(t, c, "ERR Function not found", "FCALL", "old", "0")
	want(t, c, "ERR Function not found", "FCALL", "gone", "0")

	want(t, c, "Background append only file rewriting started", "BGREWRITEAOF")
	within(t, patience, "the rewrite has ended", func() bool { return info(t, c, "aof_rewrite_in_progress") == 0 })
	c = restart()
	want(t, c, "3", "FCALL", "count", "1", "n")
	want(t, c, "later", "FUNCTION", "LOAD", "#!lua name=later\nredis.register_function('later', function() return 'later' end)")
	dump := c.Do("FUNCTION", "DUMP").(string)
	c = restart()
	want(t, c, "later", "FCALL", "later", "0")
	want(t, c, "OK", "FUNCTION", "FLUSH")
	c = restart()
	want(t, c, "ERR Function not found", "FCALL", "later", "0")
	want(t, c, "OK", "FUNCTION", "RESTORE", dump)
	c = restart()
	want(t, c, "later", "FCALL", "later", "0")
	want(t, c, "4", "FCALL", "count", "1", "n")
	want(t, c, dump, "FUNCTION", "DUMP")
}

// Either server loads what the other dumped, and redis-server loads our log.
func TestLibrariesAreRedis(t *testing.T) {
	ours := servers.SpindleT(t, append(keepLog, "--aof-use-rdb-preamble", "no")...)
	redis := servers.RedisT(t).ClientT(t)
	c := ours.ClientT(t)
	want(t, c, "counter", "FUNCTION", "LOAD", counterLibrary)
	want(t, c, "1", "FCALL", "count", "1", "n")
	want(t, redis, "OK", "FUNCTION", "RESTORE", c.Do("FUNCTION", "DUMP").(string))
	want(t, redis, "1", "FCALL", "count", "1", "n")
	want(t, redis, "loop", "FUNCTION", "LOAD", loopLibrary)
	want(t, c, "OK", "FUNCTION", "RESTORE", redis.Do("FUNCTION", "DUMP").(string), "REPLACE")
	want(t, c, "2", "FCALL", "count", "1", "n")
	listed := func(c *servers.Client) string {
		list := c.Do("FUNCTION", "LIST", "LIBRARYNAME", "loop", "WITHCODE")
		// The functions come in the order of a hash table, whose seed is another in every process.
		functions := list.([]any)[0].([]any)[5].([]any)
		slices.SortFunc(functions, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		return fmt.Sprint(list)
	}
	if got, expected := listed(c), listed(redis); got != expected {
		t.Errorf("%s\nredis has %s", got, expected)
	}
	want(t, c, "Background append only file rewriting started", "BGREWRITEAOF")
	within(t, patience, "the rewrite has ended", func() bool { return info(t, c, "aof_rewrite_in_progress") == 0 })
	ours.Kill()
	theirs := servers.RedisT(t, "--dir", ours.Dir, "--appendonly", "yes").ClientT(t)
	want(t, theirs, "3", "FCALL", "count", "1", "n")
}

// A log of redis-server, whose base is an RDB file with the libraries, is loaded.
func TestLibrariesOfRedisAreLoaded(t *testing.T) {
	redis := servers.RedisT(t, "--appendonly", "yes", "--appendfsync", "always", "--aof-use-rdb-preamble", "yes")
	c := redis.ClientT(t)
	want(t, c, "counter", "FUNCTION", "LOAD", counterLibrary)
	want(t, c, "1", "FCALL", "count", "1", "n")
	want(t, c, "Background append only file rewriting started", "BGREWRITEAOF")
	within(t, patience, "the rewrite has ended", func() bool {
		return info(t, c, "aof_rewrite_in_progress") == 0 && info(t, c, "aof_rewrite_scheduled") == 0
	})
	want(t, c, "loop", "FUNCTION", "LOAD", loopLibrary)
	redis.Kill()
	ours := servers.SpindleT(t, append(keepLog, "--dir", redis.Dir)...).ClientT(t)
	want(t, ours, "2", "FCALL", "count", "1", "n")
	if listed := fmt.Sprint(ours.Do("FUNCTION", "LIST", "LIBRARYNAME", "loop")); !strings.Contains(listed, "writeloop") {
		t.Error(listed)
	}
}

// While a function runs too long others hear of it and can end it, also inside a transaction.
func TestFunctionKill(t *testing.T) {
	s := servers.SpindleT(t, "--busy-reply-threshold", "50")
	c, other := s.ClientT(t), s.ClientT(t)
	want(t, c, "loop", "FUNCTION", "LOAD", loopLibrary)
	want(t, other, "NOTBUSY No scripts in execution right now.", "FUNCTION", "KILL")
	busy := func() {
		t.Helper()
		within(t, patience, "the server is busy", func() bool {
			return strings.HasPrefix(fmt.Sprint(other.Do("GET", "k")), "BUSY Redis is busy running a script. You can only call FUNCTION KILL")
		})
	}
	kill := func() {
		t.Helper()
		busy()
		want(t, other, "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.", "SCRIPT", "KILL")
		want(t, other, "OK", "FUNCTION", "KILL")
	}
	c.Send("FCALL", "loop", "1", "key", "arg")
	busy()
	if stats := fmt.Sprint(other.Do("FUNCTION", "STATS")); !strings.HasPrefix(stats, "[running_script [name loop command [FCALL loop 1 key arg] duration_ms ") {
		t.Error(stats)
	}
	kill()
	if reply := fmt.Sprint(c.Receive()); !strings.HasPrefix(reply, "ERR Script killed by user with SCRIPT KILL... script: loop") {
		t.Error(reply)
	}
	want(t, other, "<nil>", "GET", "k")

	want(t, c, "OK", "MULTI")
	want(t, c, "QUEUED", "FCALL_RO", "loop", "0")
	want(t, c, "QUEUED", "SET", "k", "v")
	c.Send("EXEC")
	kill()
	if reply := fmt.Sprint(c.Receive()); !strings.Contains(reply, "Script killed by user with SCRIPT KILL...") || !strings.HasSuffix(reply, "OK]") {
		t.Error(reply)
	}
	want(t, other, "v", "GET", "k")

	c.Send("FCALL", "writeloop", "1", "k2")
	busy()
	wantPrefix(t, other, "UNKILLABLE ", "FUNCTION", "KILL")
	other.Send("SHUTDOWN", "NOSAVE")
	within(t, patience, "the server has ended", func() bool { return !s.Alive() })
}

// A library that does not come to its end is given up.
func TestFunctionLoadTimeout(t *testing.T) {
	c := servers.SpindleT(t).ClientT(t)
	began := time.Now()
	want(t, c, "ERR Error registering functions: ERR FUNCTION LOAD timeout", "FUNCTION", "LOAD", "#!lua name=x\nwhile true do end")
	if took := time.Since(began); took < 400*time.Millisecond {
		t.Errorf("after %v", took)
	}
	want(t, c, "[]", "FUNCTION", "LIST")
	want(t, c, "PONG", "PING")
}
