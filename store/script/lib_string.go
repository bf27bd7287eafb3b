package script

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

// The string library, but for what gopher-lua does as Lua does it (len, lower, upper, reverse, sub, byte).

func (e *Engine) openString() {
	t, ok := e.globals.RawGetString("string").(*lua.LTable)
	if !ok {
		return
	}
	for name, f := range map[string]lua.LGFunction{
		"rep": stringRep, "char": stringChar, "format": e.stringFormat, "find": e.stringFind, "match": e.stringMatch,
		"gmatch": e.stringGmatch, "gfind": e.stringGmatch, "gsub": e.stringGsub, "dump": stringDump,
	} {
		t.RawSetString(name, e.L.NewFunction(f))
	}
}

// tooLong refuses to make a string that is longer than any may be.
func tooLong(L *lua.LState) { capi.Errorf(L, "resulting string too large") }

func stringRep(L *lua.LState) int {
	s, n := capi.String(L, 1), capi.Int(L, 2)
	if n <= 0 || s == "" {
		L.Push(lua.LString(""))
		return 1
	}
	if n > int64(stringMax/len(s)) {
		tooLong(L)
	}
	L.Push(lua.LString(strings.Repeat(s, int(n))))
	return 1
}

func stringChar(L *lua.LState) int {
	b := make([]byte, L.GetTop())
	for i := range b {
		c := capi.Int(L, i+1)
		if c != int64(byte(c)) {
			capi.ArgError(L, i+1, "invalid value")
		}
		b[i] = byte(c)
	}
	L.Push(lua.LString(b))
	return 1
}

// stringDump refuses: there is no bytecode.
func stringDump(L *lua.LState) int {
	if fn, ok := L.Get(1).(*lua.LFunction); !ok {
		L.CheckFunction(1)
	} else if fn.IsG {
		capi.Errorf(L, "unable to dump given function")
	}
	capi.Errorf(L, "string.dump is not supported")
	return 0
}

const patternSpecials = "^$*+?.([%-"

func (e *Engine) stringFind(L *lua.LState) int { return e.find(L, true) }

func (e *Engine) stringMatch(L *lua.LState) int { return e.find(L, false) }

func (e *Engine) find(L *lua.LState, positions bool) int {
	s, p := capi.String(L, 1), capi.String(L, 2)
	init := startIndex(capi.OptInt(L, 3, 1), len(s))
	if positions && (lua.LVAsBool(L.Get(4)) || !strings.ContainsAny(p, patternSpecials)) {
		if i := strings.Index(s[init:], p); i >= 0 {
			L.Push(lua.LNumber(init + i + 1))
			L.Push(lua.LNumber(init + i + len(p)))
			return 2
		}
		L.Push(lua.LNil)
		return 1
	}
	anchored := strings.HasPrefix(p, "^")
	m := matcher{L: L, s: s, p: strings.TrimPrefix(p, "^"), limit: &e.limit}
	if !anchored {
		m.p = p
	}
	for at := init; at <= len(s); at++ {
		m.level, m.depth = 0, 0
		if end := m.match(at, 0); end >= 0 {
			if !positions {
				return m.push(at, end, true)
			}
			L.Push(lua.LNumber(at + 1))
			L.Push(lua.LNumber(end))
			return 2 + m.push(at, end, false)
		}
		if anchored {
			break
		}
	}
	L.Push(lua.LNil)
	return 1
}

// startIndex turns a position that may count from the end into an index within the string.
func startIndex(pos int64, n int) int {
	if pos < 0 {
		pos += int64(n) + 1
	}
	return int(min(max(pos-1, 0), int64(n)))
}

func (e *Engine) stringGmatch(L *lua.LState) int {
	s, p := capi.String(L, 1), capi.String(L, 2)
	at := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		m := matcher{L: L, s: s, p: p, limit: &e.limit}
		for ; at <= len(s); at++ {
			m.level, m.depth = 0, 0
			start := at
			if end := m.match(start, 0); end >= 0 {
				at = end
				if end == start {
					at++
				}
				return m.push(start, end, true)
			}
		}
		return 0
	}))
	return 1
}

func (e *Engine) stringGsub(L *lua.LState) int {
	s, p := capi.String(L, 1), capi.String(L, 2)
	repl := L.Get(3)
	switch repl.(type) {
	case lua.LString, lua.LNumber, *lua.LTable, *lua.LFunction:
	default:
		capi.ArgError(L, 3, "string/function/table expected")
	}
	most := capi.OptInt(L, 4, int64(len(s))+1)
	anchored := strings.HasPrefix(p, "^")
	m := matcher{L: L, s: s, p: p, limit: &e.limit}
	if anchored {
		m.p = p[1:]
	}
	var out []byte
	at, n := 0, int64(0)
	for n < most {
		m.level, m.depth = 0, 0
		end := m.match(at, 0)
		if end >= 0 {
			n++
			out = m.replace(out, at, end, repl)
			if len(out) > stringMax {
				tooLong(L)
			}
		}
		switch {
		case end >= 0 && end > at:
			at = end
		case at < len(s):
			out = append(out, s[at])
			at++
		default:
			at++
		}
		if at > len(s) || anchored {
			break
		}
	}
	if at < len(s) {
		out = append(out, s[at:]...)
	}
	L.Push(lua.LString(out))
	L.Push(lua.LNumber(n))
	return 2
}

