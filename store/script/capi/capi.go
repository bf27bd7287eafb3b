// Package capi lets Go functions treat their Lua arguments as functions written against the C API of Lua 5.1 do.
//
// The libraries that scripts get (cjson, cmsgpack, struct, bit) are C libraries in Redis, and what they accept and what they say
// about the rest is part of what scripts rely on: numbers written as strings are numbers, a double becomes an
// integer as the processor truncates it, an error begins with the place of the call if a Lua function made it. gopher-lua differs in each
// of these, so the libraries ask here.
package capi

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// stackMax is how many values a C function may have on its stack.
const stackMax = 8000

// HasStack says whether a C function with top values on its stack could push n more.
func HasStack(top, n int) bool { return top+n <= stackMax }

// CheckStack raises the error of a C function that has top values on its stack and cannot push n more.
func CheckStack(L *lua.LState, top, n int, doing string) {
	if !HasStack(top, n) {
		Errorf(L, "stack overflow (%s)", doing)
	}
}

// Errorf raises an error, as luaL_error does.
func Errorf(L *lua.LState, format string, args ...any) {
	L.Error(lua.LString(where(L)+fmt.Sprintf(format, args...)), 0)
}

// where is the place of the call of the running function, if a Lua function made it.
func where(L *lua.LState) string {
	caller, ok := L.GetStack(1)
	if !ok {
		return ""
	}
	if _, err := L.GetInfo("Sl", caller, lua.LNil); err != nil || caller.Source == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", caller.Source, caller.CurrentLine)
}

// ArgError complains about argument n, as luaL_argerror does.
func ArgError(L *lua.LState, n int, problem string) {
	Errorf(L, "bad argument #%d to '%s' (%s)", n, functionName(L), problem)
}

// functionName is the name by which a Lua function called the running one.
func functionName(L *lua.LState) string {
	running, ok := L.GetStack(0)
	if !ok {
		return "?"
	}
	if caller, ok := L.GetStack(1); ok {
		if _, err := L.GetInfo("S", caller, lua.LNil); err != nil || caller.Source == "" {
			return "?"
		}
	}
	if _, err := L.GetInfo("n", running, lua.LNil); err != nil || running.Name == "" || running.Name[0] == '(' {
		return "?"
	}
	return running.Name
}

func typeError(L *lua.LState, n int, expected string) {
	ArgError(L, n, expected+" expected, got "+TypeName(L, n))
}

// TypeName is the name of the type of argument n.
func TypeName(L *lua.LState, n int) string {
	if n > L.GetTop() {
		return "no value"
	}
	return L.Get(n).Type().String()
}

// Number is argument n, which must be a number or a string that reads as one.
func Number(L *lua.LState, n int) float64 {
	f, ok := ToNumber(L.Get(n))
	if !ok {
		typeError(L, n, "number")
	}
	return f
}

// ToNumber converts a number, or a string that reads as one.
func ToNumber(v lua.LValue) (float64, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		return parseNumber(string(v))
	}
	return 0, false
}

// Int is argument n as an integer.
func Int(L *lua.LState, n int) int64 { return Int64(Number(L, n)) }

// OptInt is argument n as an integer, or def if it is nil or missing.
func OptInt(L *lua.LState, n int, def int64) int64 {
	if L.Get(n) == lua.LNil {
		return def
	}
	return Int(L, n)
}

// String is argument n, which must be a string or a number.
func String(L *lua.LState, n int) string {
	switch v := L.Get(n).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return FormatNumber(float64(v))
	}
	typeError(L, n, "string")
	return ""
}

// CString is what of s a C function sees that does not ask for its length.
func CString(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	return s
}
