package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"spindle/bench/compare/internal/reply"
	"spindle/bench/servers"
)

// userFiles are files of users, good and bad. A parenthesis left open is not among them: redis-server 7.0 crashes.
var userFiles = []string{
	"",
	"\n\n  \n",
	"user alice on >pw ~* +@all\n",
	"user alice on >pw ~* +@all",
	"\t user alice  on   ~a \r\nuser bob (+get ~x) (%R~y &z +@hash)  \n",
	"user default on >x ~* &* +@all\nuser alice\n",
	"user default off +acl\n",
	"foo\n", "user\n", "user \n", "USER alice on\n", "user  on\n", "useralice on\n",
	"user alice on\nuser alice off\n",
	"user alice on\nuser bob on\nuser alice +nosuch\n",
	"user alice +nosuch -foo +get|x|y foo bar %X~a +config|nosuch\n",
	"user alice allkeys ~x\nuser bob allchannels &x\nuser carol #12\nuser dave <x\n",
	"user al\tice on\n",
	"user alice (+nosuch) (on)\n",
	"user alice on ( +get ~x ) +set\n",
	"user alice (+get (~x)\n",
	"user alice \"on\"\n",
	"# comment\nuser alice on\n",
	"user alice on\x00user bob on\n",
	"user alice %RW~x %~\n",
	"user alice +@all -@dangerous +config|get -select +select|0 sanitize-payload\n",
	"user " + strings.Repeat("a", 2000) + " on\n",
}

// TestUserFiles has both servers load the same file, and load again what they save.
func TestUserFiles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "users.acl")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("")
	p := newPair(t, servers.RedisT(t, "--aclfile", name), servers.SpindleT(t, "--aclfile", name))
	if err := p.Reset(); err != nil {
		t.Fatal(err)
	}
	same := func(text string, args ...string) {
		t.Helper()
		a, b := p.Ref.Do(args...), p.Sub.Do(args...)
		if !reply.Equal(a, b, reply.Default(args)) {
			t.Errorf("%q of %q:\nredis:   %v\nspindle: %v", args, text, a, b)
		}
	}
	for _, text := range userFiles {
		for _, s := range p.Sides() {
			s.Do("ACL", "SETUSER", "before", "on")
			s.Do("ACL", "SETUSER", "default", "sanitize-payload")
		}
		write(text)
		same(text, "ACL", "LOAD")
		same(text, "ACL", "LIST")
		p.Sub.Do("ACL", "SETUSER", "default", "on", "nopass", "~*", "&*", "+@all")
		p.Ref.Do("ACL", "SETUSER", "default", "on", "nopass", "~*", "&*", "+@all")
		if f := p.Sub.Do("ACL", "SAVE"); f.Kind != '+' {
			t.Fatalf("%q: %v", text, f)
		}
		same(text, "ACL", "LOAD")
		same(text, "ACL", "LIST")
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	same("no file", "ACL", "LOAD")
}

// TestBadUsersAtStart starts both servers with users that they refuse, and compares the last they say and their exit status.
func TestBadUsersAtStart(t *testing.T) {
	redis, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("skipped: ", servers.ErrNoRedis)
	}
	spindle, err := servers.Build()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i, text := range userFiles {
		os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.acl", i)), []byte(text), 0o644)
	}
	confs := []string{
		"user alice on +nosuch", "user alice foo", "user alice on ~x foo", "user alice on #x", "user alice on\nuser alice off",
		"user alice on\nuser bob\nuser alice", "user \"a b\"", "user alice on\naclfile 2.acl", "aclfile nosuch.acl", "user", "user alice a b c d e",
		"user alice (+nosuch)", "user alice ( +nosuch ~x )", "user alice (foo)", "user alice on (+get ~x) (foo)", "user default +nosuch", "user alice -@all +@nosuch foo",
	}
	for i, text := range userFiles {
		if strings.Contains(text, "nosuch") || strings.Contains(text, "foo") || strings.Contains(text, "%~") {
			confs = append(confs, fmt.Sprintf("aclfile %d.acl", i))
		}
	}
	for _, conf := range confs {
		name := filepath.Join(dir, "x.conf")
		if err := os.WriteFile(name, []byte(conf+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		want, wantStatus := runToItsEnd(t, redis, dir)
		got, status := runToItsEnd(t, spindle, dir)
		if got != want || status != wantStatus {
			t.Errorf("%q:\nredis:   %q, status %d\nspindle: %q, status %d", conf, want, wantStatus, got, status)
		}
	}
}

// stamp is what stands before a line of the log.
var stamp = regexp.MustCompile(`(?m)^\d+:[A-Z] \d\d \w+ \d{4} \d\d:\d\d:\d\d\.\d+ [#*.-] `)

// runToItsEnd runs a server that cannot start. It returns what it says of its configuration.
func runToItsEnd(t *testing.T, bin, dir string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "x.conf", "--port", "0", "--unixsocket", "s.sock", "--save", "", "--appendonly", "no")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("%s: %v\n%s", bin, err, out)
	}
	text := stamp.ReplaceAllString(string(out), "")
	if _, fatal, ok := strings.Cut(text, "*** FATAL"); ok {
		return fatal, exit.ExitCode()
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "Critical error") {
		return last, exit.ExitCode()
	}
	return strings.Join(lines[len(lines)-2:], "\n"), exit.ExitCode()
}