// replace appends what stands for the match from s to e.
func (m *matcher) replace(out []byte, s, e int, repl lua.LValue) []byte {
	var v lua.LValue
	switch r := repl.(type) {
	case *lua.LFunction:
		m.L.Push(r)
		m.L.Call(m.push(s, e, true), 1)
		v = m.L.Get(-1)
		m.L.Pop(1)
	case *lua.LTable:
		v = m.L.GetTable(r, m.value(0, s, e))
	default:
		text, _ := text(r)
		return m.expand(out, text, s, e)
	}
	if !lua.LVAsBool(v) {
		return append(out, m.s[s:e]...)
	}
	text, ok := text(v)
	if !ok {
		capi.Errorf(m.L, "invalid replacement value (a %s)", v.Type())
	}
	return append(out, text...)
}

// expand appends a replacement with its %0 to %9.
func (m *matcher) expand(out []byte, repl string, s, e int) []byte {
	for i := 0; i < len(repl); i++ {
		c := repl[i]
		if c != '%' {
			out = append(out, c)
			continue
		}
		i++
		switch {
		case i == len(repl):
			return append(out, 0)
		case !isDigit(repl[i]):
			out = append(out, repl[i])
		case repl[i] == '0':
			out = append(out, m.s[s:e]...)
		default:
			text, _ := text(m.value(int(repl[i]-'1'), s, e))
			out = append(out, text...)
		}
		if len(out) > stringMax {
			tooLong(m.L)
		}
	}
	return out
}

// stringFormat is string.format.
func (e *Engine) stringFormat(L *lua.LState) int {
	f := capi.String(L, 1)
	var out []byte
	arg := 1
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			out = append(out, f[i])
			continue
		}
		i++
		if i < len(f) && f[i] == '%' {
			out = append(out, '%')
			continue
		}
		if arg++; arg > L.GetTop() {
			capi.ArgError(L, arg, "no value")
		}
		spec, next := formatSpec(L, f, i)
		i = next
		verb := byte(0)
		if i < len(f) {
			verb = f[i]
		}
		out = formatItem(L, out, spec, verb, arg)
		if len(out) > stringMax {
			tooLong(L)
		}
	}
	L.Push(lua.LString(out))
	return 1
}

// formatSpec reads flags, width and precision.
func formatSpec(L *lua.LState, f string, i int) (spec string, next int) {
	start := i
	for i < len(f) && strings.IndexByte("-+ #0", f[i]) >= 0 {
		i++
	}
	if i-start >= 6 {
		capi.Errorf(L, "invalid format (repeated flags)")
	}
	digits := func() {
		for n := 0; n < 2 && i < len(f) && isDigit(f[i]); n++ {
			i++
		}
	}
	digits()
	if i < len(f) && f[i] == '.' {
		i++
		digits()
	}
	if i < len(f) && isDigit(f[i]) {
		capi.Errorf(L, "invalid format (width or precision too long)")
	}
	return f[start:i], i
}

// formatItem appends one argument. Go's fmt knows the flags of C's printf, but for a few combinations.
func formatItem(L *lua.LState, out []byte, spec string, verb byte, arg int) []byte {
	switch verb {
	case 'c':
		c := byte(capi.Int(L, arg))
		item := fmt.Sprintf("%"+textSpec(spec)+"s", string([]byte{c}))
		return append(out, capi.CString(item)...)
	case 'd', 'i':
		return appendInteger(out, spec, "d", capi.Int(L, arg))
	case 'o', 'u', 'x', 'X':
		n := capi.Uint64(capi.Number(L, arg))
		if verb == 'u' {
			verb = 'd'
		}
		return appendInteger(out, strings.ReplaceAll(strings.ReplaceAll(spec, "+", ""), " ", ""), string(verb), n)
	case 'e', 'E', 'f', 'g', 'G':
		return appendFloat(out, spec, verb, capi.Number(L, arg))
	case 'q':
		return appendLuaQuoted(out, capi.String(L, arg))
	case 's':
		s := capi.String(L, arg)
		if !strings.Contains(spec, ".") && len(s) >= 100 {
			return append(out, s...) // as Lua has it: no padding
		}
		return fmt.Appendf(out, "%"+textSpec(spec)+"s", capi.CString(s))
	}
	capi.Errorf(L, "invalid option '%%%s' to 'format'", capi.CString(string([]byte{verb})))
	return out
}

// textSpec leaves out the flags that have no meaning for text in C.
func textSpec(spec string) string {
	width := strings.TrimLeft(spec, "-+ #0")
	if strings.Contains(spec[:len(spec)-len(width)], "-") {
		return "-" + width
	}
	return width
}

// appendInteger formats as C does: with a precision, the flag 0 has no meaning.
func appendInteger[N int64 | uint64](out []byte, spec, verb string, n N) []byte {
	if i := strings.IndexByte(spec, '.'); i >= 0 {
		flags := strings.TrimLeft(spec[:i], "-+ #0")
		prefix := strings.ReplaceAll(spec[:i-len(flags)], "0", "")
		spec = prefix + flags + spec[i:]
		if spec[len(spec)-1] == '.' {
			spec += "0"
		}
	}
	return fmt.Appendf(out, "%"+spec+verb, n)
}

func appendFloat(out []byte, spec string, verb byte, f float64) []byte {
	if f-f != 0 { // infinite or no number: C has no zeros before these, and other names
		s := string(appendG(nil, f, 14))
		if strings.Contains(spec, "+") && s[0] != '-' {
			s = "+" + s
		}
		if verb == 'E' || verb == 'G' {
			s = strings.ToUpper(s)
		}
		width, _, _ := strings.Cut(strings.TrimLeft(spec, "+ #0"), ".")
		return fmt.Appendf(out, "%"+width+"s", s)
	}
	if !strings.Contains(spec, ".") {
		spec += ".6"
	}
	return fmt.Appendf(out, "%"+spec+string([]byte{verb}), f)
}

func appendLuaQuoted(out []byte, s string) []byte {
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\', '\n':
			out = append(out, '\\', c)
		case '\r':
			out = append(out, `\r`...)
		case 0:
			out = append(out, `\000`...)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
