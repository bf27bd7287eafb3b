package aof

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spindle/resp"
)

// redisTools skips a test where Redis is not installed.
func redisTools(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"redis-server", "redis-cli", "redis-check-aof"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
}

// redisServer starts a redis-server on the log of o.
type redisServer struct {
	t    *testing.T
	cmd  *exec.Cmd
	port string
}

func startRedis(t *testing.T, o Options, more ...string) *redisServer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	ln.Close()
	args := []string{"--port", port, "--save", "", "--appendonly", "yes", "--dir", filepath.Dir(o.Dir),
		"--appenddirname", filepath.Base(o.Dir), "--appendfilename", o.Name}
	s := &redisServer{t: t, port: port, cmd: exec.Command("redis-server", append(args, more...)...)}
	var log bytes.Buffer
	s.cmd.Stdout = &log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- s.cmd.Wait() }()
	t.Cleanup(func() { s.cmd.Process.Kill() })
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if out, _ := s.cli("PING"); out == "PONG" {
			return s
		}
		select {
		case <-exited:
			t.Fatalf("redis-server does not start:\n%s", log.String())
		default:
		}
		if time.Now().After(end) {
			t.Fatal("redis-server does not answer")
		}
	}
}

func (s *redisServer) cli(args ...string) (string, error) {
	out, err := exec.Command("redis-cli", append([]string{"-p", s.port}, args...)...).Output()
	return strings.TrimSpace(string(out)), err
}

func (s *redisServer) want(want string, args ...string) {
	s.t.Helper()
	if got, err := s.cli(args...); got != want || err != nil {
		s.t.Fatalf("%v: %q, %v, want %q", args, got, err, want)
	}
}

func checkAOF(t *testing.T, o Options) {
	t.Helper()
	out, err := exec.Command("redis-check-aof", filepath.Join(o.Dir, o.Name+".manifest")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "All AOF files and manifest are valid") {
		t.Fatalf("redis-check-aof: %v\n%s", err, out)
	}
}

