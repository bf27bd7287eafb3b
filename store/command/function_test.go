package command

import (
	"slices"
	"strings"
	"testing"

	"spindle/aof/rdb"
)

// library is the code of a library with one function, which does what body says.
func library(name, function, body string) string {
	return "#!lua name=" + name + "\nredis.register_function('" + function + "', function(keys, args) " + body + " end)"
}

func bulk(s string) string { return string(encode(s)[len("*1\r\n"):]) }

// wantSent runs a command and compares its reply.
func (f *fakeClient) wantSent(reply string, args ...string) {
	f.r.Helper()
	if got := f.send(args...); got != reply {
		f.r.Errorf("%q: %q, want %q", args, got, reply)
	}
}

// libraryNames lists the libraries.
func (f *fakeClient) libraryNames() string {
	var names []string
	for _, lib := range f.r.s.functions.libraries.Sorted() {
		names = append(names, lib.Name)
	}
	return strings.Join(names, " ")
}

func TestFunctionEffects(t *testing.T) {
	r := newRig(t, "appendonly yes")
	one, two := library("one", "f", "return redis.call('incr', keys[1])"), library("two", "g", "redis.call('incr', keys[1]) redis.call('spop', 's')")
	for _, step := range []struct {
		args    []string
		effects []string
	}{
		{[]string{"FUNCTION", "LOAD", one}, []string{"FUNCTION LOAD " + one}},
		{[]string{"FUNCTION", "LOAD", one}, nil},
		{[]string{"function", "load", "replace", one}, []string{"function load replace " + one}},
		{[]string{"FUNCTION", "LOAD", two}, []string{"FUNCTION LOAD " + two}},
		{[]string{"FUNCTION", "LOAD", library("bad", "h", "") + " error()"}, nil},
		{[]string{"FCALL", "f", "1", "n"}, []string{"incr n"}},
		{[]string{"SADD", "s", "m"}, []string{"SADD s m"}},
		{[]string{"FCALL", "g", "1", "n"}, []string{"MULTI", "incr n", "SREM s m", "EXEC"}},
		{[]string{"FCALL", "nosuch", "1", "n"}, nil},
		{[]string{"FUNCTION", "DELETE", "nosuch"}, nil},
		{[]string{"FUNCTION", "DELETE", "two"}, []string{"FUNCTION DELETE two"}},
		{[]string{"FUNCTION", "RESTORE", "junk"}, nil},
		{[]string{"FUNCTION", "FLUSH", "ASYNC"}, []string{"FUNCTION FLUSH ASYNC"}},
	} {
		r.effects()
		reply := r.send(step.args...)
		got := r.effects()
		if !slices.Equal(got, step.effects) {
			t.Errorf("%q (answered %q) logs %q, want %q", step.args, reply, got, step.effects)
		}
	}
}

// The payload is redis-server 7.0.15's, and ours is the same.
func TestFunctionDump(t *testing.T) {
	const payload = "\xf5\xc3@d@\x8b\x1f#!lua name=lib\nredis.register_fu\x0fnction('hello', \xe0\x00\x11\x11keys, args) return`\x0c\x12[1] end)\n-- padding\xe0\x1d\a\x01ng\n\x001Sp`\x1fo\xb1\xef"
	r := newRig(t, "rdbcompression yes")
	r.wantSent("+OK\r\n", "FUNCTION", "RESTORE", payload)
	r.wantSent(bulk("x"), "FCALL", "hello", "0", "x")
	r.wantSent(bulk(payload), "FUNCTION", "DUMP")
	r.wantSent("-ERR Library lib already exists\r\n", "FUNCTION", "RESTORE", payload)
	r.wantSent("+OK\r\n", "FUNCTION", "RESTORE", payload, "REPLACE")
	r.wantSent("+OK\r\n", "FUNCTION", "RESTORE", payload, "FLUSH")
	for i := range payload {
		r.wantSent("-ERR DUMP payload version or checksum are wrong\r\n", "FUNCTION", "RESTORE", payload[:i], "FLUSH")
	}
	r.wantSent(bulk("x"), "FCALL", "hello", "0", "x")
}

