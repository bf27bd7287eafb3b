package cjson

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

// textMax bounds the text that encode may build, in bytes.
const textMax = 512 << 20

// encoder appends JSON to out.
type encoder struct {
	*config
	L   *lua.LState
	out []byte
}

func (c *config) encode(L *lua.LState) int {
	if L.GetTop() != 1 {
		capi.ArgError(L, 1, "expected 1 argument")
	}
	e := encoder{config: c, L: L}
	e.value(L.Get(1), 0, 1)
	L.Push(lua.LString(e.out))
	return 1
}

func (e *encoder) fail(v lua.LValue, why string) {
	capi.Errorf(e.L, "Cannot serialise %s: %s", v.Type(), why)
}

// value writes v, which lies in so many tables. top is how many values the original would have on its stack.
func (e *encoder) value(v lua.LValue, depth, top int) {
	if len(e.out) > textMax {
		e.L.Error(lua.LString("not enough memory"), 0)
	}
	switch v := v.(type) {
	case lua.LString:
		e.string(string(v))
	case lua.LNumber:
		e.number(v)
	case lua.LBool, *lua.LNilType:
		e.word(v)
	case *lua.LTable:
		e.table(v, depth+1, top)
	default:
		if v != e.null {
			e.fail(v, "type not supported")
		}
		e.word(lua.LNil)
	}
}

func (e *encoder) word(v lua.LValue) {
	switch v {
	case lua.LTrue:
		e.out = append(e.out, "true"...)
	case lua.LFalse:
		e.out = append(e.out, "false"...)
	default:
		e.out = append(e.out, "null"...)
	}
}

func (e *encoder) number(v lua.LNumber) {
	f := float64(v)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		switch e.encodeInvalid {
		case invalidOff:
			e.fail(v, "must not be NaN or Inf")
		case invalidNull:
			e.word(lua.LNil)
			return
		}
		f = math.Abs(f) * sign(f) // a NaN has no sign
	}
	e.out = capi.AppendG(e.out, f, e.precisionDigits)
}

func sign(f float64) float64 {
	if f < 0 {
		return -1
	}
	return 1
}

func (e *encoder) table(t *lua.LTable, depth, top int) {
	if depth > e.encodeDepthMax || !capi.HasStack(top, 3) {
		capi.Errorf(e.L, "Cannot serialise, excessive nesting (%d)", depth)
	}
	if n := e.arrayLen(t); n > 0 {
		e.array(t, n, depth, top)
	} else {
		e.object(t, depth, top)
	}
}

// arrayLen is the largest index of an array, and 0 if t has to be an object.
func (e *encoder) arrayLen(t *lua.LTable) int {
	largest, items := 0, 0
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		f, ok := k.(lua.LNumber)
		if !ok || f < 1 || f != lua.LNumber(math.Floor(float64(f))) {
			return 0
		}
		if float64(f) > float64(largest) {
			largest = toC(float64(f))
		}
		items++
	}
	if e.sparseRatio > 0 && largest > items*e.sparseRatio && largest > e.sparseSafe {
		if e.sparseConvert == 0 {
			e.fail(t, "excessively sparse array")
		}
		return 0
	}
	return largest
}

// toC converts as x86-64 does to a C int: what does not fit becomes the smallest one. A table with such a key is an object.
func toC(f float64) int {
	if f > math.MaxInt32 {
		return math.MinInt32
	}
	return int(f)
}

func (e *encoder) array(t *lua.LTable, n, depth, top int) {
	e.out = append(e.out, '[')
	for i := 1; i <= n; i++ {
		if i > 1 {
			e.out = append(e.out, ',')
		}
		e.value(t.RawGet(lua.LNumber(i)), depth, top+1)
	}
	e.out = append(e.out, ']')
}

func (e *encoder) object(t *lua.LTable, depth, top int) {
	e.out = append(e.out, '{')
	first := true
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		if !first {
			e.out = append(e.out, ',')
		}
		first = false
		switch k := k.(type) {
		case lua.LNumber:
			e.out = append(e.out, '"')
			e.number(k)
			e.out = append(e.out, '"')
		case lua.LString:
			e.string(string(k))
		default:
			e.fail(k, "table key must be a number or string")
		}
		e.out = append(e.out, ':')
		e.value(v, depth, top+2)
	}
	e.out = append(e.out, '}')
}

const hexDigits = "0123456789abcdef"

func (e *encoder) string(s string) {
	out := append(e.out, '"')
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\' || c == '/':
			out = append(out, '\\', c)
		case c >= ' ' && c != 0x7f:
			out = append(out, c)
		case c >= '\b' && c <= '\r' && c != '\v':
			out = append(out, '\\', "btn?fr"[c-'\b'])
		default:
			out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	e.out = append(out, '"')
}