// TestRedisReadsOurs: redis-check-aof accepts the directory in every phase and
// redis-server loads it.
func TestRedisReadsOurs(t *testing.T) {
	redisTools(t)
	o := options(t)
	o.FileTimestamp = true
	o.Name = "odd name.aof"
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	checkAOF(t, o)
	binary := []byte("\x00\r\n*1\r\n$4\r\n\xff")
	l.Append(0, []byte("SET"), []byte("a"), binary)
	l.Append(9, words("RPUSH list 1 2 3")...)
	l.Multi(9)
	l.Append(9, words("SET in-block 1")...)
	l.Append(2, words("SET other 2")...)
	l.Exec()
	flush := func() {
		t.Helper()
		if err := l.Flush(30 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	flush()
	checkAOF(t, o)
	outcome := make(chan error, 1)
	r, err := l.BeginRewrite(func(err error) { outcome <- err })
	if err != nil {
		t.Fatal(err)
	}
	l.Append(2, words("APPEND other 3")...)
	flush()
	checkAOF(t, o) // two increments
	r.Append(0, []byte("SET"), []byte("a"), binary)
	r.Append(2, words("SET other 2")...)
	r.Append(9, words("RPUSH list 1 2 3")...)
	r.Append(9, words("SET in-block 1")...)
	r.Commit()
	if err := <-outcome; err != nil {
		t.Fatal(err)
	}
	checkAOF(t, o)
	l.Append(2, words("APPEND other 4")...)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	checkAOF(t, o)

	s := startRedis(t, o)
	s.want("234", "-n", "2", "GET", "other")
	s.want("3", "-n", "9", "LLEN", "list")
	s.want("1", "-n", "9", "GET", "in-block")
	s.want(fmt.Sprint(len(binary)), "-n", "0", "STRLEN", "a")
	s.want("1", "-n", "0", "DBSIZE")
	s.cli("SHUTDOWN")
}

// TestWeReadRedis: what redis-server wrote, with blocks, timestamps, several
// databases and a rewrite, gives the same keys here; then Redis takes it back.
func TestWeReadRedis(t *testing.T) {
	redisTools(t)
	o := options(t)
	s := startRedis(t, o, "--aof-use-rdb-preamble", "no", "--aof-timestamp-enabled", "yes")
	s.want("OK", "SET", "a", "1")
	s.want("2", "-n", "5", "RPUSH", "list", "x", "y")
	s.want("OK", "EVAL", "redis.call('SET','s1','1') return redis.call('SET','s2','2')", "0")
	s.want("Background append only file rewriting started", "BGREWRITEAOF")
	until(t, "the rewrite", func() bool {
		out, _ := s.cli("INFO", "persistence")
		return strings.Contains(out, "aof_rewrite_in_progress:0") && strings.Contains(out, "aof_rewrites:1")
	})
	s.want("2", "INCR", "a")
	s.want("OK", "EVAL", "redis.call('SET','s1','3') return redis.call('SET','s2','4')", "0")
	s.cli("SHUTDOWN")

	keys := map[string]string{}
	db := ""
	stats, err := Load(o, func(args [][]byte) error {
		switch key := func() string { return db + "/" + string(args[1]) }; strings.ToUpper(string(args[0])) {
		case "SELECT":
			db = string(args[1])
		case "SET":
			keys[key()] = string(args[2])
		case "INCR":
			keys[key()] += "+1"
		case "RPUSH":
			keys[key()] = string(bytes.Join(args[2:], []byte(",")))
		default:
			return fmt.Errorf("unexpected %q", args)
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"0/a": "1+1", "0/s1": "3", "0/s2": "4", "5/list": "x,y"}
	if fmt.Sprint(keys) != fmt.Sprint(want) || stats.Files != 2 || stats.BaseBytes == 0 {
		t.Fatalf("%v, want %v; %+v", keys, want, stats)
	}
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	l.Append(5, words("RPUSH list z")...)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	checkAOF(t, o)
	s = startRedis(t, o)
	s.want("3", "-n", "5", "LLEN", "list")
	s.want("2", "GET", "a")
	s.cli("SHUTDOWN")
}

// refusal returns the lines behind the start-up chatter in a log of redis-server.
func refusal(log string) []string {
	_, log, _ = strings.Cut(log, "Server initialized\n")
	var lines []string
	for _, line := range strings.Split(log, "\n") {
		_, text, _ := strings.Cut(line, " # ") // pid:role date time level text
		if text = strings.Trim(text, " *"); text != "" && !strings.Contains(text, "overcommit") {
			lines = append(lines, text)
		}
	}
	return lines
}

// TestRefusalsLikeRedis: the texts of refusals are Redis's own.
func TestRefusalsLikeRedis(t *testing.T) {
	redisTools(t)
	ping := string(resp.AppendCommand(nil, []byte("PING")))
	cases := []map[string]string{
		{"appendonly.aof.manifest": ""},
		{"appendonly.aof.manifest": "file a b\n"},
		{"appendonly.aof.manifest": "\n"},
		{"appendonly.aof.manifest": "file x/y seq 1 type b\n"},
		{"appendonly.aof.manifest": "file a seq 1 type z\n"},
		{"appendonly.aof.manifest": "file a seq x type b\n"},
		{"appendonly.aof.manifest": "file a seq 1 type b\nfile b seq 2 type b\n"},
		{"appendonly.aof.manifest": "file a seq 2 type i\nfile b seq 2 type i\n"},
		{"appendonly.aof.manifest": "file a seq 1 type i"},
		{"appendonly.aof.manifest": "file \"a\"b seq 1 type i\n"},
		{"appendonly.aof.manifest": "file nofile seq 1 type i\n"},
		{"appendonly.aof.manifest": "file f seq 1 type i\n", "f": ping + "x"},
		{"appendonly.aof.manifest": "file f seq 1 type i\n", "f": ping + "*0\r\n"},
		{"appendonly.aof.manifest": "file f seq 1 type i\n", "f": ping + "*1\r\nx"},
		{"appendonly.aof.manifest": "file f seq 1 type i\n", "f": ping + "*1\r\n$4\r\nPI"},
		{"appendonly.aof.manifest": "file f seq 1 type i\nfile g seq 2 type i\n", "f": ping + "*1\r\n", "g": ping},
	}
	for _, files := range cases {
		o := options(t)
		o.LoadTruncated = false
		put(t, o, files)
		_, err := tryLoad(o)
		if err == nil {
			t.Fatalf("%q loads", files)
		}
		out, _ := exec.Command("timeout", "5", "redis-server", "--port", "0", "--unixsocket", filepath.Join(filepath.Dir(o.Dir), "s"),
			"--save", "", "--appendonly", "yes", "--aof-load-truncated", "no", "--dir", filepath.Dir(o.Dir)).CombinedOutput()
		told := 0
		for _, line := range refusal(string(out)) {
			told++
			// Go writes errno texts in lower case.
			if !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(line)) {
				t.Errorf("%q:\nours  %v\nRedis %s", files, err, line)
			}
		}
		if told == 0 {
			t.Errorf("%q: Redis says nothing:\n%s", files, out)
		}
	}
}
