package script

import (
	"fmt"
	"strings"
	"testing"

	"spindle/resp"
)

// libraryHost answers every command with its name.
type libraryHost struct{ log []string }

func (h *libraryHost) Call(args [][]byte, proto int, out []byte) ([]byte, error) {
	return resp.AppendBulk(out, args[0]), nil
}
func (h *libraryHost) MayRun(args [][]byte) (bool, error) { return true, nil }
func (h *libraryHost) Tick() error                        { return nil }
func (h *libraryHost) Log(level int, text string)         { h.log = append(h.log, text) }
func (h *libraryHost) CountError(err error)               {}
func (h *libraryHost) SetReplication(where int)           {}

func newLibraries() (*Libraries, *libraryHost) {
	h := &libraryHost{}
	return NewLibraries(Options{Host: h, Version: "7.0.15"}), h
}

// call calls a function and returns its reply or its error.
func (l *Libraries) call(t *testing.T, name string, args ...string) string {
	t.Helper()
	f := l.Find([]byte(name))
	if f == nil {
		return "no function"
	}
	c := Call{Fn: l.Callable(f), AsArguments: true}
	for _, a := range args {
		c.Args = append(c.Args, []byte(a))
	}
	var out resp.Writer
	out.Proto = 2
	if failure := l.engine.Run(c, &out); failure != nil {
		return failure.Reply(name)
	}
	return string(out.Buf)
}

func TestLibraryGlobals(t *testing.T) {
	l, h := newLibraries()
	_, err := l.Load(`#!lua name=lib
local early = redis
redis.log(redis.LOG_NOTICE, 'loading')
redis.register_function('f', function(keys, args) return redis.call(args[1]) end)
redis.register_function('same', function() return early == redis end)
redis.register_function('again', function() early.register_function('x', function() end) end)
redis.register_function('set', function() leaked = 1 end)
redis.register_function('get', function() return leaked end)`, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{"f", "$4\r\nping\r\n"}, {"F", "$4\r\nping\r\n"}, {"same", "$-1\r\n"},
		{"again", "ERR redis.register_function can only be called on FUNCTION LOAD command script: again, on @user_function:6."},
		{"set", "ERR user_function:7: Attempt to modify a readonly table script: set, on @user_function:7."},
		{"get", "ERR user_function:8: Script attempted to access nonexistent global variable 'leaked' script: get, on @user_function:8."},
	} {
		if got := l.call(t, c[0], "ping"); got != c[1] {
			t.Errorf("%s: %q, want %q", c[0], got, c[1])
		}
	}
	if strings.Join(h.log, " ") != "loading" {
		t.Error(h.log)
	}
}

// A machine in an unknown state is made anew, and the functions go on.
func TestLibrariesSurviveTheMachine(t *testing.T) {
	l, h := newLibraries()
	for i := range 3 {
		if _, err := l.Load(fmt.Sprintf("#!lua name=l%d\nredis.register_function('b%d', function() return %d end) redis.register_function('a%d', function() return 'a' end)", i, i, i, i), false); err != nil {
			t.Fatal(err)
		}
	}
	before := l.engine.L
	l.engine.abandoned = true
	for i := range 3 {
		if got, want := l.call(t, fmt.Sprint("b", i)), fmt.Sprintf(":%d\r\n", i); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if l.engine.L == before {
		t.Error("the machine was kept")
	}
	l.engine.abandoned = true
	if _, err := l.Load("#!lua name=new\nredis.register_function('new', function() return 'new' end)", false); err != nil {
		t.Error(err)
	}
	if got := l.call(t, "a1") + l.call(t, "new"); got != "$1\r\na\r\n$3\r\nnew\r\n" {
		t.Errorf("%q", got)
	}
	if len(h.log) > 0 {
		t.Error(h.log)
	}
}

// Two functions of a library whose names differ in case are listed both; one can be called, and none stays behind.
func TestNamesInAnyCase(t *testing.T) {
	l, _ := newLibraries()
	lib, err := l.Load("#!lua name=lib\nredis.register_function('f', function() return 1 end) redis.register_function('F', function() return 2 end)", false)
	if err != nil || len(lib.Functions) != 2 {
		t.Fatal(lib, err)
	}
	if l.Find([]byte("f")) == nil || l.Find([]byte("f")) != l.Find([]byte("F")) {
		t.Error("not the same function")
	}
	l.Delete("lib")
	if libraries, functions := l.Len(); libraries != 0 || functions != 0 || l.Find([]byte("f")) != nil {
		t.Error(libraries, functions)
	}
}
