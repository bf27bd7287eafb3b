package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"spindle/bench/servers"
)

// TestCommandLine compares what redis-cli prints for a command given on its command line or its standard input.
func TestCommandLine(t *testing.T) {
	p := start(t, "redis-cli")
	p.fill(t)
	script := filepath.Join(t.TempDir(), "script.lua")
	if err := os.WriteFile(script, []byte("return {KEYS[1], ARGV[1], redis.call('GET', KEYS[1]), #KEYS, #ARGV}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		stdin string
		args  string // separated by |
	}{
		{"", "GET|key:3"}, {"", "--no-raw|GET|key:3"}, {"", "--no-raw|GET|absent"}, {"", "GET|list"}, {"", "-e|GET|list"}, {"", "NOSUCH|a"},
		{"", "--no-raw|LRANGE|small|0|-1"}, {"", "--raw|LRANGE|small|0|-1"}, {"", "--csv|LRANGE|small|0|-1"}, {"", "--json|LRANGE|small|0|-1"},
		{"", "--quoted-json|LRANGE|small|0|-1"}, {"", "--json|HGETALL|h"}, {"", "-2|--json|HGETALL|h"}, {"", "--csv|HGETALL|h"}, {"", "-3|--csv|HGETALL|h"},
		{"", "--no-raw|HGETALL|h"}, {"", "-3|--no-raw|HGETALL|h"}, {"", "-3|--no-raw|ZRANGE|zset|0|2|WITHSCORES"}, {"", "-3|--no-raw|SMISMEMBER|set|m1|x"},
		{"", "-3|--no-raw|DEBUG|PROTOCOL|DOUBLE"}, {"", "-3|--no-raw|DEBUG|PROTOCOL|VERBATIM"}, {"", "-3|--no-raw|DEBUG|PROTOCOL|ATTRIB"},
		{"", "-3|--json|DEBUG|PROTOCOL|MAP"}, {"", "-3|--csv|DEBUG|PROTOCOL|SET"}, {"", "-3|--no-raw|DEBUG|PROTOCOL|TRUE"}, {"", "-3|--no-raw|DEBUG|PROTOCOL|NULL"},
		{"", "-3|--no-raw|DEBUG|PROTOCOL|BIGNUM"}, {"", "-3|--no-raw|DEBUG|PROTOCOL|PUSH"},
		{"", "--no-raw|XRANGE|stream|-|+|COUNT|2"}, {"", "-3|--no-raw|XREAD|STREAMS|stream|27-1"}, {"", "--no-raw|XINFO|GROUPS|stream"},
		{"", "-r|3|-i|0.01|INCR|counter"}, {"", "-n|3|SET|elsewhere|1"}, {"", "-n|3|DBSIZE"}, {"", "-n|99|PING"},
		{"", "-d|;|LRANGE|list|0|3"}, {"", "-D|, |GET|key:1"}, {"", "--quoted-input|GET|\"\\x01binary key\\n\""},
		{"a value\x00with bytes", "-x|SET|piped"}, {"", "--no-raw|GET|piped"}, {"tagged", "-X|here|SET|here|v"}, {"", "GET|tagged"},
		{"SET a 1\nINCR a\nGET \"a\"\n\nbad'\nNOSUCH\nLPUSH a x\n", ""}, {"SET a 1\nMULTI\nINCR a\nGET a\nEXEC\n", "--no-raw"}, {"SUBSCRIBE\nHGETALL h\n", "--no-raw"},
		{"", "--user|default|--pass|wrong|--no-auth-warning|PING"}, {"", "-a|wrong|PING"}, {"", "-u|redis://127.0.0.1:PORT/2|DBSIZE"},
		{"", "-c|GET|key:3"}, {"", "--verbose|PING"},
		{"", "--eval|SCRIPT|key:2|,|arg"}, {"", "--eval|SCRIPT|key:2|key:3|,"}, {"", "--no-raw|EVAL|return {1,{ok='x'},'a',false}|0"},
		{"", "--no-raw|EVAL|return redis.error_reply('MY error')|0"},
		{"", "--cluster|info|127.0.0.1:PORT"}, {"", "--cluster|check|127.0.0.1:PORT"}, {"", "--cluster|create|127.0.0.1:PORT"}, {"", "CLUSTER|INFO"}, {"", "CLUSTER|NODES"},
		{"", "--hotkeys"}, {"", "MODULE|LIST"}, {"", "ROLE"}, {"", "SENTINEL|masters"}, {"", "ACL|WHOAMI"}, {"", "COMMAND|GETKEYS|GET|a"},
		{"", "HELP"}, {"", "--no-raw|COMMAND|INFO|get"}, {"", "--no-raw|COMMAND|DOCS|hset"}, {"", "--json|COMMAND|DOCS|xadd"}, {"", "SHUTDOWN|NOSUCH"},
		{"", "DEBUG|SLEEP|0"}, {"", "PING|" + strings.Repeat("x", 100_000)},
	} {
		outcomes := map[*servers.Server]outcome{}
		p.each(func(s *servers.Server) {
			args := strings.Split(strings.NewReplacer("PORT", fmt.Sprint(s.Port), "SCRIPT", script).Replace(c.args), "|")
			if c.args == "" {
				args = nil
			}
			o := runCLI(t, s, c.stdin, args...)
			o.stdout, o.stderr = p.anonymous(s, o.stdout), p.anonymous(s, o.stderr)
			outcomes[s] = o
		})
		if got, expected := outcomes[p.ours], outcomes[p.reference]; got != expected {
			t.Errorf("redis-cli %.100s: got\n%+v\nwant\n%+v", c.args, got, expected)
		}
	}
}

// Keys come in another order, so what is compared is sorted.
func TestScanMode(t *testing.T) {
	p := start(t, "redis-cli")
	p.fill(t)
	for _, args := range [][]string{{"--scan"}, {"--scan", "--pattern", "key:1*"}, {"--scan", "--quoted-pattern", `"\x01*"`}, {"--no-raw", "--scan"}, {"-3", "--scan"}, {"--scan", "-i", "0.01"}} {
		var got [2][]string
		for i, s := range []*servers.Server{p.ours, p.reference} {
			got[i] = strings.Split(runCLI(t, s, "", args...).stdout, "\n")
			slices.Sort(got[i])
		}
		if !slices.Equal(got[0], got[1]) || len(got[0]) < 2 {
			t.Errorf("redis-cli %q: got %q, want %q", args, got[0], got[1])
		}
	}
}

var number = regexp.MustCompile(`\d+(\.\d+)?`)

// summary is what follows the progress, which depends on the order of the keys.
func summary(t *testing.T, o outcome) string {
	t.Helper()
	_, text, found := strings.Cut(o.stdout, "-------- summary -------")
	if !found || o.status != 0 {
		t.Errorf("no summary: %+v", o)
	}
	return text
}

func TestBigKeys(t *testing.T) {
	p := start(t, "redis-cli")
	p.fill(t)
	for _, args := range [][]string{{"--bigkeys"}, {"--bigkeys", "-i", "0.01"}, {"-3", "--bigkeys"}} {
		got, expected := summary(t, runCLI(t, p.ours, "", args...)), summary(t, runCLI(t, p.reference, "", args...))
		if got != expected || !strings.Contains(got, `Biggest string found '"key:49"' has 50 bytes`) {
			t.Errorf("redis-cli %q: got\n%s\nwant\n%s", args, got, expected)
		}
	}
	// Sizes in memory are each server's own.
	for _, args := range [][]string{{"--memkeys"}, {"--memkeys", "--memkeys-samples", "0"}} {
		got, expected := summary(t, runCLI(t, p.ours, "", args...)), summary(t, runCLI(t, p.reference, "", args...))
		if biggest := regexp.MustCompile(`Biggest .*'"([a-z]+)`); fmt.Sprint(biggest.FindAllStringSubmatch(got, -1)) == "[]" ||
			number.ReplaceAllString(got, "N") != number.ReplaceAllString(expected, "N") {
			t.Errorf("redis-cli %q: got\n%s\nwant, but for the numbers,\n%s", args, got, expected)
		}
	}
}

func TestHotKeys(t *testing.T) {
	p := start(t, "redis-cli")
	p.each(func(s *servers.Server) {
		c := s.ClientT(t)
		if got := c.Do("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu"); got != "OK" {
			t.Fatal(got)
		}
		for i := range 20 {
			c.Do("SET", fmt.Sprint("cold", i), "v")
		}
		c.Do("SET", "hot", "v")
		for range 5000 {
			c.Send("GET", "hot")
		}
		for range 5000 {
			c.Receive()
		}
		text := summary(t, runCLI(t, s, "", "--hotkeys"))
		if !regexp.MustCompile(`^\n\nSampled 21 keys in the keyspace!\nhot key found with counter: \d+\tkeyname: "?hot"?\n`).MatchString(text) {
			t.Errorf("%s: %q", s.Name, text)
		}
	})
}

// Modes that report until they are ended.
func TestReports(t *testing.T) {
	p := start(t, "redis-cli")
	p.fill(t)
	p.each(func(s *servers.Server) {
		for _, c := range []struct{ pattern, args string }{
			{`(?s)^------- data ------ --------------------- load -------------------- - child -\nkeys +mem +clients +blocked +requests +connections +\n(58 +[\d.]+[KM] +\d+ +0 +\d+ \(\+\d+\) +\d+ +\n){3}`, "--stat|-i|0.01"},
			{`(?s)^\d+ [\d.]+ \d+\.\d+ \d+\n|^\d+ \d+ [\d.]+ \d+\n`, "--latency|-i|1|--raw"},
			{`(?m)^\d+,\d+,[\d.]+,\d+\n`, "--latency|-i|1|--csv"},
			{`(?s)^(.*min: \d+, max: \d+, avg: [\d.]+ \(\d+ samples\) -- [\d.]+ seconds range\n){2}`, "--no-raw|--latency-history|-i|1"},
			{`(?s)---------------------------------------------\n.*[0-9.]+`, "--latency-dist|-i|1"},
		} {
			t.Run(s.Name+" "+c.args, func(t *testing.T) {
				t.Parallel() // they report once a second
				listen(t, s, strings.Split(c.args, "|")...).until(c.pattern)
			})
		}
	})
}

func TestMassInsertion(t *testing.T) {
	p := start(t, "redis-cli")
	var protocol, inline strings.Builder
	for i := range 20_000 {
		k, v := fmt.Sprint("key", i), strings.Repeat("v", i%300)
		fmt.Fprintf(&protocol, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(k), k, len(v), v)
		fmt.Fprintf(&inline, "INCR n%d\r\n", i%10)
	}
	for _, stdin := range []string{protocol.String(), inline.String(), "SET a b\r\nLPUSH a c\r\nNOSUCH\r\n", ""} {
		var got [2]outcome
		var size [2]any
		for i, s := range []*servers.Server{p.ours, p.reference} {
			got[i] = runCLI(t, s, stdin, "--pipe")
			size[i] = s.ClientT(t).Do("DBSIZE")
		}
		if got[0] != got[1] || size[0] != size[1] || !strings.Contains(got[0].stdout, "replies: ") {
			t.Errorf("redis-cli --pipe: got %+v and %v keys, want %+v and %v keys", got[0], size[0], got[1], size[1])
		}
	}
}

// What needs replication or the Lua debugger is refused, soon and in words.
func TestRefusals(t *testing.T) {
	p := start(t, "redis-cli")
	script := filepath.Join(t.TempDir(), "script.lua")
	if err := os.WriteFile(script, []byte("return 1"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--rdb", "dump.rdb"}, {"--functions-rdb", "functions.rdb"}, {"--replica"}} {
		o := runCLI(t, p.ours, "", args...)
		if text := o.stdout + o.stderr; !regexp.MustCompile(`(?i)err|not supported|unknown`).MatchString(text) {
			t.Errorf("redis-cli %q: %+v", args, o)
		}
	}
	// redis-cli does not look at the answer and runs the script all the same.
	if err, is := p.ours.ClientT(t).Do("SCRIPT", "DEBUG", "YES").(error); !is {
		t.Error("SCRIPT DEBUG YES: ", err)
	}
	for _, mode := range []string{"--ldb", "--ldb-sync-mode"} {
		if o := runCLI(t, p.ours, "", mode, "--eval", script); !strings.HasSuffix(strings.TrimSpace(o.stdout), "\n1") {
			t.Errorf("redis-cli %s: %+v", mode, o)
		}
	}
	if got := p.ours.ClientT(t).Do("PING"); got != "PONG" {
		t.Error("PING afterwards: ", got)
	}
}
