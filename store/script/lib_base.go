package script

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

// refuseReadonlyHere is refuseReadonly for library functions: the error has no position.
func refuseReadonlyHere(L *lua.LState, t *lua.LTable) {
	if t.Metatable != lua.LNil && isReadonly(t) {
		L.Error(lua.LString(readonlyText), 0)
	}
}

// baseError is error: what is text gets a position.
func baseError(L *lua.LState) int {
	v, level := L.Get(1), L.OptInt(2, 1)
	if s, ok := text(v); ok && level > 0 {
		if at, found := L.GetStack(level); found {
			if fn, _ := L.GetInfo("fSl", at, lua.LNil); at.Source != "" && !fn.(*lua.LFunction).IsG {
				s = fmt.Sprintf("%s:%d: %s", at.Source, at.CurrentLine, s)
			}
		}
		v = lua.LString(s)
	}
	L.Error(v, 0)
	return 0
}

func baseAssert(L *lua.LState) int {
	if lua.LVAsBool(L.CheckAny(1)) {
		return L.GetTop()
	}
	capi.Errorf(L, "%s", L.OptString(2, "assertion failed!"))
	return 0
}

// openMath gives math.random Redis's generator, and replaces what differs from Lua's library.
func (e *Engine) openMath() {
	if t, ok := e.globals.RawGetString("math").(*lua.LTable); ok {
		t.RawSetString("random", e.L.NewFunction(e.mathRandom))
		t.RawSetString("randomseed", e.L.NewFunction(e.mathRandomseed))
		t.RawSetString("max", e.L.NewFunction(mathExtreme(func(a, b float64) bool { return a > b })))
		t.RawSetString("min", e.L.NewFunction(mathExtreme(func(a, b float64) bool { return a < b })))
		t.RawSetString("huge", lua.LNumber(math.Inf(1))) // gopher-lua takes the largest finite number
	}
}

// mathExtreme is math.max or math.min.
func mathExtreme(better func(a, b float64) bool) lua.LGFunction {
	return func(L *lua.LState) int {
		best := capi.Number(L, 1)
		for i := 2; i <= L.GetTop(); i++ {
			if f := capi.Number(L, i); better(f, best) {
				best = f
			}
		}
		L.Push(lua.LNumber(best))
		return 1
	}
}

// openBase replaces functions of the base library.
func (e *Engine) openBase() {
	L := e.L
	for name, f := range map[string]lua.LGFunction{
		"tostring": e.baseTostring, "rawset": baseRawset, "setmetatable": baseSetmetatable, "getmetatable": baseGetmetatable,
		"pcall": e.basePcall, "xpcall": e.baseXpcall, "loadstring": e.baseLoadstring, "load": e.baseLoad, "unpack": baseUnpack,
		"collectgarbage": baseCollectgarbage, "error": baseError, "assert": baseAssert, "tonumber": baseTonumber, "next": baseNext, "gcinfo": baseGcinfo,
	} {
		e.globals.RawSetString(name, L.NewFunction(f))
	}
}

// tostring is Lua's tostring.
func (e *Engine) tostring(L *lua.LState, v lua.LValue) string {
	if n, ok := v.(lua.LNumber); ok {
		return formatNumber(float64(n))
	}
	if s, ok := text(L.ToStringMeta(v)); ok {
		return s
	}
	return v.String()
}

func (e *Engine) baseTostring(L *lua.LState) int {
	v := L.CheckAny(1)
	if s, ok := v.(lua.LString); ok {
		L.Push(s)
		return 1
	}
	L.Push(lua.LString(e.tostring(L, v)))
	return 1
}

func baseRawset(L *lua.LState) int {
	t := L.CheckTable(1)
	refuseReadonlyHere(L, t)
	L.RawSet(t, L.CheckAny(2), L.CheckAny(3))
	L.SetTop(1)
	return 1
}

