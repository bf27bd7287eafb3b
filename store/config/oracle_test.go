package config

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"spindle/bench/servers"
)

// oracle is a redis-server that the tests compare with.
type oracle struct {
	t    *testing.T
	srv  *servers.Server
	conn net.Conn
	r    *bufio.Reader
}

func startOracle(t *testing.T, args ...string) *oracle {
	t.Helper()
	srv, err := servers.Redis(args...)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(srv.Stop)
	conn, err := net.Dial("tcp", srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &oracle{t, srv, conn, bufio.NewReader(conn)}
}

// do sends a command and returns the reply: the text of a status or error, or the elements.
func (o *oracle) do(args ...string) []string {
	o.t.Helper()
	fmt.Fprintf(o.conn, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(o.conn, "$%d\r\n%s\r\n", len(a), a)
	}
	line := o.line()
	if line[0] != '*' {
		return []string{line}
	}
	n, _ := strconv.Atoi(line[1:])
	list := make([]string, n)
	for i := range list {
		size, _ := strconv.Atoi(o.line()[1:])
		b := make([]byte, size+2)
		if _, err := io.ReadFull(o.r, b); err != nil {
			o.t.Fatal(err)
		}
		list[i] = string(b[:size])
	}
	return list
}

func (o *oracle) line() string {
	o.t.Helper()
	s, err := o.r.ReadString('\n')
	if err != nil {
		o.t.Fatal(err)
	}
	return strings.TrimRight(s, "\r\n")
}

// get returns one directive's value.
func (o *oracle) get(name string) string {
	o.t.Helper()
	reply := o.do("CONFIG", "GET", name)
	if len(reply) != 2 {
		return "(none)"
	}
	return reply[1]
}

// set is CONFIG SET, and like ours gives "" for OK and the error text else.
func (o *oracle) set(args ...string) string {
	o.t.Helper()
	reply := o.do(append([]string{"CONFIG", "SET"}, args...)...)[0]
	if reply == "+OK" {
		return ""
	}
	return strings.TrimPrefix(reply, "-ERR ")
}

func set(c *Config, args ...string) string {
	list := make([][]byte, len(args))
	for i, a := range args {
		list[i] = []byte(a)
	}
	if err := c.Set(list, true); err != nil {
		return err.Error()
	}
	return ""
}

func get(c *Config, name string) string {
	pairs := c.Get([][]byte{[]byte(name)})
	if len(pairs) != 1 {
		return "(none)"
	}
	return pairs[0].Value
}

// differs names the directives whose values in the oracle come from its command line or its build, and
// those where we differ on purpose.
var differs = []string{"port", "bind", "dir", "appendonly", "save", "enable-debug-command", "enable-protected-configs"}

// TestNamesAndDefaults compares CONFIG GET of everything.
func TestNamesAndDefaults(t *testing.T) {
	o := startOracle(t)
	want := o.do("CONFIG", "GET", "*")
	ours := map[string]string{}
	for _, p := range Defaults().Get([][]byte{[]byte("*")}) {
		ours[p.Name] = p.Value
	}
	for i := 0; i < len(want); i += 2 {
		name, value := want[i], want[i+1]
		got, ok := ours[name]
		if delete(ours, name); !ok {
			t.Errorf("no directive %s", name)
		} else if got != value && !slices.Contains(differs, name) {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	for name := range ours {
		t.Errorf("redis has no directive %s", name)
	}
	for _, d := range Directives() {
		if d.has(Hidden) && get(Defaults(), d.Name) != o.get(d.Name) {
			t.Errorf("%s is %q, want %q", d.Name, get(Defaults(), d.Name), o.get(d.Name))
		}
	}
}

// nasty are values that every directive is set to.
var nasty = []string{"", "0", "1", "-1", "2", "10", "01", "+1", " 1", "1 ", "1.5", "yes", "NO", "xyzzy", "a b", "1 2", "1 2 3", "1  2",
	"2147483647", "2147483648", "-2147483649", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808",
	"18446744073709551615", "18446744073709551616", "-9223372036854775808", "1k", "1kb", "3MB", "2g", "1gbb", "kb", "50%", "101%",
	"%", "0%", "-5%", "777", "65536", "a/b", "AKE", "default", "3600 1", "normal 1 2 3", "replica 1mb 2mb 3 PUBSUB 1 2 3", "\"1\" 2",
	"local", "always", "{title}", "{nonsense}", "nan", "inf", "1e1 99.99", "100 -200 2000", "now force", "a\x00b"}

// untouchable would make the oracle stop listening, or depend on its build or machine.
var untouchable = []string{"port", "tls-port", "bind", "activedefrag", "maxclients", "requirepass", "tls-cluster", "tls-replication",
	"appendonly", // switching it on fails while a rewrite is in progress
	"watchdog-period", "key-load-delay", "rdb-key-save-delay"}

// TestSetEverything sets every directive to every nasty value in both.
func TestSetEverything(t *testing.T) {
	o := startOracle(t, "--enable-protected-configs", "yes")
	c := Defaults()
	c.EnableProtectedConfigs = ProtectedYes
	c.Dir = o.get("dir")
	for _, d := range Directives() {
		if slices.Contains(untouchable, d.Name) {
			continue
		}
		for _, name := range []string{d.Name, d.Alias} {
			for _, v := range nasty {
				if name == "" || strings.Contains(v, "\x00") && (d.Name == "dir" || strings.HasPrefix(fmt.Sprintf("%T", d.kind), "config.text")) {
					continue // C strings end there
				}
				if d.Name == "oom-score-adj" && v == "yes" || d.Name == "maxmemory-clients" {
					continue // changes the process; evicts us
				}
				if got, want := set(c, name, v), o.set(name, v); got != want {
					t.Fatalf("CONFIG SET %s %q: %q, want %q", name, v, got, want)
				}
				if got, want := get(c, name), o.get(name); got != want && !slices.Contains(differs, d.Name) {
					t.Fatalf("CONFIG GET %s after setting %q: %q, want %q", name, v, got, want)
				}
			}
			if name != "" {
				o.set(name, get(Defaults(), name))
				set(c, name, get(Defaults(), name))
			}
		}
	}
}

// TestSetScripts compares sequences of pairs, then some values.
func TestSetScripts(t *testing.T) {
	o := startOracle(t, "--save", "")
	c := Defaults()
	for _, words := range [][]string{
		{"foo", "bar"}, {"maxmemory", "1mb", "timeout", "7"}, {"maxmemory", "1", "foo", "2"}, {"foo", "2", "maxmemory"},
		{"maxmemory", "3mb", "timeout", "x"}, {"timeout", "x", "maxmemory", "y"}, {"timeout", "1", "TIMEOUT", "2"},
		{"slave-priority", "1", "replica-priority", "2"}, {"replica-priority", "7", "slave-priority", "x"},
		{"lua-time-limit", "5", "busy-reply-threshold", "6"},
		{"daemonize", "yes", "foo", "1"}, {"timeout", "1", "timeout", "3", "foo", "3"}, {"timeout", "1", "daemonize", "x"},
		{"TimeOut", "x"}, {"SLAVE-PRIORITY", "x"}, {"FOO", "x"}, {"dir", "/"}, {"dbfilename", "x"},
		{"save", "60 1", "timeout", "x"}, {"save", "60 1 30 2"}, {"save", "60"}, {"include", "x"}, {"user", "a"},
		{"notify-keyspace-events", "Kgn"}, {"hz", "100000"}, {"repl-backlog-size", "1"},
		{"client-output-buffer-limit", "normal 1 2 3"}, {"client-output-buffer-limit", "slave 1kb 2g 3", "timeout", "x"},
		{"latency-tracking-info-percentiles", "33.3333333333333 1e-7"},
		{"maxmemory-clients", "5gb"}, {"maxmemory-clients", "18446744073709551000"}, {"maxmemory-clients", "200%"},
		{"maxmemory-policy", "ALLKEYS-lru", "maxmemory", ""},
	} {
		if got, want := set(c, words...), o.set(words...); got != want {
			t.Errorf("CONFIG SET %q: %q, want %q", words, got, want)
		}
		for _, name := range []string{"maxmemory", "timeout", "replica-priority", "slave-priority", "busy-reply-threshold", "save", "notify-keyspace-events",
			"hz", "repl-backlog-size", "client-output-buffer-limit", "latency-tracking-info-percentiles", "maxmemory-policy"} {
			if got, want := get(c, name), o.get(name); got != want {
				t.Errorf("after CONFIG SET %q: %s is %q, want %q", words, name, got, want)
			}
		}
	}
	// Redis shrinks its reply buffers after five seconds. What has no room there counts, and would have us cut off.
	for _, words := range [][]string{{"client-output-buffer-limit", "normal 0 0 0"}, {"timeout", "0"}} {
		if got, want := set(c, words...), o.set(words...); got != want {
			t.Errorf("CONFIG SET %q: %q, want %q", words, got, want)
		}
	}
	for _, patterns := range [][]string{
		{"timeo*", "timeout", "TIMEOUT", "hz"}, {"TIMEOUT", "timeout"}, {"*SLAVE*", "hz"}, {"nothing"}, {"*"}, {"watchdog*"}, {"use-exit-on-panic"},
		{"[s]ave"}, {`t\imeout`}, {"hash-max-*", "save"},
	} {
		want := o.do(append([]string{"CONFIG", "GET"}, patterns...)...)
		var wanted, got []string
		for i := 0; i < len(want); i += 2 {
			wanted = append(wanted, want[i])
		}
		list := make([][]byte, len(patterns))
		for i, p := range patterns {
			list[i] = []byte(p)
		}
		for _, p := range c.Get(list) {
			got = append(got, p.Name)
		}
		slices.Sort(got)
		slices.Sort(wanted) // redis answers in the order of a hash table
		if !slices.Equal(got, wanted) {
			t.Errorf("CONFIG GET %q: %q, want %q", patterns, got, wanted)
		}
	}
}

// refuse is a last line that both refuse, so that the oracle never starts.
const refuse = "\nthis-ends-it"

// runOracle gives what redis-server prints and its exit status.
func runOracle(t *testing.T, dir, stdin string, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "redis-server", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if ee, ok := err.(*exec.ExitError); ok {
		return string(out), ee.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out), 0
}

// compareLoad runs both on the same command line, which must fail, and compares the texts.
func compareLoad(t *testing.T, dir, stdin string, args ...string) {
	t.Helper()
	want, status := runOracle(t, dir, stdin, args...)
	t.Chdir(dir)
	_, _, err := Load(args, strings.NewReader(stdin))
	if err == nil {
		t.Errorf("%q %q: no error, redis-server says %d, %s", args, stdin, status, want)
		return
	}
	got := err.Error() + "\n"
	if i := strings.LastIndex(want, " # "); i >= 0 && err.(*LoadError).Log {
		want = want[i+3:]
	} else if i := strings.Index(want, "\n***"); i >= 0 {
		want = want[i:] // before it may stand log lines
	}
	if got != want || status != 1 {
		t.Errorf("%q %q:\n got %q\nwant %q, status %d", args, stdin, got, want, status)
	}
}

func needRedis(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("no redis-server on PATH")
	}
}

// TestFileErrors feeds one-line files to both.
func TestFileErrors(t *testing.T) {
	needRedis(t)
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("bad.conf", "# fine\nport abc\n")
	write("good.conf", "port 1\ntimeout 3")
	for _, text := range []string{
		"foo bar", "port", "port abc", "port 1 2", "port \"17", "PORT x", "port '1'", "port '1''", `po"rt" 3`, `port "3"x`, `port "\x31"`, `port "\x3g"`,
		"include nothere.conf", "include nothere*.conf", "include bad.conf", "include *d.conf", "include", "include good.conf",
		"maxmemory-policy foo", "maxmemory 1zb", "save 1", "save", "save \"\"\nsave 1 a", "save \"60 1\"", "save \"60  1\"", "save 60 1 x", "save \"\" 1", "save 0 1", "save 60 -1",
		"rename-command get", "user", "client-output-buffer-limit foo 1 2 3", "client-output-buffer-limit normal 1 2", "client-output-buffer-limit normal 1 x 3",
		"client-output-buffer-limit master 1 2 3", "client-output-buffer-limit \"\"", "client-output-buffer-limit \"normal 1 2 3\"", "client-output-buffer-limit",
		"dir /nothere", "dir /dev/null", "dir", "sentinel foo", "list-max-ziplist-entries 4", "list-max-ziplist-entries",
		"bind a b c d e f g h i j k l m n o p q", "bind", "bind \"\"", "replicaof a", "replicaof a x", "replicaof a 70000", "replicaof no one", "replicaof \"a 1\"", "slaveof a",
		"loadmodule", "foo.bar", "shutdown-on-sigint save nosave", "shutdown-on-sigint save now", "shutdown-on-sigint", "shutdown-on-sigterm x",
		"appendfilename a/b", "appenddirname a/b", "appenddirname \"\"", "dbfilename a/b", "unixsocketperm 1000", "unixsocketperm 9", "unixsocketperm -1", "cluster-announce-hostname 'a b'",
		"oom-score-adj-values 1 2", "oom-score-adj-values 1 2 x", "latency-tracking-info-percentiles 1 x", "latency-tracking-info-percentiles 101", "notify-keyspace-events a b", "notify-keyspace-events q",
		"proc-title-template {x}", "io-threads 0", "io-threads 129", "databases 0", "tcp-backlog x", "hz x", "supervised x", "enable-debug-command x", "maxclients 0",
		"slowlog-log-slower-than -2", "\t port x\t", "\r\nport x\r\n", "logfile a b", "tls-port x", "maxmemory-clients 101%", "maxmemory-clients 5%%",
	} {
		write("x.conf", text+refuse)
		compareLoad(t, dir, "", "x.conf")
	}
	compareLoad(t, dir, "", "nothere.conf")
	compareLoad(t, dir, "", "nothere*.conf", "--x")
	compareLoad(t, dir, "port x", "good.conf", "-")
	compareLoad(t, dir, "port x\n", "-")
	compareLoad(t, dir, "port 1", "good.conf", "--timeout", "y", "-")
	write("x.conf", "logfile /nothere/x")
	compareLoad(t, dir, "", "x.conf")
	write("x.conf", "foo.bar 1\nport 0\nunixsocket x.sock")
	compareLoad(t, dir, "", "x.conf")
	for _, d := range Directives() { // the immutable ones cannot be tried with CONFIG SET
		if d.has(Mutable) {
			continue
		}
		for _, v := range []string{"\"\"", "-1", "xyzzy", "99999999999", "1 2", "01"} {
			write("x.conf", d.Name+" "+v+refuse)
			compareLoad(t, dir, "", "x.conf")
		}
	}
}

// TestCommandLine compares how options become lines.
func TestCommandLine(t *testing.T) {
	needRedis(t)
	dir := t.TempDir()
	for _, args := range [][]string{
		{"--foo", "bar"}, {"--port"}, {"--port", "abc", "--save", "60", "1"}, {"--port", "1", "--foo"}, {"--port", "1", "extra"}, {"--port=1"}, {"-port", "1"},
		{"--save", "60", "1", "x"}, {"--save", "60 1", "30 2"}, {"--save", "--loglevel", "x"}, {"--save", "", "--loglevel", "x"}, {"--save", "--x"},
		{"--port 1", "--foo 2"}, {"--port 1 --hz 2"}, {"--port ", "x"}, {"--hz", "20 "}, {"--hz", ""}, {"-", "--hz", "x"}, {"--hz", "-", "--port", "x"}, {"--hz", "--port", "1"}, {"--requirepass", "--hz", "--hz", "x"},
		{"--port", "1", "--version"}, {"--port", "1", "--", "x"}, {"--requirepass", "a\"b\n\x01é", "--x"},
		{"--include", "nothere"}, {"--SAVE", "--foo"}, {"--client-output-buffer-limit", "normal", "1", "2", "3", "--foo"}, {"--client-output-buffer-limit", "normal 1 2 3", "x"},
		{"--shutdown-on-sigint", "save", "nosave"}, {"--shutdown-on-sigint", "save nosave"}, {"--port", "-", "--foo"}, {"-x"}, {"--bind", "-::1", "--foo"},
	} {
		compareLoad(t, dir, "", args...)
	}
}
