package script

import (
	"bytes"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"spindle/resp"
)

// Replies of commands as Lua values, and what a script returns as a reply. RESP has more types than Lua: what has no
// counterpart is a table with one field, such as {ok="..."} or {double=1.5}.

// replyDepthMax is how deep a returned table may be nested; redis-server stops when its Lua stack is full.
const replyDepthMax = 3999

// parser reads a reply that the server wrote, so it trusts it.
type replyParser struct {
	L   *lua.LState
	buf []byte
}

// line consumes a type byte and the rest of the line.
func (p *replyParser) line() (kind byte, rest []byte) {
	i := bytes.IndexByte(p.buf, '\r')
	kind, rest = p.buf[0], p.buf[1:i]
	p.buf = p.buf[i+2:]
	return kind, rest
}

// bytes consumes n bytes and the line's end.
func (p *replyParser) bytes(n int) []byte {
	b := p.buf[:n]
	p.buf = p.buf[n+2:]
	return b
}

func length(b []byte) int {
	n, _ := strconv.Atoi(string(b))
	return n
}

// value consumes one reply.
func (p *replyParser) value() lua.LValue {
	kind, rest := p.line()
	switch kind {
	case '$':
		n := length(rest)
		if n < 0 {
			return lua.LFalse
		}
		return lua.LString(p.bytes(n))
	case ':':
		n, _ := resp.ParseInt(rest)
		return lua.LNumber(n)
	case '+':
		return p.field("ok", lua.LString(rest))
	case '-':
		return commandError(p.L, string(rest))
	case '*', '>':
		n := length(rest)
		if n < 0 {
			return lua.LFalse
		}
		return p.array(n)
	}
	return p.value3(kind, rest)
}

// value3 is value for the types of RESP3.
func (p *replyParser) value3(kind byte, rest []byte) lua.LValue {
	switch kind {
	case '_':
		return lua.LNil
	case '#':
		return lua.LBool(rest[0] == 't')
	case ',':
		f, _ := resp.ParseFloat(rest)
		return p.field("double", lua.LNumber(f))
	case '(':
		return p.field("big_number", lua.LString(rest))
	case '=':
		b := p.bytes(length(rest))
		t := p.L.CreateTable(0, 2)
		t.RawSetString("string", lua.LString(b[4:]))
		t.RawSetString("format", lua.LString(b[:3]))
		return p.field("verbatim_string", t)
	case '%':
		n := length(rest)
		t := p.L.CreateTable(0, n)
		for range n {
			k := p.value()
			t.RawSet(k, p.value())
		}
		return p.field("map", t)
	case '~':
		n := length(rest)
		t := p.L.CreateTable(0, n)
		for range n {
			t.RawSet(p.value(), lua.LTrue)
		}
		return p.field("set", t)
	case '|':
		for range 2 * length(rest) {
			p.value()
		}
		return p.value()
	}
	return lua.LNil
}

func (p *replyParser) array(n int) lua.LValue {
	t := p.L.CreateTable(n, 0)
	for i := 1; i <= n; i++ {
		t.RawSetInt(i, p.value())
	}
	return t
}

func (p *replyParser) field(name string, v lua.LValue) *lua.LTable {
	return single(p.L, name, v)
}

// single returns a table with one field.
func single(L *lua.LState, name string, v lua.LValue) *lua.LTable {
	t := L.CreateTable(0, 1)
	t.RawSetString(name, v)
	return t
}

// toLua converts a reply.
func (e *Engine) toLua(reply []byte) lua.LValue {
	p := replyParser{e.L, reply}
	return p.value()
}

// writeReply appends a value that a script returned.
func (e *Engine) writeReply(out *resp.Writer, v lua.LValue) { e.write(out, v, 0) }

func (e *Engine) write(out *resp.Writer, v lua.LValue, depth int) {
	switch v := v.(type) {
	case lua.LString:
		out.BulkString(string(v))
	case lua.LNumber:
		out.Int(toInteger(float64(v)))
	case lua.LBool:
		switch {
		case e.proto >= 3:
			out.Bool(bool(v))
		case bool(v):
			out.Int(1)
		default:
			out.Null()
		}
	case *lua.LTable:
		if depth >= replyDepthMax {
			e.host.CountError(resp.Error("ERR reached lua stack limit"))
			out.Err(resp.Error("ERR reached lua stack limit"))
			return
		}
		if !e.writeSpecial(out, v, depth) {
			e.writeArray(out, v, depth)
		}
	default:
		out.Null()
	}
}

// writeArray writes the elements up to the first nil.
func (e *Engine) writeArray(out *resp.Writer, t *lua.LTable, depth int) {
	n := 0
	for t.RawGetInt(n+1) != lua.LNil {
		n++
	}
	out.Array(n)
	for i := 1; i <= n; i++ {
		e.write(out, t.RawGetInt(i), depth+1)
	}
}

// writeSpecial writes a table that stands for a type that Lua has not, and reports whether it is one.
func (e *Engine) writeSpecial(out *resp.Writer, t *lua.LTable, depth int) bool {
	if s, ok := t.RawGetString("err").(lua.LString); ok {
		e.writeError(out, t, string(s))
		return true
	}
	if s, ok := t.RawGetString("ok").(lua.LString); ok {
		out.Status(oneLine(string(s)))
		return true
	}
	if f, ok := t.RawGetString("double").(lua.LNumber); ok {
		out.Double(float64(f))
		return true
	}
	if m, ok := t.RawGetString("map").(*lua.LTable); ok {
		e.writePairs(out, m, true, depth)
		return true
	}
	if s, ok := t.RawGetString("set").(*lua.LTable); ok {
		e.writePairs(out, s, false, depth)
		return true
	}
	if s, ok := t.RawGetString("big_number").(lua.LString); ok {
		out.BigNumber(oneLine(string(s)))
		return true
	}
	if v, ok := t.RawGetString("verbatim_string").(*lua.LTable); ok {
		format, ok1 := v.RawGetString("format").(lua.LString)
		s, ok2 := v.RawGetString("string").(lua.LString)
		if ok1 && ok2 {
			out.Verbatim(string(format), string(s))
			return true
		}
	}
	return false
}

// writePairs writes the keys, and for a map the values.
func (e *Engine) writePairs(out *resp.Writer, t *lua.LTable, isMap bool, depth int) {
	begin := out.ReserveSet
	if isMap {
		begin = out.ReserveMap
	}
	d := begin()
	n := 0
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		e.write(out, k, depth+1)
		if isMap {
			e.write(out, v, depth+1)
		}
		n++
	}
	out.SetLen(d, n)
}

// writeError writes an error; one that a command answered was counted then.
func (e *Engine) writeError(out *resp.Writer, t *lua.LTable, text string) {
	if !lua.LVAsBool(t.RawGetString(ignoreStats)) {
		e.host.CountError(resp.Error(text))
	}
	out.Err(resp.Error(text))
}

// oneLine turns line breaks into blanks: they would end the reply.
func oneLine(s string) string {
	if !bytes.ContainsAny([]byte(s), "\r\n") {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if c == '\r' || c == '\n' {
			b[i] = ' '
		}
	}
	return string(b)
}