func baseSetmetatable(L *lua.LState) int {
	t := L.CheckTable(1)
	mt := L.Get(2)
	if _, ok := mt.(*lua.LTable); !ok && (mt != lua.LNil || L.GetTop() < 2) {
		L.ArgError(2, "nil or table expected")
	}
	refuseReadonlyHere(L, t)
	if old, ok := t.Metatable.(*lua.LTable); ok && old.RawGetString("__metatable") != lua.LNil {
		L.RaiseError("cannot change a protected metatable")
	}
	t.Metatable = mt
	L.SetTop(1)
	return 1
}

func baseGetmetatable(L *lua.LState) int {
	mt := L.GetMetatable(L.CheckAny(1))
	if mt == lua.LValue(protected) {
		mt = lua.LNil
	}
	L.Push(mt)
	return 1
}

// protect calls what is on the stack with nargs arguments, and passes on an error that ends the script for good.
func (e *Engine) protect(L *lua.LState, nargs int, handler *lua.LFunction) (lua.LValue, bool) {
	err := L.PCall(nargs, lua.MultRet, handler)
	if err == nil {
		return nil, true
	}
	if e.limit.stop != nil {
		L.RaiseError("%s", e.limit.stop)
	}
	api, ok := err.(*lua.ApiError)
	if !ok {
		return lua.LString(err.Error()), false
	}
	if api.Type == lua.ApiErrorPanic {
		return lua.LString(translateText(lua.LVAsString(api.Object))), false
	}
	return api.Object, false
}