// A payload of which one part is wrong changes nothing.
func TestFunctionRestoreIsAllOrNothing(t *testing.T) {
	r := newRig(t)
	good, other := library("good", "g", "return 'good'"), library("other", "o", "return 'other'")
	r.send("FUNCTION", "LOAD", library("there", "t", "return 'there'"))
	before := r.send("FUNCTION", "DUMP")
	payload := func(codes ...string) string {
		w := rdb.NewWriter(nil)
		for _, c := range codes {
			w.Function([]byte(c))
		}
		return string(rdb.AppendFooter(w.Bytes(), rdb.Version))
	}
	for _, bad := range []string{
		payload(good, "#!lua name=x\nredis.call('ping')"),
		payload(good, "#!lua name=x\nthis is no lua"),
		payload(good, "#!lua name=x\n"),
		payload(good, library("there", "g", "")),
		payload(good, good),
		payload(good, library("x", "G", "")),
		string(rdb.AppendFooter([]byte("\xf5\x7f"), rdb.Version)),
		string(rdb.AppendFooter([]byte("\xf5\x80\xff\xff\xff\xff"), rdb.Version)),
		string(rdb.AppendFooter([]byte("\x00\x01a"), rdb.Version)),
	} {
		for _, policy := range []string{"APPEND", "REPLACE", "FLUSH"} {
			if reply := r.send("FUNCTION", "RESTORE", bad, policy); !strings.HasPrefix(reply, "-ERR ") {
				t.Errorf("%s %q: %q", policy, bad, reply)
			}
			r.wantSent(before, "FUNCTION", "DUMP")
		}
	}
	r.wantSent("-ERR Function T already exists\r\n", "FUNCTION", "RESTORE", payload(good, library("x", "T", "")), "REPLACE")
	r.wantSent("+OK\r\n", "FUNCTION", "RESTORE", payload(good, other))
	if got := r.libraryNames(); got != "good other there" {
		t.Error(got)
	}
	r.wantSent("+OK\r\n", "FUNCTION", "RESTORE", payload(library("there", "t2", "")), "REPLACE")
	r.wantSent("-ERR Function not found\r\n", "FCALL", "t", "0")
	r.wantSent("+OK\r\n", "FUNCTION", "RESTORE", payload(other), "FLUSH")
	if got := r.libraryNames(); got != "other" {
		t.Error(got)
	}
}

// Libraries are no keys: emptying the databases leaves them, and an RDB file has them.
func TestLibrariesOutliveData(t *testing.T) {
	r := newRig(t, "enable-debug-command yes")
	r.send("FUNCTION", "LOAD", library("lib", "f", "return redis.call('get', 'k')"))
	r.ok("SET k v")
	r.ok("DEBUG RELOAD")
	r.wantSent(bulk("v"), "FCALL", "f", "0")
	r.ok("FLUSHALL")
	r.wantSent("$-1\r\n", "FCALL", "f", "0")
}

// Loading the log again gives the libraries that it has, from nothing.
func TestLibrariesAreLoadedAgain(t *testing.T) {
	r := newRig(t, "enable-debug-command yes", "appendonly yes")
	r.send("FUNCTION", "LOAD", library("lib", "f", "return 'old'"))
	r.send("FUNCTION", "LOAD", library("gone", "g", "return 'g'"))
	r.send("FUNCTION", "LOAD", "REPLACE", library("lib", "f", "return 'new'"))
	r.send("FUNCTION", "DELETE", "gone")
	r.ok("DEBUG LOADAOF")
	r.wantSent(bulk("new"), "FCALL", "f", "0")
	if got := r.libraryNames(); got != "lib" {
		t.Error(got)
	}
}

// What FUNCTION LOAD registers is only there once all of it is.
func TestFailedLoadKeepsTheOldLibrary(t *testing.T) {
	r := newRig(t)
	r.send("FUNCTION", "LOAD", library("lib", "f", "return 'old'"))
	r.send("FUNCTION", "LOAD", library("other", "taken", ""))
	for _, code := range []string{
		library("lib", "f", "return 'new'") + " local x = nil + 1",
		library("lib", "f", "return 'new'") + " redis.register_function('f', function() end)",
		library("lib", "f", "return 'new'") + " redis.register_function('Taken', function() end)",
		"#!lua name=lib\n",
	} {
		if reply := r.send("FUNCTION", "LOAD", "REPLACE", code); !strings.HasPrefix(reply, "-ERR ") {
			t.Errorf("%q: %q", code, reply)
		}
		r.wantSent(bulk("old"), "FCALL", "f", "0")
	}
}
