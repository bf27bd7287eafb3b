package script

import (
	"testing"

	lua "github.com/yuin/gopher-lua"

	"spindle/resp"
)

// noHost is a host for scripts that call no commands.
type noHost struct{ testing.TB }

func (h noHost) Call(args [][]byte, proto int, out []byte) ([]byte, error) {
	return append(out, "+OK\r\n"...), nil
}
func (noHost) MayRun([][]byte) (bool, error) { return true, nil }
func (noHost) Tick() error                   { return nil }
func (h noHost) Log(level int, text string)  { h.TB.Log(level, text) }
func (noHost) CountError(error)              {}
func (noHost) SetReplication(int)            {}

// run returns the reply to a script, or its error as a reply.
func run(t *testing.T, e *Engine, source string, args ...string) string {
	t.Helper()
	proto, err := e.Compile(ChunkName, source)
	if err != nil {
		return "compile: " + err.Error()
	}
	var list [][]byte
	for _, a := range args {
		list = append(list, []byte(a))
	}
	w := resp.Writer{Proto: 2}
	if f := e.Run(Call{Fn: e.Function(proto), Args: list}, &w); f != nil {
		return "-" + f.Reply("name")
	}
	return string(w.Buf)
}

// The replaced instructions are those they are taken for: if gopher-lua changed its jump table or its instruction
// format, this fails.
func TestOpcodes(t *testing.T) {
	e := New(Options{Host: noHost{t}, Version: "7.0.15"})
	f := func(source, want string) {
		t.Helper()
		if got := run(t, e, source); got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
	refused := "-ERR user_script:1: Attempt to modify a readonly table script: name, on @user_script:1."
	f("x = 1", refused)
	f("redis.call = 1", refused)
	f("local k = 'call' redis[k] = 1", refused)
	f("string.format = nil", refused)
	f("rawset(_G, 'x', 1)", "-ERR Attempt to modify a readonly table script: name, on @user_script:1.")
	f("local t = {} t.x = 1 t[1] = 'a' local k = 'y' t[k] = 2 return {t.x, t[1], t.y}", "*3\r\n:1\r\n$1\r\na\r\n:2\r\n")
	f("return 1 .. 'a' .. 0.1 .. 1e15", "$10\r\n1a0.11e+15\r\n")
	f("local x = 3 return -x .. ''", "$2\r\n-3\r\n")
	if lua.OP_CONCAT != 24 || lua.OP_SETTABLE != 11 {
		t.Error("the numbers of the instructions changed")
	}
}