func (e *Engine) basePcall(L *lua.LState) int {
	if L.GetTop() == 0 {
		L.Push(lua.LFalse)
		L.Push(lua.LString("attempt to call a boolean value")) // Redis's has put its result there
		return 2
	}
	if fn := L.Get(1); !callable(L, fn) {
		L.Push(lua.LFalse)
		L.Push(lua.LString("attempt to call a " + fn.Type().String() + " value"))
		return 2
	}
	v, ok := e.protect(L, L.GetTop()-1, e.onInnerError)
	if !ok {
		if t, isTable := v.(*lua.LTable); isTable {
			if s := t.RawGetString(errField); lua.LVCanConvToString(s) {
				v = s // Redis's pcall gives the text of an error table
			}
		}
		L.SetTop(0)
		L.Push(lua.LFalse)
		L.Push(v)
		return 2
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

func callable(L *lua.LState, v lua.LValue) bool {
	if _, ok := v.(*lua.LFunction); ok {
		return true
	}
	_, ok := L.GetMetaField(v, "__call").(*lua.LFunction)
	return ok
}

func (e *Engine) baseXpcall(L *lua.LState) int {
	L.CheckAny(2)
	handler := L.Get(2)
	L.SetTop(1)
	fn, _ := handler.(*lua.LFunction)
	v, ok := e.protect(L, 0, L.NewFunction(func(L *lua.LState) int {
		v := e.translate(L, L.Get(1))
		L.SetTop(0)
		L.Push(fn)
		L.Push(v)
		L.Call(1, 1)
		return 1
	}))
	if !ok {
		L.SetTop(0)
		L.Push(lua.LFalse)
		L.Push(v)
		return 2
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

func baseNext(L *lua.LState) int {
	t, key := checkTable(L, 1), L.Get(2)
	if key != lua.LNil && t.RawGet(key) == lua.LNil && !everHad(t, key) {
		L.Error(lua.LString("invalid key to 'next'"), 0)
	}
	k, v := t.Next(key)
	L.Push(k)
	if k == lua.LNil {
		return 1
	}
	L.Push(v)
	return 2
}

// everHad reports whether a key without a value may have had one: entries may be cleared during a traversal, which goes on. gopher-lua
// keeps such keys, and goes on from the first one it knows if it is given another.
func everHad(t *lua.LTable, key lua.LValue) bool {
	if _, isNumber := key.(lua.LNumber); isNumber {
		return true
	}
	first, _ := t.Next(lua.LNil)
	return first != lua.LNil
}

// baseTonumber reads a number in any base from 2 to 36.
func baseTonumber(L *lua.LState) int {
	v := L.CheckAny(1)
	base := L.OptInt(2, 10)
	if base < 2 || base > 36 {
		capi.ArgError(L, 2, "base out of range")
	}
	L.Push(lua.LNil)
	if base == 10 {
		if f, ok := capi.ToNumber(v); ok {
			L.Push(lua.LNumber(f))
		}
		return 1
	}
	if n, ok := parseUnsigned(strings.Trim(capi.CString(capi.String(L, 1)), " \t\n\v\f\r"), base); ok {
		L.Push(lua.LNumber(n))
	}
	return 1
}

// parseUnsigned reads a whole string as strtoul does: a minus sign wraps around, and what is too large is the largest.
func parseUnsigned(s string, base int) (uint64, bool) {
	digits := strings.TrimPrefix(s, "-")
	negative := len(digits) < len(s)
	if !negative {
		digits = strings.TrimPrefix(s, "+")
	}
	if len(digits) > 2 && base == 16 && digits[0] == '0' && digits[1]|0x20 == 'x' {
		digits = digits[2:]
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxUint64, true
	}
	if negative {
		n = -n
	}
	return n, err == nil
}

// translateError is an error handler that only words the error as Lua does.
func (e *Engine) translateError(L *lua.LState) int {
	L.Push(e.translate(L, L.Get(1)))
	return 1
}

// load compiles a chunk. Bytecode is no source: its first character is one the language has no use for.
func (e *Engine) load(L *lua.LState, source, name string) int {
	proto, err := e.Compile(name, source)
	if err != nil {
		L.Push(lua.LNil)
		L.Push(lua.LString(err.Error()))
		return 2
	}
	L.Push(e.Function(proto))
	return 1
}

func (e *Engine) baseLoadstring(L *lua.LState) int {
	s, ok := text(L.Get(1))
	if !ok {
		L.CheckString(1)
	}
	return e.load(L, s, chunkName(L.OptString(2, s)))
}

func (e *Engine) baseLoad(L *lua.LState) int {
	fn := L.CheckFunction(1)
	name := chunkName(L.OptString(2, "=(load)"))
	var source []byte
	for {
		L.Push(fn)
		L.Call(0, 1)
		v := L.Get(-1)
		L.Pop(1)
		s, ok := text(v)
		switch {
		case v == lua.LNil || ok && s == "":
			return e.load(L, string(source), name)
		case !ok:
			L.Push(lua.LNil)
			L.Push(lua.LString("reader function must return a string"))
			return 2
		case len(source)+len(s) > stringMax:
			L.RaiseError("not enough memory")
		}
		source = append(source, s...)
	}
}

// unpackMax is LUAI_MAXCSTACK: what fits on the stack of one function.
const unpackMax = 8000

func baseUnpack(L *lua.LState) int {
	t := checkTable(L, 1)
	from := L.OptInt(2, 1)
	to := t.Len()
	if L.Get(3) != lua.LNil {
		to = L.CheckInt(3)
	}
	if from > to {
		return 0
	}
	if n := to - from + 1; n <= 0 || n > unpackMax-L.GetTop() {
		L.RaiseError("too many results to unpack")
	}
	for i := from; i <= to; i++ {
		L.Push(t.RawGetInt(i))
	}
	return to - from + 1
}

// baseCollectgarbage leaves collecting to the server.
func baseCollectgarbage(L *lua.LState) int {
	switch o := L.OptString(1, "collect"); o {
	case "count":
		L.Push(lua.LNumber(memoryKB))
	case "collect", "stop", "restart", "setpause", "setstepmul":
		L.Push(lua.LNumber(0))
	case "step":
		L.Push(lua.LTrue)
	default:
		L.ArgError(1, "invalid option '"+o+"'")
	}
	return 1
}

// memoryKB is what scripts are told that the machine takes: Go's heap is not theirs alone.
const memoryKB = MachineBytes >> 10

func baseGcinfo(L *lua.LState) int {
	L.Push(lua.LNumber(memoryKB))
	return 1
}
