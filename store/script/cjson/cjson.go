// Package cjson is lua-cjson 2.1.0: Lua values as JSON.
//
// A table whose keys are all positive integers is an array, where holes are null; any other table, and the empty one,
// is an object. Its members come in the order in which Lua's next walks over the table: in C's Lua that depends on
// hashes, here it is the order of insertion. JSON's null is a value of its own, null, as a table cannot hold nil.
package cjson

import (
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

// config is the state of one instance of the library.
type config struct {
	null lua.LValue

	sparseConvert    int // write a sparse array as an object; otherwise it is an error
	sparseRatio      int // how many times as many places as elements make an array sparse; 0: never
	sparseSafe       int // up to this many places no array is sparse
	encodeDepthMax   int
	encodeInvalid    int // what to do with NaN and infinities: off, on or null
	encodeKeepBuffer int // accepted, there is no buffer to keep
	precisionDigits  int
	decodeDepthMax   int
	decodeInvalid    int // take numbers that JSON does not know, such as 0x10 and inf
}

const (
	invalidOff = iota
	invalidOn
	invalidNull
)

const intMax = 1<<31 - 1

// Open sets the global table cjson.
func Open(L *lua.LState) {
	L.SetGlobal("cjson", instance(L, newNull(L)))
}

// newNull makes the value that stands for JSON's null. It prints as the pointer that it is in C, and looks like nothing but a userdata.
func newNull(L *lua.LState) lua.LValue {
	null := L.NewUserData()
	mt := L.NewTable()
	mt.RawSetString("__metatable", lua.LFalse)
	mt.RawSetString("__tostring", L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString("userdata: (nil)"))
		return 1
	}))
	null.Metatable = mt
	return null
}

// instance makes a library table with a configuration of its own.
func instance(L *lua.LState, null lua.LValue) *lua.LTable {
	c := &config{null: null, sparseRatio: 2, sparseSafe: 10, encodeDepthMax: 1000, encodeKeepBuffer: 1,
		precisionDigits: 14, decodeDepthMax: 1000, decodeInvalid: invalidOn}
	onOff := []string{"off", "on"}
	t := L.SetFuncs(L.NewTable(), map[string]lua.LGFunction{
		"encode":                  c.encode,
		"decode":                  c.decode,
		"encode_sparse_array":     c.configureSparse,
		"encode_max_depth":        integerOption(&c.encodeDepthMax, 1, intMax),
		"decode_max_depth":        integerOption(&c.decodeDepthMax, 1, intMax),
		"encode_number_precision": integerOption(&c.precisionDigits, 1, 14),
		"encode_keep_buffer":      choiceOption(&c.encodeKeepBuffer, onOff),
		"encode_invalid_numbers":  choiceOption(&c.encodeInvalid, []string{"off", "on", "null"}),
		"decode_invalid_numbers":  choiceOption(&c.decodeInvalid, onOff),
		"new": func(L *lua.LState) int {
			L.Push(instance(L, null))
			return 1
		},
	})
	t.RawSetString("null", null)
	t.RawSetString("_NAME", lua.LString("cjson"))
	t.RawSetString("_VERSION", lua.LString("2.1.0"))
	return t
}

// checkCount refuses more than n arguments, and adds those that are missing as nil.
func checkCount(L *lua.LState, n int) {
	if L.GetTop() > n {
		capi.ArgError(L, n+1, "found too many arguments")
	}
	L.SetTop(n)
}

func (c *config) configureSparse(L *lua.LState) int {
	checkCount(L, 3)
	setChoice(L, 1, &c.sparseConvert, []string{"off", "on"})
	setInteger(L, 2, &c.sparseRatio, 0, intMax)
	setInteger(L, 3, &c.sparseSafe, 0, intMax)
	return 3
}

func integerOption(setting *int, least, most int) lua.LGFunction {
	return func(L *lua.LState) int {
		checkCount(L, 1)
		setInteger(L, 1, setting, least, most)
		return 1
	}
}

func choiceOption(setting *int, words []string) lua.LGFunction {
	return func(L *lua.LState) int {
		checkCount(L, 1)
		setChoice(L, 1, setting, words)
		return 1
	}
}

// setInteger changes a setting to argument n, unless that is nil, and pushes it. Complaints about its range name the first argument.
func setInteger(L *lua.LState, n int, setting *int, least, most int) {
	if L.Get(n) != lua.LNil {
		v := int(int32(capi.Int(L, n)))
		if v < least || v > most {
			capi.ArgError(L, 1, fmt.Sprintf("expected integer between %d and %d", least, most))
		}
		*setting = v
	}
	L.Push(lua.LNumber(*setting))
}

// setChoice is setInteger for a place in a list of words, of which the first two are also known as false and true.
func setChoice(L *lua.LState, n int, setting *int, words []string) {
	switch v := L.Get(n).(type) {
	case *lua.LNilType:
	case lua.LBool:
		*setting = invalidOff
		if v {
			*setting = invalidOn
		}
	default:
		word := capi.String(L, n)
		i := slices.Index(words, word)
		if i < 0 {
			capi.ArgError(L, n, fmt.Sprintf("invalid option '%s'", word))
		}
		*setting = i
	}
	if *setting <= invalidOn {
		L.Push(lua.LBool(*setting == invalidOn))
	} else {
		L.Push(lua.LString(words[*setting]))
	}
}
